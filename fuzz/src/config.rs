//! The configuration's file.

use core::fmt::Write;

use goipd::config::uci::{MAX_FILE_BYTES, MAX_SECTIONS, MAX_VALUES, Section, Value, parse};
use goipd::config::{
    Config, MAX_DEVICES, MAX_ERRORS, MAX_LINES, MAX_LINES_IN_ALL, MAX_LOGIN_BYTES, MAX_SOCKET_PATH_BYTES,
};

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
            assert!(!matches!(&option.value, Value::Single(value) if value.is_empty()));
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
            let (keyword, values) = match &option.value {
                Value::Single(value) => ("option", core::slice::from_ref(value)),
                Value::List(items) => ("list", items.as_slice()),
            };
            for value in values {
                let _ = writeln!(text, "\t{keyword} {} {}", option.name, quoted(value));
            }
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
/// same when it is written anew; errors are short and repeat no password.
pub fn config(bytes: &[u8]) {
    match goipd::config::parse(bytes, "goipd.config") {
        Ok(config) => {
            check_ranges(&config);
            let written = write_config(&config);
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

/// Whether the secret stands where a password may stand, and nowhere else.
fn holds_secret(bytes: &[u8]) -> bool {
    let count = bytes.windows(SECRET.len()).filter(|part| *part == SECRET.as_bytes()).count();
    let sections = parse(bytes).unwrap_or_default();
    let options = sections.iter().filter(|s| s.kind == "device").flat_map(|s| &s.options);
    let secret = options.into_iter().any(|option| match (&option.value, option.name.as_str()) {
        (Value::Single(value), "password") => value.contains(SECRET),
        (Value::Single(value), "url") => value.contains(SECRET) && value.contains('@'),
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
    option(&mut text, "log_level", &config.log_level.as_str().to_ascii_lowercase());
    for device in &config.devices {
        let _ = writeln!(text, "config device '{}'", device.name);
        option(&mut text, "url", &format_args!("http://{}", device.authority()));
        option(&mut text, "username", &device.username);
        option(&mut text, "password", &device.password.expose());
        option(&mut text, "lines", &device.lines);
        option(&mut text, "timeout", &device.timeout_s);
        option(&mut text, "exclusive", &u8::from(device.exclusive));
        option(&mut text, "number_format", &device.number_format.as_str());
        option(&mut text, "inbox_interval", &device.inbox_interval_s.unwrap_or(0));
        option(&mut text, "status_interval", &device.status_interval_s.unwrap_or(0));
    }
    text
}
