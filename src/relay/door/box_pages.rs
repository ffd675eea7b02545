//! The box's own pages: what programs ask for that were written for a GoIP.

use std::net::IpAddr;

use super::{Denied, Desk, Door, Outcome, Stored, fields};
use crate::api::{Answer, SendRequest};
use crate::engine::{Choice, Now, View};
use crate::journal::{Origin, ReceivedBody};
use crate::message::{ClientId, ErrorCode, LineId, Refusal};
use crate::relay::goip::{self, Job, LINES, Page};
use crate::relay::lines;
use crate::relay::login::Login;
use crate::relay::reply::Reply;
use crate::serve::http;

/// The type of a form's body; a box ignores any other.
const FORM: &str = "application/x-www-form-urlencoded";

impl Door {
    pub(super) fn box_page(
        &mut self,
        now: Now,
        peer: IpAddr,
        page: Page,
        known: &mut Option<ClientId>,
        request: &http::Request,
        desk: &mut impl Desk,
    ) -> Outcome {
        let mut pairs = match fields(&request.head.query) {
            Ok(pairs) => pairs,
            Err(refusal) => return refused(page, 1, &refusal.into()),
        };
        // The box merges both; a GET may have a body, too.
        let typed =
            request.head.content_type.as_deref().is_none_or(|kind| {
                kind.get(..FORM.len()).is_some_and(|kind| kind.eq_ignore_ascii_case(FORM))
            });
        if typed {
            match fields(&request.body) {
                Ok(more) => pairs.extend(more),
                Err(refusal) => return refused(page, 1, &refusal.into()),
            }
        }
        let field =
            |name: &str| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let client = match *known {
            Some(client) => client,
            None => {
                let login = Login::new(field("u").unwrap_or_default(), field("p").unwrap_or_default());
                match self.admit(now, peer, Some(&login), page.right()) {
                    Ok(client) => *known.insert(client),
                    Err(denied) => return refused(page, 1, &denied),
                }
            }
        };
        let mine = self.access.client(client).map_or(&[][..], |client| client.lines());
        let lines = lines::of(mine, desk.engine().settings());
        match page {
            Page::Send => self.send_page(now, client, &lines, field, desk),
            Page::SmsInfo => self.form_page(now, client, &lines, field, desk),
            Page::SendStatus | Page::SmsStatus => status_page(page, client, &lines, desk),
            Page::SmsForm => {
                self.form_key = now.unix_s.max(self.form_key.wrapping_add(1));
                Outcome::Reply(Reply::page(goip::sms_form(self.form_key)))
            }
            Page::Inbox => {
                let slots = |line: usize, slot: &mut dyn FnMut(&ReceivedBody<'_>)| {
                    let choice = lines.get(line).map(|id| Choice::Line(*id));
                    let lines = desk.engine().line_set(choice.as_slice());
                    let newest = desk.engine().received(0, lines).rev();
                    // A box shows the parts.
                    let newest = newest.filter(|&id| !desk.engine().is_joined(id));
                    newest.take(goip::INBOX_SLOTS).for_each(|id| desk.received(id, slot));
                };
                Outcome::Reply(Reply::page(goip::inbox(lines.len(), slots)))
            }
            Page::LineList => {
                let views: Vec<_> = desk.engine().lines(now).collect();
                let shown = lines.iter().filter_map(|id| views.iter().find(|view| view.line == *id));
                Outcome::Reply(Reply::page(goip::line_list(&mut { shown })))
            }
        }
    }

    fn send_page<'a>(
        &mut self,
        now: Now,
        client: ClientId,
        lines: &[LineId],
        field: impl Fn(&str) -> Option<&'a str>,
        desk: &mut impl Desk,
    ) -> Outcome {
        let number = match goip::line_number(field("l")) {
            Ok(number) => number,
            Err(refusal) => return refused(Page::Send, 1, &refusal.into()),
        };
        let shown = number.unwrap_or(1);
        let sent = line_name(number, lines, desk)
            .map_err(Denied::from)
            .map(|line| goip::send_request(&field, line))
            .and_then(|send| self.page_send(now, client, send, desk));
        match sent {
            Ok((mut stored, to)) => {
                let id = stored.accepted.first().copied().unwrap_or_default();
                stored.reply = Reply::page(goip::sending(shown, &to, id));
                stored.line = Some(shown);
                Outcome::Stored(stored)
            }
            Err(denied) => refused(Page::Send, shown, &denied),
        }
    }

    /// The web form sends once for each line that is ticked.
    fn form_page<'a>(
        &mut self,
        now: Now,
        client: ClientId,
        lines: &[LineId],
        field: impl Fn(&str) -> Option<&'a str>,
        desk: &mut impl Desk,
    ) -> Outcome {
        let mut all = Stored::new(0, Reply::empty());
        let mut results = heapless::Vec::<_, { LINES + 1 }>::new();
        for number in goip::ticked(&field) {
            let sent = line_name(Some(number), lines, desk)
                .and_then(|line| goip::form_request(&field, line))
                .map_err(Denied::from)
                .and_then(|send| self.page_send(now, client, send, desk));
            let refused = match sent {
                Ok((stored, _)) => {
                    all.after = all.after.max(stored.after);
                    // As many as there are lines.
                    let _ = all.accepted.extend_from_slice(&stored.accepted);
                    None
                }
                Err(denied) => Some(denied.refusal.code),
            };
            let _ = results.push((number, refused));
        }
        all.reply = Reply::page(goip::sms_info(results.into_iter()));
        all.line = Some(1);
        Outcome::Stored(all)
    }

    /// Queues a message; gives also the number as goipd has it.
    fn page_send(
        &mut self,
        now: Now,
        client: ClientId,
        send: SendRequest,
        desk: &mut impl Desk,
    ) -> Result<(Stored, String), Denied> {
        // A box knows no groups.
        crate::message::Number::parse(&send.to)?;
        let to = send.to.clone();
        let (answer, after) = self.accept(now, Some(client), send, desk)?;
        let mut stored = Stored::new(after, Reply::empty());
        if let Answer::Accepted { id, .. } = answer {
            // One has its place.
            let _ = stored.accepted.push(id);
        }
        Ok((stored, to))
    }
}

/// The name of the line that a program numbers so.
fn line_name(number: Option<u16>, lines: &[LineId], desk: &impl Desk) -> Result<Option<String>, Refusal> {
    let Some(number) = number else { return Ok(None) };
    let place = usize::from(number).checked_sub(1);
    let Some(line) = place.and_then(|place| lines.get(place)) else {
        let message = format!("there is no line {number} here: the last one is {}", lines.len());
        return Err(Refusal::new(ErrorCode::UnknownLine, message));
    };
    Ok(Some(desk.engine().settings().line_name(*line).to_string()))
}

/// The client's own last message on each line: nobody else's takes its place.
fn status_page(page: Page, client: ClientId, lines: &[LineId], desk: &impl Desk) -> Outcome {
    let owner = Origin::Client(client);
    let mut views = [None::<View>; LINES];
    for (view, line) in views.iter_mut().zip(lines) {
        *view = desk.engine().newest_on(owner, *line);
    }
    // What may go out on any line is looked for on the first.
    let anywhere = desk.engine().newest_anywhere(owner);
    views[0] = views[0].max_by_id(anywhere);
    let tags = views.map(|view| desk.tag(view?.id));
    let mut jobs = [const { None }; LINES];
    for ((job, view), tag) in jobs.iter_mut().zip(&views).zip(&tags) {
        *job = view.as_ref().map(|view| Job {
            id: view.id,
            tag: tag.as_deref(),
            state: view.state,
            problem: view.problem.as_ref().map(|problem| (problem.code, problem.device_code.as_str())),
        });
    }
    Outcome::Reply(Reply::new(200, "text/xml", goip::status(page, &jobs).into_bytes()))
}

trait Newest {
    /// The one with the higher id.
    fn max_by_id(self, other: Self) -> Self;
}

impl Newest for Option<View> {
    fn max_by_id(self, other: Self) -> Self {
        if self.map(|view| view.id) >= other.map(|view| view.id) { self } else { other }
    }
}

/// A refusal in the words of that page.
fn refused(page: Page, line: u16, denied: &Denied) -> Outcome {
    let code = denied.refusal.code;
    Outcome::Reply(match (page, code) {
        (Page::Send | Page::SendStatus, ErrorCode::Unauthorized) => Reply::page(goip::BAD_LOGIN.to_owned()),
        (Page::Send | Page::SendStatus, _) => Reply::page(goip::refused(line, code)),
        _ => Reply::denied(denied),
    })
}
