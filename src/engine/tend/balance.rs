//! Asks for balances, and pauses lines whose balance is low.

use super::NO_AMOUNT;
use crate::engine::control::Wish;
use crate::engine::health::{Balance, Change};
use crate::engine::line::LineReason;
use crate::engine::{Choice, Engine, Now};
use crate::journal::{EventKind, Tended};
use crate::message::{Amount, LineId};

/// What could not be asked is tried again after this long, in milliseconds.
const AGAIN_MS: u64 = 60_000;

impl Engine {
    /// When the balance is asked for; `None` while something else has to happen first.
    pub(super) fn balance_due(&self, at: usize) -> Option<u64> {
        let balance = &self.tending.balances[at];
        let place = self.places(Choice::Line(balance.rule.line)).next()?;
        self.is_at_rest(place).then_some(balance.due_ms)
    }

    pub(super) fn ask_balance(&mut self, now: Now, at: usize) {
        let balance = &self.tending.balances[at];
        let (line, code) = (balance.rule.line, balance.rule.ussd.clone());
        let name = self.settings.line_name(line).to_string();
        match self.control(now, &name, Wish::Ussd(code)) {
            Ok(_) => {
                let balance = &mut self.tending.balances[at];
                balance.ask(now.boot_ms);
                let amount = balance.amount.map_or(NO_AMOUNT, |amount| amount.0);
                let ticket = self.mark(now, self.part_of(line), Tended::Balance, amount);
                // A restart has to know before the network does.
                if let Some(control) = &mut self.devices[usize::from(line.device)].control {
                    control.leave_after(ticket);
                }
            }
            Err(refusal) => {
                log::debug!("{name}: the balance cannot be asked for: {refusal}");
                self.tending.balances[at].due_ms = now.boot_ms + AGAIN_MS;
            }
        }
    }

    /// The network has answered that code on that line, whoever asked.
    pub(in crate::engine) fn ussd_answered(&mut self, now: Now, place: usize, code: &str, text: &str) {
        let line = self.lines[place].id;
        let asked = |b: &Balance| b.rule.line == line && *b.rule.ussd == *code;
        let Some(at) = self.tending.balances.iter().position(asked) else { return };
        let name = &self.lines[place].name;
        let Ok((amount, change)) = self.tending.balances[at].answered(now.boot_ms, text) else {
            log::warn!("{name}: option 'pattern' finds no amount in the answer to {code}: {text}");
            return;
        };
        log::info!("{name}: the balance is {amount}");
        match change {
            Change::None => {}
            Change::Low => {
                let limit = self.tending.balances[at].rule.warn_below.unwrap_or(amount);
                log::warn!("{name}: the balance is low: {amount}, below {limit}");
                self.tell_of(now, EventKind::BalanceLow, line);
            }
            Change::Ok => self.tell_of(now, EventKind::BalanceOk, line),
        }
        self.mark(now, self.part_of(line), Tended::Balance, amount.0);
        self.pause_by_balance(now, at);
    }

    pub(super) fn pause_by_balance(&mut self, now: Now, at: usize) {
        let balance = &self.tending.balances[at];
        let pauses = balance.pauses();
        let Some(place) = self.places(Choice::Line(balance.rule.line)).next() else { return };
        let line = &mut self.lines[place];
        line.paused = pauses;
        // Whatever else bars it goes first.
        if line.barred.is_none_or(|barred| barred.reason == LineReason::LowBalance) {
            self.bar(now, place, pauses.then_some(LineReason::LowBalance));
        }
    }

    /// The last balance of that line.
    pub fn balance(&self, line: LineId) -> Option<Amount> {
        self.tending.balances.iter().find(|b| b.rule.line == line)?.amount
    }
}
