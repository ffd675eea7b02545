//! Command lines that are wrong, and those that ask for help.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::run::{Folder, Run, alone};

#[test]
fn a_wrong_command_line_says_what_is_wrong_and_asks_no_daemon() {
    for (args, sentence) in [
        ([].as_slice(), "the COMMAND is missing; see 'goipctl --help'"),
        (
            &["outbox"],
            "unknown command 'outbox'; known are send, status, explain, estimate, list, cancel, resend, inbox, lines, events, optout, ping, line, ussd, device, check",
        ),
        (&["balance", "12", "x"], "unknown command 'balance'"),
        (&["a\x1b[2J"], r"unknown command 'a\u{1b}[2J'"),
        (&["--verbose", "ping"], "unknown option '--verbose'; see 'goipctl --help'"),
        (&["--wait", "send", "12", "x"], "unknown option '--wait'; see 'goipctl --help'"),
        (&["status", "--wait", "17"], "unknown option '--wait'; see 'goipctl status --help'"),
        (&["ping", "-v"], "unknown option '-v'"),
        (
            &["send", "12", "-5", "degrees"],
            "unknown option '-5'; a text that begins with '-' goes behind '--'; see 'goipctl send --help'",
        ),
        (&["send"], "too few or too many arguments; Usage: goipctl send [OPTION…] NUMBER TEXT…"),
        (&["send", "12"], "too few or too many arguments"),
        (&["status"], "too few or too many arguments; Usage: goipctl status ID"),
        (&["status", "17", "18"], "too few or too many arguments"),
        (&["lines", "1"], "too few or too many arguments"),
        (&["line", "office/1"], "too few or too many arguments; Usage: goipctl line DEVICE/N on|off"),
        (&["ussd", "office/1"], "too few or too many arguments; Usage: goipctl ussd DEVICE/N CODE"),
        (
            &["device", "office", "reboot"],
            "this stops every line of the box for minutes; add --yes if that is meant; see 'goipctl device --help'",
        ),
        (&["check", "a", "b"], "too few or too many arguments"),
        (&["status", "x"], "ID needs a whole number from 1 to 4294967295, not 'x'"),
        (&["status", "0"], "ID needs a whole number"),
        (&["cancel", "+1"], "ID needs a whole number"),
        (&["resend", "4294967296"], "ID needs a whole number"),
        (&["send", "12", "x", "--ttl"], "missing argument for option '--ttl'"),
        (&["send", "12", "x", "--ttl=1h"], "--ttl needs a whole number from 1 to 4294967295, not '1h'"),
        (&["send", "12", "x", "--wait=0"], "--wait needs a whole number from 1"),
        (&["send", "12", "x", "--wait="], "--wait needs a whole number from 1"),
        (
            &["send", "12", "x", "--priority=urgent"],
            "--priority needs one of high, normal, low, not 'urgent'",
        ),
        (&["send", "12", "x", "--on-unknown=drop"], "--on-unknown needs one of hold, resend, not 'drop'"),
        (&["list", "--state=Sent"], "--state needs one of queued, submitting, "),
        (&["list", "--after=-1"], "--after needs a whole number from 0"),
        (&["list", "--limit=0"], "--limit needs a whole number from 1"),
        (&["ping", "--json=yes"], "unexpected argument for option '--json'"),
    ] {
        let run = alone(args);
        run.failed(2, sentence);
        assert_eq!(run.stdout, "", "{args:?}");
    }
}

#[test]
fn a_word_in_another_encoding_is_wrong_usage() {
    let folder = Folder::new();
    let word = OsStr::from_bytes(b"gr\xfc\xdfe");
    Run::of(&mut folder.goipctl(&["send".as_ref(), "12".as_ref(), word])).failed(2, "invalid unicode");
    Run::of(&mut folder.goipctl(&["send".as_ref(), "--tag".as_ref(), word])).failed(2, "--tag is not UTF-8");
}

#[test]
fn every_command_has_its_own_help() {
    for command in ["send", "status", "list", "cancel", "resend", "lines", "ping", "check"] {
        for args in [[command, "--help"], [command, "-h"]] {
            let run = alone(&args);
            assert_eq!((run.code, run.stderr.as_str()), (0, ""));
            assert!(run.stdout.starts_with(&format!("Usage: goipctl {command}")), "{}", run.stdout);
        }
    }
    assert!(alone(&["--help", "send"]).stdout.starts_with("Usage: goipctl [--json]"));
}

#[test]
fn the_version_is_the_packages() {
    alone(&["--version"]).printed(concat!("goipctl ", env!("CARGO_PKG_VERSION"), "\n"));
}
