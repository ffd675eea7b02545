//! Which path means what, and which methods it takes.

use super::goip::Page;
use crate::message::{ErrorCode, MessageId, Number, PackedNumber, Quoted, Refusal};

/// What a path means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// `/v1/messages`.
    Messages,
    /// `/v1/messages/ID`.
    Message(MessageId),
    /// `/v1/messages/ID/explain`.
    Explain(MessageId),
    /// `/v1/estimate`.
    Estimate,
    /// `/v1/inbox`.
    Inbox,
    /// `/v1/lines`.
    Lines,
    /// `/v1/lines/DEVICE/N`, `/v1/lines/DEVICE/N/ussd` or `/v1/devices/DEVICE/reboot`: something is
    /// done there.
    Control(Deed),
    /// `/v1/events`.
    Events,
    /// `/v1/optouts`.
    OptOuts,
    /// `/v1/optouts/NUMBER`.
    OptOut(PackedNumber),
    /// `/health`.
    Health,
    /// `/metrics`.
    Metrics,
    /// `/openapi.json`.
    OpenApi,
    /// One of the box's own pages.
    Goip(Page),
}

/// What is done to a box or a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A line is switched.
    Line,
    /// The network is asked.
    Ussd,
    /// The box starts anew.
    Device,
}

impl Deed {
    /// What that path asks for, and of which line or device.
    pub fn find(path: &str) -> Option<(Self, &str)> {
        for (deed, before, behind) in [
            (Self::Ussd, "/v1/lines/", "/ussd"),
            (Self::Line, "/v1/lines/", ""),
            (Self::Device, "/v1/devices/", "/reboot"),
        ] {
            if let Some(target) = path.strip_prefix(before).and_then(|rest| rest.strip_suffix(behind)) {
                return Some((deed, target));
            }
        }
        None
    }

    /// The operation.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Ussd => "ussd",
            Self::Device => "device",
        }
    }
}

impl Route {
    /// The route of a target's path, and of the field `type` of its query.
    ///
    /// # Errors
    /// `not_found`; `invalid_number` where one should stand.
    pub fn find(path: &str, kind: Option<&str>) -> Result<Self, Refusal> {
        Ok(match path {
            "/v1/messages" => Self::Messages,
            "/v1/estimate" => Self::Estimate,
            "/v1/inbox" => Self::Inbox,
            "/v1/lines" => Self::Lines,
            "/v1/events" => Self::Events,
            "/v1/optouts" => Self::OptOuts,
            "/health" => Self::Health,
            "/metrics" => Self::Metrics,
            "/openapi.json" => Self::OpenApi,
            _ => {
                if let Some((deed, _)) = Deed::find(path) {
                    Self::Control(deed)
                } else if let Some(id) = path.strip_prefix("/v1/messages/") {
                    match id.strip_suffix("/explain") {
                        Some(id) => Self::Explain(message_id(id)?),
                        None => Self::Message(message_id(id)?),
                    }
                } else if let Some(text) = path.strip_prefix("/v1/optouts/") {
                    Self::OptOut(number(text)?)
                } else {
                    Self::Goip(Page::find(path, kind).ok_or_else(|| unknown(path))?)
                }
            }
        })
    }

    /// The methods that it takes, as `Allow` lists them (RFC 9110, 10.2.1).
    pub const fn allow(self) -> &'static str {
        match self {
            Self::Messages => "GET, HEAD, POST, OPTIONS",
            Self::Message(_) => "GET, HEAD, DELETE, OPTIONS",
            Self::OptOut(_) => "GET, HEAD, PUT, DELETE, OPTIONS",
            Self::Goip(Page::Send | Page::SendStatus) => "GET, HEAD, POST, OPTIONS",
            Self::Estimate | Self::Goip(Page::SmsInfo) | Self::Control(_) => "POST, OPTIONS",
            _ => "GET, HEAD, OPTIONS",
        }
    }

    /// Whether it takes the method; otherwise the refusal, to be told together with
    /// [`Self::allow`].
    ///
    /// # Errors
    /// `method_not_allowed`.
    pub fn check(self, method: &str) -> Result<(), Refusal> {
        if self.allow().split(", ").any(|known| known == method) {
            return Ok(());
        }
        let message = format!("the method {} is not for this path; use {}", Quoted(method), self.allow());
        Err(Refusal::new(ErrorCode::MethodNotAllowed, message))
    }
}

/// An id as we write it: digits, no sign, no zero in front.
fn message_id(text: &str) -> Result<MessageId, Refusal> {
    let digits = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| digits).ok_or_else(|| {
        let message = format!("{} is no message's id: it is a number from 1", Quoted(text));
        Refusal::new(ErrorCode::NotFound, message)
    })
}

/// A number as it stands in a path or query: digits, and in front a `+` as such, or encoded.
///
/// # Errors
/// `invalid_number`.
pub fn number(text: &str) -> Result<PackedNumber, Refusal> {
    let plus = ["+", "%2B", "%2b"].into_iter().find_map(|plus| text.strip_prefix(plus));
    let digits = plus.unwrap_or(text);
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        let message = format!("{} is not a phone number: write digits here, and + in front", Quoted(text));
        return Err(Refusal::new(ErrorCode::InvalidNumber, message));
    }
    let sign = if plus.is_some() { "+" } else { "" };
    Number::parse(&[sign, digits].concat()).map(|number| PackedNumber::from(&number))
}

fn unknown(path: &str) -> Refusal {
    let message = format!("there is no {}; /openapi.json lists what there is", Quoted(path));
    Refusal::new(ErrorCode::NotFound, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(number: &str) -> PackedNumber {
        PackedNumber::from(&Number::parse(number).unwrap())
    }

    #[test]
    fn what_is_no_number_is_refused_as_one() {
        for path in [
            "/v1/optouts/",
            "/v1/optouts/x",
            "/v1/optouts/0.5",
            "/v1/optouts/0151-12",
            "/v1/optouts/+49/1/",
            "/v1/optouts/%2b",
        ] {
            assert_eq!(Route::find(path, None).unwrap_err().code, ErrorCode::InvalidNumber, "{path}");
        }
    }

    #[test]
    fn every_path_has_its_route_and_its_methods() {
        for (path, route, methods) in [
            ("/v1/messages", Route::Messages, "GET HEAD POST OPTIONS"),
            ("/v1/messages/17", Route::Message(17), "GET HEAD DELETE OPTIONS"),
            ("/v1/messages/4294967295", Route::Message(u32::MAX), "GET HEAD DELETE OPTIONS"),
            ("/v1/messages/17/explain", Route::Explain(17), "GET HEAD OPTIONS"),
            ("/v1/estimate", Route::Estimate, "POST OPTIONS"),
            ("/v1/inbox", Route::Inbox, "GET HEAD OPTIONS"),
            ("/v1/lines", Route::Lines, "GET HEAD OPTIONS"),
            ("/v1/events", Route::Events, "GET HEAD OPTIONS"),
            ("/v1/optouts", Route::OptOuts, "GET HEAD OPTIONS"),
            ("/v1/optouts/+4915112", Route::OptOut(packed("+4915112")), "GET HEAD PUT DELETE OPTIONS"),
            ("/v1/optouts/%2B4915112", Route::OptOut(packed("+4915112")), "GET HEAD PUT DELETE OPTIONS"),
            ("/v1/optouts/015112", Route::OptOut(packed("015112")), "GET HEAD PUT DELETE OPTIONS"),
            ("/health", Route::Health, "GET HEAD OPTIONS"),
            ("/metrics", Route::Metrics, "GET HEAD OPTIONS"),
            ("/openapi.json", Route::OpenApi, "GET HEAD OPTIONS"),
            ("/default/en_US/send.html", Route::Goip(Page::Send), "GET HEAD POST OPTIONS"),
            ("/default/en_US/sms_info.html", Route::Goip(Page::SmsInfo), "POST OPTIONS"),
        ] {
            assert_eq!(Route::find(path, Some("sms")), Ok(route));
            for method in ["GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT", "get", ""] {
                let known = methods.split(' ').any(|m| m == method);
                assert_eq!(route.check(method).is_ok(), known, "{method} {path}");
            }
        }
        let refusal = Route::Lines.check("PUT").unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "method_not_allowed the method 'PUT' is not for this path; use GET, HEAD, OPTIONS"
        );
    }

    #[test]
    fn what_is_no_path_of_ours_is_not_found() {
        for path in [
            "",
            "/",
            "/v1",
            "/v1/",
            "/v1/messages/",
            "/v1/messages/0",
            "/v1/messages/017",
            "/v1/messages/+1",
            "/v1/messages/1/",
            "/v1/messages/4294967296",
            "/v1/messages/x",
            "/V1/messages",
            "//v1/messages",
            "/default/en_US/reboot.html",
            "/default/en_US/config.html",
            "/default/zh_CN/send.html",
        ] {
            assert_eq!(Route::find(path, None).unwrap_err().code, ErrorCode::NotFound, "{path}");
        }
    }
}
