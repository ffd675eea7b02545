use super::*;
use crate::api::testing::{NOW, World};
use crate::message::ClientId;

fn refused(world: &mut World, request: &str) -> Refusal {
    world.answer(request).unwrap_err()
}

#[test]
fn a_send_is_accepted_and_waits_for_its_record() {
    let mut world = World::new();
    let (answer, after) = world.answer("send +49 hello").unwrap();
    assert_eq!(answer, Answer::Accepted { id: 1, replayed: false });
    assert_eq!(after, world.engine.ticket());
    assert!(after > 0);
}

#[test]
fn the_same_key_replays_the_same_request_only() {
    let mut world = World::new();
    let request = r#"{"op":"send","to":"+49 151","text":"hi","line":"office","key":"k"}"#;
    world.answer(request).unwrap();
    let (answer, _) = world.answer(&request.replace("+49 151", "+49-151")).unwrap();
    assert_eq!(answer, Answer::Accepted { id: 1, replayed: true });
    for other in ["+49152", "hello", "office/1"] {
        let from = match other {
            "+49152" => "+49 151",
            "hello" => "hi",
            _ => "office",
        };
        let refusal = refused(&mut world, &request.replace(from, other));
        assert_eq!(refusal.code, ErrorCode::DuplicateKey, "{other}");
    }
}

#[test]
fn number_text_and_line_are_checked_in_that_order() {
    let mut world = World::new();
    for (request, code) in [
        (r#"{"op":"send","to":"12x","text":"","line":"x"}"#, ErrorCode::InvalidNumber),
        (r#"{"op":"send","to":"12","text":"","line":"x"}"#, ErrorCode::EmptyText),
        (r#"{"op":"send","to":"12","text":"a","line":"x"}"#, ErrorCode::UnknownLine),
        (r#"{"op":"send","to":"12","text":"a","line":"office/3"}"#, ErrorCode::UnknownLine),
        (r#"{"op":"send","to":"12","text":"a","line":""}"#, ErrorCode::UnknownLine),
    ] {
        assert_eq!(refused(&mut world, request).code, code, "{request}");
    }
    assert_eq!(world.engine.counters().last_id, 0);
}

#[test]
fn an_unknown_line_is_answered_with_those_that_there_are() {
    let mut world = World::new();
    let refusal = refused(&mut world, r#"{"op":"send","to":"12","text":"a","line":"depot/2"}"#);
    assert_eq!(refusal.message, "no line 'depot/2' is configured; there are office/1 to office/2, depot/1");
}

#[test]
fn reading_waits_for_nothing_and_changing_for_its_record() {
    let mut world = World::new();
    world.answer("send 12 a").unwrap();
    assert_eq!(world.answer("status 1"), Ok((Answer::Message(1), 0)));
    assert_eq!(
        world.answer(r#"{"op":"wait","id":1,"timeout":5}"#),
        Ok((Answer::Wait { id: 1, timeout_s: 5 }, 0))
    );
    assert_eq!(
        world.answer(r#"{"op":"list"}"#),
        Ok((Answer::Page { owner: None, state: None, after: 0, limit: 50 }, 0))
    );
    assert_eq!(world.answer("ping"), Ok((Answer::Daemon, 0)));
    assert_eq!(world.answer(r#"{"op":"lines"}"#), Ok((Answer::Lines, 0)));
    let (answer, after) = world.answer("cancel 1").unwrap();
    assert_eq!(answer, Answer::Message(1));
    assert_eq!(after, world.engine.ticket());
}

#[test]
fn an_id_that_is_not_kept_is_not_found_by_any_request() {
    let mut world = World::new();
    for op in ["status", "wait", "cancel", "resend"] {
        let refusal = refused(&mut world, &format!(r#"{{"op":"{op}","id":7}}"#));
        assert_eq!(refusal, not_found(7), "{op}");
    }
}

#[test]
fn whoever_does_not_see_all_has_only_its_own_messages() {
    let mut world = World::new();
    let [one, two] = [1, 2].map(|n| Origin::Client(ClientId(n)));
    for origin in [Origin::Local, one, two] {
        world.caller = Caller { origin, all: false, inbox: LineSet::NONE };
        world.answer("send 12 a").unwrap();
    }
    for (id, origin) in [(1, Origin::Local), (2, one), (3, two)] {
        world.caller = Caller { origin, all: false, inbox: LineSet::NONE };
        for other in (1..=3).filter(|&other| other != id) {
            for op in ["status", "wait", "cancel", "resend"] {
                let refusal = refused(&mut world, &format!(r#"{{"op":"{op}","id":{other}}}"#));
                assert_eq!(refusal, not_found(other), "{op}");
            }
        }
        assert!(world.reply(r#"{"op":"list"}"#).contains(&format!(r#""messages":[{{"id":{id},"#)));
        assert!(world.reply(r#"{"op":"list"}"#).ends_with(&format!(r#"],"next":{id}}}"#)));
        assert_eq!(world.reply(&format!("cancel {id}")), "ok cancelled");
        world.caller.all = true;
        assert!(world.reply(r#"{"op":"list"}"#).ends_with(r#"],"next":3}"#));
    }
}

#[test]
fn keys_belong_to_the_caller() {
    let mut world = World::new();
    let request = r#"{"op":"send","to":"12","text":"a","key":"k"}"#;
    for (id, origin) in [(1, Origin::Local), (2, Origin::Client(ClientId(7)))] {
        world.caller.origin = origin;
        assert_eq!(world.answer(request).unwrap().0, Answer::Accepted { id, replayed: false });
        assert_eq!(world.answer(request).unwrap().0, Answer::Accepted { id, replayed: true });
    }
}

#[test]
fn what_cannot_be_done_any_more_is_too_late() {
    let mut world = World::new();
    world.answer("send 12 a").unwrap();
    assert_eq!(refused(&mut world, r#"{"op":"resend","id":1}"#).code, ErrorCode::TooLate);
    world.submit(NOW);
    assert_eq!(refused(&mut world, "cancel 1").code, ErrorCode::TooLate);
}
