//! The tables of the sections `balance` and `canary`.

use super::super::option::{Absent, Kind, Spec, number, quoted};
use crate::engine::{BalanceRule, CanaryRule};
use crate::message::{Amount, Pattern};

/// How a line of a device is written.
const LINE_FORM: &str = "DEVICE/N";

/// The options of a section of type `balance`.
pub(in super::super) const BALANCE: &[Spec<BalanceRule>] = &[
    Spec {
        name: "line",
        absent: Absent::Required("office/1"),
        // It is looked up when all devices are known.
        kind: Kind::Own { form: LINE_FORM, set: |_, _| Ok(()) },
    },
    Spec {
        name: "ussd",
        absent: Absent::Required("*100#"),
        kind: Kind::Own {
            form: "1 to 32 digits, *, #, +",
            set: |balance, text| {
                let dials = |b: u8| b.is_ascii_digit() || b"*#+".contains(&b);
                if text.len() > 32 || text.is_empty() || !text.bytes().all(dials) {
                    return Err(format!("{} cannot be dialled; write one like '*100#'", quoted(text)));
                }
                balance.ussd = text.into();
                Ok(())
            },
        },
    },
    Spec {
        name: "pattern",
        absent: Absent::Default("-?[0-9][0-9.,]*"),
        kind: Kind::Own {
            form: "regular expression",
            set: |balance, text| {
                balance.pattern = Pattern::parse(text)
                    .map_err(|problem| format!("{} {problem}; correct it there", quoted(text)))?;
                Ok(())
            },
        },
    },
    Spec {
        name: "interval",
        absent: Absent::Default("86400"),
        kind: Kind::Number { min: 3600, max: 2_592_000, unit: "s", set: |balance, s| balance.interval_s = s },
    },
    Spec {
        name: "warn_below",
        absent: Absent::Unset,
        kind: Kind::Own {
            form: "amount",
            set: |balance, text| {
                let amount = Amount::parse(text);
                balance.warn_below =
                    Some(amount.ok_or_else(|| {
                        format!("{} is no amount; write one like '5' or '2.50'", quoted(text))
                    })?);
                Ok(())
            },
        },
    },
    Spec {
        name: "pause",
        absent: Absent::Default("0"),
        kind: Kind::Bool(|balance, yes| balance.pause = yes),
    },
];

/// The options of a section of type `canary`.
pub(in super::super) const CANARY: &[Spec<CanaryRule>] = &[
    Spec {
        name: "from",
        absent: Absent::Required("office/1"),
        kind: Kind::Own { form: LINE_FORM, set: |_, _| Ok(()) },
    },
    Spec {
        name: "to",
        absent: Absent::Required("+4915112345678"),
        kind: Kind::Own {
            form: "number",
            set: |canary, text| {
                canary.to = Some(number(text)?);
                Ok(())
            },
        },
    },
    Spec {
        name: "interval",
        absent: Absent::Default("24"),
        kind: Kind::Number { min: 1, max: 168, unit: "h", set: |canary, h| canary.interval_h = h },
    },
    Spec {
        name: "timeout",
        absent: Absent::Default("900"),
        kind: Kind::Number { min: 60, max: 86_400, unit: "s", set: |canary, s| canary.timeout_s = s },
    },
];
