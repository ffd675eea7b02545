use super::*;
use crate::message::LineId;

const DEVICES: &str = "config device 'office'\n option url http://a\n option username u\n option password p\n\
    option lines 4\nconfig device 'pump'\n option url http://b\n option username u\n option password p\n";

/// The clients `a`, `b`, … with these options; each has the token `token-of-client-NAME`.
fn configured(options: &[&str]) -> Vec<config::Client> {
    let sections = options.iter().zip('a'..).map(|(options, name)| {
        format!("config client {name}\n option token token-of-client-{name}\n list allow send\n {options}\n")
    });
    let text = DEVICES.to_owned() + &sections.collect::<String>();
    config::parse(text.as_bytes(), "goipd").unwrap().clients
}

fn access(options: &[&str]) -> Access {
    let mut access = Access::default();
    access.configure(&configured(options));
    access
}

fn bearer(token: &str) -> Login {
    Login::from_header(&format!("Bearer {token}")).unwrap()
}

/// Whose login it is, or the code of the refusal and its time.
fn login(access: &mut Access, now_ms: u64, peer: &str, login: &Login) -> Result<String, (ErrorCode, u32)> {
    match access.login(now_ms, peer.parse().unwrap(), Some(login)) {
        Ok(id) => Ok(access.client(id).unwrap().name().into()),
        Err(denied) => Err((denied.refusal.code, denied.retry_after_s.unwrap_or(0))),
    }
}

fn refusal(result: Result<impl Sized, Denied>) -> String {
    match result {
        Ok(_) => "granted".into(),
        Err(denied) => denied.refusal.to_string(),
    }
}

const UNAUTHORIZED: (ErrorCode, u32) = (ErrorCode::Unauthorized, 0);

const HOME: &str = "192.168.1.7";

#[test]
fn a_login_is_of_the_client_whose_token_it_has() {
    let mut access = access(&["", ""]);
    let mut now_ms = 0;
    for (given, expected) in [
        (bearer("token-of-client-a"), Ok("a")),
        (bearer("token-of-client-b"), Ok("b")),
        (bearer("token-of-client-c"), Err(UNAUTHORIZED)),
        (bearer("Token-of-client-a"), Err(UNAUTHORIZED)),
        (bearer("token-of-client-"), Err(UNAUTHORIZED)),
        (Login::new("a", "token-of-client-a"), Ok("a")),
        (Login::new("b", "token-of-client-a"), Err(UNAUTHORIZED)),
        (Login::new("A", "token-of-client-a"), Err(UNAUTHORIZED)),
        (Login::new("", "token-of-client-a"), Err(UNAUTHORIZED)),
        (Login::new("c", "token-of-client-c"), Err(UNAUTHORIZED)),
    ] {
        // Long enough apart to be no guessing.
        now_ms += 3_600_000;
        assert_eq!(login(&mut access, now_ms, HOME, &given), expected.map(Into::into), "{given:?}");
    }
    assert_eq!(access.refused_logins(), 7);
}

#[test]
fn a_request_without_login_is_told_how_to_log_in_and_is_no_refused_one() {
    let mut access = access(&[""]);
    for _ in 0..100 {
        let denied = access.login(0, HOME.parse().unwrap(), None).unwrap_err();
        assert_eq!(
            denied.refusal.to_string(),
            "unauthorized a login is needed; send 'Authorization: Bearer TOKEN' with the token of a client section"
        );
    }
    assert_eq!((access.refused_logins(), access.summary_due_ms()), (0, None));
}

#[test]
fn a_client_logs_in_from_its_networks_only() {
    let mut access = access(&["list from 192.168.1.0/24\n list from fd00::/8", ""]);
    let a = bearer("token-of-client-a");
    for peer in ["192.168.1.7", "::ffff:192.168.1.7", "fd00::7"] {
        assert_eq!(login(&mut access, 0, peer, &a), Ok("a".into()), "{peer}");
    }
    for peer in ["192.168.2.7", "::ffff:192.168.2.7", "fe80::1", "127.0.0.1", "::1"] {
        assert_eq!(login(&mut access, 0, peer, &a), Err((ErrorCode::Forbidden, 0)), "{peer}");
        assert_eq!(login(&mut access, 0, peer, &bearer("token-of-client-b")), Ok("b".into()), "{peer}");
    }
    // The token was right, so nobody waits for it.
    (0..100).for_each(|_| assert!(login(&mut access, 0, "10.0.0.1", &a).is_err()));
    assert_eq!(login(&mut access, 0, "10.0.0.1", &a), Err((ErrorCode::Forbidden, 0)));
    assert_eq!(
        refusal(access.login(0, "10.0.0.1".parse().unwrap(), Some(&a))),
        "forbidden client 'a' may not log in from 10.0.0.1; its section would have to say: list from '10.0.0.1'"
    );
}

#[test]
fn an_address_that_guesses_waits_even_with_the_right_token() {
    let (right, wrong) = (bearer("token-of-client-a"), bearer("token-of-client-x"));
    for peer in [HOME, "::1", "127.0.0.1"] {
        let mut access = access(&[""]);
        (0..5).for_each(|_| assert_eq!(login(&mut access, 1_000, peer, &wrong), Err(UNAUTHORIZED)));
        assert_eq!(login(&mut access, 1_001, peer, &right), Err((ErrorCode::RateLimited, 1)));
        assert_eq!(login(&mut access, 1_001, "192.168.1.8", &right), Ok("a".into()));
        // Nobody waits longer for having tried in vain.
        assert_eq!(login(&mut access, 2_000, peer, &right), Ok("a".into()));
        // And who guesses once more waits longer, though there was a right one in between.
        assert_eq!(login(&mut access, 2_000, peer, &wrong), Err(UNAUTHORIZED));
        assert_eq!(login(&mut access, 2_000, peer, &right), Err((ErrorCode::RateLimited, 2)));
        assert_eq!(access.refused_logins(), 8);
        assert_eq!(
            refusal(access.login(2_000, peer.parse().unwrap(), Some(&wrong))),
            "rate_limited too many wrong logins came from this address; try again in 2 s"
        );
    }
}

#[test]
fn an_ipv4_address_waits_by_whatever_socket_it_comes() {
    let mut access = access(&[""]);
    (0..5).for_each(|_| assert!(login(&mut access, 0, "::ffff:192.168.1.7", &bearer("x")).is_err()));
    assert_eq!(login(&mut access, 0, HOME, &bearer("x")), Err((ErrorCode::RateLimited, 1)));
}

#[test]
fn the_log_is_told_of_refused_logins_once_a_minute() {
    let mut access = access(&["", "list from 10.0.0.0/8"]);
    assert_eq!((access.summary_due_ms(), access.summary(0)), (None, None));
    assert!(login(&mut access, 5_000, HOME, &bearer("token-of-client-x")).is_err());
    assert_eq!((access.summary_due_ms(), access.summary(4_999)), (Some(5_000), None));
    assert_eq!(
        access.summary(5_001).as_deref(),
        Some("refused logins: 1 in the last minute, last from 192.168.1.7")
    );
    assert_eq!(access.summary_due_ms(), None);
    (0..17).for_each(|_| assert!(login(&mut access, 6_000, "192.168.1.8", &Login::new("a", "x")).is_err()));
    assert_eq!((access.summary_due_ms(), access.summary(65_000)), (Some(65_001), None));
    assert_eq!(
        access.summary(65_001).as_deref(),
        Some("refused logins: 17 in the last minute, last from 192.168.1.8 as 'a'")
    );
    // A token in the place of the name is not logged, and a right one tells whose it is.
    assert!(login(&mut access, 200_000, HOME, &Login::new("token-of-client-a", "")).is_err());
    assert_eq!(
        access.summary(200_000).as_deref(),
        Some("refused logins: 1 in the last minute, last from 192.168.1.7")
    );
    assert!(login(&mut access, 300_000, HOME, &bearer("token-of-client-b")).is_err());
    assert_eq!(
        access.summary(300_000).as_deref(),
        Some("refused logins: 1 in the last minute, last from 192.168.1.7 as 'b'")
    );
    assert_eq!(access.refused_logins(), 20);
}

#[test]
fn a_client_may_do_what_its_section_allows() {
    let access = access(&[
        "",
        "list allow read\n list allow inbox",
        "list allow admin",
        "list allow read",
        "list allow inbox",
    ]);
    use Right::{Admin, Inbox, Read, Send};
    for (client, rights) in access.clients().iter().zip([
        [Some(Send), None, None, None],
        [Some(Send), Some(Read), Some(Inbox), None],
        [Some(Send), Some(Read), Some(Inbox), Some(Admin)],
        [Some(Send), Some(Read), None, None],
        [Some(Send), None, Some(Inbox), None],
    ]) {
        for right in [Send, Read, Inbox, Admin] {
            assert_eq!(
                client.may(right).is_ok(),
                rights.contains(&Some(right)),
                "{} {right:?}",
                client.name()
            );
        }
        assert_eq!(client.sees_all(), rights.contains(&Some(Admin)), "{}", client.name());
    }
    assert_eq!(
        refusal(access.clients()[0].may(Read)),
        "forbidden client 'a' may not do this; its section would have to say: list allow 'read'"
    );
}

const fn line(device: u8, line: u8) -> Choice {
    Choice::Line(LineId { device, line })
}

fn number(text: &str) -> Number {
    Number::parse(text).unwrap()
}

#[test]
fn a_client_sends_on_its_own_lines_only() {
    use Choice::{Any, Device};
    for (lines, wanted, expected) in [
        ("", Any, Some(Any)),
        ("", Device(1), Some(Device(1))),
        ("", line(0, 4), Some(line(0, 4))),
        ("list lines office", Any, Some(Device(0))),
        ("list lines office", Device(0), Some(Device(0))),
        ("list lines office", line(0, 3), Some(line(0, 3))),
        ("list lines office", Device(1), None),
        ("list lines office", line(1, 1), None),
        ("list lines office/2", Any, Some(line(0, 2))),
        ("list lines office/2", Device(0), Some(line(0, 2))),
        ("list lines office/2", line(0, 2), Some(line(0, 2))),
        ("list lines office/2", line(0, 3), None),
        ("list lines office/2\n list lines pump", Device(0), Some(line(0, 2))),
        ("list lines office/2\n list lines pump", line(1, 1), Some(line(1, 1))),
        ("list lines office/2\n list lines office", Device(0), Some(Device(0))),
    ] {
        let access = access(&[lines]);
        let narrowed = access.clients()[0].narrow(wanted, &number("+4915112345678"));
        assert_eq!(narrowed.ok(), expected, "{lines} {wanted:?}");
    }
    assert_eq!(
        refusal(access(&["list lines pump"]).clients()[0].narrow(line(0, 1), &number("110"))),
        "forbidden client 'a' may not send on this line; its section names those it may, with 'list lines'"
    );
}

#[test]
fn of_several_lines_every_number_has_one_and_none_is_idle() {
    let access = access(&["list lines office/1\n list lines office/2\n list lines pump"]);
    let client = &access.clients()[0];
    let mut seen = [0; 3];
    for n in 0..300 {
        let to = number(&format!("+49151{n:07}"));
        let narrowed = client.narrow(Choice::Any, &to).unwrap();
        assert_eq!(client.narrow(Choice::Any, &to), Ok(narrowed));
        let place = [line(0, 1), line(0, 2), Choice::Device(1)].iter().position(|c| *c == narrowed);
        seen[place.unwrap()] += 1;
    }
    assert!(seen.iter().all(|count| *count > 60), "{seen:?}");
}

const fn at(unix_s: u32) -> Now {
    Now { boot_ms: unix_s as u64 * 1000, unix_s, trusted: true }
}

#[test]
fn a_quota_names_its_option_and_when_it_has_room_again() {
    let mut access = access(&["option rate 2\n option daily 3", ""]);
    let id = access.clients()[0].id();
    let client = access.client(id).unwrap();
    for _ in 0..2 {
        assert_eq!(client.check_quota(at(100), 1), Ok(()));
        // What is not accepted is not counted.
        assert_eq!(client.check_quota(at(100), 1), Ok(()));
        client.sent(at(100), 1);
    }
    assert_eq!(
        refusal(client.check_quota(at(100), 1)),
        "rate_limited client 'a' may send 2 messages a minute (option 'rate'); try again in 30 s"
    );
    assert_eq!(client.check_quota(at(130), 1), Ok(()));
    client.sent(at(130), 1);
    let denied = client.check_quota(at(131), 1).unwrap_err();
    assert_eq!(denied.retry_after_s, Some(86_400 - 131));
    assert_eq!(
        denied.refusal.message,
        "client 'a' may send 3 messages a day (option 'daily'); try again in 86269 s"
    );
    assert_eq!(client.check_quota(at(86_400), 1), Ok(()));

    let free = access.client(ClientId::of("b")).unwrap();
    (0..1000).for_each(|_| free.sent(at(100), 1));
    assert_eq!((free.check_quota(at(100), 1), free.count()), (Ok(()), None));
}

#[test]
fn a_new_configuration_forgets_no_quota_and_no_guessing() {
    let mut access = access(&["option rate 1\n option daily 10"]);
    let id = ClientId::of("a");
    access.client(id).unwrap().restore(Count { day: Some(0), messages: 8 });
    access.client(id).unwrap().sent(at(100), 1);
    (0..5).for_each(|_| assert!(login(&mut access, 0, HOME, &bearer("x")).is_err()));

    access.configure(&configured(&["option rate 1\n option daily 9", ""]));
    assert_eq!(login(&mut access, 0, HOME, &bearer("token-of-client-b")), Err((ErrorCode::RateLimited, 1)));
    let client = access.client(id).unwrap();
    assert_eq!(client.count(), Some(Count { day: Some(0), messages: 9 }));
    assert!(refusal(client.check_quota(at(100), 1)).contains("9 messages a day"));

    access.configure(&configured(&["option rate 1"]));
    let client = access.client(id).unwrap();
    assert!(refusal(client.check_quota(at(100), 1)).contains("1 messages a minute"));
    assert!(access.client(ClientId::of("b")).is_none());
    assert_eq!(login(&mut access, 2_000, HOME, &bearer("token-of-client-b")), Err(UNAUTHORIZED));
}
