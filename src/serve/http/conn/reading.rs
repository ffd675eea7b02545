//! From a connection's bytes to its requests.

use core::mem;

use super::super::Refused;
use super::super::body::Body;
use super::super::head::{self, Head, Method};
use super::super::response::Manner;
use super::{Connection, Request, Stage};

impl Connection {
    /// Reads on, as far as the bytes go and nobody has to be asked.
    pub(super) fn advance(&mut self) {
        match mem::replace(&mut self.stage, Stage::Head) {
            Stage::Head => self.advance_head(),
            Stage::Body(head, mut body) => match self.take_body(&mut body) {
                Ok(true) => self.stage = Stage::Whole(Request { head, body: body.into_bytes() }),
                Ok(false) => self.stage = Stage::Body(head, body),
                Err(refused) => self.refuse(refused),
            },
            other => self.stage = other,
        }
    }

    fn advance_head(&mut self) {
        loop {
            match head::find_end(&self.input, self.searched) {
                // RFC 9112 clause 2.2: an empty line in front of a request is a slip of old
                // clients.
                Ok(Some(2)) => self.drop_input(2),
                Ok(Some(len)) => {
                    match Head::parse(&self.input[..len]) {
                        Ok(head) => self.begin(head),
                        Err(refused) => self.refuse(refused),
                    }
                    self.drop_input(len);
                    return;
                }
                Ok(None) => {
                    self.searched = self.input.len();
                    return;
                }
                Err(refused) => return self.refuse(refused),
            }
        }
    }

    fn begin(&mut self, head: Head) {
        self.manner = Manner {
            closes: !head.keep_alive,
            http10: head.http10,
            head_only: head.method == Method::Head,
            endless: false,
        };
        let body = Body::new(head.framing);
        self.stage = Stage::Judge(head, body);
    }

    /// Gives the body what has come of it; says whether it is whole.
    pub(super) fn take_body(&mut self, body: &mut Body) -> Result<bool, Refused> {
        let taken = body.take(&self.input)?;
        self.drop_input(taken);
        Ok(body.is_done())
    }

    pub(super) fn refuse(&mut self, refused: Refused) {
        self.manner.closes = true;
        self.stage = Stage::Refused(refused);
        self.input = Vec::new();
        self.searched = 0;
    }

    /// The first `count` bytes of the input were worked off.
    fn drop_input(&mut self, count: usize) {
        self.searched = 0;
        if count >= self.input.len() {
            self.input = Vec::new();
        } else {
            self.input.drain(..count);
        }
    }
}
