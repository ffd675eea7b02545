//! Signals, as something to poll for.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level::pipe;

/// The signals that the daemon obeys.
#[derive(Debug)]
pub struct Signals {
    /// SIGTERM and SIGINT.
    pub stop: Signal,
    /// SIGHUP.
    pub reload: Signal,
}

impl Signals {
    /// Takes them over from here on.
    ///
    /// # Errors
    /// The system's.
    pub fn take() -> io::Result<Self> {
        Ok(Self { stop: Signal::of(&[SIGTERM, SIGINT])?, reload: Signal::of(&[SIGHUP])? })
    }
}

/// One or more signals that mean the same.
#[derive(Debug)]
pub struct Signal(UnixStream);

impl Signal {
    /// These signals, from here on.
    ///
    /// # Errors
    /// The system's.
    pub fn of(numbers: &[i32]) -> io::Result<Self> {
        let (read, write) = UnixStream::pair()?;
        read.set_nonblocking(true)?;
        for &number in numbers {
            pipe::register(number, write.try_clone()?)?;
        }
        Ok(Self(read))
    }

    /// Whether it came since the last time this was asked.
    pub fn came(&mut self) -> bool {
        let mut bytes = [0; 16];
        let mut came = false;
        while self.0.read(&mut bytes).is_ok_and(|n| n > 0) {
            came = true;
        }
        came
    }
}

/// Readable when it came.
impl AsFd for Signal {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
