//! Sends messages to itself, and recognises them when they come.

use crate::engine::health::{Arrival, is_canary};
use crate::engine::{Choice, Engine, NewMessage, Now};
use crate::journal::{EventKind, Origin, Tended};
use crate::message::{LineId, MessageId, Priority, check_text};

impl Engine {
    /// Has a message go out on one own line to another.
    pub(super) fn send_canary(&mut self, now: Now, at: usize) {
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
                log::warn!("{}: its canary is not sent: {refusal}", self.settings.line_name(from));
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
    pub(in crate::engine) fn canary_received(&mut self, now: Now, text: &str) -> bool {
        if self.tending.canaries.is_empty() || !is_canary(text) {
            return false;
        }
        for at in 0..self.tending.canaries.len() {
            let canary = &mut self.tending.canaries[at];
            let line = canary.rule.from;
            let Some(Arrival { took_ms, was_lost }) = canary.received(now.boot_ms, text) else { continue };
            log::info!("{}: its canary has come after {took_ms} ms", self.settings.line_name(line));
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
}
