use super::*;

#[test]
fn a_stream_ends_with_its_connection_in_both_versions() {
    for bytes in [&GET.repeat(2)[..], b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"] {
        let mut connection = connection(bytes);
        take(&mut connection);
        connection.begin_stream(0, &Response { content_type: "text/event-stream", body: b"", ..OK }, 0);
        let head = "HTTP/1.1 200 OK\r\nServer: goipd\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
        assert_eq!(read(&mut connection, 0), head);
        assert!(connection.is_streaming() && connection.wants_bytes());
        assert_eq!((connection.deadline_ms(), connection.memory_bytes()), (None, 0));
        connection.push_event(b"data: 1\n\n", 3);
        connection.push_event(b"data: 2\n\n", 4);
        assert_eq!(read(&mut connection, 3), "data: 1\n\n");
        connection.received(0, GET);
        assert!(!connection.has_step(), "nothing is taken behind a stream");
        connection.leave(0);
        connection.push_event(b"data: 3\n\n", 4);
        assert_eq!(read(&mut connection, 4), "data: 2\n\n");
        assert!(connection.is_shown_out());
    }
}

#[test]
fn a_stream_is_given_up_when_its_reader_ends_or_does_not_read() {
    let stream = || {
        let mut connection = connection(GET);
        take(&mut connection);
        connection.begin_stream(0, &empty(200), 0);
        read(&mut connection, 0);
        connection
    };
    let mut ended = stream();
    ended.ended();
    assert!(ended.is_done());

    let mut full = stream();
    full.push_event(&[b'x'; MAX_STREAM_BYTES], 0);
    assert!(!full.is_done() && !full.has_room());
    full.push_event(b"x", 0);
    assert!(full.is_done());
    assert_eq!(full.memory_bytes(), 0);

    let mut stalled = stream();
    stalled.push_event(b"x", 0);
    stalled.sent(5_000, 0);
    let stalled_ms = 5_000 + Timeouts::default().stalled_ms;
    assert_eq!(stalled.deadline_ms(), Some(stalled_ms));
    assert_eq!(stalled.expire(stalled_ms), Some(Overdue::Stalled));
    assert!(stalled.is_done());
}

#[test]
fn a_stream_for_head_is_a_head_alone() {
    let mut connection = connection(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    take(&mut connection);
    connection.begin_stream(0, &OK, 0);
    assert_eq!(read(&mut connection, 0), "HTTP/1.1 200 OK\r\nServer: goipd\r\nConnection: close\r\n\r\n");
    assert!(connection.is_shown_out());
}
