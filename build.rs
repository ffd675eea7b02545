//! Packs the long texts of the program, some 45 KB, into a quarter. `src/packed.rs` says how they lie
//! there, and unpacks them.

use std::collections::HashMap;
use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

/// The lengths of a copy in bytes, and how far back it may begin.
const LENGTHS: std::ops::RangeInclusive<usize> = 4..=0x7e + 4;
const FARTHEST: usize = 0xffff;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    write("src/ctl/help.txt", "help.txt", |text| text)?;
    write("src/relay/openapi.json", "openapi.json", minified)
}

fn write(source: &str, name: &str, prepared: fn(Vec<u8>) -> Vec<u8>) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={source}");
    let text = fs::read(source).map_err(|error| format!("{source}: {error}"))?;
    let path = PathBuf::from(env::var("OUT_DIR")?).join(name);
    Ok(fs::write(path, packed(&prepared(text)))?)
}

/// JSON without the white space between its tokens. No string ends in an escaped backslash.
fn minified(source: Vec<u8>) -> Vec<u8> {
    let (mut out, mut quoted, mut before) = (Vec::new(), false, b' ');
    for byte in source {
        quoted ^= byte == b'"' && before != b'\\';
        if quoted || !byte.is_ascii_whitespace() {
            out.push(byte);
        }
        before = byte;
    }
    out
}

/// The shortest form of a text: of each place, from the last one on, whether a byte or a copy leads
/// to the end with fewer bytes.
fn packed(text: &[u8]) -> Vec<u8> {
    let longest = longest_copies(text);
    let mut costs = vec![0; text.len() + 1];
    let mut steps = vec![1; text.len()];
    for at in (0..text.len()).rev() {
        costs[at] = costs[at + 1] + if text[at].is_ascii() { 1 } else { 2 };
        for length in *LENGTHS.start()..=longest[at].0 {
            if costs[at + length] + 3 < costs[at] {
                (costs[at], steps[at]) = (costs[at + length] + 3, length);
            }
        }
    }
    let (mut out, mut at) = (Vec::new(), 0);
    while at < text.len() {
        match (steps[at], text[at]) {
            (1, byte @ ..0x80) => out.push(byte),
            (1, byte) => out.extend([0xff, byte]),
            (length, _) => {
                let [low, high, ..] = longest[at].1.to_le_bytes();
                out.extend([0x80 | (length - LENGTHS.start()) as u8, low, high]);
            }
        }
        at += steps[at];
    }
    out
}

/// Of each place, how long the longest copy of something before it is, and how many bytes back that is.
fn longest_copies(text: &[u8]) -> Vec<(usize, usize)> {
    let mut places: HashMap<&[u8], Vec<usize>> = HashMap::new();
    let mut copies = Vec::new();
    for at in 0..text.len() {
        let most = (text.len() - at).min(*LENGTHS.end());
        let mut best = (0, 0);
        if let Some(start) = text.get(at..at + LENGTHS.start()) {
            let before = places.entry(start).or_default();
            for &place in before.iter().rev().take_while(|place| at - **place <= FARTHEST) {
                let length = (0..most).take_while(|i| text[place + i] == text[at + i]).count();
                if length > best.0 {
                    best = (length, at - place);
                }
                if length == most {
                    break;
                }
            }
            before.push(at);
        }
        copies.push(best);
    }
    copies
}
