use super::*;
use crate::serve::LEAVING_MS;

#[test]
fn a_client_may_end_its_side_and_still_gets_its_answers() {
    let mut connection = connection(&[GET, POST, b"GET"].concat());
    connection.ended();
    assert!(connection.has_ended() && !connection.is_done() && !connection.wants_bytes());
    assert_eq!(serve(&mut connection).len(), 2);
    assert!(!connection.is_done());
    assert_eq!(read(&mut connection, 0), [ok(), ok()].concat());
    assert!(connection.is_done(), "what has no end is no request");
}

#[test]
fn what_was_asked_before_hanging_up_is_done() {
    let mut connection = connection(&[GET, POST, GET, b"GET"].concat());
    take(&mut connection);
    connection.hung_up();
    assert!(connection.has_ended() && !connection.is_done());
    connection.respond(0, &OK, 7);
    assert_eq!(serve(&mut connection).len(), 2);
    assert!(connection.is_done());
}

#[test]
fn a_head_that_comes_byte_by_byte_is_refused_at_its_time() {
    let mut connection = Connection::new(0, Timeouts::default());
    let head_ms = Timeouts::default().head_ms;
    for (second, byte) in b"\r\nGET / HTTP/1.1".iter().enumerate() {
        let now_ms = 1_000 * second as u64;
        connection.received(now_ms, &[*byte]);
        let begun_ms = if second < 2 { 0 } else { 2_000 };
        if second != 1 {
            assert_eq!(connection.deadline_ms(), Some(begun_ms + head_ms), "{second}");
        }
        assert_eq!(connection.waiting_since(), Some(0));
    }
    assert_eq!(connection.expire(1_999 + head_ms), None);
    assert_eq!(connection.expire(2_000 + head_ms), Some(Overdue::Head));
    assert_eq!(serve(&mut connection), [Seen::Refused(408)]);
    assert!(read(&mut connection, 0).starts_with("HTTP/1.1 408 Request Timeout\r\n"));
    assert!(connection.is_shown_out());
}

#[test]
fn a_body_that_does_not_end_is_refused_at_its_time() {
    let mut connection = Connection::new(0, Timeouts::default());
    connection.received(0, &POST[..POST.len() - 2]);
    connection.go_on(3_000);
    connection.received(9_000, b"a");
    let due_ms = 3_000 + Timeouts::default().body_ms;
    assert_eq!(connection.deadline_ms(), Some(due_ms));
    assert_eq!(connection.expire(due_ms - 1), None);
    assert_eq!(connection.expire(due_ms), Some(Overdue::Body));
    assert_eq!(serve(&mut connection), [Seen::Refused(408)]);
}

#[test]
fn a_head_behind_another_request_has_its_time_from_its_turn_on() {
    let mut connection = connection(&[GET, b"GET"].concat());
    take(&mut connection);
    connection.respond(60_000, &OK, 0);
    read(&mut connection, 0);
    assert_eq!(connection.deadline_ms(), Some(60_000 + Timeouts::default().head_ms));
}

#[test]
fn an_idle_client_is_closed_without_a_word() {
    let idle_ms = Timeouts::default().idle_ms;
    let mut fresh = Connection::new(500, Timeouts::default());
    assert_eq!(fresh.deadline_ms(), Some(500 + idle_ms));
    fresh.received(1_000, b"\r\n");
    assert_eq!(fresh.deadline_ms(), Some(500 + idle_ms), "an empty line asks nothing");
    assert_eq!(fresh.expire(499 + idle_ms), None);
    assert_eq!(fresh.expire(500 + idle_ms), Some(Overdue::Idle));
    assert!(fresh.is_done() && fresh.sendable(0).is_empty());

    let mut used = connection(GET);
    take(&mut used);
    used.respond(7_000, &OK, 0);
    assert_eq!(used.deadline_ms(), None);
    let len = used.sendable(0).len();
    used.sent(8_000, len);
    assert_eq!(used.deadline_ms(), Some(8_000 + idle_ms));
}

#[test]
fn a_client_that_takes_hardly_anything_of_its_response_is_given_up() {
    let mut connection = connection(GET);
    take(&mut connection);
    connection.respond(0, &Response { body: &[b'x'; 4096], ..OK }, 0);
    connection.sent(1_000, 0);
    let stalled_ms = Timeouts::default().stalled_ms;
    connection.sent(2_000, 1_000);
    connection.sent(3_000, 0);
    assert_eq!(connection.deadline_ms(), Some(1_000 + stalled_ms), "a few bytes do not help");
    connection.sent(4_000, 100);
    assert_eq!(connection.deadline_ms(), None);
    connection.sent(5_000, 0);
    assert_eq!(connection.expire(5_000 + stalled_ms), Some(Overdue::Stalled));
    assert!(connection.is_done());
}

#[test]
fn who_was_shown_out_has_some_time_to_close() {
    let mut connection = connection(b"GET / HTTP/1.0\r\n\r\n");
    serve(&mut connection);
    let len = connection.sendable(0).len();
    connection.sent(1_000, len);
    assert!(connection.is_shown_out() && connection.is_leaving() && !connection.is_done());
    connection.received(1_500, b"more");
    assert_eq!(connection.memory_bytes(), 0);
    assert_eq!(connection.deadline_ms(), Some(1_000 + LEAVING_MS));
    assert_eq!(connection.expire(1_000 + LEAVING_MS), Some(Overdue::Leaving));
    assert!(connection.is_done());
}

#[test]
fn who_is_shown_out_while_it_is_answered_gets_that_answer() {
    let mut busy = connection(&GET.repeat(2));
    take(&mut busy);
    busy.leave(0);
    assert!(!busy.is_leaving());
    busy.respond(0, &OK, 0);
    assert_eq!(read(&mut busy, 0), last_ok());
    assert!(busy.is_shown_out());

    let mut idle = connection(b"GET");
    idle.leave(0);
    assert!(idle.is_shown_out());
}

#[test]
fn who_has_sent_no_whole_request_or_takes_no_answer_is_the_one_that_waits() {
    let mut connection = Connection::new(100, Timeouts::default());
    assert_eq!(connection.waiting_since(), Some(100));
    connection.received(200, &GET[..5]);
    assert_eq!(connection.waiting_since(), Some(100), "a byte now and then does not help");
    connection.received(300, &GET[5..]);
    assert_eq!(connection.waiting_since(), None);
    take(&mut connection);
    connection.respond(400, &OK, 0);
    assert_eq!(connection.waiting_since(), None, "it has its answer still to take");
    connection.sent(500, ok().len());
    assert_eq!(connection.waiting_since(), Some(500));
    connection.received(600, &POST[..POST.len() - 1]);
    assert_eq!(connection.waiting_since(), None, "its head is judged");
    connection.go_on(700);
    assert_eq!(connection.waiting_since(), Some(500), "its body does not end");
    connection.received(800, &POST[POST.len() - 1..]);
    assert_eq!(connection.waiting_since(), None);
    assert!(matches!(connection.next_step(), Some(Step::Request(_))));
    connection.respond(900, &OK, 0);
    connection.sent(1000, 0);
    assert_eq!(connection.waiting_since(), Some(1000), "it does not read");
    connection.leave(1100);
    assert_eq!((connection.waiting_since(), connection.leaving_since()), (None, Some(1100)));
    connection.give_up();
    assert_eq!((connection.waiting_since(), connection.is_done()), (None, true));
}
