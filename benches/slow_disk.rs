//! A disk whose every sync takes longer, for the real program: strace holds the call up. On the
//! quick disk of a desktop computer there is next to nothing to share a sync with.

use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::common::PATIENCE;
use crate::program::{number, threads};

/// What a sync takes besides its own time.
pub const SYNC_MS: u64 = 20;

/// The disk is slow as long as this lives.
pub struct SlowDisk(Child);

impl SlowDisk {
    /// For the process `pid`; `None` where there is no strace, or where it may not look at it.
    pub fn of(pid: u32) -> Option<Self> {
        let strace = Command::new("strace")
            .args(["-f", "-qq", "-o", "/dev/null", "-p", &pid.to_string()])
            .args(["-e", "trace=fsync,fdatasync"])
            .args(["-e", &format!("inject=fsync,fdatasync:delay_enter={}", SYNC_MS * 1000)])
            .stderr(Stdio::null())
            .spawn();
        let mut slow = Self(strace.ok()?);
        let start = Instant::now();
        while threads(pid).any(|status| number(&status, "TracerPid:") == 0) {
            if slow.0.try_wait().is_ok_and(|end| end.is_some()) {
                return None;
            }
            assert!(start.elapsed() < PATIENCE, "strace does not begin");
            sleep(Duration::from_millis(5));
        }
        Some(slow)
    }
}

/// Without strace the process goes on by itself.
impl Drop for SlowDisk {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
