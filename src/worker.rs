//! The threads that wait for the disk and the boxes, so that the loop does not.

use std::io;
use std::thread::{Builder, JoinHandle};

/// Starts `work` in a thread of its own with a stack of `stack_bytes`; `name` is what the system's
/// lists of threads show (of which Linux keeps 15 bytes), without NUL.
///
/// `work` comes in a box, so that the start of a thread is in the program once: it takes 2 KiB on a
/// router.
///
/// # Errors
/// The system's, if it starts no thread.
pub fn start(name: &str, stack_bytes: usize, work: Box<dyn FnOnce() + Send>) -> io::Result<JoinHandle<()>> {
    Builder::new().name(name.into()).stack_size(stack_bytes).spawn(work)
}
