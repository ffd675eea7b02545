//! The inbox against the truth: thousands of simulated boxes that receive single messages,
//! bursts, and messages that are alike to the second, lose their clock, are wiped and rebooted,
//! and whose slots are deleted; read by a goipd that dies at any record. No message is stored
//! twice, and none is lost but those that went unseen, and that is told.
//!
//! It is read by the window alone, and by the whole engine with its journal, on a disk that loses
//! power before any of its operations.
//!
//! Histories that lead to equal pages cannot be told apart: a life ends where it comes to one.
//! `docs/inbox.md` names them.
//!
//! A seed that fails is printed; `GOIPD_SEED=N cargo test --test inbox_model -- --nocapture` runs
//! it alone and shows what happened, `GOIPD_SEEDS=N` as many as wanted.

#![allow(clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod daemon;
mod life;
mod notes;
#[path = "../world/random.rs"]
mod random;

use daemon::Daemon;
use life::{Goipd, Life, Tally};
use notes::Notes;

/// As many as fit into some seconds of a debug build; `make test` takes 8000 of a release build.
const WINDOW_SEEDS: u64 = 8_000;
const JOURNAL_SEEDS: u64 = 400;
const JOINING_SEEDS: u64 = 200;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|n| n.parse().ok())
}

/// Lives as many lives; says what happened in them.
fn live<G: Goipd>(usual: u64) -> Tally {
    let seeds = match number("GOIPD_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("GOIPD_SEEDS").unwrap_or(usual),
    };
    let (lives, talks) = (seeds.clone().count(), number("GOIPD_SEED").is_some());
    let mut all = Tally::default();
    for seed in seeds {
        let life = std::panic::catch_unwind(|| {
            let mut life = Life::<G>::new(seed, talks);
            life.tally.left_out = usize::from(life.live().is_err());
            Tally { messages: life.truth.len(), ..life.tally }
        });
        match life {
            Ok(life) => all.add(life),
            Err(panic) => {
                eprintln!("seed {seed} failed; run it alone with GOIPD_SEED={seed}");
                std::panic::resume_unwind(panic);
            }
        }
    }
    if lives >= 100 {
        // The test says something only if these things happen, and most lives are lived to their end.
        assert!(all.left_out < lives / 8, "{} of {lives} lives are left out", all.left_out);
        for (what, count) in [
            ("messages", all.messages / 50),
            ("messages that are alike", all.alike / 10),
            ("gaps", all.gaps),
            ("messages that went unseen", all.lost),
            ("restarts", all.restarts),
        ] {
            assert!(count > lives, "only {count} {what} in {lives} lives");
        }
    }
    all
}

#[test]
fn by_the_window_nothing_is_stored_twice_and_what_is_lost_is_told() {
    let all = live::<Notes>(WINDOW_SEEDS);
    assert!(all.cut_off * 4 > all.restarts || all.restarts < 100, "few notes are cut off: {all:?}");
}

#[test]
fn with_the_journal_nothing_is_stored_twice_and_what_is_lost_is_told() {
    let all = live::<Daemon<false>>(JOURNAL_SEEDS);
    assert!(all.cut_off * 20 > all.restarts || all.restarts < 100, "few records are cut off: {all:?}");
    let gone = daemon::segments_that_went();
    assert!(gone * 5 > all.restarts || all.restarts < 100, "only {gone} segments were cleared: {all:?}");
}

#[test]
fn with_long_messages_joined_nothing_is_stored_twice_and_what_is_lost_is_told() {
    let all = live::<Daemon<true>>(JOINING_SEEDS);
    assert!(all.cut_off * 20 > all.restarts || all.restarts < 100, "few records are cut off: {all:?}");
    let parts = daemon::joined();
    assert!(parts * 10 > all.messages || all.restarts < 100, "only {parts} parts were joined: {all:?}");
}
