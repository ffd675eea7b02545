//! Long texts that lie in the program packed: how they come out again. `build.rs` packs them.
//!
//! A byte below 0x80 stands for itself; 0xFF says that the next one does. Any other one is a copy of
//! what has come out already: its low bits are the length less [`SHORTEST`], and the two bytes behind
//! it, the low one first, how many bytes back it begins.

/// A copy takes three bytes, so a shorter one gains nothing.
const SHORTEST: usize = 4;

/// What was packed. Of bytes that `build.rs` has not made, as much as makes sense.
pub fn bytes(packed: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), packed);
    loop {
        rest = match *rest {
            [byte @ ..0x80, ref rest @ ..] | [0xff, byte, ref rest @ ..] => {
                out.push(byte);
                rest
            }
            [token, low, high, ref rest @ ..] => {
                let back = usize::from(u16::from_le_bytes([low, high]));
                for _ in 0..usize::from(token & 0x7f) + SHORTEST {
                    let Some(byte) = out.len().checked_sub(back).and_then(|at| out.get(at)) else { break };
                    out.push(*byte);
                }
                rest
            }
            _ => return out,
        };
    }
}

/// The text that was packed.
pub fn text(packed: &[u8]) -> String {
    String::from_utf8(bytes(packed)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_may_overlap_what_they_make() {
        assert_eq!(bytes(b"ab\x82\x02\x00c"), b"abababab\x63");
        assert_eq!(bytes(b"\xff\xe2\xff\x80\xff\xa6"), "…".as_bytes());
        assert_eq!(bytes(b""), b"");
    }

    #[test]
    fn nonsense_ends() {
        assert_eq!(bytes(b"a\x80\x02\x00b"), b"ab");
        assert_eq!(bytes(b"a\x80\x00\x00b"), b"ab");
        assert_eq!(bytes(b"a\x80\x01"), b"a");
        assert_eq!(bytes(b"a\xff"), b"a");
    }
}
