//! The journal as the engine asks it.

use goipd::journal::{Bodies, Body, Events, Log, ReceivedBody};
use goipd::message::{ErrorCode, MessageId, ReceivedId, Refusal};

use super::SimDisk;

pub struct Store {
    pub log: Log<SimDisk>,
    pub last_id: MessageId,
}

impl Bodies for Store {
    fn body<R>(&self, id: MessageId, read: impl FnOnce(Body<'_>) -> R) -> Option<R> {
        self.log.body(id, read)
    }

    fn received<R>(&self, id: ReceivedId, read: impl FnOnce(ReceivedBody<'_>) -> R) -> Option<R> {
        self.log.received(id, read)
    }

    fn events(&self) -> &Events {
        self.log.events()
    }

    fn room(&self, bytes: usize) -> Result<(), Refusal> {
        self.log.can_accept(bytes).map_err(|why| Refusal::new(ErrorCode::Storage, why.to_string()))
    }
}
