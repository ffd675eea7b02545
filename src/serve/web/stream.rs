//! Events for one connection of the relay, as they come (server-sent events: HTML Living Standard,
//! clause 9.2).

use core::fmt::Write;

use crate::api::Caller;
use crate::engine::Now;
use crate::journal::Seq;
use crate::message::ClientId;
use crate::relay::reply::Reply;
use crate::serve::core::Core;
use crate::serve::http::Connection;

/// What makes a response a stream.
pub const CONTENT_TYPE: &str = "text/event-stream";

/// A stream is written to at least so often, so that a reader who has gone without a word is
/// noticed, and no router in between forgets the connection. Most of these forget one that is
/// silent for some minutes, the strictest after one.
const BEAT_MS: u64 = 30_000;

/// Events that are looked at before it is the next connection's turn.
const EVENTS_A_TURN: usize = 16;

/// How far a connection's events have come.
#[derive(Debug)]
pub struct Stream {
    client: Option<ClientId>,
    /// Of what it may tell.
    caller: Caller,
    /// The last event that it has had, or that was none of its own.
    after: Seq,
    /// When it is written to at the latest, in milliseconds since boot.
    beat_ms: u64,
}

/// The reply that a stream begins with. A reader that is cut off comes back after five seconds, not
/// at once: the router may be starting.
pub fn beginning(after: Seq, reset: bool) -> Reply {
    let mut body = String::from("retry: 5000\n\n");
    if reset {
        told_reset(&mut body, after);
    }
    Reply::new(200, CONTENT_TYPE, body.into_bytes()).with("Cache-Control", "no-store")
}

/// Events are missing: those behind the last one that the reader has had, up to `after`.
fn told_reset(out: &mut String, after: Seq) {
    // Writing to a String does not fail.
    let _ = write!(out, "id: {after}\ndata: {{\"event\":\"reset\",\"seq\":{after},\"reset\":true}}\n\n");
}

impl Stream {
    /// A stream that begins now, behind the event `after`.
    pub fn new(now: Now, client: Option<ClientId>, caller: Caller, after: Seq) -> Self {
        Self { client, caller, after, beat_ms: now.boot_ms + BEAT_MS }
    }

    /// The client that gets them.
    pub fn client(&self) -> Option<ClientId> {
        self.client
    }

    /// Gives the connection the events that it has room for. Whom they have overtaken is told so.
    pub fn pour(&mut self, connection: &mut Connection, now: Now, core: &Core) {
        let mut text = String::new();
        for _ in 0..EVENTS_A_TURN {
            if !connection.is_streaming() || !connection.has_room() {
                return;
            }
            let (after, reset) = core.events().begin(Some(self.after));
            text.clear();
            if reset {
                told_reset(&mut text, after);
                self.after = after;
            }
            match core.events().after(after).next() {
                Some(event) => {
                    let place = text.len();
                    let _ = write!(text, "id: {}\ndata: ", event.seq);
                    if core.write_event(now, &mut text, &event, self.caller) {
                        text.push_str("\n\n");
                    } else {
                        text.truncate(place);
                    }
                    self.after = event.seq;
                }
                // Numbers may have been left out.
                None => self.after = core.events().newest(),
            }
            if text.is_empty() && now.boot_ms >= self.beat_ms {
                // An id without data is no event, but the reader goes on behind it if it is cut
                // off: so it is not overtaken by the events of others.
                let _ = write!(text, "id: {}\n\n", self.after);
            }
            if !text.is_empty() {
                connection.push_event(text.as_bytes(), 0);
                self.beat_ms = now.boot_ms + BEAT_MS;
            }
            if self.after == core.events().newest() {
                return;
            }
        }
    }

    /// Whether there are more events, or it is time to be heard of.
    pub fn is_due(&self, now: Now, core: &Core) -> bool {
        core.events().newest() > self.after || now.boot_ms >= self.beat_ms
    }

    /// When it is written to at the latest, in milliseconds since boot.
    pub fn next_wake(&self) -> u64 {
        self.beat_ms
    }
}
