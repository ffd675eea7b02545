//! The tables of all options: type, range, default, and where the value goes. This is the one
//! place that knows them; the manual, `docs/configuration.md`, is checked against it.

mod answers;
mod device;
mod health;
mod lines;
mod notify;
mod relay;

use super::option::{Absent, Kind, Spec, number, path, quoted};
use super::typed::{Config, MAX_SOCKET_PATH_BYTES};
use crate::engine::MAX_RECEIVERS;
use crate::message::{OnUnknown, Senders};
use crate::zone::Hours;

pub(super) use answers::{OPT_OUT, REPLY};
pub(super) use device::DEVICE;
pub(super) use health::{BALANCE, CANARY};
pub(super) use lines::LINE;
pub(super) use notify::{HOOK, WEBHOOK};
pub(super) use relay::{CLIENT, RELAY};

/// The most bytes of a group's name; Linux user databases hold no longer ones.
const MAX_GROUP_BYTES: usize = 32;

/// The options of a section of type `goipd`.
pub(super) const GOIPD: &[Spec<Config>] = &{
    let [per_hour, per_day, per_month, month_start, reserve] = lines::TOTAL;
    [
        Spec {
            name: "enabled",
            absent: Absent::Default("0"),
            // For the router's init script: who starts goipd by hand means it.
            kind: Kind::Bool(|_, _| {}),
        },
        Spec {
            name: "socket",
            absent: Absent::Default("/var/run/goipd/goipd.sock"),
            kind: Kind::Own {
                form: "path",
                set: |config, text| {
                    config.socket = path(text)?;
                    if text.len() > MAX_SOCKET_PATH_BYTES || text.ends_with('/') {
                        let cure = format!("name a file in at most {MAX_SOCKET_PATH_BYTES} bytes");
                        return Err(format!("{} is no path for a socket; {cure}", quoted(text)));
                    }
                    Ok(())
                },
            },
        },
        Spec {
            name: "socket_mode",
            absent: Absent::Default("0660"),
            kind: Kind::Own {
                form: "octal, 000 to 0777",
                set: |config, text| {
                    let octal = text.bytes().all(|b| matches!(b, b'0'..=b'7'));
                    match u32::from_str_radix(text, 8) {
                        Ok(mode @ 0..=0o777) if octal && matches!(text.len(), 3 | 4) => {
                            config.socket_mode = mode
                        }
                        _ => return Err(format!("{} is no file mode; write one like '0660'", quoted(text))),
                    }
                    Ok(())
                },
            },
        },
        Spec {
            name: "socket_group",
            absent: Absent::Unset,
            kind: Kind::Own {
                form: "group name",
                set: |config, text| {
                    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
                    if !plain || text.len() > MAX_GROUP_BYTES {
                        return Err(format!("{} is no group's name; take one from /etc/group", quoted(text)));
                    }
                    config.socket_group = Some(text.into());
                    Ok(())
                },
            },
        },
        Spec {
            name: "state_dir",
            absent: Absent::Default("/etc/goipd"),
            kind: Kind::Own {
                form: "path",
                set: |config, text| {
                    config.state_dir = path(text)?;
                    Ok(())
                },
            },
        },
        Spec {
            name: "volatile",
            absent: Absent::Default("0"),
            kind: Kind::Bool(|config, yes| config.volatile = yes),
        },
        Spec {
            name: "max_journal",
            absent: Absent::Unset,
            kind: Kind::Number {
                min: 128,
                max: 65_536,
                unit: "KiB",
                set: |config, kib| config.max_journal_kib = Some(kib),
            },
        },
        Spec {
            name: "queue_limit",
            absent: Absent::Default("1000"),
            kind: Kind::Number {
                min: 10,
                max: 10_000,
                unit: "",
                set: |config, count| config.queue_limit = count as usize,
            },
        },
        Spec {
            name: "keep",
            absent: Absent::Default("604800"),
            kind: Kind::Number { min: 60, max: 31_536_000, unit: "s", set: |config, s| config.keep_s = s },
        },
        Spec {
            name: "keep_messages",
            absent: Absent::Default("1000"),
            kind: Kind::Number {
                min: 10,
                max: 10_000,
                unit: "",
                set: |config, count| config.keep_messages = count as usize,
            },
        },
        Spec {
            name: "keep_events",
            absent: Absent::Default("1000"),
            kind: Kind::Number {
                min: 100,
                max: 10_000,
                unit: "",
                set: |config, count| config.keep_events = count as usize,
            },
        },
        Spec {
            name: "ttl",
            absent: Absent::Default("86400"),
            kind: Kind::Number { min: 60, max: 2_592_000, unit: "s", set: |config, s| config.ttl_s = s },
        },
        Spec {
            name: "max_segments",
            absent: Absent::Default("10"),
            kind: Kind::Number {
                min: 1,
                max: 15,
                unit: "",
                set: |config, count| config.max_segments = count as u8,
            },
        },
        Spec {
            name: "on_unknown",
            absent: Absent::Default("hold"),
            kind: Kind::Word {
                words: &["hold", "resend"],
                set: |config, word| {
                    config.on_unknown = OnUnknown::from_name(word)?;
                    Some(())
                },
            },
        },
        Spec {
            name: "allow_from",
            absent: Absent::Unset,
            kind: Kind::List {
                form: SENDER_FORM,
                add: |config, text| sender(&mut config.senders.allow, text),
            },
        },
        Spec {
            name: "deny_from",
            absent: Absent::Unset,
            kind: Kind::List {
                form: SENDER_FORM,
                add: |config, text| sender(&mut config.senders.deny, text),
            },
        },
        lines::POLICY,
        Spec {
            name: "sticky",
            absent: Absent::Default("0"),
            kind: Kind::Number { min: 0, max: 720, unit: "h", set: |config, h| config.choosing.sticky_h = h },
        },
        per_hour,
        per_day,
        per_month,
        month_start,
        reserve,
        Spec {
            name: "per_number_hour",
            absent: Absent::Default("0"),
            kind: Kind::Number {
                min: 0,
                max: 1000,
                unit: "",
                set: |config, count| config.choosing.per_number_hour = count,
            },
        },
        Spec {
            name: "quiet",
            absent: Absent::Unset,
            kind: Kind::Own {
                form: QUIET_FORM,
                set: |config, text| {
                    config.quiet = Some(quiet(text)?);
                    Ok(())
                },
            },
        },
        Spec {
            name: "stale_after",
            absent: Absent::Default("0"),
            kind: Kind::Number {
                min: 0,
                max: 2_592_000,
                unit: "s",
                set: |config, s| config.stale_after_s = s,
            },
        },
        Spec {
            name: "admin_number",
            absent: Absent::Unset,
            kind: Kind::Own {
                form: "number",
                set: |config, text| {
                    config.admin_number = Some(number(text)?);
                    Ok(())
                },
            },
        },
        Spec {
            name: "log_level",
            absent: Absent::Default("info"),
            kind: Kind::Word {
                words: &["error", "warn", "info", "debug", "trace"],
                set: |config, word| {
                    config.log_level = word.parse().ok()?;
                    Some(())
                },
            },
        },
    ]
};

/// The options of a section of type `group`, which is the last one in `groups`.
pub(super) const GROUP: &[Spec<Config>] = &[Spec {
    name: "number",
    absent: Absent::Required("+4915112345678"),
    kind: Kind::List {
        form: "number",
        add: |config, text| {
            let number = number(text)?;
            let Some(group) = config.groups.last_mut() else { return Ok(()) };
            if group.numbers.matches(',').count() == MAX_RECEIVERS {
                return Err(format!("more than {MAX_RECEIVERS} of them; remove some"));
            }
            group.numbers.push_str(number.as_str());
            group.numbers.push(',');
            Ok(())
        },
    },
}];

/// How quiet hours are written.
const QUIET_FORM: &str = "HH:MM-HH:MM";

fn quiet(text: &str) -> Result<Hours, String> {
    let cure = "write them like '22:00-07:00'";
    Hours::parse(text).ok_or_else(|| format!("{} are no hours of the day; {cure}", quoted(text)))
}

/// How a sender is written.
const SENDER_FORM: &str = "sender, or its beginning and *";

fn sender(list: &mut Vec<Box<str>>, text: &str) -> Result<(), String> {
    if !Senders::is_pattern(text) {
        let cure = "write a number or name as the inbox shows it, or its beginning and a '*' behind it";
        return Err(format!("{} is no sender; {cure}", quoted(text)));
    }
    list.push(text.into());
    Ok(())
}
