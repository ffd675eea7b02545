//! Bodies, read back from where their records lie.

use super::disk::{Disk, segment_name};
use super::index::Subject;
use super::log::Log;
use super::segment::{Found, Frames};
use super::{Bodies, Body, Events, ReceivedBody, codec};
use crate::message::{MessageId, ReceivedId};

impl<D: Disk> Log<D> {
    /// Calls `read` with the type and fields of the record that keeps a message.
    pub(super) fn with_body<R>(&self, subject: Subject, read: impl FnOnce(u8, &[u8]) -> R) -> Option<R> {
        let place = self.index.get(subject)?;
        if place.segment == 0 {
            let frame = self.pending.body(subject)?;
            return Some(read(frame.kind, frame.fields));
        }
        // Taken, not borrowed: `read` may ask for another body.
        let mut buffer = self.buffer.take();
        let len = usize::from(place.len);
        let found = match self.disk.read(place.segment, place.at, len, &mut buffer) {
            Ok(()) => match Frames::new(place.segment, &buffer, 0).next() {
                Some(Found::Record(frame)) => Ok((frame.kind, frame.fields)),
                _ => Err("it is damaged".to_owned()),
            },
            Err(error) => Err(error.words),
        };
        let result = match found {
            Ok((kind, fields)) => Some(read(kind, fields)),
            Err(why) => {
                let name = segment_name(place.segment);
                let (what, id) = match subject {
                    Subject::Sent(id) => ("message", id),
                    Subject::Received(id) => ("received message", id),
                    Subject::Window(id) => ("window", id),
                };
                log::error!("{what} {id} cannot be read from {name} at byte {}: {why}", place.at);
                None
            }
        };
        buffer.clear();
        self.buffer.set(buffer);
        result
    }
}

impl<D: Disk> Bodies for Log<D> {
    fn body<R>(&self, id: MessageId, read: impl FnOnce(Body<'_>) -> R) -> Option<R> {
        self.with_body(Subject::Sent(id), |_, fields| codec::read_body(fields, read)).flatten()
    }

    fn received<R>(&self, id: ReceivedId, read: impl FnOnce(ReceivedBody<'_>) -> R) -> Option<R> {
        self.with_body(Subject::Received(id), |_, fields| codec::read_received(fields, read)).flatten()
    }

    fn events(&self) -> &Events {
        &self.events
    }
}
