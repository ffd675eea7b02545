//! The table of the section `device`.

use super::super::option::{Absent, Kind, Spec, has_control, number, quoted};
use super::super::typed::{Device, MAX_LINES};
use super::super::url;
use crate::goip::NumberFormat;

/// The options of a section of type `device`.
pub(in super::super) const DEVICE: &[Spec<Device>] = &[
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
