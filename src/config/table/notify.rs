//! The tables of the sections `webhook` and `hook`.

use super::super::notify::{DEFAULT_CA_FILE, Hook, Webhook};
use super::super::option::{Absent, Kind, Spec, has_control, instead, path, quoted};
use super::super::token::{MAX_TOKEN_CHARS, MIN_TOKEN_CHARS, is_token};
use super::super::url;
use crate::journal::{EventKind, EventSet};

/// The options of a section of type `webhook`.
pub(in super::super) const WEBHOOK: &[Spec<Webhook>] = &[
    Spec {
        name: "url",
        absent: Absent::Required("http://192.168.1.9/sms"),
        kind: Kind::Own {
            form: url::WEBHOOK_FORM,
            set: |webhook, text| {
                webhook.url = url::webhook(text)?.as_str().into();
                Ok(())
            },
        },
    },
    Spec {
        name: "secret",
        absent: Absent::Required("at-least-16-characters"),
        kind: Kind::Own {
            form: "text",
            set: |webhook, text| {
                if !is_token(text) {
                    return Err(format!(
                        "is no secret; write {MIN_TOKEN_CHARS} to {MAX_TOKEN_CHARS} letters, digits and signs of \
                         ASCII, without blanks"
                    ));
                }
                webhook.secret = text.into();
                Ok(())
            },
        },
    },
    Spec {
        name: "event",
        absent: Absent::Unset,
        kind: Kind::List { form: "event", add: |webhook, text| event(&mut webhook.events, text) },
    },
    Spec {
        name: "client",
        absent: Absent::Unset,
        // Whether there is such a client is seen when all are known.
        kind: Kind::List { form: "client", add: |_, _| Ok(()) },
    },
    Spec {
        name: "ca_file",
        absent: Absent::Default(DEFAULT_CA_FILE),
        kind: Kind::Own {
            form: "path",
            set: |webhook, text| {
                webhook.ca_file = path(text)?;
                Ok(())
            },
        },
    },
    Spec {
        name: "timeout",
        absent: Absent::Default("10"),
        kind: Kind::Number { min: 1, max: 60, unit: "s", set: |webhook, s| webhook.timeout_s = s },
    },
];

/// The options of a section of type `hook`.
pub(in super::super) const HOOK: &[Spec<Hook>] = &[
    Spec {
        name: "command",
        absent: Absent::Required("/usr/bin/forward"),
        kind: Kind::List {
            form: "word",
            add: |hook, text| {
                if has_control(text) {
                    return Err(format!("{} holds a control character; remove it", quoted(text)));
                }
                hook.command.push(text.into());
                Ok(())
            },
        },
    },
    Spec {
        name: "event",
        absent: Absent::Unset,
        kind: Kind::List { form: "event", add: |hook, text| event(&mut hook.events, text) },
    },
    Spec {
        name: "timeout",
        absent: Absent::Default("30"),
        kind: Kind::Number { min: 1, max: 3600, unit: "s", set: |hook, s| hook.timeout_s = s },
    },
    Spec {
        name: "tries",
        absent: Absent::Default("5"),
        kind: Kind::Number { min: 1, max: 100, unit: "", set: |hook, count| hook.tries = count },
    },
];

fn event(events: &mut EventSet, text: &str) -> Result<(), String> {
    if events.add(text) {
        return Ok(());
    }
    let names: Vec<_> = EventKind::all().map(EventKind::as_str).collect();
    Err(format!("{} is no event; {}", quoted(text), instead(text, &names)))
}
