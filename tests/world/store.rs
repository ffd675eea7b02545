//! The journal as the engine asks it.

use goipd::journal::{Bodies, Body, Events, Log};
use goipd::message::{ErrorCode, MessageId, Refusal};

use super::SimDisk;

pub struct Store {
    pub log: Log<SimDisk>,
    pub last_id: MessageId,
}

impl Bodies for Store {
    fn body<R>(&self, id: MessageId, read: impl FnOnce(Body<'_>) -> R) -> Option<R> {
        self.log.body(id, read)
    }

    fn events(&self) -> &Events {
        self.log.events()
    }

    fn room(&self, bytes: usize) -> Result<(), Refusal> {
        self.log.can_accept(bytes).map_err(|why| Refusal::new(ErrorCode::Storage, why.to_string()))
    }
}
