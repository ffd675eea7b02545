//! The commands, and what `--help` says of them, for terminals of 80 columns.

/// A command: which options it takes, and its help.
pub(super) struct Spec {
    pub name: &'static str,
    /// The options besides those of all commands: long ones by their names, `-c` as it is.
    pub options: &'static [&'static str],
    pub help: &'static str,
}

/// Every command.
pub(super) const COMMANDS: [Spec; 18] = [
    Spec {
        name: "send",
        options: &["line", "ttl", "key", "tag", "priority", "on-unknown", "at", "collapse", "wait"],
        help: "\
Usage: goipctl send [OPTION…] NUMBER TEXT…

Queues a message and prints its id and state: '17 queued'. Several words of
TEXT are joined by blanks. A single '-' as TEXT reads the text from standard
input and drops one line feed at its end. Behind '--' nothing is an option.
Several numbers and '@GROUP's with commas between them get a message each;
the ids follow one another.

  --line LINE       send on this line only: DEVICE or DEVICE/N
  --ttl S           give up what is not sent after S seconds, 60 to 2592000
  --key KEY         at most 64 bytes; the same command with the same key queues
                    nothing new and tells about the message of the first time
  --tag TAG         at most 64 bytes that stay with the message
  --priority P      high, normal or low
  --on-unknown W    hold or resend: what to do if nobody can know whether it
                    was sent; resend may send it twice
  --at T            send not before T: 2026-12-01T07:00:00Z, with +01:00 in the
                    place of Z, or +SECONDS; at most 30 days ahead
  --collapse WORD   at most 64 bytes; takes the place of a message to NUMBER
                    with the same word that waits and was never tried
  --wait[=S]        wait until it is sent or given up, S seconds at most, and
                    print id and state again; the last line counts, and so
                    does the exit code

Examples:
  goipctl send +4915112345678 Pump 3 stopped
  goipctl send --wait=120 --key pump3-17 +4915112345678 'Pump 3 stopped'
  df -h | goipctl send --priority low 0151-12345678 -
",
    },
    Spec {
        name: "status",
        options: &[],
        help: "\
Usage: goipctl status ID

Prints a message, a field a line, with '-' where there is nothing. The exit
code is 0 if it could be shown, whatever its state.

Example, the state alone:
  goipctl status 17 | awk '$1 == \"state\" { print $2 }'
",
    },
    Spec {
        name: "explain",
        options: &[],
        help: "\
Usage: goipctl explain ID

Says why a message waits, and when it will go as far as that is known; or what
became of it.

Example:
  goipctl explain 17
",
    },
    Spec {
        name: "estimate",
        options: &["line", "priority", "at"],
        help: "\
Usage: goipctl estimate [--line LINE] [--priority P] [--at TIME] NUMBER TEXT…

Says how many segments a message would have, which characters force UCS-2, on
which line it would go out, and when. Nothing is sent. NUMBER and TEXT are
written as for 'send'; of several receivers, segments are the sum, and the rest
is the first one's.

  --line LINE       on this line only: DEVICE or DEVICE/N
  --priority P      high, normal or low
  --at TIME         not before then: as for 'send'

Example:
  goipctl estimate +4915112345678 'Pump 3 stopped'
",
    },
    Spec {
        name: "list",
        options: &["state", "after", "limit"],
        help: "\
Usage: goipctl list [--state STATE] [--after ID] [--limit N]

Prints the kept messages, the oldest first, one a line below a line with the
names of the columns. Every column but the last is one word, or '-'; control
characters stand as \\u{a}. On a terminal long lines are cut. With --json a line
is a page of messages.

  --state STATE     only queued, submitting, sending, sent, delivered,
                    undelivered, failed, unknown, expired or cancelled ones
  --after ID        only those with a higher id
  --limit N         at most N

Example, the numbers of all messages that failed:
  goipctl list --state failed | awk 'NR > 1 { print $4 }'
",
    },
    Spec {
        name: "cancel",
        options: &[],
        help: "\
Usage: goipctl cancel ID

Takes back a message that no line has begun to send, and prints its id and
state. Later it is refused as too_late.

Example:
  goipctl cancel 17
",
    },
    Spec {
        name: "resend",
        options: &[],
        help: "\
Usage: goipctl resend ID

Queues a message again that failed or is unknown, and prints its id and state.
One that is unknown may arrive twice.

Example:
  goipctl resend 17
",
    },
    Spec {
        name: "inbox",
        options: &["after", "limit", "follow"],
        help: "\
Usage: goipctl inbox [--after ID] [--limit N] [--follow]

Prints the received messages, the oldest first, one a line below a line with
the names of the columns, which are as in 'list'. OLD is yes for what was in
the box before goipd first looked. Of a long message that was joined only the
whole is shown. With --json a line is a page of messages, with the parts.

  --after ID        only those with a higher id
  --limit N         at most N
  --follow          go on with each message as it comes, until goipd stops or
                    control C

Examples, the texts from one number, and each message as it comes:
  goipctl inbox | awk '$4 == \"+4915112345678\"'
  goipctl inbox --follow --json
",
    },
    Spec {
        name: "lines",
        options: &[],
        help: "\
Usage: goipctl lines

Prints the lines, one a line below a line with the names of the columns. Every
column but the last is one word, or '-' where nothing is known. REG: whether
the SIM is in the network; SIGNAL: 0 to 31, weak below 10. --json has more.

Example, the lines that do not send:
  goipctl lines | awk '$2 == \"no\"'
",
    },
    Spec {
        name: "events",
        options: &["after", "consumer"],
        help: "\
Usage: goipctl events [--after SEQ | --consumer NAME]

Prints the events, the oldest first, and then each one as it comes: one a line
below a line with the names of the columns, which are as in 'list'. It ends
when goipd does, or with control C.

  --after SEQ       only those behind that one
  --consumer NAME   go on where the last run with this NAME has ended, also
                    after a restart of goipd; at first with what comes from
                    now on. What was printed is acknowledged. 1 to 32 letters,
                    digits, '_', '.' or '-'

Examples, the messages that fail, and a log that misses none:
  goipctl events | awk '$3 == \"failed\"'
  goipctl events --consumer log | logger -t goipd
",
    },
    Spec {
        name: "optout",
        options: &[],
        help: "\
Usage: goipctl optout list
       goipctl optout show NUMBER
       goipctl optout add NUMBER…
       goipctl optout remove NUMBER…
       goipctl optout export
       goipctl optout import FILE

Shows and changes the list of the numbers that want no more messages. 'list'
prints it below a line with the names of the columns, 'export' a number a line
with its date behind a '#', and 'import' adds the numbers of such a FILE, or of
standard input if FILE is '-': blank lines and what stands behind a '#' are
passed over, and if a line is no number nothing is added. Again is no error.

Examples, a copy, and a number that asks to come back by telephone:
  goipctl optout export >optouts.txt
  goipctl optout remove +4915112345678
",
    },
    Spec {
        name: "ping",
        options: &[],
        help: "\
Usage: goipctl ping

Prints the daemon's version, its uptime in seconds, the id of its journal, how
many kept messages are in each state, and the newest message's id.

Example:
  goipctl ping >/dev/null || logger -s 'goipd does not answer'
",
    },
    Spec {
        name: "line",
        options: &[],
        help: "\
Usage: goipctl line DEVICE/N on|off

Switches a line's module. Refused while a message is on the line. Exit code 3
if the box's answer was lost: then 'goipctl lines' shows what is true.

Example:
  goipctl line office/2 off
",
    },
    Spec {
        name: "ussd",
        options: &[],
        help: "\
Usage: goipctl ussd DEVICE/N CODE

Asks the network with a USSD code, and prints its answer; it has 60 s for it. A
menu's next step is another code, such as 1. Refused while a message is on the
line. Exit code 3 if no answer came: the code is not sent again.

Example:
  goipctl ussd office/1 '*100#'
",
    },
    Spec {
        name: "device",
        options: &["yes"],
        help: "\
Usage: goipctl device DEVICE reboot --yes

Has the box start anew. Refused while a message is on one of its lines.

  --yes             it is meant; without it nothing is done

Example:
  goipctl device office reboot --yes
",
    },
    Spec {
        name: "check",
        options: &["live", "shown-as"],
        help: "\
Usage: goipctl check [--live] [--shown-as NAME] [FILE]

Checks the configuration as goipd would, without starting it. FILE is
/etc/config/goipd if it is not given. Exit code 5 if it has errors.

  --live            ask every box as well: is it reachable, is the login
                    right, does it have the lines, does it keep the vendor's
                    default password; prints a line for each finding, and
                    ends with exit code 1 if goipd could not use a box
  --shown-as NAME   call the file NAME in errors

Examples:
  goipctl check
  goipctl check --live /tmp/goipd.new
",
    },
    Spec {
        name: "rpcd",
        options: &[],
        help: "\
Usage: goipctl rpcd list | call METHOD

Serves OpenWrt's rpcd, which puts goipd on ubus; /usr/libexec/rpcd/goipd calls
it. The arguments are a JSON object on standard input. Prints one JSON object
whatever happens: the answer, or 'error' and 'message'.

Example, the same by way of ubus:
  ubus call goipd send '{\"to\":\"+4915112345678\",\"text\":\"Pump 3 stopped\"}'
",
    },
    Spec {
        name: "hooks",
        options: &["-c", "shown-as"],
        help: "\
Usage: goipctl hooks [-c FILE] [--shown-as NAME]

Runs the hooks of the configuration for the events that goipd tells, one after
the other, until SIGTERM ends it. It stays in the foreground, waits for goipd
while that is away, and goes on with the event where it has ended. SIGHUP has
it read the configuration again.

  -c FILE           the configuration; otherwise /var/run/uci/goipd if it is
                    there, otherwise /etc/config/goipd. It says where goipd
                    listens, unless --socket or GOIPD_SOCKET does
  --shown-as NAME   call the file NAME in errors

Example:
  goipctl hooks -c /etc/config/goipd
",
    },
];

/// What `goipctl --help` prints.
pub(super) const GENERAL: &str = "\
Usage: goipctl [--json] [--socket PATH] COMMAND …

Sends SMS through goipd and shows what became of them.

  send NUMBER TEXT…   queue a message, and wait for its end with --wait
  status ID           show a message
  list                show the messages, the oldest first
  explain ID          why a message waits, and when it will go
  estimate NUMBER …   what a message would take, where it would go, and when
  cancel ID           take back a message that was not tried yet
  resend ID           send again what failed or is unknown
  inbox               show the received messages, with --follow as they come
  lines               show the lines
  line LINE on|off    switch a line's module
  ussd LINE CODE      ask the network, and print its answer
  device NAME reboot  have a box start anew
  events              show what happens, as it happens
  optout list|add|…   who wants no more messages
  ping                show that goipd is there
  check [FILE]        check the configuration, with --live the boxes too
  rpcd                serve ubus on OpenWrt
  hooks               run programs for what happens

  --json              print goipd's replies as they are, a JSON object a line
  --socket PATH       where goipd listens; else what GOIPD_SOCKET says in the
                      environment, else /var/run/goipd/goipd.sock
  -h, --help          show this; behind a command, show its own help
  --version           show the version

Exit codes: 0 done; 1 the message failed, expired or was cancelled, or a box
did not pass; 2 wrong usage; 3 the outcome is not known; 4 goipd cannot be
reached; 5 refused, with the reason on standard error; 6 the time of --wait is
up.

Examples:
  goipctl send +4915112345678 Pump 3 stopped
  goipctl list --state unknown
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_help_fits_80_columns_and_has_an_example() {
        for help in COMMANDS.iter().map(|c| c.help).chain([GENERAL]) {
            assert!(help.contains("\nExample") && help.ends_with('\n'), "{help}");
            for line in help.lines() {
                assert!(line.chars().count() < 80, "{line}");
            }
        }
    }

    #[test]
    fn every_command_and_option_is_explained() {
        for command in &COMMANDS {
            assert!(GENERAL.contains(&format!("\n  {}", command.name)), "{}", command.name);
            for option in command.options {
                let dashes = if option.starts_with('-') { "" } else { "--" };
                assert!(command.help.contains(&format!("\n  {dashes}{option}")), "{option}");
            }
        }
    }
}
