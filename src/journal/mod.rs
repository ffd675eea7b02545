//! The log of everything that was accepted and of what became of it: records in, bodies out,
//! and the word when a record is safe. No rule about messages lives here.
//!
//! The engine numbers the records it emits with tickets; whoever must not act before a record is
//! safe waits until the journal has reported that ticket or a later one as durable.
//!
//! [`Log`] decides what is written where, and when; it does no I/O but to read bodies. What has
//! to wait for the disk are [`Job`]s, done by a thread in the daemon and by a simulated disk in
//! tests. [`Journal`] puts the two together. `docs/journal.md` describes the files.

mod carried;
mod codec;
mod compact;
mod conditions;
mod consumers;
mod crc;
mod daily;
mod disk;
mod event_set;
mod events;
mod fields;
mod index;
mod job;
mod lines;
mod lock;
mod log;
mod marks;
mod memory;
mod opt_outs;
mod pending;
mod read;
mod record;
mod recover;
mod replies;
mod segment;
mod space;
mod store;
mod usage;
mod worker;

#[cfg(test)]
mod testing;

pub use conditions::Conditions;
pub use consumers::{Consumer, Consumers, MAX_CONSUMERS, MAX_WEBHOOKS};
pub use daily::DailyCounts;
pub use disk::{Disk, DiskError, DiskErrorKind, Source};
pub use event_set::EventSet;
pub use events::{Event, EventKind, Events, MAX_EVENTS, Seq, Subject};
pub use job::{Done, Job, Retire, Write};
pub use lines::LineJobs;
pub use log::{Counters, Log, RETRY_MS};
pub use marks::{Mark, Marks, Tended};
pub use memory::Memory;
pub use opt_outs::{MAX_OPT_OUTS, OptOuts};
pub use record::{
    Accepted, Body, BootId, Choice, Condition, Cursor, Daily, Dropped, Fence, InboxIds, InboxWindow, Kept,
    Moved, OptIn, OptOut, OptedOut, Origin, Received, ReceivedBody, Record, Stamp, Started, Submitting,
    TRUST_WAIT_MS, Terms, Urgency,
};
pub use replies::{MAX_REPLIED, Replies};
pub use usage::{LineUsage, Usage, Used, Window};

pub use recover::{Damage, Fault, RecoverError, Recovered, Segment, Slices, recover};
pub use space::{Limits, MAX_JOURNAL_KIB, MIN_FREE_BYTES, MIN_JOURNAL_KIB, NoRoom, Pressure};
pub use store::{Journal, OpenError, Recovery};

use crate::message::{MessageId, ReceivedId, Refusal};

/// The number of a record: from 1, in the order of writing. Durable means: this record and all
/// before it.
pub type Ticket = u64;

/// How long a record may wait for others before it is made durable, if nobody waits for it.
pub const SYNC_DELAY_MS: u64 = 1_000;

/// What a store of messages can be asked.
pub trait Bodies {
    /// Calls `read` with the body of message `id`; `None` if there is no such message.
    fn body<R>(&self, id: MessageId, read: impl FnOnce(Body<'_>) -> R) -> Option<R>;

    /// Calls `read` with the received message `id`; `None` if there is none.
    fn received<R>(&self, id: ReceivedId, read: impl FnOnce(ReceivedBody<'_>) -> R) -> Option<R>;

    /// The events that are kept and durable.
    fn events(&self) -> &Events;

    /// Whether a message can be taken whose text, key and tag have `bytes` together.
    ///
    /// # Errors
    /// `storage`, with the reason and the cure.
    fn room(&self, _bytes: usize) -> Result<(), Refusal> {
        Ok(())
    }
}
