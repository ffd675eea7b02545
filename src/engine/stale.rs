//! Quiet hours, and what has become stale when an outage is over.

use core::fmt::Write;

use super::choosing::Candidate;
use super::index::Entry;
use super::line::DeviceReason;
use super::{Change, Choice, Engine, Group, Now};
use crate::api::rfc3339;
use crate::due::earliest;
use crate::journal::Origin;
use crate::message::{MessageId, Number, Priority, Problem, ProblemCode, State};
use crate::zone::{Hours, Zone};

/// The clocks may be changed during quiet hours: they are looked at this often, in minutes.
const LOOK_MIN: u32 = 15;

/// Boxes behind one cable come back one after the other: what became stale in that time, in
/// milliseconds, is told together.
const DIGEST_MS: u64 = 30_000;

/// What a segment of GSM-7 holds.
const SEGMENT_CHARS: usize = 160;

/// When messages go, as it is configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TermRules {
    /// Receivers by one name.
    pub groups: Vec<Group>,
    /// Whose messages there are, the local ones first.
    pub callers: Vec<CallerRules>,
    /// The router's time zone.
    pub zone: Zone,
    /// An outage that was longer makes routine messages stale, in seconds; 0: none does.
    pub stale_after_s: u32,
    /// Who is told of it.
    pub admin: Option<Number>,
}

/// What holds for the messages of one origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerRules {
    /// Whose.
    pub origin: Origin,
    /// Its name.
    pub name: Box<str>,
    /// When those that are not of high priority wait.
    pub quiet: Option<Hours>,
}

/// What has become stale and is still to be told.
#[derive(Debug)]
pub(super) struct Digest {
    due_ms: u64,
    /// When the oldest was accepted, Unix seconds.
    oldest_s: u32,
    count: u32,
    /// How many of each caller, in the order of [`TermRules::callers`].
    by_caller: Vec<u32>,
}

impl Engine {
    /// The router is in another time zone from now on.
    pub fn set_zone(&mut self, zone: Zone) {
        self.settings.terms.zone = zone;
        self.quiet_ms = 0;
    }

    /// Finds out who is to be quiet now.
    pub(super) fn look_at_hours(&mut self, now: Now) {
        self.quiet.clear();
        self.quiet_ms = u64::MAX;
        // A wrong clock must hold nobody back.
        if !now.is_dated() {
            return;
        }
        let minute = self.settings.terms.zone.minute(now.unix_s);
        for caller in &self.settings.terms.callers {
            let Some(hours) = caller.quiet else { continue };
            let (quiet, minutes) = hours.at(minute);
            if quiet {
                self.quiet.push(caller.origin);
            }
            let wait_s = minutes.min(LOOK_MIN) * 60 - now.unix_s % 60;
            self.quiet_ms = self.quiet_ms.min(now.boot_ms + u64::from(wait_s) * 1000);
        }
    }

    /// Whether the message waits for the end of its sender's quiet hours.
    pub(super) fn is_quiet(&self, entry: &Entry) -> bool {
        entry.priority != Priority::High && self.quiet.contains(&entry.origin())
    }

    /// The end of the quiet hours in which the candidate would be at `then_ms`, both in
    /// milliseconds since boot; `None` if it could go then.
    pub(super) fn quiet_until_ms(&self, now: Now, candidate: &Candidate, then_ms: u64) -> Option<u64> {
        if !now.is_dated() || candidate.priority == Priority::High {
            return None;
        }
        let callers = &self.settings.terms.callers;
        let hours = callers.iter().find(|caller| caller.origin == candidate.origin)?.quiet?;
        let then_s = now.unix_s.saturating_add(u32::try_from((then_ms - now.boot_ms) / 1000).ok()?);
        let (quiet, minutes) = hours.at(self.settings.terms.zone.minute(then_s));
        quiet.then_some(then_ms + u64::from(minutes * 60 - then_s % 60) * 1000)
    }

    /// When something of this is due, in milliseconds since boot.
    pub(super) fn terms_due(&self) -> Option<u64> {
        let look = (self.quiet_ms < u64::MAX && self.index.count(State::Queued) > 0).then_some(self.quiet_ms);
        earliest(&[look, self.digest.as_ref().map(|digest| digest.due_ms)])
    }

    /// The router was off for so long: what may go out anywhere has become stale.
    pub(super) fn router_was_off(&mut self, now: Now, off_ms: u64, last_id: MessageId) {
        if self.is_outage(off_ms) {
            self.expire_stale(now, &|_, entry| entry.id <= last_id);
        }
    }

    /// A device answers again, after `down_ms`.
    pub(super) fn device_was_down(&mut self, now: Now, device: usize, down_ms: u64) {
        if self.is_outage(down_ms) {
            let lines = self.devices[device].lines.clone();
            self.lines_were_down(now, lines);
        }
    }

    /// A line works again, after `down_ms`.
    pub(super) fn line_was_down(&mut self, now: Now, place: usize, down_ms: u64) {
        if self.is_outage(down_ms) {
            self.lines_were_down(now, place..place + 1);
        }
    }

    fn is_outage(&self, ms: u64) -> bool {
        let after_s = self.settings.terms.stale_after_s;
        after_s > 0 && ms >= u64::from(after_s) * 1000
    }

    /// These lines come back: stale is what had no other.
    fn lines_were_down(&mut self, now: Now, back: core::ops::Range<usize>) {
        self.expire_stale(now, &|engine, entry| {
            let mut touched = false;
            for place in engine.places(entry.choice) {
                let is_back = back.contains(&place);
                touched |= is_back;
                if !is_back && !engine.is_outage(engine.down_ms(now, place)) {
                    return false;
                }
            }
            touched
        });
    }

    /// For how long the line has not worked, in milliseconds; 0 if it does, or that is not known.
    fn down_ms(&self, now: Now, place: usize) -> u64 {
        let line = &self.lines[place];
        let device = self.devices[usize::from(line.id.device)].hold;
        let device = device.filter(|hold| hold.reason != DeviceReason::NotAsked);
        let device_ms = device.map_or(0, |hold| lasted_ms(now, hold.since_ms, hold.until_ms));
        device_ms.max(line.hold.map_or(0, |hold| lasted_ms(now, hold.since_ms, hold.until_ms)))
    }

    /// Expires the routine messages that are too old, of those that were `hit`.
    fn expire_stale(&mut self, now: Now, hit: &dyn Fn(&Self, &Entry) -> bool) {
        let mut stale = Vec::new();
        for entry in self.index.iter() {
            let age_ms = (now.boot_ms + u64::from(entry.ttl_s) * 1000).saturating_sub(entry.deadline_ms);
            let routine = entry.state == State::Queued
                && entry.priority != Priority::High
                && (entry.since_ms <= now.boot_ms || entry.attempts > 0);
            if routine && self.is_outage(age_ms) && hit(self, entry) {
                stale.push((entry.id, entry.origin(), entry.created_s));
            }
        }
        if stale.is_empty() {
            return;
        }
        let callers = self.settings.terms.callers.len();
        let mut digest = self.digest.take().unwrap_or_else(|| Digest {
            due_ms: now.boot_ms + DIGEST_MS,
            oldest_s: u32::MAX,
            count: 0,
            by_caller: vec![0; callers],
        });
        log::warn!("{} messages expired: they were not urgent, and an outage was too long", stale.len());
        for (id, origin, created_s) in stale {
            digest.count += 1;
            digest.oldest_s = digest.oldest_s.min(created_s);
            let caller = self.settings.terms.callers.iter().position(|caller| caller.origin == origin);
            if let Some(count) = caller.and_then(|place| digest.by_caller.get_mut(place)) {
                *count += 1;
            }
            self.move_to(now, id, State::Expired, Change::problem(Problem::new(ProblemCode::Stale)));
        }
        self.digest = Some(digest);
    }

    /// Tells the administrator what has become stale, once nothing more is to come.
    pub(super) fn tell_stale(&mut self, now: Now) {
        let Some(digest) = self.digest.take_if(|digest| digest.due_ms <= now.boot_ms) else { return };
        let Some(to) = self.settings.terms.admin.clone() else { return };
        let mut text = String::new();
        let ending = if digest.count == 1 { "" } else { "s" };
        let since = rfc3339(digest.oldest_s);
        // Writing to a String does not fail.
        let _ = write!(
            text,
            "goipd: {} message{ending} expired after an outage, waiting since {since}",
            digest.count
        );
        let mut sep = ": ";
        for (caller, count) in self.settings.terms.callers.iter().zip(&digest.by_caller) {
            let before = text.len();
            if *count == 0 {
                continue;
            }
            let _ = write!(text, "{sep}{} {count}", caller.name);
            sep = ", ";
            if text.len() + 4 > SEGMENT_CHARS {
                text.truncate(before);
                text.push_str(" ...");
                break;
            }
        }
        self.say(now, Choice::Any, Origin::Reply(0), to, text.into(), "digest:stale");
    }
}

/// How long a hold has lasted that goes on, or has ended just now, in milliseconds.
pub(super) fn lasted_ms(now: Now, since_ms: u64, until_ms: u64) -> u64 {
    if now.boot_ms > until_ms + DIGEST_MS { 0 } else { now.boot_ms.min(until_ms).saturating_sub(since_ms) }
}
