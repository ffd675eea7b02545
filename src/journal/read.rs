//! Bodies, read back from where their records lie.

use super::codec::Decoded;
use super::disk::{Disk, segment_name};
use super::index::Subject;
use super::log::Log;
use super::segment::{Found, Frames};
use super::{Bodies, Body, Events, ReceivedBody, codec};
use crate::message::{MessageId, ReceivedId};

impl<D: Disk> Log<D> {
    /// The record that keeps a message.
    pub(super) fn decoded(&self, subject: Subject) -> Option<Decoded> {
        let mut decoded = None;
        self.with_body(subject, &mut |kind, fields| decoded = codec::decode(kind, fields).ok());
        decoded
    }

    /// Calls `read` with the type and fields of the record that keeps a message, if there is one.
    fn with_body(&self, subject: Subject, read: &mut dyn FnMut(u8, &[u8])) {
        let Some(place) = self.index.get(subject) else { return };
        if place.segment == 0 {
            if let Some(frame) = self.pending.body(subject) {
                read(frame.kind, frame.fields);
            }
            return;
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
        match found {
            Ok((kind, fields)) => read(kind, fields),
            Err(why) => {
                let name = segment_name(place.segment);
                let (what, id) = match subject {
                    Subject::Sent(id) => ("message", id),
                    Subject::Received(id) => ("received message", id),
                    Subject::Window(id) => ("window", id),
                };
                log::error!("{what} {id} cannot be read from {name} at byte {}: {why}", place.at);
            }
        }
        buffer.clear();
        self.buffer.set(buffer);
    }

    /// [`Bodies::body`], once for all that is read.
    fn read_body(&self, id: MessageId, read: &mut dyn FnMut(Body<'_>)) {
        self.with_body(Subject::Sent(id), &mut |_, fields| {
            codec::read_body(fields, &mut *read);
        });
    }

    /// [`Bodies::received`], the same.
    fn read_received(&self, id: ReceivedId, read: &mut dyn FnMut(ReceivedBody<'_>)) {
        self.with_body(Subject::Received(id), &mut |_, fields| {
            codec::read_received(fields, &mut *read);
        });
    }
}

impl<D: Disk> Bodies for Log<D> {
    fn body<R>(&self, id: MessageId, read: impl FnOnce(Body<'_>) -> R) -> Option<R> {
        let (mut read, mut result) = (Some(read), None);
        self.read_body(id, &mut |body| result = read.take().map(|read| read(body)));
        result
    }

    fn received<R>(&self, id: ReceivedId, read: impl FnOnce(ReceivedBody<'_>) -> R) -> Option<R> {
        let (mut read, mut result) = (Some(read), None);
        self.read_received(id, &mut |body| result = read.take().map(|read| read(body)));
        result
    }

    fn events(&self) -> &Events {
        &self.events
    }
}
