//! A request's body, from bytes that come in pieces (RFC 9112 clauses 6 and 7).

use super::Refused;

/// The longest body: what the line protocol takes in a request, too.
pub const MAX_BODY_BYTES: usize = 16 * 1024;

/// The most bytes that a chunked body may take with its sizes, extensions and trailers. Bytes
/// that come in a chunk each take 6 times the room; the rest is for trailers. Nothing of them is
/// kept: this bounds the work.
pub const MAX_ENCODED_BYTES: usize = 8 * MAX_BODY_BYTES;

/// How the body's end is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// By its length, at most [`MAX_BODY_BYTES`]; 0 if there is none.
    Length(usize),
    /// By a last chunk.
    Chunked,
}

/// A body on its way.
#[derive(Debug)]
pub(super) struct Body {
    bytes: Vec<u8>,
    /// What a chunked body has taken so far.
    encoded: usize,
    part: Part,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// So many bytes of a body of known length.
    Rest(usize),
    /// A chunk's size; `None` before its first digit.
    Size(Option<usize>),
    /// The rest of the line of a chunk of that size.
    Extension(usize),
    /// The line feed of that line.
    SizeEnd(usize),
    /// So many bytes of a chunk.
    Chunk(usize),
    /// CR and LF behind a chunk.
    ChunkCr,
    ChunkLf,
    /// The first byte of a trailer's line, or of the empty one.
    Trailer,
    /// The rest of a trailer's line, and its line feed.
    TrailerLine,
    TrailerLf,
    /// The line feed that ends the body.
    LastLf,
    Done,
}

impl Body {
    pub(super) fn new(framing: Framing) -> Self {
        let part = match framing {
            Framing::Length(0) => Part::Done,
            Framing::Length(length) => Part::Rest(length),
            Framing::Chunked => Part::Size(None),
        };
        Self { bytes: Vec::new(), encoded: 0, part }
    }

    /// Whether all of it is there.
    pub(super) fn is_done(&self) -> bool {
        self.part == Part::Done
    }

    /// The bytes of it that have come.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// How much room it takes, in bytes.
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Takes bytes of the body, and says how many: all of them, or those up to its end.
    ///
    /// # Errors
    /// 400 for what is no chunked body, 413 for more than [`MAX_BODY_BYTES`], or more than
    /// [`MAX_ENCODED_BYTES`] in all.
    pub(super) fn take(&mut self, input: &[u8]) -> Result<usize, Refused> {
        let mut at = 0;
        while at < input.len() && self.part != Part::Done {
            if let Part::Rest(left) | Part::Chunk(left) = self.part {
                let piece = &input[at..][..left.min(input.len() - at)];
                self.bytes.extend_from_slice(piece);
                at += piece.len();
                self.part = match (self.part, left - piece.len()) {
                    (Part::Rest(_), 0) => Part::Done,
                    (Part::Rest(_), left) => Part::Rest(left),
                    (_, 0) => Part::ChunkCr,
                    (_, left) => Part::Chunk(left),
                };
            } else {
                self.encoded += 1;
                // The chunks' own bytes are counted where they are kept.
                if self.encoded + self.bytes.len() > MAX_ENCODED_BYTES {
                    return Err(too_long());
                }
                self.part = self.follow(input[at])?;
                at += 1;
            }
        }
        Ok(at)
    }

    /// What comes behind that byte, which belongs to the coding.
    fn follow(&self, byte: u8) -> Result<Part, Refused> {
        Ok(match (self.part, byte) {
            (Part::Size(size), b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                let digit = char::from(byte).to_digit(16).map_or(0, |digit| digit as usize);
                let size = size.unwrap_or(0) * 16 + digit;
                if self.bytes.len() + size > MAX_BODY_BYTES {
                    return Err(too_long());
                }
                Part::Size(Some(size))
            }
            // A blank behind the size is allowed before an extension (RFC 9112 clause 7.1.1), but
            // nobody sends it, and it has been read in different ways.
            (Part::Size(Some(size)), b';') => Part::Extension(size),
            (Part::Size(Some(size)) | Part::Extension(size), b'\r') => Part::SizeEnd(size),
            (Part::Extension(size), byte) if is_text(byte) => Part::Extension(size),
            (Part::SizeEnd(0), b'\n') => Part::Trailer,
            (Part::SizeEnd(size), b'\n') => Part::Chunk(size),
            (Part::ChunkCr, b'\r') => Part::ChunkLf,
            (Part::ChunkLf, b'\n') => Part::Size(None),
            (Part::Trailer, b'\r') => Part::LastLf,
            (Part::TrailerLine, b'\r') => Part::TrailerLf,
            (Part::Trailer | Part::TrailerLine, byte) if is_text(byte) => Part::TrailerLine,
            (Part::TrailerLf, b'\n') => Part::Trailer,
            (Part::LastLf, b'\n') => Part::Done,
            (part, byte) => return Err(unexpected(part, byte)),
        })
    }
}

/// Whether an extension or a trailer may hold that byte: all but controls.
const fn is_text(byte: u8) -> bool {
    matches!(byte, b'\t' | 0x20..=0x7e | 0x80..)
}

fn unexpected(part: Part, byte: u8) -> Refused {
    let place = match part {
        Part::Size(_) => "in a chunk's size, which has hexadecimal digits alone",
        Part::ChunkCr | Part::ChunkLf => "behind a chunk, where CR LF has to stand",
        Part::Trailer | Part::TrailerLine | Part::TrailerLf | Part::LastLf => "in the chunked body's trailer",
        _ => "in a chunk's first line, which ends in CR LF",
    };
    Refused::new(400, format!("the byte {byte:#04x} is out of place {place}"))
}

/// The refusal of a body that is too long.
pub(super) fn too_long() -> Refused {
    Refused::new(413, format!("the request's body is longer than {MAX_BODY_BYTES} bytes: send less at once"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The body that `input` is in that framing, and what is left behind it; `None` if it has not
    /// come in full. Taken in pieces of any size it has to be the same.
    fn body(framing: Framing, input: &[u8]) -> Result<Option<(Vec<u8>, usize)>, u16> {
        let read = |size: usize| {
            let mut body = Body::new(framing);
            let mut taken = 0;
            for piece in input.chunks(size) {
                let count = body.take(piece).map_err(|refused| refused.status)?;
                taken += count;
                assert!(count == piece.len() || body.is_done());
            }
            Ok(body.is_done().then(|| (body.into_bytes(), input.len() - taken)))
        };
        let whole = read(input.len().max(1));
        let sizes = if input.len() > 1000 { 1..4 } else { 1..input.len().max(1) };
        for size in sizes {
            assert_eq!(read(size), whole, "pieces of {size}");
        }
        whole
    }

    fn chunked(input: &str) -> Result<Option<(String, usize)>, u16> {
        let read = body(Framing::Chunked, input.as_bytes())?;
        Ok(read.map(|(bytes, left)| (String::from_utf8(bytes).unwrap(), left)))
    }

    #[test]
    fn a_body_of_known_length_ends_with_its_last_byte() {
        assert_eq!(body(Framing::Length(0), b"GET"), Ok(Some((vec![], 3))));
        assert_eq!(body(Framing::Length(3), b"abcGET"), Ok(Some((b"abc".to_vec(), 3))));
        assert_eq!(body(Framing::Length(3), b"ab"), Ok(None));
    }

    #[test]
    fn chunks_are_put_together_and_extensions_and_trailers_left_out() {
        for (input, expected) in [
            ("0\r\n\r\n", ""),
            ("3\r\nabc\r\n0\r\n\r\n", "abc"),
            ("3\r\nabc\r\n0000a\r\n0123456789\r\n000\r\n\r\n", "abc0123456789"),
            ("A\r\n01234\r\n789\r\n0\r\n\r\n", "01234\r\n789"),
            ("1;name\r\na\r\n1;n=\"v; \u{e4}\"\r\nb\r\n0;\r\n\r\n", "ab"),
            ("1\r\na\r\n0\r\nDigest: x\r\nExpires:\ty\r\n\r\n", "a"),
        ] {
            assert_eq!(chunked(input), Ok(Some((expected.into(), 0))), "{input:?}");
            assert_eq!(chunked(&format!("{input}GET")), Ok(Some((expected.into(), 3))), "{input:?}");
            for len in 0..input.len() {
                let cut = &input.as_bytes()[..len];
                assert_eq!(body(Framing::Chunked, cut), Ok(None), "{input:?} cut at {len}");
            }
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for input in [
            "\r\n",
            "0x10\r\n",
            "+1\r\n",
            "-1\r\n",
            " 1\r\n",
            "1 \r\n",
            "1 ;a\r\n",
            ";a\r\n",
            "g\r\n",
            "1\na\r\n",
            "1\ra\r\n",
            "1;a\nb\r\n",
            "1;a\0\r\n",
            "1\r\nab\r\n",
            "1\r\na\n",
            "1\r\na\rb",
            "0\r\n\n",
            "0\r\n\ra",
            "0\r\nA: b\n\r\n",
            "0\r\nA: b\rc\r\n",
            "0\r\nA: \x7f\r\n",
        ] {
            assert_eq!(chunked(input), Err(400), "{input:?}");
        }
    }

    #[test]
    fn a_chunked_body_is_bounded_in_its_bytes_and_in_what_is_around_them() {
        let longest = format!("1\r\na\r\n3fff\r\n{}\r\n0\r\n\r\n", "b".repeat(MAX_BODY_BYTES - 1));
        assert_eq!(chunked(&longest).unwrap().unwrap().0.len(), MAX_BODY_BYTES);
        assert_eq!(chunked("1\r\na\r\n4000"), Err(413));
        assert_eq!(chunked("4001"), Err(413));
        assert_eq!(chunked("10000000000000000000000000000005"), Err(413));
        assert_eq!(chunked(&"1\r\na\r\n".repeat(MAX_BODY_BYTES)), Ok(None));
        assert_eq!(chunked(&"1\r\na\r\n".repeat(MAX_BODY_BYTES + 1)), Err(413));
        for endless in ["0".repeat(MAX_ENCODED_BYTES), format!("0;{}", "a".repeat(MAX_ENCODED_BYTES - 2))] {
            assert_eq!(chunked(&endless), Ok(None));
            assert_eq!(chunked(&format!("{endless}0")), Err(413));
        }
        let trailer = format!("0\r\nA: {}", "a".repeat(MAX_ENCODED_BYTES));
        assert_eq!(chunked(&trailer), Err(413));
    }
}
