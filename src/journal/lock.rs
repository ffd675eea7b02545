//! One daemon at a time: a lock on a file in the state directory, held as long as it is open.
//! The system lets go of it whichever way the daemon ends.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

/// The lock's file in the state directory.
const NAME: &str = "lock";

/// No pid is longer.
const MAX_PID_BYTES: u64 = 20;

/// Why the lock could not be had.
pub enum LockError {
    /// That process has it, as far as it wrote that down.
    Held(Option<u32>),
    /// The system's reason.
    Io(io::Error),
}

/// Takes the lock of `dir`; it is held until the file is dropped.
pub fn lock(dir: &Path) -> Result<File, LockError> {
    let mut options = OpenOptions::new();
    let mut file = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(dir.join(NAME))
        .map_err(LockError::Io)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let mut pid = String::new();
            let read = file.take(MAX_PID_BYTES).read_to_string(&mut pid);
            return Err(LockError::Held(read.ok().and_then(|_| pid.trim().parse().ok())));
        }
        Err(error) => return Err(LockError::Io(error.into())),
    }
    let written = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
    written.map_err(LockError::Io)?;
    Ok(file)
}
