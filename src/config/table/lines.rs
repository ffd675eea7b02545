//! The table of the section `line`, and the options about lines of section `goipd`.

use super::super::lines::{MAX_LABEL_BYTES, MAX_LINE_PREFIXES};
use super::super::option::{Absent, Kind, Spec, has_control, number, quoted};
use super::super::typed::{Config, MAX_LINES};
use crate::engine::{LineSettings, Policy};
use crate::message::Number;

/// The limits of `$place`, a place in what the table is for.
macro_rules! limits {
    ($into:ident => $limits:expr) => {
        [
            limits!("per_hour", "0", 0, 10_000, "segments", |$into, count| $limits.segments[0] = count),
            limits!("per_day", "0", 0, 50_000, "segments", |$into, count| $limits.segments[1] = count),
            limits!("per_month", "0", 0, 1_000_000, "segments", |$into, count| $limits.segments[2] = count),
            limits!("month_start", "1", 1, 28, "", |$into, day| $limits.month_start = day as u8),
            limits!("reserve", "0", 0, 90, "%", |$into, percent| $limits.reserve = percent as u8),
        ]
    };
    ($name:literal, $default:literal, $min:literal, $max:literal, $unit:literal, $set:expr) => {
        Spec {
            name: $name,
            absent: Absent::Default($default),
            kind: Kind::Number { min: $min, max: $max, unit: $unit, set: $set },
        }
    };
}

/// What all lines together may send.
pub(super) const TOTAL: [Spec<Config>; 5] = limits!(config => config.choosing.total);

/// What one line may send.
const LIMITS: [Spec<LineSettings>; 5] = limits!(line => line.limits);

/// The options of a section of type `line`.
pub(in super::super) const LINE: &[Spec<LineSettings>] = &{
    let [per_hour, per_day, per_month, month_start, reserve] = LIMITS;
    [
        Spec {
            name: "device",
            absent: Absent::Required("office"),
            // Whether there is such a device is seen when all are known.
            kind: Kind::Own { form: "device", set: |_, _| Ok(()) },
        },
        Spec {
            name: "number",
            absent: Absent::Required("1"),
            kind: Kind::Number {
                min: 1,
                max: MAX_LINES as u32,
                unit: "",
                set: |line, number| line.line.line = number as u8,
            },
        },
        Spec {
            name: "own_number",
            absent: Absent::Unset,
            kind: Kind::Own {
                form: "number",
                set: |line, text| {
                    line.own_number = Some(number(text)?);
                    Ok(())
                },
            },
        },
        Spec {
            name: "label",
            absent: Absent::Unset,
            kind: Kind::Own {
                form: "text",
                set: |line, text| {
                    if has_control(text) || text.len() > MAX_LABEL_BYTES {
                        let cure = format!("write at most {MAX_LABEL_BYTES} bytes on one line");
                        return Err(format!("{} is no label; {cure}", quoted(text)));
                    }
                    line.label = text.into();
                    Ok(())
                },
            },
        },
        Spec {
            name: "weight",
            absent: Absent::Default("1"),
            kind: Kind::Number { min: 1, max: 100, unit: "", set: |line, weight| line.weight = weight as u8 },
        },
        Spec {
            name: "prefix",
            absent: Absent::Unset,
            kind: Kind::List { form: "beginning of numbers", add: |line, text| prefix(line, text) },
        },
        Spec {
            name: "client",
            absent: Absent::Unset,
            // Whether there is such a client is seen when all are known.
            kind: Kind::List { form: "client, or local", add: |_, _| Ok(()) },
        },
        Spec {
            name: "priority_only",
            absent: Absent::Default("0"),
            kind: Kind::Bool(|line, yes| line.priority_only = yes),
        },
        Spec {
            name: "only_prefix",
            absent: Absent::Default("0"),
            kind: Kind::Bool(|line, yes| line.only_prefix = yes),
        },
        per_hour,
        per_day,
        per_month,
        month_start,
        reserve,
        Spec {
            name: "gap_ms",
            absent: Absent::Default("0"),
            kind: Kind::Number { min: 0, max: 600_000, unit: "ms", set: |line, ms| line.gap_ms = ms },
        },
    ]
};

/// The words of option `policy`.
pub(super) const POLICY: Spec<Config> = Spec {
    name: "policy",
    absent: Absent::Default("round_robin"),
    kind: Kind::Word {
        words: &Policy::WORDS,
        set: |config, word| {
            config.choosing.policy = Policy::from_name(word)?;
            Some(())
        },
    },
};

fn prefix(line: &mut LineSettings, text: &str) -> Result<(), String> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let fits = (1..=Number::MAX_DIGITS).contains(&digits.len());
    if !fits || !digits.bytes().all(|b| b.is_ascii_digit()) {
        let cure = "write digits, and a '+' in front, like '+4915'";
        return Err(format!("{} is no beginning of a number; {cure}", quoted(text)));
    }
    if line.prefixes.len() == MAX_LINE_PREFIXES {
        return Err(format!("more than {MAX_LINE_PREFIXES} of them; remove some"));
    }
    line.prefixes.push(text.into());
    Ok(())
}
