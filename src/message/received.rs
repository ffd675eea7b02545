//! What is said of a received message besides its text.

use heapless::String;

/// The id of a received message: from 1, only ever growing, also across restarts. Messages that
/// are sent have ids of their own.
pub type ReceivedId = u32;

/// The most bytes of a received message's time, as the box writes it. The known form has 14.
pub const DEVICE_TIME_MAX_BYTES: usize = 24;

/// The most bytes of a received message's sender, as the network delivers it: 20 digits, or 11
/// letters of at most two bytes; the rest is room.
pub const SENDER_MAX_BYTES: usize = 32;

/// The time of a received message as the box wrote it: `07-03 12:54:04`.
pub type DeviceTime = String<DEVICE_TIME_MAX_BYTES, u8>;

/// The sender of a received message as the network delivered it: `+51987654321`, `777`,
/// `MIR-1228`.
pub type Sender = String<SENDER_MAX_BYTES, u8>;
