//! What comes of a request: who asks, for what, and what is answered. How the bytes come and go is
//! not known here.

mod box_pages;
mod desk;

use std::borrow::Cow;
use std::net::IpAddr;

use super::access::{Access, Client, Right};
use super::goip::Page;
use super::login::Login;
use super::reply::Reply;
use super::route::Route;
use super::{Count, Denied, Hosts, metrics, openapi, v1};
use crate::api::{Answer, Caller, InboxPage, OptOutAct, Request, SendRequest, choice, form, receivers};
use crate::config;
use crate::engine::{Engine, LineSet, Now};
use crate::journal::{Origin, Ticket};
use crate::message::{ClientId, ErrorCode, Refusal};
use crate::serve::http::{self, Head, Method};

pub use desk::{Admission, Desk, Outcome, Stored};

/// A day of UTC, in seconds.
const DAY_S: u32 = 86_400;

/// The door.
#[derive(Debug)]
pub struct Door {
    access: Access,
    hosts: Hosts,
    metrics_open: bool,
    /// The key that the web form was given last.
    form_key: u32,
}

impl Door {
    /// The door of that configuration, to a router of those names.
    pub fn new(config: &config::Config, hosts: Hosts) -> Self {
        let mut access = Access::default();
        access.configure(&config.clients);
        Self { access, hosts, metrics_open: config.relay.metrics_open, form_key: 0 }
    }

    /// Works with another configuration. Who was a client before keeps what it has used of its
    /// quotas.
    pub fn configure(&mut self, config: &config::Config, hosts: Hosts) {
        self.access.configure(&config.clients);
        (self.hosts, self.metrics_open) = (hosts, config.relay.metrics_open);
    }

    /// Goes on with what each client has sent today before the start.
    pub fn restore(&mut self, now: Now, engine: &Engine) {
        let ids: Vec<ClientId> = self.access.clients().iter().map(Client::id).collect();
        for id in ids {
            let messages = engine.accepted_today(now, id);
            if let Some(client) = self.access.client(id) {
                client.restore(Count { day: Some(now.unix_s / DAY_S), messages });
            }
        }
    }

    /// Who may come in.
    pub fn access(&mut self) -> &mut Access {
        &mut self.access
    }

    /// Judges a request by its head: is there such a path, does it take the method, and may who
    /// asks for it do that. The body is of no interest before.
    ///
    /// # Errors
    /// The reply.
    pub fn judge(&mut self, now: Now, peer: IpAddr, head: &Head) -> Result<Admission, Reply> {
        self.hosts.check_host(head.host.as_deref()).map_err(|denied| Reply::denied(&denied))?;
        let kind = form::field(&head.query, "type");
        let kind = kind.as_deref().and_then(|kind| core::str::from_utf8(kind).ok());
        if head.method == Method::Options && &*head.path == "*" {
            return Err(Reply::empty().with("Allow", "GET, HEAD, POST, PUT, DELETE, OPTIONS"));
        }
        let route = Route::find(&head.path, kind).map_err(|refusal| Reply::refused(&refusal))?;
        route.check(method(head)).map_err(|refusal| Reply::refused(&refusal).with("Allow", route.allow()))?;
        if head.method == Method::Options {
            return Err(self.options(route, head.origin.as_deref()));
        }
        if changes_something(route, head.method) {
            let origin = self.hosts.check_origin(head.origin.as_deref(), head.host.as_deref());
            origin.map_err(|denied| Reply::denied(&denied))?;
        }
        let Some(right) = self.right(route, head.method) else {
            return Ok(Admission { route, client: None });
        };
        let login = head.authorization.as_deref().and_then(Login::from_header);
        let client =
            self.admit(now, peer, login.as_ref(), right).map_err(|denied| denied_at(route, &denied))?;
        Ok(Admission { route, client: Some(client) })
    }

    /// The client of that login, if it may do that.
    fn admit(
        &mut self,
        now: Now,
        peer: IpAddr,
        login: Option<&Login>,
        right: Right,
    ) -> Result<ClientId, Denied> {
        let id = self.access.login(now.boot_ms, peer, login)?;
        match self.access.client(id) {
            Some(client) => client.may(right).map(|()| id),
            None => Err(Denied::new(ErrorCode::Unauthorized, "the client is not configured any more")),
        }
    }

    /// Lets a page of that origin read the reply, if it may.
    pub fn share(&self, origin: &str, reply: Reply) -> Reply {
        if self.hosts.shares_with(origin) {
            let reply = reply.with("Access-Control-Allow-Origin", origin.to_owned()).with("Vary", "Origin");
            return reply.with("Access-Control-Expose-Headers", "Location, Retry-After");
        }
        reply
    }

    /// What may be done with a route. A page that may read answers is told more: which methods and
    /// headers its browser may send.
    fn options(&self, route: Route, origin: Option<&str>) -> Reply {
        let reply = Reply::empty().with("Allow", route.allow());
        if !origin.is_some_and(|origin| self.hosts.shares_with(origin)) {
            return reply;
        }
        reply
            .with("Access-Control-Allow-Methods", route.allow())
            .with(
                "Access-Control-Allow-Headers",
                "Authorization, Content-Type, Idempotency-Key, Last-Event-ID",
            )
            .with("Access-Control-Max-Age", "600")
    }

    /// What a route asks for; `None`: nothing, or its login stands among the fields.
    fn right(&self, route: Route, method: Method) -> Option<Right> {
        match route {
            Route::Explain(_) | Route::Estimate => Some(Right::Send),
            Route::Messages if method == Method::Post => Some(Right::Send),
            Route::Message(_) if method == Method::Delete => Some(Right::Send),
            Route::Inbox => Some(Right::Inbox),
            Route::Messages | Route::Message(_) | Route::Lines | Route::Events => Some(Right::Read),
            Route::OptOuts | Route::OptOut(_) | Route::Control(_) => Some(Right::Admin),
            Route::Metrics => (!self.metrics_open).then_some(Right::Read),
            Route::Health | Route::OpenApi => None,
            Route::Goip(page) if page.has_login_fields() => None,
            Route::Goip(page) => Some(page.right()),
        }
    }

    /// Answers a request whose head was admitted. A login among its fields is noted there.
    pub fn answer(
        &mut self,
        now: Now,
        peer: IpAddr,
        admission: &mut Admission,
        request: &http::Request,
        desk: &mut impl Desk,
    ) -> Outcome {
        if let Route::Goip(page) = admission.route {
            return self.box_page(now, peer, page, &mut admission.client, request, desk);
        }
        self.clean(now, *admission, request, desk)
            .unwrap_or_else(|denied| Outcome::Reply(Reply::denied(&denied)))
    }

    /// The answer to a [`Outcome::Wait`] that is over.
    pub fn waited(
        &mut self,
        now: Now,
        client: Option<ClientId>,
        answer: Answer,
        after: Ticket,
        desk: &impl Desk,
    ) -> Outcome {
        let answer = match answer {
            // The configuration may be another by now.
            Answer::Inbox(page) => {
                Answer::Inbox(InboxPage { lines: self.caller(client, desk.engine()).inbox, ..page })
            }
            answer => answer,
        };
        match body(now, desk, answer) {
            Ok(body) => Outcome::Stored(Stored::new(after, Reply::json(200, body))),
            Err(refusal) => Outcome::Reply(Reply::refused(&refusal)),
        }
    }

    fn clean(
        &mut self,
        now: Now,
        admission: Admission,
        request: &http::Request,
        desk: &mut impl Desk,
    ) -> Result<Outcome, Denied> {
        let head = &request.head;
        let query = fields(&head.query)?;
        let caller = self.caller(admission.client, desk.engine());
        let asked = match admission.route {
            Route::Messages if head.method == Method::Post => {
                v1::only(&query, &[])?;
                let send = v1::send(&request.body, head.idempotency_key.as_deref())?;
                return self.send(now, admission.client, send, desk);
            }
            Route::Messages => v1::list(&query)?,
            Route::Message(id) if head.method == Method::Delete => {
                v1::only(&query, &[]).map(|()| Request::Cancel { id })?
            }
            Route::Message(id) => v1::message(id, &query)?,
            Route::Explain(id) => v1::only(&query, &[]).map(|()| Request::Explain { id })?,
            Route::Estimate => {
                v1::only(&query, &[])?;
                let mut thought = v1::estimate(&request.body)?;
                self.narrow(admission.client, &mut thought, desk)?;
                Request::Estimate(Box::new(thought))
            }
            Route::Inbox => v1::inbox(&query)?,
            Route::Lines => v1::only(&query, &[]).map(|()| Request::Lines)?,
            Route::Control(_) => {
                v1::only(&query, &[])?;
                v1::control(&head.path, &request.body)?
            }
            Route::Events => v1::events(&query, head.last_event_id.as_deref())?,
            Route::OptOuts => v1::opt_outs(&query)?,
            Route::OptOut(number) => {
                v1::only(&query, &[])?;
                let act = match head.method {
                    Method::Put => OptOutAct::Add,
                    Method::Delete => OptOutAct::Remove,
                    _ => OptOutAct::Show,
                };
                Request::OptOut { number: number.text().as_str().into(), act }
            }
            Route::Health => {
                desk.health()?;
                return Ok(Outcome::Reply(Reply::json(200, r#"{"status":"ok"}"#.to_owned())));
            }
            Route::Metrics => {
                let text = desk.metrics(now, self.access.refused_logins());
                return Ok(Outcome::Reply(Reply::new(200, metrics::CONTENT_TYPE, text.into_bytes())));
            }
            Route::OpenApi => {
                return Ok(Outcome::Reply(Reply::new(200, super::reply::JSON, openapi::document())));
            }
            Route::Goip(_) => return Err(Denied::new(ErrorCode::NotFound, "there is no such page")),
        };
        let is_path = matches!(asked, Request::Control { .. });
        match desk.ask(now, asked, caller).map_err(|refusal| of_path(refusal, is_path))? {
            (answer, _) if answer.wait_s() > 0 => Ok(Outcome::Wait { client: admission.client, answer }),
            (Answer::Events { after, reset, .. }, _) => {
                Ok(Outcome::Stream { client: admission.client, caller, after, reset })
            }
            (answer, after) => {
                Ok(Outcome::Stored(Stored::new(after, Reply::json(200, body(now, desk, answer)?))))
            }
        }
    }

    fn send(
        &mut self,
        now: Now,
        client: Option<ClientId>,
        send: SendRequest,
        desk: &mut impl Desk,
    ) -> Result<Outcome, Denied> {
        let (answer, after) = self.accept(now, client, send, desk)?;
        let Answer::Accepted { id, .. } = answer else { return Ok(Outcome::Reply(Reply::empty())) };
        let reply = Reply::json(202, body(now, desk, answer)?);
        let mut stored = Stored::new(after, reply.with("Location", format!("{}/{id}", v1::MESSAGES)));
        // One has its place.
        let _ = stored.accepted.push(id);
        Ok(Outcome::Stored(stored))
    }

    /// Has a message go out on the client's lines only.
    fn narrow(
        &mut self,
        client: Option<ClientId>,
        send: &mut SendRequest,
        desk: &impl Desk,
    ) -> Result<(), Denied> {
        let Some(client) = client.and_then(|id| self.access.client(id)) else {
            return Err(Denied::new(ErrorCode::Unauthorized, "a login is needed"));
        };
        let settings = desk.engine().settings();
        let (to, _) = receivers(&send.to, settings)?;
        let wanted = choice(send.line.as_deref(), settings)?;
        if let Some(first) = to.first() {
            send.line = settings.choice_name(client.narrow(wanted, first)?);
        }
        Ok(())
    }

    /// Queues a message of the client's: on its lines, with its ttl, if it has not sent its share.
    fn accept(
        &mut self,
        now: Now,
        client: Option<ClientId>,
        mut send: SendRequest,
        desk: &mut impl Desk,
    ) -> Result<(Answer, Ticket), Denied> {
        let caller = self.caller(client, desk.engine());
        let Some((id, client)) = client.and_then(|id| Some((id, self.access.client(id)?))) else {
            return Err(Denied::new(ErrorCode::Unauthorized, "a login is needed"));
        };
        let known = send.key.as_deref().is_some_and(|key| desk.engine().knows_key(caller.origin, key));
        let settings = desk.engine().settings();
        // What was accepted before is no more than that when it is asked for again.
        if !known {
            client.check_quota(now, 1)?;
        }
        let (receivers, _) = receivers(&send.to, settings)?;
        if !known {
            client.check_quota(now, receivers.len() as u32)?;
        }
        send.ttl_s = send.ttl_s.or(client.ttl_s());
        self.narrow(Some(id), &mut send, desk)?;
        let (answer, after) = desk.ask(now, Request::Send(send), caller)?;
        if let Answer::Accepted { id: message, replayed: false } = answer
            && let Some(client) = self.access.client(id)
        {
            let members = desk.engine().view(message).map_or(1, |view| view.members.max(1));
            client.sent(now, members.into());
        }
        Ok((answer, after))
    }

    fn caller(&mut self, client: Option<ClientId>, engine: &Engine) -> Caller {
        // Without a client nothing is asked for that belongs to anybody.
        let nobody = Caller { origin: Origin::Local, all: false, inbox: LineSet::NONE };
        let Some(client) = client.and_then(|id| self.access.client(id)) else { return nobody };
        let reads = client.may(Right::Inbox).is_ok();
        Caller {
            origin: Origin::Client(client.id()),
            all: client.sees_all(),
            inbox: if reads { engine.line_set(client.lines()) } else { LineSet::NONE },
        }
    }
}

/// A line or device that stands in the path and is not there makes a path that is not there.
fn of_path(mut refusal: Refusal, is_path: bool) -> Refusal {
    if is_path && refusal.code == ErrorCode::UnknownLine {
        refusal.code = ErrorCode::NotFound;
    }
    refusal
}

/// Whether a page from elsewhere must not ask that. The box's page sends by GET as well.
fn changes_something(route: Route, method: Method) -> bool {
    matches!(method, Method::Post | Method::Put | Method::Delete) || route == Route::Goip(Page::Send)
}

/// The method's name, as far as it is known.
fn method(head: &Head) -> &'static str {
    match head.method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Delete => "DELETE",
        Method::Put => "PUT",
        Method::Options => "OPTIONS",
        Method::Other => "other",
    }
}

/// A refused login on one of the box's own pages asks for one as the box does.
fn denied_at(route: Route, denied: &Denied) -> Reply {
    match route {
        Route::Goip(_) if denied.refusal.code == ErrorCode::Unauthorized => {
            Reply::new(401, super::reply::HTML, &b"\n"[..]).with("WWW-Authenticate", "Basic realm=\"goipd\"")
        }
        _ => Reply::denied(denied),
    }
}

/// The fields of a query or form, decoded.
fn fields(encoded: &[u8]) -> Result<Vec<(String, String)>, Refusal> {
    let utf8 = |name: &str, value: Cow<'_, [u8]>| form::utf8(name, value);
    form::fields(encoded)
        .map(|(name, value)| {
            let name = utf8("a field's name", name)?;
            let value = utf8(&name, value)?;
            Ok((name, value))
        })
        .collect()
}

fn body(now: Now, desk: &impl Desk, answer: Answer) -> Result<String, Refusal> {
    let mut body = String::new();
    desk.describe(now, &mut body, answer).map(|()| body)
}
