//! The signature of a request: HMAC-SHA-256 (RFC 2104, FIPS 180-4). Written out, because it is
//! less than the crate takes.

use sha2::{Digest, Sha256};

/// Bytes of a block of SHA-256.
const BLOCK_BYTES: usize = 64;

/// The 64 hex digits of the HMAC-SHA-256 with `secret` of what `parts` are one behind the other.
pub fn signature(secret: &[u8], parts: &[&[u8]]) -> String {
    let mut key = [0; BLOCK_BYTES];
    match key.get_mut(..secret.len()) {
        Some(start) => start.copy_from_slice(secret),
        None => key[..32].copy_from_slice(&Sha256::digest(secret)),
    }
    let inner = digest(&key, 0x36, parts);
    let mut hex = String::with_capacity(64);
    for byte in digest(&key, 0x5c, &[&inner]) {
        hex.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])));
    }
    hex
}

fn digest(key: &[u8; BLOCK_BYTES], pad: u8, parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(key.map(|byte| byte ^ pad));
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test cases of RFC 4231, clause 4; number 5 shows a shortened signature, which is not
    /// needed here.
    #[test]
    fn a_signature_is_hmac_sha_256() {
        for (key, data, expected) in [
            (
                &[0x0b; 20][..],
                &b"Hi There"[..],
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (&[0xaa; 20], &[0xdd; 50], "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
            (
                &(1..=25).collect::<Vec<u8>>(),
                &[0xcd; 50],
                "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
            ),
            (
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
            (
                &[0xaa; 131],
                b"This is a test using a larger than block-size key and a larger than block-size data. \
                  The key needs to be hashed before being used by the HMAC algorithm.",
                "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
            ),
        ] {
            assert_eq!(signature(key, &[data]), expected);
            let (first, last) = data.split_at(data.len() / 3);
            assert_eq!(signature(key, &[first, b"", last]), expected);
        }
    }
}
