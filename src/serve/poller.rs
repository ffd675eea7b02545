//! Waiting for descriptors.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::{Timespec, epoll};
use rustix::io::Errno;

pub use rustix::event::epoll::EventFlags as Flags;

/// What is said of a descriptor: the number under which it is watched, and what it is ready for.
/// [`Flags::HUP`] and [`Flags::ERR`] come unasked.
pub type Event = (u32, Flags);

/// The longest wait that the system call can express, in milliseconds.
const MAX_WAIT_MS: u64 = i32::MAX as u64;

/// A set of descriptors to wait for. One that is closed leaves it by itself.
///
/// This is epoll and not poll, because epoll takes its time-out as a plain number: what poll
/// takes has another size in the C library of 32-bit MIPS than in the crates.
#[derive(Debug)]
pub struct Poller(OwnedFd);

impl Poller {
    /// An empty set.
    ///
    /// # Errors
    /// The system's.
    pub fn new() -> io::Result<Self> {
        Ok(Self(epoll::create(epoll::CreateFlags::CLOEXEC)?))
    }

    /// Watches `fd` under `number`.
    ///
    /// # Errors
    /// The system's.
    pub fn add(&self, fd: impl AsFd, number: u32, flags: Flags) -> io::Result<()> {
        Ok(epoll::add(&self.0, fd, epoll::EventData::new_u64(number.into()), flags)?)
    }

    /// Watches `fd`, which is watched under `number`, for something else.
    ///
    /// # Errors
    /// The system's.
    pub fn change(&self, fd: impl AsFd, number: u32, flags: Flags) -> io::Result<()> {
        Ok(epoll::modify(&self.0, fd, epoll::EventData::new_u64(number.into()), flags)?)
    }

    /// Watches `fd` no more. Only needed if others may hold it open.
    pub fn remove(&self, fd: impl AsFd) {
        // It may not have been watched.
        let _ = epoll::delete(&self.0, fd);
    }

    /// Waits until a descriptor is ready, at most `timeout_ms`; `None` is for ever. At most `N`
    /// events come at once, the others the next time. A signal ends the wait.
    ///
    /// # Errors
    /// The system's.
    pub fn wait<const N: usize>(&self, timeout_ms: Option<u64>) -> io::Result<heapless::Vec<Event, N>> {
        let mut buffer = [const { MaybeUninit::uninit() }; N];
        let timeout = timeout_ms.map(|ms| Duration::from_millis(ms.min(MAX_WAIT_MS)));
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        match epoll::wait(&self.0, &mut buffer, timeout.as_ref()) {
            Ok((events, _)) => Ok(events.iter().map(|e| (e.data.u64() as u32, e.flags)).collect()),
            Err(Errno::INTR) => Ok(heapless::Vec::new()),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::net::UnixStream;
    use std::time::Instant;

    #[test]
    fn a_descriptor_is_told_under_its_number_until_it_is_closed() {
        let poller = Poller::new().unwrap();
        let (read, mut write) = UnixStream::pair().unwrap();
        poller.add(&read, 7, Flags::IN).unwrap();
        assert!(poller.wait::<4>(Some(0)).unwrap().is_empty());
        write.write_all(b"x").unwrap();
        assert_eq!(poller.wait::<4>(None).unwrap()[..], [(7, Flags::IN)]);
        poller.change(&read, 7, Flags::OUT).unwrap();
        assert_eq!(poller.wait::<4>(None).unwrap()[..], [(7, Flags::OUT)]);
        drop(read);
        assert!(poller.wait::<4>(Some(0)).unwrap().is_empty());
    }

    #[test]
    fn a_wait_ends_with_its_time_and_not_before() {
        let poller = Poller::new().unwrap();
        for ms in [1, 30, 1_100] {
            let start = Instant::now();
            assert!(poller.wait::<1>(Some(ms)).unwrap().is_empty());
            assert!(start.elapsed() >= Duration::from_millis(ms), "{ms} ms");
        }
    }

    #[test]
    fn a_wait_longer_than_the_system_can_express_is_no_error() {
        let poller = Poller::new().unwrap();
        let (read, _write) = UnixStream::pair().unwrap();
        poller.add(&read, 1, Flags::OUT).unwrap();
        assert_eq!(poller.wait::<1>(Some(u64::MAX)).unwrap().len(), 1);
    }
}
