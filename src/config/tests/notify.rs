use super::*;
use crate::journal::{EventKind, EventSet};
use crate::message::{ClientId, State};

/// A webhook that is right.
pub(super) const CRM: &str =
    "config webhook 'crm'\n\toption url 'http://crm.lan/s3cret'\n\toption secret 'hush-0123456789ab'\n";

/// A hook that is right.
pub(super) const FORWARD: &str = "config hook 'forward'\n\toption command '/bin/forward'\n";

fn with(sections: &str) -> Config {
    config(&format!("{OFFICE}{sections}"))
}

/// The errors of `sections` behind [`OFFICE`], from line 5 on.
fn error_behind(sections: &str) -> String {
    errors(&format!("{OFFICE}{sections}"))
}

fn events(names: &[&str]) -> EventSet {
    let mut set = EventSet::default();
    assert!(names.iter().all(|name| set.add(name)));
    set
}

#[test]
fn every_option_of_a_webhook_reaches_its_place() {
    let [plain] = &with(CRM).webhooks[..] else { panic!("one webhook") };
    assert_eq!((plain.name.as_str(), plain.url.expose()), ("crm", "http://crm.lan/s3cret"));
    assert_eq!(plain.secret.expose(), "hush-0123456789ab");
    assert_eq!((plain.events, plain.clients.len(), plain.timeout_s), (events(&["received"]), 0, 10));
    assert_eq!(plain.ca_file, Path::new(DEFAULT_CA_FILE));
    let more =
        format!("{CRM} list event sent\n list event line_down\n list client nagios\n option timeout 60\n");
    let config = with(&format!("{more}{}", relay::NAGIOS));
    let webhook = &config.webhooks[0];
    assert_eq!((webhook.events, webhook.timeout_s), (events(&["sent", "line_down"]), 60));
    assert!(webhook.events.has(EventKind::Message(State::Sent)));
    assert_eq!(webhook.clients, [ClientId::of("nagios")]);
}

#[test]
fn a_command_is_words_however_it_is_written() {
    let command = |lines: &str| with(&format!("config hook h\n{lines}\n")).hooks[0].command.clone();
    assert_eq!(command("option command '/bin/a  -x \"b\" $c'"), ["/bin/a", "-x", "\"b\"", "$c"]);
    assert_eq!(
        command("list command '/bin/a b'\nlist command ''\nlist command '-x y'"),
        ["/bin/a b", "", "-x y"]
    );
    let hook =
        &with(&format!("{FORWARD} option timeout 3600\n option tries 100\n list event failed\n")).hooks[0];
    assert_eq!((hook.timeout_s, hook.tries, hook.events), (3600, 100, events(&["failed"])));
    let hook = &with(FORWARD).hooks[0];
    assert_eq!((hook.timeout_s, hook.tries, hook.events), (30, 5, events(&["received"])));
}

#[test]
fn every_bad_value_of_a_webhook_is_named_with_its_cure() {
    let secret = "is no secret; write 16 to 256 letters, digits and signs of ASCII, without blanks";
    for (line, expected) in [
        ("option timeout 61", "option 'timeout': '61' is out of range; write 1 to 60 s"),
        ("list client shop", "option 'client': 'shop' is not configured; the clients are: nagios"),
        ("option ca_file /etc/ca.pem", "option 'ca_file': the url is not https; remove this line"),
        (
            "option proxy x",
            "unknown option 'proxy'; known here: url, secret, event, client, ca_file, timeout",
        ),
    ] {
        let told = error_behind(&format!("{CRM}{line}\n{}", relay::NAGIOS));
        assert_eq!(told, format!("goipd:8: {expected}"));
    }
    let told = error_behind(&format!("{CRM}list client shop\n"));
    let cure = "no client is; write like: config client 'nagios'";
    assert_eq!(told, format!("goipd:8: option 'client': 'shop' is not configured; {cure}"));
    let event = error_behind(&format!("{CRM}list event 'snt'\n"));
    assert!(event.starts_with(
        "goipd:8: option 'event': 'snt' is no event; did you mean 'sent'? Known here: queued, "
    ));
    for short in ["hush", "hush 0123456789abc", &"x".repeat(257)] {
        let told = error_behind(&CRM.replace("hush-0123456789ab", short));
        assert_eq!(told, format!("goipd:7: option 'secret': {secret}"));
    }
    let missing = error_behind("config webhook crm\n");
    assert!(missing.contains("option 'url' is missing") && missing.contains("option 'secret' is missing"));
}

#[test]
fn every_bad_value_of_a_hook_is_named_with_its_cure() {
    for (lines, expected) in [
        (
            "option command 'forward x'",
            "6: option 'command': 'forward' is no absolute path; begin it with '/'",
        ),
        ("option command ' '", "6: option 'command': '' is no absolute path; begin it with '/'"),
        (
            "list command '/a'\nlist command 'a\nb'",
            "7: option 'command': 'a\\nb' holds a control character; remove it",
        ),
        (
            "",
            "5: option 'command' is missing in this section of type 'hook'; add a line: list command '/usr/bin/forward'",
        ),
        ("option command /x\noption tries 0", "7: option 'tries': '0' is out of range; write 1 to 100"),
        (
            "option command /x\noption timeout 0",
            "7: option 'timeout': '0' is out of range; write 1 to 3600 s",
        ),
    ] {
        assert_eq!(error_behind(&format!("config hook h\n{lines}\n")), format!("goipd:{expected}"));
    }
}

#[test]
fn webhooks_and_hooks_need_names_and_there_are_not_too_many() {
    assert_eq!(
        error_behind(&CRM.replace(" 'crm'", "")),
        "goipd:5: a webhook needs a name; write it like: config webhook 'crm'"
    );
    assert_eq!(
        error_behind(&FORWARD.replace(" 'forward'", "")),
        "goipd:5: a hook needs a name; write it like: config hook 'forward'"
    );
    let hooks = |count: usize| -> String {
        (0..count).map(|n| FORWARD.replace("'forward'", &format!("'f{n}'"))).collect()
    };
    with(&hooks(MAX_HOOKS));
    assert!(error_behind(&hooks(MAX_HOOKS + 1)).ends_with("more than 16 hooks; remove some"));
    let webhooks =
        |count: usize| -> String { (0..count).map(|n| CRM.replace("'crm'", &format!("'w{n}'"))).collect() };
    with(&webhooks(MAX_WEBHOOKS));
    assert!(error_behind(&webhooks(MAX_WEBHOOKS + 1)).ends_with("more than 8 webhooks; remove some"));
}

#[test]
fn neither_an_error_nor_debug_shows_a_secret_or_the_path_of_a_url() {
    let config = with(CRM);
    let shown = format!("{config:?}");
    assert!(!shown.contains("hush") && !shown.contains("s3cret"), "{shown}");
    for bad in ["http://crm.lan:0/s3cret", "ftp://crm.lan/s3cret", "crm.lan/s3cret", "http://crm/s3cret#x"] {
        let told = error_behind(&CRM.replace("http://crm.lan/s3cret", bad));
        assert!(!told.contains("s3cret"), "{told}");
    }
}

#[test]
fn senders_are_whole_or_end_with_a_star() {
    let main = |lines: &str| format!("config goipd main\n{lines}\n{OFFICE}");
    let senders =
        config(&main("list allow_from '+49*'\nlist allow_from Bank\nlist deny_from '+4930*'")).senders;
    for (from, passes) in [("+49151", true), ("+49301", false), ("BANK", true), ("777", false)] {
        assert_eq!(senders.pass(from), passes, "{from}");
    }
    assert_eq!(
        errors(&main("list deny_from '*77'")),
        "goipd:2: option 'deny_from': '*77' is no sender; write a number or name as the inbox shows it, or its \
         beginning and a '*' behind it"
    );
}
