//! Queues in order of a number that grows: what comes, comes nearly always at the end, and what
//! goes, goes near the beginning.
//!
//! The standard library's `insert` and `remove` are quick in the middle as well; for each kind of item
//! that makes 1 KiB more of program on a router.

use std::collections::VecDeque;

/// Puts `item` at `place`, which is at most the length; what stands from there on moves on.
pub fn insert<T>(queue: &mut VecDeque<T>, place: usize, item: T) {
    queue.push_back(item);
    for at in (place + 1..queue.len()).rev() {
        queue.swap(at - 1, at);
    }
}

/// Takes out what stands at `place`, if there is something; what stands before it moves on.
pub fn remove<T>(queue: &mut VecDeque<T>, place: usize) -> Option<T> {
    if place >= queue.len() {
        return None;
    }
    for at in (0..place).rev() {
        queue.swap(at, at + 1);
    }
    queue.pop_front()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_go_in_and_out_anywhere_and_the_others_keep_their_order() {
        for place in 0..=4 {
            let mut queue = VecDeque::from([1, 2, 3, 4]);
            insert(&mut queue, place, 9);
            let mut expected = vec![1, 2, 3, 4];
            expected.insert(place, 9);
            assert_eq!(queue, expected);
            assert_eq!(remove(&mut queue, place), Some(9));
            assert_eq!(queue, [1, 2, 3, 4]);
        }
        assert_eq!(remove(&mut VecDeque::from([1]), 1), None);
    }
}
