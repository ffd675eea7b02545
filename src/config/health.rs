//! What goipd looks after by itself: the balance of SIM cards, and whether messages still come
//! through. What holds between their options; the single options are in `table::health`.

use super::Faults;
use super::option::{defaults, quoted, read};
use super::relay::choice;
use super::sections::refuse_more;
use super::table::{BALANCE, CANARY};
use super::typed::Device;
use super::uci::Section;
use crate::engine::{BalanceRule, CanaryRule, Choice};
use crate::message::{LineId, Pattern};

/// The most `balance` sections, and the most `canary` sections.
pub const MAX_TENDED: usize = 128;

/// A line until the devices are known.
const NO_LINE: LineId = LineId { device: 0, line: 0 };

/// The balance of `section`.
pub(super) fn balance(
    section: &Section,
    devices: &[Device],
    count: usize,
    faults: &mut Faults,
) -> BalanceRule {
    let mut balance = BalanceRule {
        line: line(section, "line", devices, faults),
        ussd: "".into(),
        pattern: Pattern::default(),
        interval_s: 0,
        warn_below: None,
        pause: false,
    };
    defaults(BALANCE, &mut balance);
    read(section, BALANCE, &mut balance, faults);
    if let Some(pause) = section.option("pause").filter(|_| balance.pause && balance.warn_below.is_none()) {
        faults.add(pause.line, "option 'pause': below what? add a line: option warn_below '5'");
    }
    refuse_more(section, count, MAX_TENDED, "sections of type 'balance'", faults);
    balance
}

/// The canary of `section`.
pub(super) fn canary(section: &Section, devices: &[Device], count: usize, faults: &mut Faults) -> CanaryRule {
    let mut canary =
        CanaryRule { from: line(section, "from", devices, faults), to: None, interval_h: 0, timeout_s: 0 };
    defaults(CANARY, &mut canary);
    read(section, CANARY, &mut canary, faults);
    refuse_more(section, count, MAX_TENDED, "sections of type 'canary'", faults);
    canary
}

/// The line that the option of that name says.
fn line(section: &Section, option: &str, devices: &[Device], faults: &mut Faults) -> LineId {
    let Some((at, text)) = section.option(option).and_then(|o| o.values().next()) else { return NO_LINE };
    let cure = match choice(text, devices) {
        Ok(Choice::Line(line)) => return line,
        Ok(_) => "name one line of it, like 'office/1'".into(),
        Err(cure) => cure,
    };
    faults.add(at, format!("option '{option}': {} is no line; {cure}", quoted(text)));
    NO_LINE
}
