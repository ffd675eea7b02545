//! The tables of all options: type, range, default, and where the value goes. This is the one
//! place that knows them; the manual, `docs/configuration.md`, is checked against it.

mod answers;
mod health;
mod lines;
mod notify;
mod relay;

use super::option::{Absent, Kind, Spec, has_control, number, path, quoted};
use super::typed::{Config, Device, MAX_LINES, MAX_SOCKET_PATH_BYTES};
use super::url;
use crate::engine::MAX_RECEIVERS;
use crate::goip::NumberFormat;
use crate::message::{OnUnknown, Senders};
use crate::zone::Hours;

pub(super) use answers::{OPT_OUT, REPLY};
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

/// The seconds in `+HH:MM` or `-HH:MM`, up to fourteen hours.
fn utc_offset(text: &str) -> Option<i32> {
    let &[sign, h1, h0, b':', m1, m0] = text.as_bytes() else { return None };
    let number = |tens: u8, ones: u8| {
        let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
        (tens <= 9 && ones <= 9).then(|| i32::from(tens * 10 + ones))
    };
    let (hours, minutes) = (number(h1, h0)?, number(m1, m0)?);
    let offset_s = hours * 3600 + minutes * 60;
    let seconds = match sign {
        b'+' => offset_s,
        b'-' => -offset_s,
        _ => return None,
    };
    (minutes < 60 && offset_s <= 14 * 3600).then_some(seconds)
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

/// The options of a section of type `device`.
pub(super) const DEVICE: &[Spec<Device>] = &[
    Spec {
        name: "url",
        absent: Absent::Required("http://192.168.8.1"),
        kind: Kind::Own {
            form: url::FORM,
            set: |device, text| {
                (device.host, device.port) = url::parse(text)?;
                Ok(())
            },
        },
    },
    Spec {
        name: "username",
        absent: Absent::Required("admin"),
        kind: Kind::Own {
            form: "text",
            set: |device, text| {
                if has_control(text) || text.contains(':') {
                    return Err(format!(
                        "{} holds a ':' or a control character, which no login can; correct it",
                        quoted(text)
                    ));
                }
                device.username = text.into();
                Ok(())
            },
        },
    },
    Spec {
        name: "password",
        absent: Absent::Required("..."),
        kind: Kind::Own {
            form: "text",
            set: |device, text| {
                if has_control(text) {
                    return Err("holds a line's end or another control character; \
                                is its quote closed on the same line?"
                        .into());
                }
                device.password = text.into();
                Ok(())
            },
        },
    },
    Spec {
        name: "lines",
        absent: Absent::Default("1"),
        kind: Kind::Number {
            min: 1,
            max: MAX_LINES as u32,
            unit: "",
            set: |device, count| device.lines = count as u8,
        },
    },
    Spec {
        name: "timeout",
        absent: Absent::Default("10"),
        kind: Kind::Number { min: 1, max: 60, unit: "s", set: |device, s| device.timeout_s = s },
    },
    Spec {
        name: "send_via",
        absent: Absent::Default("api"),
        kind: Kind::Word {
            words: &["api", "form"],
            set: |device, word| {
                device.form = word == "form";
                Some(())
            },
        },
    },
    Spec {
        name: "exclusive",
        absent: Absent::Default("1"),
        kind: Kind::Bool(|device, yes| device.exclusive = yes),
    },
    Spec {
        name: "number_format",
        absent: Absent::Default("keep"),
        kind: Kind::Word {
            words: &["keep", "00", "strip"],
            set: |device, word| {
                device.number_format = NumberFormat::from_name(word)?;
                Some(())
            },
        },
    },
    Spec {
        name: "inbox_interval",
        absent: Absent::Default("15"),
        kind: Kind::Number {
            min: 0,
            max: 3600,
            unit: "s",
            set: |device, s| device.inbox_interval_s = (s > 0).then_some(s),
        },
    },
    Spec {
        name: "inbox_first",
        absent: Absent::Default("old"),
        kind: Kind::Word {
            words: &["old", "events"],
            set: |device, word| {
                device.inbox_first_events = word == "events";
                Some(())
            },
        },
    },
    Spec {
        name: "inbox_delete",
        absent: Absent::Default("0"),
        kind: Kind::Bool(|device, yes| device.inbox_delete = yes),
    },
    Spec { name: "join", absent: Absent::Default("0"), kind: Kind::Bool(|device, yes| device.join = yes) },
    Spec {
        name: "utc_offset",
        absent: Absent::Default("+00:00"),
        kind: Kind::Own {
            form: "-14:00 to +14:00",
            set: |device, text| {
                let offset = utc_offset(text);
                device.utc_offset_s = offset.ok_or_else(|| {
                    format!("{} is no offset from UTC; write one like '+01:00'", quoted(text))
                })?;
                Ok(())
            },
        },
    },
    Spec {
        name: "status_interval",
        absent: Absent::Default("60"),
        kind: Kind::Number {
            min: 0,
            max: 3600,
            unit: "s",
            set: |device, s| device.status_interval_s = (s > 0).then_some(s),
        },
    },
    Spec {
        name: "watchdog",
        absent: Absent::Default("0"),
        kind: Kind::Number {
            min: 0,
            max: 1440,
            unit: "min",
            set: |device, minutes| device.watchdog_min = (minutes > 0).then_some(minutes),
        },
    },
    Spec {
        name: "max_per_day",
        absent: Absent::Default("4"),
        kind: Kind::Number {
            min: 1,
            max: 24,
            unit: "",
            set: |device, count| device.watchdog_a_day = count as u8,
        },
    },
    Spec {
        name: "own_number",
        absent: Absent::Unset,
        kind: Kind::List {
            form: "number",
            add: |device, text| {
                if device.own_numbers.len() == MAX_LINES {
                    return Err(format!("more than {MAX_LINES} of them; remove some"));
                }
                device.own_numbers.push(number(text)?);
                Ok(())
            },
        },
    },
];
