//! Figures with their targets beside them. Nothing here fails because of a time: a figure is for
//! reading. `make bench` builds what is measured and runs this.

#![allow(clippy::expect_used, clippy::panic, reason = "a tool that stops at the first surprise")]

#[path = "../tests/common/mod.rs"]
mod common;
#[path = "../tests/world/mod.rs"]
mod world;

mod allocations;
mod journal;
mod latency;
mod line_use;
mod process;
mod program;
mod relay;
mod slow_disk;

fn main() {
    println!("{:<70} {:>10}   target", "figure", "value");
    if program::is_there() {
        process::print();
        journal::print();
        relay::print();
    } else {
        row("the program", "-", "no static build here: 'make bench' makes and measures it");
    }
    latency::print();
    line_use::print();
    allocations::print();
}

/// One row of the table.
fn row(figure: &str, value: impl std::fmt::Display, target: &str) {
    println!("{figure:<70} {value:>10}   {target}");
}

/// A count per thing as a decimal number, from hundredths.
fn hundredths(value: u64) -> String {
    format!("{}.{:02}", value / 100, value % 100)
}
