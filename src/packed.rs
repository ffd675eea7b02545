//! Long texts that lie in the program packed: how they come out again. `build.rs` packs them.
//!
//! A byte below 0x80 stands for itself; 0xFF says that the next one does. Any other one begins a copy
//! of what has come out already:
//!
//! * `10llbbbb bbbbbbbb`: of 3 to 6 bytes, that begins up to 4095 bytes back;
//! * `11llllll`, low byte, high byte: of 4 to 66 bytes, that begins up to 65 535 bytes back.

/// What was packed. Of bytes that `build.rs` has not made, as much as makes sense.
pub fn bytes(packed: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), packed);
    loop {
        rest = match *rest {
            [byte @ ..0x80, ref rest @ ..] | [0xff, byte, ref rest @ ..] => {
                out.push(byte);
                rest
            }
            [token @ ..0xc0, low, ref rest @ ..] => {
                copy(&mut out, ((token >> 4) & 3) + 3, [low, token & 0xf]);
                rest
            }
            [token, low, high, ref rest @ ..] => {
                copy(&mut out, (token & 0x3f) + 4, [low, high]);
                rest
            }
            _ => return out,
        };
    }
}

fn copy(out: &mut Vec<u8>, length: u8, back: [u8; 2]) {
    let back = usize::from(u16::from_le_bytes(back));
    for _ in 0..length {
        let Some(byte) = out.len().checked_sub(back).and_then(|at| out.get(at)) else { break };
        out.push(*byte);
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
        assert_eq!(bytes(b"ab\x80\x02-"), b"ababa-");
        assert_eq!(bytes(b"ab\xc2\x02\0-"), b"abababab-");
        assert_eq!(bytes(b"\xff\xe2\xff\x80\xff\xa6"), "…".as_bytes());
        assert_eq!(bytes(b""), b"");
    }

    #[test]
    fn the_longest_copies_from_farthest_back() {
        let literals: Vec<u8> = (0..5000).map(|n| b'a' + (n % 23) as u8).collect();
        let short = bytes(&[&literals[..], &[0xbf, 0xff]].concat());
        assert_eq!(short[5000..], literals[905..911]);
        let long = bytes(&[&literals[..], &[0xfe, 0x88, 0x13]].concat());
        assert_eq!(long[5000..], literals[..66]);
    }

    #[test]
    fn nonsense_ends() {
        for nonsense in [&b"a\x80\x02b"[..], b"a\x80\0b", b"a\xc0\x02\0b", b"a\xc0\0\0b"] {
            assert_eq!(bytes(nonsense), b"ab");
        }
        for cut in [&b"a\x80"[..], b"a\xc0\x01", b"a\xff"] {
            assert_eq!(bytes(cut), b"a");
        }
    }
}
