//! The configuration's file.

use core::fmt::Write;

use goipd::config::uci::{MAX_FILE_BYTES, MAX_SECTIONS, MAX_VALUES, Section, Value, parse};
use goipd::config::{
    Config, MAX_DEVICES, MAX_ERRORS, MAX_HOOKS, MAX_LINES, MAX_LINES_IN_ALL, MAX_LISTEN, MAX_LOGIN_BYTES,
    MAX_RELAY_CLIENTS, MAX_REPLIES, MAX_SOCKET_PATH_BYTES, MAX_WEBHOOKS, TokenDigest,
};
use goipd::engine::{Choice, Matches};
use goipd::journal::{EventKind, EventSet};

use super::check_sentence;

/// Stands for a secret in seeds: no error may repeat it where it can be one.
const SECRET: &str = "hush";

/// UCI's syntax: what was read is within its bounds and is read the same when it is written anew.
pub fn uci(bytes: &[u8]) {
    let sections = match parse(bytes) {
        Ok(sections) => sections,
        Err(error) => {
            check_sentence(&error.text);
            assert!(!error.text.contains(SECRET), "a value is repeated: {}", error.text);
            let line = bytes.split(|b| *b == b'\n').nth(error.line as usize - 1);
            assert!(line.is_some_and(|l| (1..=l.len() + 1).contains(&(error.byte as usize))), "{error:?}");
            return;
        }
    };
    assert!(bytes.len() <= MAX_FILE_BYTES && sections.len() <= MAX_SECTIONS);
    assert!(sections.iter().map(count_values).sum::<usize>() <= MAX_VALUES);
    let lines = bytes.split(|b| *b == b'\n').count() as u32;
    let in_file = |line: u32| (1..=lines).contains(&line);
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    for section in &sections {
        assert!(!section.kind.is_empty() && section.kind.bytes().all(|b| b.is_ascii_graphic()));
        assert!(section.anonymous || is_name(&section.name), "{:?}", section.name);
        assert!(in_file(section.line));
        for option in &section.options {
            assert!(is_name(&option.name), "{:?}", option.name);
            assert!(in_file(option.line) && option.replaced.is_none_or(|l| in_file(l) && l <= option.line));
            match &option.value {
                Value::Single(value) => assert!(!value.is_empty()),
                Value::List(items) => assert!(items.iter().all(|i| in_file(i.line) && i.line <= option.line)),
            }
        }
    }

    let written = write_sections(&sections);
    if written.len() <= MAX_FILE_BYTES {
        let Ok(again) = parse(written.as_bytes()) else { panic!("not read again: {written}") };
        assert_eq!(write_sections(&again), written);
        let facts = |s: &Section| (s.kind.clone(), s.name.clone(), s.anonymous, count_values(s));
        assert!(again.iter().map(facts).eq(sections.iter().map(facts)), "{written}");
    }
}

fn count_values(section: &Section) -> usize {
    let count = |value: &Value| match value {
        Value::Single(_) => 1,
        Value::List(items) => items.len(),
    };
    section.options.iter().map(|o| count(&o.value)).sum()
}

fn write_sections(sections: &[Section]) -> String {
    let mut text = String::new();
    for section in sections {
        let name = if section.anonymous { "" } else { &section.name };
        let _ = writeln!(text, "config {} {}", quoted(&section.kind), quoted(name));
        for option in &section.options {
            let name = &option.name;
            let _ = match &option.value {
                Value::Single(value) => writeln!(text, "\toption {name} {}", quoted(value)),
                Value::List(items) => {
                    items.iter().try_for_each(|i| writeln!(text, "\tlist {name} {}", quoted(&i.text)))
                }
            };
        }
    }
    text
}

/// A word of UCI in which nothing but a single quote is special, and that is written as a shell
/// would have it.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// The configuration's meaning: what was read is within the ranges of the manual and is read the
/// same when it is written anew; errors are short and repeat no password and no token.
pub fn config(bytes: &[u8]) {
    match goipd::config::parse(bytes, "goipd.config") {
        Ok(mut config) => {
            check_ranges(&config);
            check_relay(&config);
            check_notify(&config);
            // A token cannot be written as it was read.
            for client in &mut config.clients {
                client.token = TokenDigest::of(&token(&client.name));
            }
            let written = write_config(&config)
                + &write_relay(&config)
                + &write_answers(&config)
                + &write_notify(&config);
            assert_eq!(goipd::config::parse(written.as_bytes(), "written"), Ok(config), "{written}");
        }
        Err(errors) => {
            let text = errors.to_string();
            assert!(text.lines().count() <= MAX_ERRORS + 1, "{text}");
            for line in text.split('\n') {
                check_sentence(line);
                assert!(line.starts_with("goipd.config:"), "{line:?}");
            }
            assert!(!holds_secret(bytes) || !text.contains(SECRET), "a password is repeated: {text}");
        }
    }
}

/// A token for the client of that name, and for no other.
fn token(name: &str) -> String {
    format!("the-token-of-client-{name}")
}

/// Whether the secret stands where a password or a token may stand, and nowhere else.
fn holds_secret(bytes: &[u8]) -> bool {
    let count = bytes.windows(SECRET.len()).filter(|part| *part == SECRET.as_bytes()).count();
    let sections = parse(bytes).unwrap_or_default();
    let options = sections.iter().flat_map(|s| s.options.iter().map(|o| (s.kind.as_str(), o)));
    let secret =
        options.into_iter().any(|(kind, option)| match (&option.value, kind, option.name.as_str()) {
            (Value::Single(value), "device", "password") => value.contains(SECRET),
            (Value::Single(value), "device", "url") => value.contains(SECRET) && value.contains('@'),
            (Value::Single(value), "client", "token" | "token_hash") => value.contains(SECRET),
            (Value::Single(value), "webhook", "secret") => value.contains(SECRET),
            _ => false,
        });
    count == 1 && secret
}

fn check_ranges(config: &Config) {
    assert!(config.socket.is_absolute() && config.state_dir.is_absolute());
    assert!(config.socket.as_os_str().len() <= MAX_SOCKET_PATH_BYTES);
    assert!(config.socket_mode <= 0o777);
    assert!(config.max_journal_kib.is_none_or(|kib| (128..=65_536).contains(&kib)));
    assert!((10..=10_000).contains(&config.queue_limit) && (10..=10_000).contains(&config.keep_messages));
    assert!((60..=31_536_000).contains(&config.keep_s) && (100..=10_000).contains(&config.keep_events));
    assert!((60..=2_592_000).contains(&config.ttl_s) && (1..=15).contains(&config.max_segments));
    assert!((1..=MAX_DEVICES).contains(&config.devices.len()));
    assert!(config.devices.iter().map(|d| usize::from(d.lines)).sum::<usize>() <= MAX_LINES_IN_ALL);
    for device in &config.devices {
        assert!(!device.name.is_empty() && !device.host.is_empty() && device.port > 0);
        assert!((1..=MAX_LINES).contains(&usize::from(device.lines)));
        assert!((1..=60).contains(&device.timeout_s));
        for interval in [device.inbox_interval_s, device.status_interval_s].into_iter().flatten() {
            assert!((1..=3600).contains(&interval));
        }
        let login = [&device.username, ":", device.password.expose()].concat();
        assert!(login.len() <= MAX_LOGIN_BYTES && !login.contains(char::is_control), "{login:?}");
        assert_eq!(login.split_once(':'), Some((device.username.as_str(), device.password.expose())));
    }
}

fn check_relay(config: &Config) {
    let relay = &config.relay;
    assert!(relay.listen.len() <= MAX_LISTEN && !(relay.enabled && relay.listen.is_empty()));
    assert!((4..=256).contains(&relay.max_connections) && (1..=256).contains(&relay.max_per_address));
    assert!((1..=60).contains(&relay.head_timeout_s) && (1..=120).contains(&relay.body_timeout_s));
    assert!((1..=3600).contains(&relay.idle_timeout_s));
    assert!(config.clients.len() <= MAX_RELAY_CLIENTS);
    assert!(!config.clients.is_empty() || relay.listen.iter().all(|a| !a.ip().is_unspecified()));
    for client in &config.clients {
        let (name, allow) = (&client.name, client.allow);
        assert!(!name.is_empty() && (allow.send || allow.read || allow.inbox || allow.admin));
        assert_eq!(
            config.clients.iter().filter(|c| c.id() == client.id() || c.token == client.token).count(),
            1
        );
        assert!(client.rate_per_min.is_none_or(|n| (1..=10_000).contains(&n)));
        assert!(client.daily.is_none_or(|n| (1..=100_000).contains(&n)));
        assert!(client.ttl_s.is_none_or(|s| (60..=2_592_000).contains(&s)));
    }
}

fn write_config(config: &Config) -> String {
    let mut text = String::from("config goipd 'main'\n");
    let option = |text: &mut String, name: &str, value: &dyn core::fmt::Display| {
        let _ = writeln!(text, "\toption {name} {}", quoted(&value.to_string()));
    };
    option(&mut text, "socket", &config.socket.display());
    option(&mut text, "socket_mode", &format_args!("{:03o}", config.socket_mode));
    if let Some(group) = &config.socket_group {
        option(&mut text, "socket_group", group);
    }
    option(&mut text, "state_dir", &config.state_dir.display());
    option(&mut text, "volatile", &u8::from(config.volatile));
    if let Some(kib) = config.max_journal_kib {
        option(&mut text, "max_journal", &kib);
    }
    option(&mut text, "queue_limit", &config.queue_limit);
    option(&mut text, "keep", &config.keep_s);
    option(&mut text, "keep_messages", &config.keep_messages);
    option(&mut text, "keep_events", &config.keep_events);
    option(&mut text, "ttl", &config.ttl_s);
    option(&mut text, "max_segments", &config.max_segments);
    option(&mut text, "on_unknown", &config.on_unknown.as_str());
    for (name, senders) in [("allow_from", &config.senders.allow), ("deny_from", &config.senders.deny)] {
        for sender in senders {
            let _ = writeln!(text, "\tlist {name} {}", quoted(sender));
        }
    }
    option(&mut text, "log_level", &config.log_level.as_str().to_ascii_lowercase());
    for device in &config.devices {
        let _ = writeln!(text, "config device '{}'", device.name);
        option(&mut text, "url", &format_args!("http://{}", device.authority()));
        option(&mut text, "username", &device.username);
        option(&mut text, "password", &device.password.expose());
        option(&mut text, "lines", &device.lines);
        option(&mut text, "timeout", &device.timeout_s);
        option(&mut text, "send_via", &if device.form { "form" } else { "api" });
        option(&mut text, "exclusive", &u8::from(device.exclusive));
        option(&mut text, "number_format", &device.number_format.as_str());
        option(&mut text, "inbox_interval", &device.inbox_interval_s.unwrap_or(0));
        option(&mut text, "status_interval", &device.status_interval_s.unwrap_or(0));
        for number in &device.own_numbers {
            let _ = writeln!(text, "\tlist own_number '{number}'");
        }
    }
    text
}

fn write_answers(config: &Config) -> String {
    let mut text = String::from("config optout\n");
    let line = |text: &mut String, keyword: &str, name: &str, value: &str| {
        let _ = writeln!(text, "\t{keyword} {name} {}", quoted(value));
    };
    let opt_out = &config.opt_out;
    line(&mut text, "option", "enabled", if opt_out.enabled { "1" } else { "0" });
    line(&mut text, "option", "local", if opt_out.local { "1" } else { "0" });
    opt_out.keywords.iter().for_each(|word| line(&mut text, "list", "keyword", word));
    opt_out.start_keywords.iter().for_each(|word| line(&mut text, "list", "keyword_start", word));
    opt_out.confirm.iter().for_each(|confirm| line(&mut text, "option", "confirm", confirm));
    line(&mut text, "option", "country", &opt_out.spelling.country);
    let trunk = Some(opt_out.spelling.trunk.as_str()).filter(|trunk| !trunk.is_empty());
    line(&mut text, "option", "trunk", trunk.unwrap_or("none"));
    assert!(config.replies.len() <= MAX_REPLIES);
    for reply in &config.replies {
        assert!((1..=100).contains(&reply.per_number) && !reply.name.is_empty() && reply.name.len() <= 32);
        assert_eq!(reply.patterns.is_empty(), reply.matches == Matches::Any);
        let _ = writeln!(text, "config reply '{}'", reply.name);
        let matches = match reply.matches {
            Matches::Exact => "exact",
            Matches::Prefix => "prefix",
            Matches::Any => "any",
        };
        line(&mut text, "option", "match", matches);
        line(&mut text, "option", "text", &reply.text);
        line(&mut text, "option", "per_number", &reply.per_number.to_string());
        reply.patterns.iter().for_each(|pattern| line(&mut text, "list", "pattern", pattern));
        for (name, list) in [("from", &reply.from), ("not_from", &reply.not_from)] {
            for senders in list {
                let star = if senders.prefix { "*" } else { "" };
                line(&mut text, "list", name, &[&*senders.number, star].concat());
            }
        }
    }
    text
}

fn write_relay(config: &Config) -> String {
    let mut text = String::from("config relay\n");
    let value = |text: &mut String, name: &str, value: &dyn core::fmt::Display| {
        let _ = writeln!(text, "\tlist {name} {}", quoted(&value.to_string()));
    };
    let option = |text: &mut String, name: &str, value: &dyn core::fmt::Display| {
        let _ = writeln!(text, "\toption {name} '{value}'");
    };
    let relay = &config.relay;
    option(&mut text, "enabled", &u8::from(relay.enabled));
    relay.listen.iter().for_each(|v| value(&mut text, "listen", v));
    relay.names.iter().for_each(|v| value(&mut text, "name", v));
    relay.cors_origins.iter().for_each(|v| value(&mut text, "cors_origin", v));
    option(&mut text, "metrics_open", &u8::from(relay.metrics_open));
    option(&mut text, "max_connections", &relay.max_connections);
    option(&mut text, "max_per_address", &relay.max_per_address);
    option(&mut text, "head_timeout", &relay.head_timeout_s);
    option(&mut text, "body_timeout", &relay.body_timeout_s);
    option(&mut text, "idle_timeout", &relay.idle_timeout_s);
    for client in &config.clients {
        let _ = writeln!(text, "config client '{}'", client.name);
        option(&mut text, "token", &token(&client.name));
        let allow = client.allow;
        let words =
            [("send", allow.send), ("read", allow.read), ("inbox", allow.inbox), ("admin", allow.admin)];
        words.iter().filter(|(_, may)| *may).for_each(|(word, _)| value(&mut text, "allow", word));
        client.from.iter().for_each(|v| value(&mut text, "from", v));
        for choice in &client.lines {
            let name = |device: u8| &config.devices[usize::from(device)].name;
            match choice {
                Choice::Any => panic!("a client's line is any"),
                Choice::Device(device) => value(&mut text, "lines", name(*device)),
                Choice::Line(id) => {
                    value(&mut text, "lines", &format_args!("{}/{}", name(id.device), id.line));
                }
            }
        }
        for (name, number) in [("rate", client.rate_per_min), ("daily", client.daily), ("ttl", client.ttl_s)]
        {
            number.iter().for_each(|n| option(&mut text, name, n));
        }
        option(&mut text, "transactional", &u8::from(client.transactional));
    }
    text
}

fn check_notify(config: &Config) {
    assert!(config.webhooks.len() <= MAX_WEBHOOKS && config.hooks.len() <= MAX_HOOKS);
    for webhook in &config.webhooks {
        assert!(!webhook.name.is_empty() && !webhook.events.is_empty());
        assert!((1..=60).contains(&webhook.timeout_s) && (16..=256).contains(&webhook.secret.expose().len()));
        let url = webhook.url.expose();
        assert!(url.starts_with("http") && url.bytes().all(|b| b.is_ascii_graphic()), "{url}");
    }
    for hook in &config.hooks {
        assert!(!hook.name.is_empty() && !hook.events.is_empty() && hook.command[0].starts_with('/'));
        assert!((1..=3600).contains(&hook.timeout_s) && (1..=100).contains(&hook.tries));
    }
}

fn write_notify(config: &Config) -> String {
    let mut text = String::new();
    let value = |text: &mut String, keyword: &str, name: &str, value: &str| {
        let _ = writeln!(text, "\t{keyword} {name} {}", quoted(value));
    };
    let events = |text: &mut String, events: EventSet| {
        let names = EventKind::all().map(EventKind::as_str);
        names.filter(|name| events.has_name(name)).for_each(|name| value(text, "list", "event", name));
    };
    for webhook in &config.webhooks {
        let _ = writeln!(text, "config webhook '{}'", webhook.name);
        value(&mut text, "option", "url", webhook.url.expose());
        value(&mut text, "option", "secret", webhook.secret.expose());
        events(&mut text, webhook.events);
        for id in &webhook.clients {
            let client = config.clients.iter().find(|client| client.id() == *id);
            value(&mut text, "list", "client", &client.expect("a webhook's client is configured").name);
        }
        value(&mut text, "option", "timeout", &webhook.timeout_s.to_string());
    }
    for hook in &config.hooks {
        let _ = writeln!(text, "config hook '{}'", hook.name);
        hook.command.iter().for_each(|word| value(&mut text, "list", "command", word));
        events(&mut text, hook.events);
        value(&mut text, "option", "timeout", &hook.timeout_s.to_string());
        value(&mut text, "option", "tries", &hook.tries.to_string());
    }
    text
}
