//! When a message is to go, as its sender asks for it.

/// Not before this. [`crate::api`] reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// A time of the wall clock, Unix seconds.
    Time(u32),
    /// So many seconds after it was accepted, 1 to [`MAX_AHEAD_S`].
    After(u32),
}

/// The latest that a message can be to go, in seconds after it was accepted: 30 days.
pub const MAX_AHEAD_S: u32 = 2_592_000;
