use super::*;

/// A client that has sent `bytes` at time 0.
fn client(bytes: &[u8]) -> Client {
    let mut client = Client::new(0);
    client.received(0, bytes);
    client
}

fn status(id: u32) -> Option<(Form, Result<Request, Refusal>)> {
    Some((Form::Words, Ok(Request::Status { id })))
}

fn code(request: Option<(Form, Result<Request, Refusal>)>) -> Option<(Form, ErrorCode)> {
    request.map(|(form, request)| (form, request.unwrap_err().code))
}

fn shown(client: &Client, durable: Ticket) -> &str {
    str::from_utf8(client.sendable(durable)).unwrap()
}

#[test]
fn requests_come_out_one_by_one_however_their_bytes_came_in() {
    let bytes = b"status 1\nstatus 2\n{\"op\":\"ping\"}\n";
    for size in 1..=bytes.len() {
        let mut client = Client::new(0);
        let mut requests = Vec::new();
        for chunk in bytes.chunks(size) {
            client.received(0, chunk);
            while let Some(request) = client.next_request(0) {
                requests.push(request);
            }
        }
        let ping = Some((Form::Json, Ok(Request::Ping)));
        let expected: Vec<_> = [status(1), status(2), ping].into_iter().flatten().collect();
        assert_eq!(requests, expected, "in pieces of {size} bytes");
    }
}

/// What a client asks that sends `bytes` in pieces of `size`, and then ends.
fn asked(bytes: &[u8], size: usize) -> Vec<(Form, Result<Request, Refusal>)> {
    let mut client = Client::new(0);
    let mut requests = Vec::new();
    for piece in bytes.chunks(size) {
        client.received(0, piece);
        while client.has_request() {
            requests.extend(client.next_request(0));
        }
        assert_eq!(client.next_request(0), None);
        assert!(client.input.len() - client.taken <= MAX_LINE_BYTES);
    }
    client.ended();
    requests.extend(core::iter::from_fn(|| client.next_request(0)));
    requests
}

#[test]
fn where_the_pieces_end_makes_no_difference_whatever_the_bytes() {
    let longest = [&b"status "[..], &b"0".repeat(MAX_LINE_BYTES - 8), b"7\n"].concat();
    let too_long = [&b"{"[..], &b"x".repeat(MAX_LINE_BYTES), b"\n"].concat();
    let parts: [&[u8]; 10] = [
        b"",
        b"status 1\n",
        b"{\"op\":\"ping\"}\r\n",
        b"send 110 gr\xfc\xdfe\n",
        b"\n",
        b"\0\r\n",
        b"{\"op\":",
        b"status 2",
        &longest,
        &too_long,
    ];
    for first in parts {
        for second in parts {
            for third in parts {
                let bytes = [first, second, third].concat();
                let sizes: &[usize] = if bytes.len() > MAX_LINE_BYTES {
                    &[4096, MAX_LINE_BYTES - 1, MAX_LINE_BYTES, MAX_LINE_BYTES + 1, MAX_LINE_BYTES + 2]
                } else {
                    &[1, 2, 3, 5, 11]
                };
                let whole = asked(&bytes, usize::MAX);
                for &size in sizes {
                    let shown = bytes[..bytes.len().min(100)].escape_ascii();
                    assert_eq!(asked(&bytes, size), whole, "pieces of {size}: {shown}");
                }
            }
        }
    }
}

#[test]
fn an_empty_line_is_a_request_and_a_bad_one() {
    let mut client = client(b"\n\n");
    assert_eq!(code(client.next_request(0)), Some((Form::Words, ErrorCode::BadRequest)));
    assert_eq!(code(client.next_request(0)), Some((Form::Words, ErrorCode::BadRequest)));
    assert_eq!(client.next_request(0), None);
}

#[test]
fn the_last_line_needs_no_line_feed_once_the_client_has_ended() {
    let mut client = client(b"status 1\nstatus 2");
    assert_eq!(client.next_request(0), status(1));
    assert_eq!(client.next_request(0), None);
    assert!(!client.is_done());
    client.ended();
    assert_eq!(client.next_request(0), status(2));
    assert_eq!(client.next_request(0), None);
    assert!(client.is_done());
}

#[test]
fn a_client_that_ended_is_done_only_when_it_has_its_replies() {
    let mut client = client(b"status 1\n");
    client.ended();
    client.next_request(0);
    client.reply("ok sent", 0);
    assert!(!client.is_done());
    client.sent(0, 8);
    assert!(client.is_done());
}

#[test]
fn a_line_of_the_greatest_length_passes_and_a_longer_one_is_answered_once() {
    let mut longest = format!("status {}", "0".repeat(MAX_LINE_BYTES - 8));
    longest.push_str("7\n");
    assert_eq!(client(longest.as_bytes()).next_request(0), status(7));

    for (byte, form) in [("{", Form::Json), ("x", Form::Words)] {
        let mut client = client(byte.repeat(MAX_LINE_BYTES).as_bytes());
        assert_eq!(client.next_request(0), None);
        assert!(client.wants_bytes());
        client.received(0, byte.as_bytes());
        assert_eq!(code(client.next_request(0)), Some((form, ErrorCode::TooLarge)));
        client.reply("error too_large", 0);
        client.received(0, b"\nstatus 1\n");
        assert_eq!(client.next_request(0), None);
        assert!(client.wants_bytes(), "the rest is read and thrown away");
        client.sent(0, 16);
        assert!(client.is_shown_out());
    }
}

#[test]
fn a_reply_is_shown_when_its_ticket_is_durable_and_none_overtakes_it() {
    let mut client = Client::new(0);
    client.reply("a", 0);
    client.reply("b", 7);
    client.reply("c", 0);
    client.reply("d", 9);
    client.reply("e", 8);
    assert_eq!(shown(&client, 0), "a\n");
    assert_eq!(shown(&client, 6), "a\n");
    assert_eq!(shown(&client, 7), "a\nb\nc\n");
    assert_eq!(shown(&client, 9), "a\nb\nc\nd\ne\n");
}

#[test]
fn what_was_taken_in_parts_goes_on_where_it_stopped() {
    let mut client = Client::new(0);
    client.reply("abc", 1);
    client.reply("def", 2);
    assert_eq!(shown(&client, 1), "abc\n");
    client.sent(0, 3);
    assert_eq!(shown(&client, 1), "\n");
    client.sent(0, 1);
    assert_eq!(shown(&client, 1), "");
    assert!(!client.is_flushed());
    assert_eq!(shown(&client, 2), "def\n");
    client.sent(0, 4);
    assert!(client.is_flushed());
}

#[test]
fn a_wait_lets_later_requests_wait_and_nothing_is_read_meanwhile() {
    let mut client = client(b"status 1\nstatus 2\n");
    client.next_request(0);
    let wait = Wait { answer: Answer::Message(1), form: Form::Words, until_ms: 5_000 };
    client.wait(wait);
    assert_eq!(client.next_request(0), None);
    assert!(!client.wants_bytes());
    assert_eq!(client.deadline_ms(), None);
    assert_eq!(client.waits_for(), Some(wait));
    client.waited(1_000);
    assert_eq!(client.next_request(1_000), status(2));
}

#[test]
fn a_client_that_does_not_read_is_not_read_from() {
    let mut client = client(b"status 1\nstatus 2\n");
    client.next_request(0);
    client.reply(&"x".repeat(FULL_OUTPUT_BYTES), 0);
    assert_eq!(client.next_request(0), None);
    assert!(!client.wants_bytes());
    client.sent(0, 1);
    assert_eq!(client.next_request(0), None);
    client.sent(0, 1);
    assert!(client.wants_bytes());
    assert_eq!(client.next_request(0), status(2));
}

#[test]
fn only_so_many_replies_wait_for_the_disk() {
    let mut client = client(b"status 1\n");
    for ticket in 1..=MAX_HELD_REPLIES {
        assert!(client.wants_bytes());
        client.reply("ok", ticket as Ticket);
    }
    assert!(!client.wants_bytes());
    assert_eq!(client.next_request(0), None);
}

#[test]
fn what_was_asked_before_hanging_up_is_done() {
    let mut client = client(b"status 1\nstatus 2\nstatus 3");
    client.next_request(0);
    client.wait(Wait { answer: Answer::Message(1), form: Form::Words, until_ms: 5_000 });
    client.hung_up();
    client.ended();
    assert_eq!(client.waits_for().map(|w| w.until_ms), Some(0), "nobody waits any more");
    client.waited(0);
    client.reply("ok queued", 0);
    assert!(client.is_flushed());
    assert_eq!(client.next_request(0), status(2));
    assert_eq!(client.next_request(0), status(3));
    assert!(client.is_done());
}

#[test]
fn an_idle_client_is_given_up_after_its_time() {
    let mut client = client(b"status 1\n");
    client.next_request(0);
    client.reply("ok sent", 0);
    client.sent(500, 8);
    assert_eq!(client.deadline_ms(), Some(500 + IDLE_MS));
    assert_eq!(client.expire(499 + IDLE_MS), None);
    assert_eq!(client.expire(500 + IDLE_MS), Some(Overdue::Idle));
    assert!(client.is_done());
}

#[test]
fn a_line_that_does_not_end_is_answered_and_its_client_shown_out() {
    let mut client = client(b"status 1\n{\"op\"");
    client.next_request(100);
    client.received(20_000, b":");
    assert_eq!(client.deadline_ms(), Some(100 + PARTIAL_LINE_MS));
    assert_eq!(client.expire(100 + PARTIAL_LINE_MS), Some(Overdue::PartialLine));
    let reply = shown(&client, 0).to_owned();
    assert!(reply.starts_with(r#"{"ok":false,"error":"bad_request","message":"the request did not end"#));
    client.sent(40_000, reply.len());
    assert!(client.is_shown_out() && !client.is_done());
    assert_eq!(client.expire(40_000 + LEAVING_MS), Some(Overdue::Leaving));
    assert!(client.is_done());
}

#[test]
fn a_client_that_takes_no_byte_of_its_reply_is_given_up() {
    let mut client = Client::new(0);
    client.reply("abc", 0);
    client.sent(1_000, 0);
    client.sent(2_000, 0);
    assert_eq!(client.deadline_ms(), Some(1_000 + STALLED_MS));
    client.sent(3_000, 1);
    assert_eq!(client.deadline_ms(), None);
    client.sent(4_000, 0);
    assert_eq!(client.expire(4_000 + STALLED_MS), Some(Overdue::Stalled));
    assert!(client.is_done());
}

#[test]
fn a_reply_that_waits_for_the_disk_has_no_deadline() {
    let mut client = Client::new(0);
    client.reply("abc", 1);
    assert_eq!(client.deadline_ms(), None);
    assert_eq!(client.expire(u64::MAX), None);
}

#[test]
fn buffers_are_given_back_when_they_are_empty() {
    let mut client = client(&b"status 1\n".repeat(100));
    while client.next_request(0).is_some() {}
    client.reply("ok", 1);
    client.sent(0, 3);
    assert_eq!((client.input.capacity(), client.output.capacity(), client.held.capacity()), (0, 0, 0));
}

#[test]
fn a_message_that_cannot_be_stored_is_refused_in_the_place_of_its_reply() {
    let mut client = Client::new(0);
    client.reply("ok pong", 0);
    client.reply_accepted("ok 1", 5, 1);
    client.reply_accepted(r#"{"ok":true,"id":2}"#, 6, 2);
    client.reply("ok sent", 0);
    // Two requests with the same key.
    client.reply_accepted(r#"{"ok":true,"id":2,"replayed":true}"#, 6, 2);
    client.reply_accepted("ok 3", 7, 3);
    assert_eq!(client.held_messages(5).collect::<Vec<_>>(), [2, 2, 3]);
    let refusal = Refusal::new(ErrorCode::Storage, "full");
    client.refuse_held(2, &refusal);
    let refused = r#"{"ok":false,"error":"storage","message":"full"}"#;
    assert_eq!(shown(&client, 4), "ok pong\n");
    assert_eq!(shown(&client, 5), format!("ok pong\nok 1\n{refused}\nok sent\n{refused}\n"));
    client.refuse_held(1, &refusal);
    client.refuse_held(3, &refusal);
    let all = format!("ok pong\nerror storage full\n{refused}\nok sent\n{refused}\nerror storage full\n");
    assert_eq!(shown(&client, 0), all);
    assert_eq!(client.held_messages(0).count(), 0);
}

#[test]
fn what_stands_behind_a_refused_message_still_waits_for_its_own_ticket() {
    let mut client = Client::new(0);
    client.reply_accepted("ok 2", 6, 2);
    client.reply("ok cancelled", 5);
    client.refuse_held(2, &Refusal::new(ErrorCode::Storage, "full"));
    assert_eq!(shown(&client, 4), "error storage full\n");
    assert_eq!(shown(&client, 5), "error storage full\nok cancelled\n");
}

#[test]
fn a_stream_gets_events_as_long_as_it_has_room_and_is_heard_meanwhile() {
    let mut client = client(b"status 1\n");
    assert_eq!(client.wants_event(), None);
    client.stream(7);
    assert_eq!(client.wants_event(), Some(7));
    assert_eq!(client.next_request(0), status(1), "it may be an ack");
    client.reply(&"x".repeat(FULL_STREAM_BYTES), 0);
    assert_eq!((client.wants_event(), client.is_streaming()), (None, true));
    client.sent(0, 2);
    assert_eq!(client.wants_event(), Some(7));
}

#[test]
fn a_stream_goes_on_though_its_client_sends_nothing_more_and_ends_when_it_has_gone() {
    let mut client = client(b"");
    client.stream(7);
    client.ended();
    assert!(!client.is_done());
    assert_eq!(client.deadline_ms(), None, "it may be quiet for days");
    client.hung_up();
    assert!(client.is_done() && !client.is_streaming());
    client.stream(8);
    assert!(!client.is_streaming(), "nobody reads it");
}

#[test]
fn a_stream_that_is_not_read_is_given_up_and_one_that_is_shown_out_ends() {
    let mut stalled = client(b"");
    stalled.stream(7);
    stalled.reply("event", 0);
    stalled.sent(5, 0);
    assert_eq!(stalled.expire(5 + STALLED_MS), Some(Overdue::Stalled));
    let mut leaving = client(b"");
    leaving.stream(7);
    leaving.leave(0);
    assert_eq!(leaving.wants_event(), None);
}
