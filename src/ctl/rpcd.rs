//! `goipctl rpcd`: goipd on ubus, as an exec plugin of OpenWrt's rpcd. rpcd runs `list` once, for the
//! methods of the object `goipd`, and `call METHOD` for each call, with the arguments as a JSON
//! object on standard input. It looks at neither the exit code nor standard error, so whatever
//! happens is printed as one JSON object; a refusal is `{"error":CODE,"message":…}`.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::path::Path;

use super::check::Check;
use super::client::{Client, Request};
use super::output::Output;
use super::{DEFAULT_SOCKET, Exit, Failure};
use crate::api::json::object;
use crate::api::request::SEND_FIELDS;
use crate::api::scan::{Field, decode, each_field};
use crate::config;
use crate::engine::CONTROL_WAIT_S;
use crate::message::{ErrorCode, Quoted, Refusal};

/// The longest arguments that are read, in bytes: those of a request that the daemon takes.
const ARGUMENTS_MAX_BYTES: u64 = 16 * 1024;

/// For how many seconds boxes may let `check` wait: LuCI gives a call up after 20 s, rpcd after 30 s.
const LIVE_S: u32 = 16;

/// What rpcd adds to a call that has come over HTTP: whose session it is.
const SESSION: &str = "ubus_rpc_session";

/// What rpcd is to be told.
#[derive(Debug)]
pub(super) enum Wish {
    /// The methods.
    List,
    /// The answer to a call of this method.
    Call(String),
}

/// A method of the object, and the operation that does it.
struct Method {
    name: &'static str,
    /// Empty for what needs no daemon.
    op: &'static str,
    /// Whether it changes something.
    acts: bool,
    /// Its arguments.
    fields: &'static [&'static str],
}

const METHODS: [Method; 16] = [
    Method { name: "status", op: "ping", acts: false, fields: &[] },
    Method { name: "send", op: "send", acts: true, fields: &SEND_FIELDS },
    Method { name: "message", op: "status", acts: false, fields: &["id"] },
    Method { name: "explain", op: "explain", acts: false, fields: &["id"] },
    Method {
        name: "estimate",
        op: "estimate",
        acts: false,
        fields: &["to", "text", "line", "priority", "at"],
    },
    Method { name: "list", op: "list", acts: false, fields: &["state", "after", "limit"] },
    Method { name: "inbox", op: "inbox", acts: false, fields: &["after", "limit"] },
    Method { name: "lines", op: "lines", acts: false, fields: &[] },
    Method { name: "cancel", op: "cancel", acts: true, fields: &["id"] },
    Method { name: "resend", op: "resend", acts: true, fields: &["id"] },
    Method { name: "optouts", op: "optouts", acts: false, fields: &["after", "limit"] },
    Method { name: "optout", op: "optout", acts: true, fields: &["number", "do"] },
    Method { name: "line", op: "line", acts: true, fields: &["line", "power"] },
    Method { name: "ussd", op: "ussd", acts: true, fields: &["line", "code"] },
    Method { name: "device", op: "device", acts: true, fields: &["device", "action"] },
    Method { name: "check", op: "", acts: false, fields: &["live"] },
];

/// The arguments that are numbers, and those that are flags; all others are strings.
const NUMBERS: [&str; 4] = ["id", "ttl", "after", "limit"];
const FLAGS: [&str; 1] = ["live"];

impl Wish {
    /// Prints the object that rpcd waits for. goipd listens at `socket`, or where the configuration
    /// says, which only root can read: there is nobody to tell rpcd.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn run(&self, socket: Option<OsString>) -> Result<(), Failure> {
        let mut out = Output::new(true);
        let name = match self {
            Self::List => return out.line(&signatures()),
            Self::Call(name) => name,
        };
        let answer = match arguments(name) {
            // It prints its own object, with what is wrong in it.
            Ok((Method { op: "", .. }, arguments)) => return check(&arguments, &mut out),
            Ok((method, arguments)) => ask(method, &arguments, &socket.unwrap_or_else(configured)),
            Err(refusal) => Ok(refused(refusal.code.as_str(), &refusal.message)),
        };
        out.line(&answer.unwrap_or_else(|failure| refused(code(failure.exit), &failure.message)))
    }
}

/// Where goipd listens by its configuration.
fn configured() -> OsString {
    let config = config::load(&config::default_path(Path::new("/")), None);
    config.map_or_else(|_| DEFAULT_SOCKET.into(), |config| config.socket.into())
}

/// Every method with its arguments, each with an example of its type.
fn signatures() -> String {
    let mut line = String::new();
    object(&mut line, |o| {
        for method in &METHODS {
            o.object(method.name, |o| {
                for &field in method.fields {
                    if NUMBERS.contains(&field) {
                        // Its width in bits.
                        o.number(field, 32);
                    } else if FLAGS.contains(&field) {
                        o.bool(field, true);
                    } else {
                        o.string(field, "string");
                    }
                }
            });
        }
    });
    line
}

/// The method of that name, and the arguments on standard input as the inside of a JSON object.
fn arguments(name: &str) -> Result<(&'static Method, String), Refusal> {
    let Some(method) = METHODS.iter().find(|method| method.name == name) else {
        return Err(bad_request(format!("there is no method {}", Quoted(name))));
    };
    let mut text = String::new();
    let read = io::stdin().lock().take(ARGUMENTS_MAX_BYTES + 1).read_to_string(&mut text);
    if let Err(error) = read {
        return Err(bad_request(format!("standard input cannot be read: {error}")));
    }
    if text.len() as u64 > ARGUMENTS_MAX_BYTES {
        let message = format!("the arguments have more than {ARGUMENTS_MAX_BYTES} bytes; shorten the text");
        return Err(Refusal::new(ErrorCode::TooLarge, message));
    }
    checked(method, &text).map(|arguments| (method, arguments))
}

/// The arguments in `text` that the method takes, as `"NAME":VALUE,…` on one line.
fn checked(method: &Method, text: &str) -> Result<String, Refusal> {
    let mut arguments = String::new();
    // Nothing is the same as no arguments.
    let text = if text.trim().is_empty() { "{}" } else { text };
    each_field(text, &mut |field| {
        let name = decode(field.name);
        if name == SESSION {
            return Ok(());
        }
        if !method.fields.contains(&&*name) {
            let message = format!("'{}' takes no argument {}", method.name, Quoted(&name));
            return Err(bad_request(message));
        }
        push(&mut arguments, field);
        Ok(())
    })?;
    Ok(arguments)
}

/// Appends a field. A request is one line: line ends can stand between the parts of a value only,
/// where they mean nothing.
fn push(fields: &mut String, field: Field<'_>) {
    if !fields.is_empty() {
        fields.push(',');
    }
    fields.push_str(field.name);
    fields.push(':');
    fields.push_str(&field.value.replace(['\n', '\r'], " "));
}

/// Has the daemon do it.
fn ask(method: &Method, arguments: &str, socket: &OsStr) -> Result<String, Failure> {
    let comma = if arguments.is_empty() { "" } else { "," };
    let line = ["{\"op\":\"", method.op, "\"", comma, arguments, "}\n"].concat();
    let waits = matches!(method.op, "line" | "ussd" | "device");
    let request = Request::of(line, method.acts).within(if waits { CONTROL_WAIT_S } else { 0 });
    let reply = Client::connect(socket)?.exchange(&request)?;
    let mut fields = String::new();
    let read = each_field(&reply, &mut |field| {
        // That it is an answer or a refusal shows by the field `error`.
        if field.name != "\"ok\"" {
            push(&mut fields, field);
        }
        Ok(())
    });
    match read {
        Ok(()) => Ok(["{", &fields, "}"].concat()),
        Err(_) => Err(request.lost("goipd's reply is not understood (not a JSON object)")),
    }
}

fn check(arguments: &str, out: &mut Output) -> Result<(), Failure> {
    let check =
        Check { file: None, live: arguments.ends_with(":true"), shown_as: None, within_s: Some(LIVE_S) };
    match check.run(out) {
        // What is wrong is in the object.
        Ok(()) | Err(Failure { exit: Exit::Failed | Exit::Refused, .. }) => Ok(()),
        other => other,
    }
}

/// The code of a failure on the way to the daemon.
fn code(exit: Exit) -> &'static str {
    match exit {
        Exit::Unreachable => "unreachable",
        Exit::Unknown => "unknown",
        _ => ErrorCode::Internal.as_str(),
    }
}

fn refused(code: &str, message: &str) -> String {
    let mut line = String::new();
    object(&mut line, |o| {
        o.string("error", code);
        o.string("message", message);
    });
    line
}

fn bad_request(message: String) -> Refusal {
    Refusal::new(ErrorCode::BadRequest, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn method(name: &str) -> &'static Method {
        METHODS.iter().find(|method| method.name == name).unwrap()
    }

    #[test]
    fn a_signature_names_the_type_of_every_argument() {
        let signatures = signatures();
        assert!(
            signatures.starts_with(r#"{"status":{},"send":{"to":"string","text":"string","#),
            "{signatures}"
        );
        for part in [r#""message":{"id":32}"#, r#""ttl":32"#, r#""check":{"live":true}"#] {
            assert!(signatures.contains(part), "{part} is not in {signatures}");
        }
    }

    #[test]
    fn arguments_become_one_line_whatever_they_hold() {
        let send = method("send");
        for (text, expected) in [
            ("", ""),
            ("{ }", ""),
            (r#"{"ubus_rpc_session":"0123","to":"12"}"#, r#""to":"12""#),
            ("{\n\t\"to\": \"12\",\n\t\"text\": \"a\\nb\"\n}\n", r#""to":"12","text":"a\nb""#),
            ("{\"to\":[\n{\"op\":\"cancel\",\r\n\"id\":1}\n]}", r#""to":[ {"op":"cancel",  "id":1} ]"#),
        ] {
            assert_eq!(checked(send, text), Ok(expected.into()), "{text}");
        }
    }

    #[test]
    fn a_method_takes_its_own_arguments_only() {
        for text in [r#"{"id":1,"op":"cancel"}"#, r#"{"\u006fp":"cancel"}"#, r#"{"to":"12"}"#] {
            let refusal = checked(method("message"), text).unwrap_err();
            assert_eq!(refusal.code, ErrorCode::BadRequest);
            assert!(refusal.message.starts_with("'message' takes no argument "), "{refusal}");
        }
        assert_eq!(checked(method("send"), "[]").unwrap_err().code, ErrorCode::BadRequest);
    }
}
