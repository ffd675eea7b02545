//! The commands, and what `--help` says of them, for terminals of 80 columns: `help.txt`, which lies in
//! the program packed.

use crate::packed;

/// A command, and which options it takes.
pub(super) struct Spec {
    pub name: &'static str,
    /// The options besides those of all commands: long ones by their names, `-c` as it is.
    pub options: &'static [&'static str],
}

/// Every command.
pub(super) const COMMANDS: [Spec; 18] = [
    Spec {
        name: "send",
        options: &["line", "ttl", "key", "tag", "priority", "on-unknown", "at", "collapse", "wait"],
    },
    Spec { name: "status", options: &[] },
    Spec { name: "explain", options: &[] },
    Spec { name: "estimate", options: &["line", "priority", "at"] },
    Spec { name: "list", options: &["state", "after", "limit"] },
    Spec { name: "cancel", options: &[] },
    Spec { name: "resend", options: &[] },
    Spec { name: "inbox", options: &["after", "limit", "follow"] },
    Spec { name: "lines", options: &[] },
    Spec { name: "events", options: &["after", "consumer"] },
    Spec { name: "optout", options: &[] },
    Spec { name: "ping", options: &[] },
    Spec { name: "line", options: &[] },
    Spec { name: "ussd", options: &[] },
    Spec { name: "device", options: &["yes"] },
    Spec { name: "check", options: &["live", "shown-as"] },
    Spec { name: "rpcd", options: &[] },
    Spec { name: "hooks", options: &["-c", "shown-as"] },
];

/// The helps one after the other, that of `goipctl` itself first, with a line of `%` between them.
static HELPS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/help.txt"));

/// What `--help` prints behind `command`, or behind none.
pub(super) fn help(command: Option<&Spec>) -> String {
    let all = packed::text(HELPS);
    let of_command = |help: &&str| match command {
        Some(command) => help["Usage: goipctl ".len()..].split([' ', '\n']).next() == Some(command.name),
        None => true,
    };
    all.split("%\n").find(of_command).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = (&'static Spec, String)> {
        COMMANDS.iter().map(|command| (command, help(Some(command))))
    }

    #[test]
    fn every_help_fits_80_columns_and_has_an_example() {
        for help in all().map(|(_, help)| help).chain([help(None)]) {
            assert!(help.contains("\nExample") && help.ends_with('\n'), "{help}");
            for line in help.lines() {
                assert!(line.chars().count() < 80 && line != "%", "{line}");
            }
        }
    }

    #[test]
    fn every_command_and_option_is_explained() {
        let general = help(None);
        assert!(general.starts_with("Usage: goipctl [--json]"), "{general}");
        for (command, help) in all() {
            assert!(general.contains(&format!("\n  {}", command.name)), "{}", command.name);
            let form = help.lines().next().unwrap();
            assert!(format!("{form} ").starts_with(&format!("Usage: goipctl {} ", command.name)), "{form}");
            for option in command.options {
                let dashes = if option.starts_with('-') { "" } else { "--" };
                assert!(help.contains(&format!("\n  {dashes}{option}")), "{option}");
            }
        }
    }

    #[test]
    fn nothing_is_lost_on_the_way() {
        let source = include_str!("help.txt");
        assert_eq!(packed::text(HELPS), source);
        assert_eq!(source.split("%\n").count(), COMMANDS.len() + 1);
    }
}
