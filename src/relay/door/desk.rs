//! What lies on the desk behind the door: what is asked of the daemon there, what a request's head
//! has shown, and what comes of the request.

use crate::api::{Answer, Caller, Request};
use crate::engine::{Engine, Now};
use crate::journal::{ReceivedBody, Seq, Ticket};
use crate::message::{ClientId, MessageId, ReceivedId, Refusal};
use crate::relay::goip;
use crate::relay::reply::Reply;
use crate::relay::route::Route;

/// The daemon behind the door.
pub trait Desk {
    /// Does what the caller asks for. What is answered may be shown once the ticket is durable.
    ///
    /// # Errors
    /// The refusal.
    fn ask(&mut self, now: Now, request: Request, caller: Caller) -> Result<(Answer, Ticket), Refusal>;

    /// Writes the answer as a JSON object.
    ///
    /// # Errors
    /// `not_found` for a message that is not kept any more.
    fn describe(&self, now: Now, out: &mut String, answer: Answer) -> Result<(), Refusal>;

    /// Whether a message would be stored now.
    ///
    /// # Errors
    /// Why not.
    fn health(&self) -> Result<(), Refusal>;

    /// The figures for Prometheus.
    fn metrics(&self, now: Now, refused_logins: u32) -> String;

    /// Calls `read` with the received message, if it is kept.
    fn received(&self, id: ReceivedId, read: &mut dyn FnMut(&ReceivedBody<'_>));

    /// The message's tag.
    fn tag(&self, id: MessageId) -> Option<Box<str>>;

    /// The messages and lines.
    fn engine(&self) -> &Engine;
}

/// What comes of a request.
#[derive(Debug)]
pub enum Outcome {
    /// This is answered at once.
    Reply(Reply),
    /// This is answered once it is durable.
    Stored(Stored),
    /// This is answered with [`Door::waited`](super::Door::waited), once there is something to tell
    /// or the time is up.
    Wait {
        /// The client.
        client: Option<ClientId>,
        /// What is told then; it says how long to wait.
        answer: Answer,
    },
    /// The events behind `after` are answered as they come.
    Stream {
        /// The client.
        client: Option<ClientId>,
        /// What it sees.
        caller: Caller,
        /// The number of the last event that it has.
        after: Seq,
        /// Events behind the one that was asked for are not kept any more, or it never was.
        reset: bool,
    },
}

/// A reply that waits for the disk.
#[derive(Debug)]
pub struct Stored {
    /// The ticket to wait for.
    pub after: Ticket,
    /// The messages that it says to be accepted. If the disk fails, they are to be taken back,
    /// and [`Self::refused`] tells it.
    pub accepted: heapless::Vec<MessageId, { goip::LINES }>,
    /// The reply.
    pub reply: Reply,
    /// The box's line that the reply names, if it goes in the box's words.
    pub(super) line: Option<u16>,
}

impl Stored {
    pub(super) fn new(after: Ticket, reply: Reply) -> Self {
        Self { after, accepted: heapless::Vec::new(), reply, line: None }
    }

    /// The answer if it cannot be stored.
    pub fn refused(&self, refusal: &Refusal) -> Reply {
        match self.line {
            Some(line) => Reply::page(goip::refused(line, refusal.code)),
            None => Reply::refused(refusal),
        }
    }
}

/// What a request's head has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    pub(super) route: Route,
    /// `None` where no login is needed, and where it stands among the fields.
    pub(super) client: Option<ClientId>,
}

impl Admission {
    /// Whether a client has logged in: with the head, or with what was
    /// [answered](super::Door::answer).
    pub fn is_known(self) -> bool {
        self.client.is_some()
    }
}
