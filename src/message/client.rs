//! The clients of the HTTP relay, as messages name them.

use heapless::String;

/// A client's name: the name of its `client` section, `[A-Za-z0-9_]{1,32}`.
pub type ClientName = String<32, u8>;

/// A client of the HTTP relay, by its section's name: the same in every run, however the
/// configuration is ordered, and small enough for every message to carry it. The configuration
/// refuses two names that come to the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(pub u32);

impl ClientId {
    /// The id of the client with that name: its 32-bit FNV-1a hash
    /// (draft-eastlake-fnv, section 2).
    pub fn of(name: &str) -> Self {
        const OFFSET_BASIS: u32 = 0x811c_9dc5;
        const PRIME: u32 = 0x0100_0193;
        Self(name.bytes().fold(OFFSET_BASIS, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(PRIME)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of the draft's appendix C.
    #[test]
    fn a_name_has_its_fnv_1a_hash() {
        assert_eq!(ClientId::of(""), ClientId(0x811c_9dc5));
        assert_eq!(ClientId::of("a"), ClientId(0xe40c_292c));
        assert_eq!(ClientId::of("foobar"), ClientId(0xbf9c_f968));
    }
}
