//! What the loop and its threads hand each other: a queue with one reader.
//!
//! The standard library's channel does the same, for any number of kinds of queues; of each that is
//! used here that makes 4 KiB more of program on a router.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// A queue, by its two ends. It is not bounded: whoever uses it has a bounded number under way.
pub fn mailbox<T>() -> (Sender<T>, Receiver<T>) {
    let inside = Inside { queue: VecDeque::new(), senders: 1, is_read: true };
    let shared = Arc::new(Shared { inside: Mutex::new(inside), bell: Condvar::new() });
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

/// The end that puts in. There may be several.
#[derive(Debug)]
pub struct Sender<T>(Arc<Shared<T>>);

/// The end that takes out.
#[derive(Debug)]
pub struct Receiver<T>(Arc<Shared<T>>);

#[derive(Debug)]
struct Shared<T> {
    inside: Mutex<Inside<T>>,
    /// Rung when something was put in, or nobody is left to do so.
    bell: Condvar,
}

#[derive(Debug)]
struct Inside<T> {
    queue: VecDeque<T>,
    senders: usize,
    is_read: bool,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, Inside<T>> {
        // Nothing is done under the lock that could leave it half done.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Sender<T> {
    /// Puts `item` in.
    ///
    /// # Errors
    /// The item, if nobody reads any more.
    pub fn send(&self, item: T) -> Result<(), T> {
        let mut inside = self.0.lock();
        if !inside.is_read {
            return Err(item);
        }
        inside.queue.push_back(item);
        drop(inside);
        self.0.bell.notify_one();
        Ok(())
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.lock().senders += 1;
        Self(Arc::clone(&self.0))
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.lock().senders -= 1;
        self.0.bell.notify_one();
    }
}

impl<T> Receiver<T> {
    /// The oldest item, waited for; `None` once there is none and all senders are gone.
    pub fn recv(&self) -> Option<T> {
        let mut inside = self.0.lock();
        while inside.queue.is_empty() && inside.senders > 0 {
            inside = self.0.bell.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
        inside.queue.pop_front()
    }

    /// The oldest item, if there is one.
    pub fn try_recv(&self) -> Option<T> {
        self.0.lock().queue.pop_front()
    }

    /// The items that are there, without waiting.
    pub fn try_iter(&self) -> impl Iterator<Item = T> {
        core::iter::from_fn(|| self.try_recv())
    }

    /// All items, as they come, until all senders are gone.
    pub fn iter(&self) -> impl Iterator<Item = T> {
        core::iter::from_fn(|| self.recv())
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut inside = self.0.lock();
        inside.is_read = false;
        // Items may be large, or hold what others wait for.
        let left = core::mem::take(&mut inside.queue);
        drop(inside);
        drop(left);
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn items_come_in_order_and_the_end_after_the_last() {
        let (sender, receiver) = mailbox();
        let other = sender.clone();
        assert_eq!(receiver.try_recv(), None);
        sender.send(1).unwrap();
        other.send(2).unwrap();
        drop(sender);
        assert_eq!(receiver.recv(), Some(1));
        other.send(3).unwrap();
        assert!(receiver.try_iter().eq([2, 3]));
        drop(other);
        assert_eq!(receiver.recv(), None);
    }

    #[test]
    fn who_waits_is_woken_by_an_item_and_by_the_end() {
        let (sender, receiver) = mailbox();
        let reader = thread::spawn(move || receiver.iter().sum::<u32>());
        for n in 1..=1000 {
            sender.send(n).unwrap();
        }
        drop(sender);
        assert_eq!(reader.join().unwrap(), 500_500);
    }

    #[test]
    fn nothing_can_be_put_in_for_nobody_and_what_was_left_is_dropped() {
        let (sender, receiver) = mailbox();
        let item = Arc::new(());
        sender.send(Arc::clone(&item)).unwrap();
        drop(receiver);
        assert_eq!(Arc::strong_count(&item), 1);
        assert_eq!(sender.send(item), Err(Arc::new(())));
    }
}
