//! Refused logins, summed up for the log.

use std::net::IpAddr;

use crate::message::ClientId;

/// The log is told this often at most.
const SUMMARY_MS: u64 = 60_000;

/// How many logins were refused.
#[derive(Debug, Default)]
pub(super) struct Refused {
    in_all: u32,
    /// Since the last summary.
    since: Option<Summary>,
    /// When the next summary may be, in milliseconds since boot.
    next_ms: u64,
}

/// Refused logins that the log was not told of.
#[derive(Debug)]
pub(super) struct Summary {
    /// When the first came, in milliseconds since boot.
    first_ms: u64,
    pub count: u32,
    /// That the last came from.
    pub address: IpAddr,
    /// That the last named.
    pub client: Option<ClientId>,
}

impl Refused {
    /// One more.
    pub fn note(&mut self, now_ms: u64, address: IpAddr, client: Option<ClientId>) {
        self.in_all = self.in_all.wrapping_add(1);
        let (first_ms, count) = self.since.as_ref().map_or((now_ms, 0), |s| (s.first_ms, s.count));
        self.since = Some(Summary { first_ms, count: count.saturating_add(1), address, client });
    }

    /// When there is a summary: at once after a quiet minute, else a minute after the last.
    pub fn due_ms(&self) -> Option<u64> {
        self.since.as_ref().map(|s| s.first_ms.max(self.next_ms))
    }

    /// The summary, if it is due.
    pub fn take(&mut self, now_ms: u64) -> Option<Summary> {
        self.due_ms().filter(|due_ms| *due_ms <= now_ms)?;
        self.next_ms = now_ms + SUMMARY_MS;
        self.since.take()
    }

    pub const fn in_all(&self) -> u32 {
        self.in_all
    }
}
