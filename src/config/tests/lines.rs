//! The section `line`, and the options about lines of section `goipd`.

use super::*;
use crate::engine::{Limits, MAX_PREFIXES, Policy};
use crate::journal::Origin;
use crate::message::{ClientId, LineId};

/// A line that is right.
pub(super) const FIRST: &str = "config line 'office_1'\n\toption device 'office'\n\toption number '1'\n";

/// The only error of [`OFFICE`] and these lines, which begin in line 5.
fn error(lines: &str) -> String {
    let errors = errors(&format!("{OFFICE}{lines}\n"));
    errors.strip_prefix("goipd:").unwrap_or(&errors).into()
}

#[test]
fn without_sections_lines_take_turns_and_send_what_they_can() {
    let choosing = config(OFFICE).choosing;
    assert_eq!((choosing.policy, choosing.sticky_h, choosing.per_number_hour), (Policy::RoundRobin, 0, 0));
    assert_eq!(choosing.total, Limits { month_start: 1, ..Limits::default() });
    assert!(choosing.lines.is_empty());
    let lines = config(&format!("{OFFICE}{FIRST}")).choosing.lines;
    let [line] = lines.as_slice() else { panic!("one line") };
    assert_eq!((line.line, line.weight, line.gap_ms), (LineId { device: 0, line: 1 }, 1, 0));
    assert_eq!((line.limits.segments, line.limits.reserve), ([0; 3], 0));
}

#[test]
fn every_option_of_a_line_reaches_its_place() {
    let general = "config goipd\noption policy least_used\noption sticky 720\noption per_number_hour 3\n\
        option per_hour 1\noption per_day 2\noption per_month 3\noption month_start 28\noption reserve 90\n";
    let more = "\toption own_number '+49 151 1'\n\toption label 'prepaid'\n\toption weight '100'\n\
        \tlist prefix '+49'\n\tlist prefix '+4915'\n\tlist client 'local'\n\tlist client 'nagios'\n\
        \toption priority_only '1'\n\toption only_prefix '1'\n\toption per_hour '10000'\n\
        \toption per_day '50000'\n\toption per_month '1000000'\n\toption month_start '2'\n\
        \toption reserve '10'\n\toption gap_ms '600000'\n";
    let config = config(&format!("{OFFICE}{general}{FIRST}{more}{}", relay::NAGIOS));
    let choosing = &config.choosing;
    assert_eq!((choosing.policy, choosing.sticky_h, choosing.per_number_hour), (Policy::LeastUsed, 720, 3));
    assert_eq!(choosing.total, Limits { segments: [1, 2, 3], month_start: 28, reserve: 90 });
    let line = &choosing.lines[0];
    assert_eq!((&*line.name, &*line.label, line.weight), ("office_1", "prepaid", 100));
    assert_eq!(line.prefixes.join(" "), "+49 +4915");
    assert_eq!(line.clients, [Origin::Local, Origin::Client(ClientId::of("nagios"))]);
    assert_eq!((line.priority_only, line.only_prefix, line.gap_ms), (true, true, 600_000));
    assert_eq!(line.limits, Limits { segments: [10_000, 50_000, 1_000_000], month_start: 2, reserve: 10 });
    assert_eq!(config.rules().own_numbers[0].as_str(), "+491511");
}

#[test]
fn what_cannot_be_meant_is_refused_with_its_place_and_its_cure() {
    for (lines, expected) in [
        (
            FIRST.replace("'office'\n", "'ofice'\n"),
            "6: option 'device': 'ofice' is no device; did you mean 'office'? Known here: office",
        ),
        (
            FIRST.replace("'1'", "'2'"),
            "7: option 'number': the device 'office' has 1 of them; write 1 to 1, or raise its option 'lines'",
        ),
        (
            [FIRST, &FIRST.replace("office_1", "again")].concat(),
            "8: this is the line of line 5 already; keep one section for each",
        ),
        (
            format!("{FIRST}list prefix '+49x'"),
            "8: option 'prefix': '+49x' is no beginning of a number; write digits, and a '+' in front, like '+4915'",
        ),
        (
            format!("{FIRST}list client 'nobody'"),
            "8: option 'client': 'nobody' is no client; known here: local",
        ),
        (
            format!("{FIRST}option only_prefix 1"),
            "5: option 'only_prefix': without a prefix the line takes no message; add a line: list prefix '+49'",
        ),
        (
            format!("{FIRST}option label '{}'", "x".repeat(65)),
            "8: option 'label': 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...' is no label; write at most 64 bytes on one line",
        ),
        (
            "config goipd\noption keep 3599\noption per_number_hour 1".into(),
            "7: option 'per_number_hour': the messages of an hour are counted among those that are kept; raise 'keep' to 3600 or more",
        ),
    ] {
        assert_eq!(error(&lines), expected, "{lines}");
    }
}

#[test]
fn there_is_an_end_of_prefixes() {
    let list = |count: u32| (0..count).map(|n| format!("list prefix '{}'\n", 1_000 + n)).collect::<String>();
    assert_eq!(
        error(&format!("{FIRST}{}", list(33))),
        "40: option 'prefix': more than 32 of them; remove some"
    );
    let office = OFFICE.replace("hush'\n", "hush'\n\toption lines '8'\n");
    let section = |n: u32| {
        let prefixes: String = (0..32).map(|p| format!("list prefix '{}'\n", 1_000 * n + p)).collect();
        format!("config line\noption device office\noption number {n}\n{prefixes}")
    };
    let all: String = (1..=8).map(section).collect();
    let shown = errors(&format!("{office}{all}"));
    assert!(
        shown.ends_with(&format!(
            "more than {MAX_PREFIXES} different prefixes of all lines together; remove some"
        )),
        "{shown}"
    );
}
