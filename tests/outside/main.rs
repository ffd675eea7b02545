//! The relay before programs that are not ours: clients that were written for a GoIP, a parser of
//! Prometheus figures, a tester that knows nothing but the relay's own description, and the lines
//! of `docs/http.md`. `make setup` brings them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at any surprise")]

#[path = "../common/mod.rs"]
mod common;
mod document;
mod tool;

use common::quick_box;
use common::relay::{ADMIN, Relay, SEND_ONLY, TOKEN};
use goip_sim::{Options, Sim};
use tool::Tool;

/// Examples of requests for each route and method. All of them together take half a minute.
const EXAMPLES: &str = "60";

#[test]
fn python_programs_that_were_written_for_a_goip_work() {
    let sim = Sim::start(Options { lines: 2, send_ms: 50, ..Options::default() });
    let relay = Relay::start(&sim);
    Tool::python("goip_clients.py").run(&relay);
    let texts: Vec<_> = sim.air().into_iter().map(|sms| sms.text).collect();
    for text in ["Pumpe 3 läuft, 50 % & mehr", "by POST", "by the query", "at once 0", "at once 4"] {
        assert_eq!(texts.iter().filter(|known| *known == text).count(), 1, "{text}: {texts:?}");
    }
}

#[test]
fn the_npm_package_goip_sends_and_sees_the_end() {
    let sim = Sim::start(Options { lines: 2, send_ms: 50, ..Options::default() });
    let relay = Relay::start(&sim);
    // To its reader of XML an id of digits alone is a number, and is no id that it knows: with a
    // box, too. After nine others the next ones are 0000000a to 0000000f.
    for _ in 0..9 {
        assert_eq!(relay.post(r#"{"to":"12345","text":"x","line":"office/2"}"#).status, 202);
    }
    Tool::node("http_sms.js").run(&relay);
    assert!(sim.air().iter().any(|sms| sms.text == "Grüße von der Pumpe"));
}

#[test]
fn the_web_form_works_with_curl() {
    let sim = Sim::start(Options { lines: 2, send_ms: 50, ..Options::default() });
    let relay = Relay::start(&sim);
    Tool::shell("web_form.sh").run(&relay);
    assert_eq!(sim.air()[0].text, "Wasser 1,82 m & steigt");
}

#[test]
fn prometheus_reads_every_figure_that_is_documented_and_no_other() {
    let sim = quick_box();
    let relay = Relay::start(&sim);
    assert_eq!(relay.post(r#"{"to":"12345","text":"x","line":"office/1"}"#).status, 202);
    assert!(relay.get("/v1/messages/1?wait=20").body.contains("\"state\":\"sent\""));
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/http.md");
    Tool::python("metrics.py").argument(document).run(&relay);
}

#[test]
fn the_relay_is_what_its_description_says() {
    let sim = Sim::start(Options { lines: 2, send_ms: 50, ..Options::default() });
    // Or each of the questions for the inbox would wait.
    sim.command("sms 1 777 x").unwrap();
    let relay = Relay::start(&sim);
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/outside/schemathesis.toml");
    Tool::new("checks/bin/schemathesis")
        .argument("--config-file")
        .argument(config)
        .argument("run")
        .argument(&format!("http://{}/openapi.json", relay.address))
        .argument("--no-color")
        .argument("--continue-on-failure")
        .argument("--max-examples")
        .argument(EXAMPLES)
        .argument("--header")
        .argument(&format!("Authorization: Bearer {ADMIN}"))
        .argument("--checks")
        .argument("all")
        // Wrong logins are slowed down by address: after five nothing else would be tested. And
        // what was taken back is not gone: it is kept as cancelled.
        .argument("--exclude-checks")
        .argument("ignored_auth,use_after_free")
        // A stream that has no end is waited for in vain; tests/relay.rs reads it.
        .argument("--exclude-operation-id")
        .argument("events")
        .run(&relay);
    assert_eq!(relay.get("/health").status, 200);
}

#[test]
fn every_line_of_the_document_does_what_it_says() {
    // So long that what waits for its turn in one line still waits in the next.
    let sim = Sim::start(Options { lines: 2, send_ms: 3000, ..Options::default() });
    sim.command("sms 1 +51987654321 Is pump 3 running?").unwrap();
    let relay = Relay::start(&sim);
    document::run(include_str!("../../docs/http.md"), &relay);
}

#[test]
fn who_may_only_send_does_so_as_any_program() {
    let sim = quick_box();
    let relay = Relay::start(&sim);
    Tool::python("send_only.py").run(&relay);
    assert_eq!(sim.air()[0].text, "an alarm");
}

/// What every tool finds in its environment.
fn environment(relay: &Relay) -> [(&'static str, String); 4] {
    [
        ("RELAY", format!("http://{}", relay.address)),
        ("TOKEN", TOKEN.to_owned()),
        ("ADMIN", ADMIN.to_owned()),
        ("SEND_ONLY", SEND_ONLY.to_owned()),
    ]
}
