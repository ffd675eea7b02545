//! The real daemon in front of boxes that it sends to by their web form.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use common::{Daemon, Folder, PATIENCE, Talk, config_with, field, quick_box};
use goip_sim::{Fault, Hang, Instead, Options, Page, Sim, Tags};

/// A daemon in front of `sim`, whose section has `options` too; once the box was seen.
fn daemon(sim: &Sim, options: &str) -> (Daemon, Talk) {
    let folder = Folder::new();
    let path = config_with(&folder, "option volatile '1'", &[("office", &sim.url(), 1)]);
    let text = std::fs::read_to_string(&path).unwrap();
    // What it is asked for is counted here, and is about sending alone.
    std::fs::write(&path, format!("{text}{options}\noption inbox_interval '0'\n")).unwrap();
    let daemon = Daemon::start_in(folder);
    let mut talk = daemon.connect();
    talk.ask_until(r#"{"op":"lines"}"#, r#""up":true"#);
    (daemon, talk)
}

/// The pages that the box was asked for, without their folder.
fn pages(sim: &Sim) -> Vec<String> {
    let page = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let mut pages: Vec<_> = sim.requests().iter().map(|request| page(&request.path)).collect();
    pages.dedup();
    pages
}

const FORM: &str = "option send_via 'form'";
const SHARED: &str = "option exclusive '0'\noption timeout '1'";

#[test]
fn a_message_goes_out_by_the_form_under_a_key_of_goipds_own() {
    let sim = quick_box();
    let (_daemon, mut talk) = daemon(&sim, FORM);
    assert_eq!(talk.ask("send +4915112345678 Grüße & mehr"), "ok 1");
    let reply = talk.ask_until(r#"{"op":"wait","id":1}"#, r#""state":"sent""#);
    let [job] = &sim.air()[..] else { panic!("once") };
    assert_eq!((job.number.as_str(), job.text.as_str()), ("+4915112345678", "Grüße & mehr"));
    assert_eq!(field(&reply, "device_id"), job.id);
    assert!(job.id.len() == 8 && job.id.starts_with('1'), "{}", job.id);
    assert_eq!(pages(&sim), ["send_sms_status.xml", "sms_info.html", "send_sms_status.xml"]);
    let send = sim.requests().into_iter().find(|request| request.page == Page::Send).unwrap();
    assert_eq!(send.var("smskey").as_deref(), Some(job.id.as_str()));
}

#[test]
fn a_long_text_goes_by_the_form_by_itself_and_arrives_whole() {
    let sim = quick_box();
    let (_daemon, mut talk) = daemon(&sim, "");
    let long = "Насос 3 стоит. ".repeat(30);
    assert_eq!(talk.ask(&format!("send +4915112345678 {long}")), "ok 1");
    assert_eq!(talk.ask("send +4915112345678 short"), "ok 2");
    talk.ask_until(r#"{"op":"wait","id":2}"#, r#""state":"sent""#);
    let texts: Vec<_> = sim.air().into_iter().map(|job| job.text).collect();
    assert_eq!(texts, [long.as_str(), "short"]);
    assert!(
        pages(&sim).contains(&"sms_info.html".to_owned()) && pages(&sim).contains(&"send.html".to_owned())
    );
}

#[test]
fn an_old_box_with_one_line_is_sent_to_by_its_own_form() {
    let sim = Sim::start(Options { send_ms: 50, tags: Tags::Plain, ..Options::default() });
    let (_daemon, mut talk) = daemon(&sim, FORM);
    assert_eq!(talk.ask("send +4915112345678 hello"), "ok 1");
    talk.ask_until(r#"{"op":"wait","id":1}"#, r#""state":"sent""#);
    assert_eq!(sim.air().len(), 1);
}

#[test]
fn a_lost_answer_is_decided_by_the_key_on_a_box_that_others_use_too() {
    let sim = quick_box();
    sim.command("foreign 1 777 theirs").unwrap();
    let (_daemon, mut talk) = daemon(&sim, SHARED);
    sim.fault(Fault::LostAfter.on(Page::Send));
    assert_eq!(talk.ask("send +4915112345678 taken"), "ok 1");
    let reply = talk.ask_until(r#"{"op":"wait","id":1}"#, r#""state":"sent""#);
    assert_eq!(field(&reply, "attempts"), "1", "{reply}");
    sim.fault(Fault::LostBefore.on(Page::Send));
    assert_eq!(talk.ask("send +4915112345678 not taken"), "ok 2");
    let reply = talk.ask_until(r#"{"op":"wait","id":2}"#, r#""state":"sent""#);
    assert_eq!(field(&reply, "attempts"), "2", "{reply}");
    let ours: Vec<_> = sim.air().into_iter().filter(|job| !job.foreign).map(|job| job.text).collect();
    assert_eq!(ours, ["taken", "not taken"]);
}

#[test]
fn a_daemon_that_dies_over_a_send_knows_its_key_again() {
    let sim = quick_box();
    let (mut daemon, mut talk) = daemon(&sim, SHARED);
    sim.fault(Fault::Hang { at: Hang::Taken, ms: 60_000 }.on(Page::Send));
    assert_eq!(talk.ask("send +4915112345678 once"), "ok 1");
    assert!(sim.wait_until(PATIENCE, |model| model.jobs().len() == 1));
    daemon.kill();
    sim.clear();
    daemon.start_again();
    let reply = daemon.connect().ask_until(r#"{"op":"wait","id":1}"#, r#""state":"sent""#);
    assert_eq!((field(&reply, "attempts"), sim.air().len()), ("1", 1), "{reply}");
    assert_eq!(field(&reply, "device_id"), sim.air()[0].id);
}

#[test]
fn a_form_that_does_not_say_that_it_sends_leaves_the_message_waiting_for_the_line() {
    let sim = quick_box();
    let (_daemon, mut talk) = daemon(&sim, FORM);
    sim.fault(Fault::Busy.times(1));
    assert_eq!(talk.ask("send +4915112345678 hello"), "ok 1");
    talk.ask_until(r#"{"op":"status","id":1}"#, r#""code":"busy""#);
    let reply = talk.ask_until(r#"{"op":"wait","id":1}"#, r#""state":"sent""#);
    assert_eq!((field(&reply, "attempts"), sim.air().len()), ("2", 1), "{reply}");
}

#[test]
fn a_box_that_does_not_keep_keys_leaves_it_unknown_and_has_sent_it_once() {
    let sim = Sim::start(Options { send_ms: 50, own_keys: true, ..Options::default() });
    let (_daemon, mut talk) = daemon(&sim, FORM);
    for lost in [false, true] {
        if lost {
            sim.fault(Fault::LostAfter.on(Page::Send));
        }
        let before = sim.jobs().len();
        let id = talk.ask("send +4915112345678 hello").split(' ').nth(1).unwrap().to_owned();
        talk.ask_until(&format!(r#"{{"op":"wait","id":{id}}}"#), r#""state":"unknown""#);
        assert_eq!(sim.jobs().len(), before + 1);
    }
}

#[test]
fn a_form_that_wants_another_login_fails_the_message_the_third_time() {
    let sim = quick_box();
    let (_daemon, mut talk) = daemon(&sim, FORM);
    sim.fault(Fault::Instead { what: Instead::Unauthorized, taken: false }.on(Page::Send).always());
    assert_eq!(talk.ask("send +4915112345678 hello"), "ok 1");
    talk.ask_until(r#"{"op":"wait","id":1}"#, r#""code":"bad_login""#);
    let reply = talk.ask_until(r#"{"op":"wait","id":1}"#, r#""state":"failed""#);
    assert_eq!((field(&reply, "attempts"), sim.jobs().len()), ("3", 0), "{reply}");
}
