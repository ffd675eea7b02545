//! Packs the long texts of the program, some 45 KB, into a quarter. `src/packed.rs` says how they lie
//! there, and unpacks them.

use std::collections::HashMap;
use std::error::Error;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::{env, fs};

/// A kind of copy.
struct Form {
    /// How many bytes it takes.
    cost: usize,
    /// How many bytes it copies, and how far back they may begin.
    lengths: RangeInclusive<usize>,
    farthest: usize,
}

const SHORT: Form = Form { cost: 2, lengths: 3..=6, farthest: 0xfff };
const LONG: Form = Form { cost: 3, lengths: 4..=66, farthest: 0xffff };

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

/// A step to the end of a text: as many bytes of it, from so far back; itself, if that is 0.
#[derive(Clone, Copy)]
struct Step {
    length: usize,
    back: usize,
}

/// The shortest form of a text: of each place, from the last one on, whether the byte or which copy
/// leads to the end with the fewest bytes.
fn packed(text: &[u8]) -> Vec<u8> {
    let copies = [&SHORT, &LONG].map(|form| (form, longest_copies(text, form)));
    let mut costs = vec![0; text.len() + 1];
    let mut steps = vec![Step { length: 1, back: 0 }; text.len()];
    for at in (0..text.len()).rev() {
        costs[at] = costs[at + 1] + if text[at].is_ascii() { 1 } else { 2 };
        for (form, longest) in &copies {
            for length in *form.lengths.start()..=longest[at].length {
                if costs[at + length] + form.cost < costs[at] {
                    costs[at] = costs[at + length] + form.cost;
                    steps[at] = Step { length, ..longest[at] };
                }
            }
        }
    }
    let (mut out, mut at) = (Vec::new(), 0);
    while at < text.len() {
        let (Step { length, back }, byte) = (steps[at], text[at]);
        let [low, high, ..] = back.to_le_bytes();
        if back == 0 && byte.is_ascii() {
            out.push(byte);
        } else if back == 0 {
            out.extend([0xff, byte]);
        } else if SHORT.lengths.contains(&length) && back <= SHORT.farthest {
            let count = (length - SHORT.lengths.start()) as u8;
            out.extend([0x80 | (count << 4) | high, low]);
        } else {
            out.extend([0xc0 | (length - LONG.lengths.start()) as u8, low, high]);
        }
        at += length;
    }
    out
}

/// Of each place, the longest copy of that form.
fn longest_copies(text: &[u8], form: &Form) -> Vec<Step> {
    let mut places: HashMap<&[u8], Vec<usize>> = HashMap::new();
    let mut copies = Vec::new();
    for at in 0..text.len() {
        let most = (text.len() - at).min(*form.lengths.end());
        let mut best = Step { length: 0, back: 0 };
        if let Some(start) = text.get(at..at + form.lengths.start()) {
            let before = places.entry(start).or_default();
            for &place in before.iter().rev().take_while(|place| at - **place <= form.farthest) {
                let length = (0..most).take_while(|i| text[place + i] == text[at + i]).count();
                if length > best.length {
                    best = Step { length, back: at - place };
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
