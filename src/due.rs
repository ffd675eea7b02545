//! When something is due: milliseconds since boot, `None` for what is not due by itself.

/// The earliest of `times`.
pub fn earliest(times: &[Option<u64>]) -> Option<u64> {
    let mut earliest = None;
    for &time in times {
        earliest = match (earliest, time) {
            (Some(a), Some(b)) => Some(u64::min(a, b)),
            (a, b) => a.or(b),
        };
    }
    earliest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_is_that_of_those_that_are_due() {
        assert_eq!(earliest(&[None, Some(3), Some(2), None, Some(4)]), Some(2));
        assert_eq!(earliest(&[None, None]), None);
        assert_eq!(earliest(&[]), None);
    }
}
