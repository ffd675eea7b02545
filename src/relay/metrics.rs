//! Figures for Prometheus, in its text form (exposition format 0.0.4). docs/http.md lists the
//! names; they are a contract.

mod tally;

use core::fmt::{Display, Write};

use crate::engine::{Engine, LineView, Now};
use crate::journal;
use crate::message::State;

pub use tally::Tally;
use tally::{Asked, Outcome};

/// The content type of the text form.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The relay's own figures since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Doors {
    /// Clients that are connected to the UNIX socket.
    pub socket_connections: u32,
    /// Clients that are connected to the relay.
    pub http_connections: u32,
    /// Requests of the relay that were answered, by the status's first digit, from 1.
    pub http_requests: [u32; 5],
    /// Logins that the relay refused.
    pub refused_logins: u32,
}

/// All that is shown.
#[derive(Clone, Copy)]
pub struct Figures<'a> {
    /// The time of the answer.
    pub now: Now,
    /// Messages and lines.
    pub engine: &'a Engine,
    /// What the journal has written.
    pub written: journal::Counters,
    /// One for each device, in the configuration's order.
    pub devices: &'a [Tally],
    /// The doors.
    pub doors: Doors,
    /// Seconds since the start.
    pub uptime_s: u32,
}

impl Figures<'_> {
    /// The whole text.
    pub fn write(&self, out: &mut String) {
        self.daemon(out);
        self.messages(out);
        self.lines(out);
        self.boxes(out);
        self.journal(out);
        self.doors(out);
    }

    fn daemon(&self, out: &mut String) {
        family(out, "goipd_info", "gauge", "The version, as a label.");
        sample(out, "goipd_info", &[("version", &env!("CARGO_PKG_VERSION"))], 1);
        family(out, "goipd_uptime_seconds", "gauge", "Seconds since the start.");
        sample(out, "goipd_uptime_seconds", &[], self.uptime_s);
    }

    fn messages(&self, out: &mut String) {
        let name = "goipd_messages";
        family(out, name, "gauge", "Messages that are kept, by state and by the line of their last attempt.");
        let (lines, without) = self.engine.counts_by_line();
        let lines = lines.into_iter().map(|(line, counts)| (line.to_string(), counts));
        for (line, counts) in lines.chain([(String::new(), without)]) {
            for (state, count) in State::ALL.into_iter().zip(counts) {
                if count > 0 {
                    sample(out, name, &[("state", &state), ("line", &line)], count);
                }
            }
        }
        let counters = self.engine.counters();
        let by_state = |state: State| counters.by_state[state as usize];
        family(out, "goipd_queue_messages", "gauge", "Messages whose outcome is still to come.");
        let working: u32 = State::ALL.into_iter().filter(|s| !s.is_final()).map(by_state).sum();
        sample(out, "goipd_queue_messages", &[], working);
        family(out, "goipd_queue_limit", "gauge", "So many there may be.");
        sample(out, "goipd_queue_limit", &[], self.engine.settings().queue_limit);
        family(out, "goipd_queue_oldest_seconds", "gauge", "Age of the oldest of them; 0 if there is none.");
        sample(out, "goipd_queue_oldest_seconds", &[], self.engine.oldest_s(self.now));
        family(out, "goipd_last_message_id", "gauge", "The id of the newest message.");
        sample(out, "goipd_last_message_id", &[], counters.last_id);
        let [opt_outs, max_opt_outs, missed] = self.engine.opt_out_counts();
        for (name, kind, help, value) in [
            ("goipd_optouts", "gauge", "Numbers that want no more messages.", opt_outs),
            ("goipd_optouts_limit", "gauge", "So many there may be.", max_opt_outs),
            ("goipd_optouts_missed_total", "counter", "Opt-outs for which the list had no room.", missed),
        ] {
            family(out, name, kind, help);
            sample(out, name, &[], value);
        }
    }

    fn lines(&self, out: &mut String) {
        let lines: Vec<_> = self.engine.lines(self.now).collect();
        let name = |line: &LineView<'_>| self.engine.settings().line_name(line.line);
        family(out, "goipd_line_up", "gauge", "Whether a message given to the line now would be sent.");
        for line in &lines {
            sample(out, "goipd_line_up", &[("line", &name(line))], u8::from(line.up));
        }
        family(out, "goipd_line_queued", "gauge", "Queued messages that may go out on the line.");
        for line in &lines {
            sample(out, "goipd_line_queued", &[("line", &name(line))], line.queued);
        }
        for (place, (family_name, help)) in [
            ("goipd_line_limit_segments", "Segments that the line may send in an hour, a day and a month."),
            ("goipd_line_used_segments", "Segments that count for these limits."),
        ]
        .into_iter()
        .enumerate()
        {
            family(out, family_name, "gauge", help);
            for line in &lines {
                for (window, count) in journal::Window::ALL.into_iter().zip(line.usage[place]) {
                    if count > 0 || place == 1 {
                        sample(
                            out,
                            family_name,
                            &[("line", &name(line)), ("window", &window.as_str())],
                            count,
                        );
                    }
                }
            }
        }
        for (family_name, help, value) in [
            ("goipd_line_registered", "Whether the line's SIM is in the network, where that is known.", 0),
            ("goipd_line_signal", "The line's signal, 0 to 31, where it is known.", 1),
        ] {
            family(out, family_name, "gauge", help);
            for line in &lines {
                let known = if value == 0 { line.facts.registered.map(u8::from) } else { line.facts.signal };
                if let Some(known) = known {
                    sample(out, family_name, &[("line", &name(line))], known);
                }
            }
        }
        let name = "goipd_line_balance";
        family(out, name, "gauge", "The last balance of the line's SIM, where it is asked for.");
        for line in &lines {
            if let Some(amount) = self.engine.balance(line.line) {
                sample_of(out, name, "line", &self.engine.settings().line_name(line.line), &amount);
            }
        }
        let name = "goipd_canary_seconds";
        family(out, name, "gauge", "How long the last message from this line to an own number took.");
        for (line, took_ms) in self.engine.canaries() {
            if let Some(ms) = took_ms {
                let seconds = format_args!("{}.{:03}", ms / 1000, ms % 1000);
                sample_of(out, name, "line", &self.engine.settings().line_name(line), &seconds);
            }
        }
        let name = "goipd_watchdog_helps";
        family(out, name, "gauge", "How often the device's watchdog has helped in the last 24 hours.");
        for (device, helps) in self.engine.helps(self.now) {
            sample_of(out, name, "device", &device, &helps);
        }
        for (family_name, help, value) in [
            ("goipd_received_total", "Messages that the line has received.", 0),
            ("goipd_inbox_gaps_total", "How often received messages may have gone unseen.", 1),
        ] {
            family(out, family_name, "counter", help);
            for (line, counts) in self.engine.received_by_line() {
                sample(out, family_name, &[("line", line)], counts[value]);
            }
        }
    }

    fn boxes(&self, out: &mut String) {
        let names = self.engine.settings().devices.iter().map(|device| device.name.as_str());
        let boxes: Vec<(&str, &Tally)> = names.zip(self.devices).collect();
        let name = "goipd_device_requests_total";
        family(out, name, "counter", "Requests to a box, by what came of them.");
        for (device, tally) in &boxes {
            for asked in Asked::ALL {
                for outcome in Outcome::ALL {
                    let labels: [(&str, &dyn Display); 3] =
                        [("device", device), ("request", &asked.as_str()), ("result", &outcome.as_str())];
                    sample(out, name, &labels, tally.counts[asked as usize][outcome as usize]);
                }
            }
        }
        let name = "goipd_device_request_seconds";
        family(out, name, "summary", "How long requests to a box took.");
        for (device, tally) in &boxes {
            for asked in Asked::ALL {
                let labels: [(&str, &dyn Display); 2] = [("device", device), ("request", &asked.as_str())];
                let ms = tally.millis[asked as usize];
                let seconds = format_args!("{}.{:03}", ms / 1000, ms % 1000);
                sample(out, "goipd_device_request_seconds_sum", &labels, seconds);
                let count = tally.counts[asked as usize].iter().fold(0_u32, |sum, n| sum.wrapping_add(*n));
                sample(out, "goipd_device_request_seconds_count", &labels, count);
            }
        }
    }

    fn journal(&self, out: &mut String) {
        let written = self.written;
        for (name, help, value) in [
            ("goipd_journal_records_total", "Records that were written.", written.records),
            ("goipd_journal_bytes_total", "Bytes that were written.", written.bytes),
            ("goipd_journal_pages_total", "Flash pages of 4 KiB that were written.", written.pages),
            ("goipd_journal_syncs_total", "Syncs of a file or of the directory.", written.syncs),
            ("goipd_journal_failures_total", "Work that the disk did not do.", written.failures),
        ] {
            family(out, name, "counter", help);
            sample(out, name, &[], value);
        }
    }

    fn doors(&self, out: &mut String) {
        let doors = self.doors;
        family(out, "goipd_connections", "gauge", "Clients that are connected.");
        sample(out, "goipd_connections", &[("door", &"socket")], doors.socket_connections);
        sample(out, "goipd_connections", &[("door", &"http")], doors.http_connections);
        let name = "goipd_http_requests_total";
        family(out, name, "counter", "Requests of the relay that were answered, by the status's class.");
        for (class, count) in (1..).zip(doors.http_requests) {
            sample(out, name, &[("status", &format_args!("{class}xx"))], count);
        }
        family(out, "goipd_refused_logins_total", "counter", "Logins that the relay refused.");
        sample(out, "goipd_refused_logins_total", &[], doors.refused_logins);
    }
}

fn family(out: &mut String, name: &str, kind: &str, help: &str) {
    // Writing to a String does not fail.
    let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
}

/// A sample with one label. Not generic: a program for a router has no room for more of them.
fn sample_of(out: &mut String, name: &str, label: &str, of: &dyn Display, value: &dyn Display) {
    sample(out, name, &[(label, of)], value);
}

/// The values of labels are ours: states, names of lines and devices. None has a character that
/// would have to be escaped.
fn sample(out: &mut String, name: &str, labels: &[(&str, &dyn Display)], value: impl Display) {
    out.push_str(name);
    for (place, (label, text)) in labels.iter().enumerate() {
        // Writing to a String does not fail.
        let _ = write!(out, "{}{label}=\"{text}\"", if place == 0 { '{' } else { ',' });
    }
    let end = if labels.is_empty() { "" } else { "}" };
    let _ = writeln!(out, "{end} {value}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::testing::{NOW, World};
    use crate::engine::Answer;
    use crate::goip::{AskError, SendAnswer, SendOutcome};

    fn text(world: &World, tally: Tally) -> String {
        let mut out = String::new();
        Figures {
            now: Now { boot_ms: NOW.boot_ms + 30_000, ..NOW },
            engine: &world.engine,
            written: journal::Counters { bytes: 1 << 40, ..journal::Counters::default() },
            devices: &[tally],
            doors: Doors { refused_logins: 3, http_requests: [0, 7, 0, 0, 0], ..Doors::default() },
            uptime_s: 30,
        }
        .write(&mut out);
        out
    }

    #[test]
    fn every_sample_stands_behind_its_help_and_its_type() {
        let mut world = World::new();
        world.reply("send 12 a");
        let text = text(&world, Tally::default());
        let mut known = Vec::new();
        for line in text.lines() {
            if let Some(head) = line.strip_prefix("# TYPE ") {
                known.push(head.split(' ').next().unwrap().to_owned());
            } else if !line.starts_with("# HELP ") {
                let name = line.split(['{', ' ']).next().unwrap();
                let last = known.last().unwrap();
                let family = name.strip_suffix("_sum").or(name.strip_suffix("_count")).unwrap_or(name);
                assert_eq!(family, last, "{line}");
                let value = line.rsplit(' ').next().unwrap();
                assert!(value.parse::<f64>().is_ok(), "{line}");
            }
        }
        known.sort();
        let count = known.len();
        known.dedup();
        assert_eq!(known.len(), count, "a family comes once");
    }

    #[test]
    fn messages_are_counted_by_state_and_line() {
        let mut world = World::new();
        world.reply("send 12 a");
        world.submit(NOW);
        world.fail(NOW, "2172");
        world.reply("send 12 b");
        let text = text(&world, Tally::default());
        for line in [
            "goipd_messages{state=\"failed\",line=\"office/1\"} 1",
            "goipd_messages{state=\"queued\",line=\"\"} 1",
            "goipd_queue_messages 1",
            "goipd_queue_oldest_seconds 30",
            "goipd_last_message_id 2",
            "goipd_line_up{line=\"office/1\"} 1",
            "goipd_journal_bytes_total 1099511627776",
            "goipd_refused_logins_total 3",
            "goipd_http_requests_total{status=\"2xx\"} 7",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn requests_to_a_box_are_counted_by_result_and_timed() {
        let mut tally = Tally::default();
        let id = crate::message::JobId::EMPTY;
        let answered = |answer| Answer::Send(SendOutcome::Answered(answer));
        tally.answered(&answered(SendAnswer::Sending { line: None, id }), 40);
        tally.answered(&answered(SendAnswer::Busy), 1_010);
        let error = AskError::Unreachable(crate::message::Words::EMPTY);
        tally.answered(&Answer::Status(Err(error)), 5_000);
        tally.answered(&Answer::NoBody, 7);
        let text = text(&World::new(), tally);
        for line in [
            "goipd_device_requests_total{device=\"office\",request=\"send\",result=\"ok\"} 1",
            "goipd_device_requests_total{device=\"office\",request=\"send\",result=\"refused\"} 1",
            "goipd_device_requests_total{device=\"office\",request=\"status\",result=\"no_answer\"} 1",
            "goipd_device_requests_total{device=\"office\",request=\"status\",result=\"ok\"} 0",
            "goipd_device_request_seconds_sum{device=\"office\",request=\"send\"} 1.050",
            "goipd_device_request_seconds_count{device=\"office\",request=\"send\"} 2",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
        }
    }
}
