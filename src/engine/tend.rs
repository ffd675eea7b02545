//! Does what goipd looks after by itself, where the rules in `health` say that it is due: asks for
//! balances, helps boxes that are sick, sends messages to itself.

use super::control::Wish;
use super::health::{Arrival, Balance, Canary, Change, Dog, Help, ago_ms, is_canary};
use super::line::{DeviceReason, LineReason, Phase};
use super::{Choice, Engine, NewMessage, Now};
use crate::due::earliest;
use crate::journal::{EventKind, Mark, Marks, Origin, Record, Tended, Ticket};
use crate::message::{Amount, LineId, MessageId, Part, Priority, check_text};

/// What could not be asked or done is tried again after this long, in milliseconds.
const AGAIN_MS: u64 = 60_000;

/// Between switching a module off and on, in milliseconds; from each try to the next twice as long.
const OFF_MS: u64 = 5_000;

/// A module that cannot be switched on is tried so often: for an hour and a half.
const SWITCH_TRIES: u8 = 10;

/// No amount was found yet.
const NO_AMOUNT: i32 = i32::MIN;

/// All that is looked after.
#[derive(Debug, Default)]
pub(super) struct Tending {
    pub balances: Vec<Balance>,
    pub canaries: Vec<Canary>,
    dogs: Vec<Watch>,
    /// What was done before the start, while the clock does not say how long ago that was.
    before: Marks,
}

/// One device's watchdog, and what it is about to do.
#[derive(Debug)]
struct Watch {
    device: usize,
    dog: Dog,
    /// The line whose module is switched next, and whether on.
    next: Option<(usize, bool)>,
    next_ms: u64,
    tries: u8,
}

impl Tending {
    pub fn new(settings: &super::Settings) -> Self {
        let mut dogs = Vec::new();
        for (device, known) in settings.devices.iter().enumerate().filter(|(_, d)| d.watchdog_s > 0) {
            let dog = Dog::new(u64::from(known.watchdog_s) * 1000, known.watchdog_a_day);
            dogs.push(Watch { device, dog, next: None, next_ms: 0, tries: 0 });
        }
        let health = &settings.health;
        Self {
            balances: health.balances.iter().cloned().map(Balance::new).collect(),
            canaries: health.canaries.iter().cloned().map(Canary::new).collect(),
            dogs,
            before: Marks::default(),
        }
    }
}

impl Engine {
    /// Does what is due.
    pub(super) fn tend(&mut self, now: Now) {
        if now.trusted && !self.tending.before.is_empty() {
            let before = core::mem::take(&mut self.tending.before);
            self.set_due(now, &before);
        }
        for at in 0..self.tending.balances.len() {
            if self.balance_due(at).is_some_and(|ms| ms <= now.boot_ms) {
                self.ask_balance(now, at);
            }
        }
        for at in 0..self.tending.dogs.len() {
            self.look_after(now, at);
        }
        for at in 0..self.tending.canaries.len() {
            let canary = &mut self.tending.canaries[at];
            if canary.is_lost_now(now.boot_ms) {
                let line = canary.rule.from;
                log::warn!("{}: a message to itself has not come", self.settings.line_name(line));
                self.tell_of(now, EventKind::CanaryLost, line);
            }
            if self.tending.canaries[at].due_ms <= now.boot_ms {
                self.send_canary(now, at);
            }
        }
    }

    /// When something is due, if nothing else happens.
    pub(super) fn tend_due(&self) -> Option<u64> {
        let mut due = None;
        if self.closing {
            return due;
        }
        for at in 0..self.tending.balances.len() {
            due = earliest(&[due, self.balance_due(at)]);
        }
        for watch in &self.tending.dogs {
            let next = watch.next.and_then(|(place, _)| self.is_at_rest(place).then_some(watch.next_ms));
            let looks = watch.dog.due_ms().filter(|_| self.is_watched(watch));
            due = earliest(&[due, looks, next]);
        }
        for canary in &self.tending.canaries {
            due = earliest(&[due, Some(canary.due_ms), canary.over_ms()]);
        }
        due
    }

    /// Learns what was done before the daemon's start.
    pub(super) fn restore_marks(&mut self, now: Now, marks: Marks) {
        let tending = &mut self.tending;
        tending.balances.iter_mut().for_each(|balance| balance.restored = true);
        tending.canaries.iter_mut().for_each(|canary| canary.restored = true);
        self.set_due(now, &marks);
        for mark in marks.iter().filter(|mark| mark.what == Tended::Switched) {
            self.switch_on_again(now, &mark.part);
        }
        for at in 0..self.tending.balances.len() {
            self.pause_by_balance(now, at);
        }
        if !now.trusted {
            self.tending.before = marks;
        }
    }

    /// The watchdog has switched that line's module off, and was stopped before it was on again.
    fn switch_on_again(&mut self, now: Now, part: &Part) {
        let Some(place) = self.lines.iter().position(|line| Part::from(&line.name) == *part) else { return };
        let device = usize::from(self.lines[place].id.device);
        let Some(watch) = self.tending.dogs.iter_mut().find(|watch| watch.device == device) else {
            let name = &self.lines[place].name;
            log::warn!("the watchdog may have left {name} off; 'goipctl line {name} on' switches it on");
            return;
        };
        // By then the box may have told that it is on.
        (watch.next, watch.next_ms) = (Some((place, true)), now.boot_ms + OFF_MS);
        self.lines[place].off_ms = Some(0);
    }

    /// When it is due what was done before the start, and not since.
    fn set_due(&mut self, now: Now, marks: &Marks) {
        for mark in marks.iter() {
            let (ago_ms, part) = (ago_ms(now, mark.at), &mark.part);
            let is_line = |line: LineId| Part::from(&self.settings.line_name(line)) == *part;
            let tending = &mut self.tending;
            match mark.what {
                Tended::Balance => {
                    for balance in tending.balances.iter_mut().filter(|b| b.restored && is_line(b.rule.line))
                    {
                        let amount = (mark.value != NO_AMOUNT).then_some(Amount(mark.value));
                        balance.restore(now.boot_ms, ago_ms, amount);
                    }
                }
                Tended::Canary => {
                    for canary in tending.canaries.iter_mut().filter(|c| c.restored && is_line(c.rule.from)) {
                        canary.restore(now.boot_ms, ago_ms, mark.value);
                    }
                }
                Tended::Switched => {}
                Tended::Watchdog => {
                    for watch in &mut tending.dogs {
                        if part.line.is_none() && self.devices[watch.device].name == part.device {
                            watch.dog.restore(now.boot_ms, ago_ms, mark.value);
                        }
                    }
                }
            }
        }
    }

    /// Learns that it lasts that the balance is low, or that no message to itself comes.
    pub(super) fn restore_tended(&mut self, line: LineId, kind: EventKind) {
        for balance in self.tending.balances.iter_mut().filter(|b| b.rule.line == line) {
            balance.low = match kind {
                EventKind::BalanceLow => balance.rule.warn_below.is_some(),
                EventKind::BalanceOk => false,
                _ => balance.low,
            };
        }
        for canary in self.tending.canaries.iter_mut().filter(|c| c.rule.from == line) {
            canary.lost = match kind {
                EventKind::CanaryLost => true,
                EventKind::CanaryOk => false,
                _ => canary.lost,
            };
        }
    }

    /// When the balance is asked for; `None` while something else has to happen first.
    fn balance_due(&self, at: usize) -> Option<u64> {
        let balance = &self.tending.balances[at];
        let place = self.places(Choice::Line(balance.rule.line)).next()?;
        self.is_at_rest(place).then_some(balance.due_ms)
    }

    /// Whether nothing is under way on the line or done to its box.
    fn is_at_rest(&self, place: usize) -> bool {
        let line = &self.lines[place];
        let device = &self.devices[usize::from(line.id.device)];
        line.phase == Phase::Idle && device.hold.is_none() && device.control.is_none()
    }

    fn ask_balance(&mut self, now: Now, at: usize) {
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
    pub(super) fn ussd_answered(&mut self, now: Now, place: usize, code: &str, text: &str) {
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
                log::warn!("{name}: the balance is low");
                self.tell_of(now, EventKind::BalanceLow, line);
            }
            Change::Ok => self.tell_of(now, EventKind::BalanceOk, line),
        }
        self.mark(now, self.part_of(line), Tended::Balance, amount.0);
        self.pause_by_balance(now, at);
    }

    fn pause_by_balance(&mut self, now: Now, at: usize) {
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

    /// Whether it is looked at how the box is: not while something is done to it, nor while its
    /// modules are being switched, unless it hangs meanwhile.
    fn is_watched(&self, watch: &Watch) -> bool {
        let device = &self.devices[watch.device];
        device.control.is_none() && (watch.next.is_none() || device.hold.is_some())
    }

    fn is_logged_out(&self, place: usize) -> bool {
        self.lines[place].barred.is_some_and(|b| b.reason == LineReason::NotRegistered)
    }

    /// Looks after one device.
    fn look_after(&mut self, now: Now, at: usize) {
        let Watch { device, next, next_ms, .. } = self.tending.dogs[at];
        if let Some((place, on)) = next
            && next_ms <= now.boot_ms
            && self.is_at_rest(place)
        {
            return self.switch(now, at, place, on);
        }
        if !self.is_watched(&self.tending.dogs[at]) {
            return;
        }
        let known = &self.devices[device];
        let hangs = known.hold.is_some_and(|hold| {
            !matches!(hold.reason, DeviceReason::NotAsked | DeviceReason::BadLogin | DeviceReason::Rebooting)
        });
        // Lines without a SIM or power are nobody's fault, but none may work.
        let out = known.lines.clone().find(|place| self.is_logged_out(*place));
        let none = self.lines[known.lines.clone()]
            .iter()
            .all(|line| line.barred.is_some_and(|b| b.reason != LineReason::LowBalance));
        let sick = hangs || (known.hold.is_none() && out.is_some() && none);
        let help = self.tending.dogs[at].dog.look(now.boot_ms, sick, !hangs);
        let Some(help) = help else { return };
        let name = &known.name;
        match help {
            Help::Spent => {
                log::error!("device {name}: the watchdog has helped as often as it may (max_per_day)");
                return;
            }
            Help::Modules => log::warn!(
                "device {name}: no line is logged in: the watchdog switches their modules off and on"
            ),
            Help::Reboot => log::warn!("device {name}: still sick: the watchdog has the box start anew"),
        }
        let part = Part { device: name.clone(), line: None };
        let count = i32::from(self.tending.dogs[at].dog.count(now.boot_ms));
        self.tell(now, EventKind::Watchdog, part.clone());
        let ticket = self.mark(now, part, Tended::Watchdog, count);
        if help == Help::Reboot {
            self.force_reboot(now, device, ticket);
        } else {
            let watch = &mut self.tending.dogs[at];
            watch.next = out.map(|place| (place, false));
            // By then the journal knows of it.
            (watch.next_ms, watch.tries) = (now.boot_ms + OFF_MS, 0);
        }
    }

    /// Switches a module off, or on and goes on to the next that is logged out. One line after the
    /// other, so that a daemon that is killed leaves no more than one of them off.
    fn switch(&mut self, now: Now, at: usize, place: usize, on: bool) {
        // Until the box has said that it is done.
        let is_on = self.lines[place].off_ms.is_none();
        let logged_out = self.is_logged_out(place);
        let (device, line) = (self.tending.dogs[at].device, self.lines[place].id);
        if on && !is_on || !on && logged_out {
            let name = self.lines[place].name.to_string();
            // Where that is refused it is tried again as where the box does not answer.
            if self.control(now, &name, Wish::Power(on)).is_ok() && !on {
                // Whatever happens now, the next start switches it on.
                let ticket = self.mark(now, self.part_of(line), Tended::Switched, 0);
                if let Some(control) = &mut self.devices[device].control {
                    control.leave_after(ticket);
                }
            }
        }
        if on && is_on {
            self.mark(now, self.part_of(line), Tended::Switched, 1);
        }
        // One that has come back meanwhile is left alone.
        let skip = !on && !logged_out;
        let end = self.devices[device].lines.end;
        let after = (place + 1..end).find(|place| self.is_logged_out(*place)).map(|place| (place, false));
        let watch = &mut self.tending.dogs[at];
        watch.next_ms = now.boot_ms + (OFF_MS << watch.tries);
        watch.tries += 1;
        if on && !is_on && watch.tries < SWITCH_TRIES {
            return;
        }
        watch.tries = 0;
        watch.next = if on || skip { after } else { Some((place, true)) };
    }

    /// Has a message go out on one own line to another.
    fn send_canary(&mut self, now: Now, at: usize) {
        let token = self.canary_token(now);
        let canary = &mut self.tending.canaries[at];
        let (from, timeout_s) = (canary.rule.from, canary.rule.timeout_s);
        let Some(to) = canary.rule.to.clone() else { return };
        let text = canary.text(token).into_boxed_str();
        let took_ms = canary.took_ms.and_then(|ms| i32::try_from(ms).ok()).unwrap_or(0);
        let Ok(shape) = check_text(&text, 1) else { return };
        let new = NewMessage {
            choice: Choice::Line(from),
            ttl_s: Some(timeout_s),
            tag: Some("canary".into()),
            priority: Priority::High,
            ..NewMessage::new(Origin::Local, to, text, shape)
        };
        let message: Option<MessageId> = match self.accept_own(now, new) {
            Ok(receipt) => Some(receipt.id),
            Err(refusal) => {
                log::warn!("{}: a message to itself is not sent: {refusal}", self.settings.line_name(from));
                None
            }
        };
        self.tending.canaries[at].leave(now.boot_ms, message);
        self.mark(now, self.part_of(from), Tended::Canary, took_ms);
    }

    /// A number that no other canary has, whenever it was sent.
    fn canary_token(&self, now: Now) -> u32 {
        now.unix_s.rotate_left(16) ^ now.boot_ms as u32 ^ self.last_id.wrapping_mul(0x9e37_79b9)
    }

    /// Whether that received text is a message of goipd's to itself. It is stored, but nobody is told.
    pub(super) fn canary_received(&mut self, now: Now, text: &str) -> bool {
        if self.tending.canaries.is_empty() || !is_canary(text) {
            return false;
        }
        for at in 0..self.tending.canaries.len() {
            let canary = &mut self.tending.canaries[at];
            let line = canary.rule.from;
            let Some(Arrival { took_ms, was_lost }) = canary.received(now.boot_ms, text) else { continue };
            log::info!("{}: a message to itself has come after {took_ms} ms", self.settings.line_name(line));
            if was_lost {
                self.tell_of(now, EventKind::CanaryOk, line);
            }
        }
        true
    }

    /// How long the last message to itself took from each line that sends any, in milliseconds.
    pub fn canaries(&self) -> impl Iterator<Item = (LineId, Option<u32>)> {
        self.tending.canaries.iter().map(|canary| (canary.rule.from, canary.took_ms))
    }

    fn part_of(&self, line: LineId) -> Part {
        Part::from(&self.settings.line_name(line))
    }

    fn tell_of(&mut self, now: Now, kind: EventKind, line: LineId) {
        self.tell(now, kind, self.part_of(line));
    }

    fn mark(&mut self, now: Now, part: Part, what: Tended, value: i32) -> Ticket {
        self.record(Record::Mark(Mark { at: now.stamp(), part, what, value }))
    }

    /// How often each watchdog has helped in the last 24 hours, with its device.
    pub fn helps(&self, now: Now) -> impl Iterator<Item = (&str, u8)> {
        let name = |watch: &Watch| self.devices[watch.device].name.as_str();
        self.tending.dogs.iter().map(move |watch| (name(watch), watch.dog.count(now.boot_ms)))
    }
}
