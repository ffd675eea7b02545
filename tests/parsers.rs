//! Every parser of bytes from outside, over the seeds of its fuzz target and random mutations
//! of them: what libFuzzer looks for deeply is looked for here on every platform.
//!
//! An input that fails is printed; as a file it can be given to the target itself, see
//! `docs/building.md`.

#![allow(
    clippy::expect_used,
    clippy::unreachable,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

#[path = "../fuzz/src/lib.rs"]
mod fuzz;

use std::fs;
use std::path::Path;
use std::thread;

use fuzz::{Body, TARGETS};

/// Mutations of each target's seeds, as many as fit into some seconds of a debug build. The 32-bit
/// programs run emulated, which takes some thirty times as long.
const MUTATIONS: usize = if cfg!(target_pointer_width = "32") { 300 } else { 2000 };

/// What mutations grow to: an answer, a request or a page of some lines is shorter.
const MAX_LEN: usize = 2048;

/// splitmix64: small, and good enough to choose mutations.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }

    /// A place to begin and one to end within `len` bytes, most often near each other.
    fn range(&mut self, len: usize) -> std::ops::Range<usize> {
        let start = self.below(len + 1);
        let most = if self.below(4) == 0 { len - start } else { 8.min(len - start) };
        start..start + self.below(most + 1)
    }

    /// One small change, or a piece of another seed in place of a piece of this one.
    fn mutate(&mut self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        /// Bytes that mean something to one parser or another.
        const TELLING: &[u8] =
            b"\0\n\r\t \"'#&+,-./0129:;<=>?AL[\\]aeu{}\x1b\x7f\x80\xbf\xc3\xe2\xed\xf0\xff";
        let here = self.range(bytes.len());
        match self.below(5) {
            0 => drop(bytes.drain(here)),
            1 => drop(bytes.splice(here.start..here.start, [TELLING[self.below(TELLING.len())]])),
            2 => {
                if let Some(byte) = bytes.get_mut(here.start) {
                    *byte ^= 1 << self.below(8);
                }
            }
            3 => {
                let piece = bytes[here.clone()].to_vec();
                for _ in 0..1 + self.below(3) {
                    bytes.splice(here.start..here.start, piece.iter().copied());
                }
            }
            _ => {
                let other = &seeds[self.below(seeds.len())];
                let there = self.range(other.len());
                bytes.splice(here, other[there].iter().copied());
            }
        }
        bytes.truncate(MAX_LEN);
    }
}

/// Prints the input if its test ends early.
struct Shown<'a>(&'a str, &'a [u8]);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the input of '{}': b\"{}\"", self.0, self.1.escape_ascii());
        }
    }
}

fn run(target: &str, body: Body, input: &[u8]) {
    let _shown = Shown(target, input);
    body(input);
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .expect("every target has seeds")
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    // So that every run makes the same inputs.
    files.sort();
    files.iter().map(|file| fs::read(file).expect("a readable seed")).collect()
}

#[test]
fn whatever_comes_from_outside_is_read_within_its_bounds_or_refused() {
    for (target, body) in TARGETS {
        let seeds = seeds(target);
        assert!(!seeds.is_empty(), "no seeds for '{target}'");
        for seed in &seeds {
            run(target, body, seed);
        }
        let mut random = Random(1);
        for _ in 0..MUTATIONS {
            let mut input = seeds[random.below(seeds.len())].clone();
            for _ in 0..1 + random.below(4) {
                random.mutate(&mut input, &seeds);
            }
            run(target, body, &input);
        }
    }
}
