mod answers;
mod health;
mod lines;
mod notify;
mod relay;

use std::fs;

use log::LevelFilter;

use super::option::{Absent, Spec};
use super::table::{
    BALANCE, CANARY, CLIENT, DEVICE, GOIPD, GROUP, HOOK, LINE, OPT_OUT, RELAY, REPLY, WEBHOOK,
};
use super::*;
use crate::goip::NumberFormat;
use crate::message::OnUnknown;

const LINES: &str = include_str!("../../docs/lines.md");
const MANUAL: &str = include_str!("../../docs/configuration.md");
const SAMPLE: &str = include_str!("../../openwrt/files/goipd.config");

/// A device that is right.
const OFFICE: &str = "config device 'office'\n\toption url 'http://192.168.8.1'\n\toption username 'admin'\n\toption password 'hush'\n";

fn config(text: &str) -> Config {
    parse(text.as_bytes(), "goipd").unwrap()
}

/// The errors of `text`, one a line.
fn errors(text: &str) -> String {
    parse(text.as_bytes(), "goipd").unwrap_err().to_string()
}

/// The only error of [`OFFICE`] with `line` behind it, in its line 5.
fn device_error(line: &str) -> String {
    let errors = errors(&format!("{OFFICE}{line}\n"));
    errors.strip_prefix("goipd:5: ").unwrap_or(&errors).into()
}

#[test]
fn a_device_is_enough_and_everything_else_has_its_default() {
    let config = config(OFFICE);
    assert_eq!(config.socket, Path::new("/var/run/goipd/goipd.sock"));
    assert_eq!(config.socket_mode, 0o660);
    assert_eq!(config.socket_group, None);
    assert_eq!(config.state_dir, Path::new("/etc/goipd"));
    assert!(!config.volatile);
    assert_eq!(config.max_journal_kib, None);
    assert_eq!((config.queue_limit, config.keep_messages, config.keep_events), (1000, 1000, 1000));
    assert_eq!((config.keep_s, config.ttl_s, config.max_segments), (604_800, 86_400, 10));
    assert_eq!((config.on_unknown, config.log_level), (OnUnknown::Hold, LevelFilter::Info));
    let [device] = config.devices.as_slice() else { panic!("one device") };
    assert_eq!((device.name.as_str(), device.host.as_str(), device.port), ("office", "192.168.8.1", 80));
    assert_eq!((device.username.as_str(), device.password.expose()), ("admin", "hush"));
    assert_eq!((device.lines, device.timeout_s), (1, 10));
    assert_eq!((device.form, device.exclusive), (false, true));
    assert_eq!(device.number_format, NumberFormat::Keep);
    assert_eq!((device.inbox_interval_s, device.status_interval_s), (Some(15), Some(60)));
    assert_eq!((device.inbox_first_events, device.inbox_delete, device.join), (false, false, false));
    assert_eq!(device.utc_offset_s, 0);
}

#[test]
fn every_option_reaches_its_place() {
    let text = "config goipd\n\
        option socket /tmp/s\n option socket_mode 666\n option socket_group sms\n\
        option state_dir /mnt/sd\n option volatile on\n option max_journal 128\n\
        option queue_limit 10\n option keep 60\n option keep_messages 11\n option keep_events 100\n\
        option ttl 2592000\n option max_segments 15\n option on_unknown resend\n option log_level trace\n\
        config device d\n\
        option url http://10.0.0.8:8080\n option username u\n option password p\n option lines 64\n\
        option timeout 60\n option send_via form\n option exclusive no\n option number_format 00\n\
        option inbox_interval 0\n option inbox_first events\n option inbox_delete 1\n option join 1\n option utc_offset -05:30\n\
        option status_interval 3600\n";
    let config = config(text);
    assert_eq!(config.socket, Path::new("/tmp/s"));
    assert_eq!((config.socket_mode, config.socket_group.as_deref()), (0o666, Some("sms")));
    assert_eq!((config.state_dir.as_path(), config.volatile), (Path::new("/mnt/sd"), true));
    assert_eq!((config.max_journal_kib, config.queue_limit, config.keep_s), (Some(128), 10, 60));
    assert_eq!((config.keep_messages, config.keep_events), (11, 100));
    assert_eq!((config.ttl_s, config.max_segments), (2_592_000, 15));
    assert_eq!((config.on_unknown, config.log_level), (OnUnknown::Resend, LevelFilter::Trace));
    let device = &config.devices[0];
    assert_eq!((device.authority().as_str(), device.lines), ("10.0.0.8:8080", 64));
    assert_eq!((device.timeout_s, device.form, device.exclusive), (60, true, false));
    assert_eq!(device.number_format, NumberFormat::DoubleZero);
    assert_eq!((device.inbox_interval_s, device.status_interval_s), (None, Some(3600)));
    assert_eq!((device.inbox_first_events, device.inbox_delete, device.join), (true, true, true));
    assert_eq!(device.utc_offset_s, -19_800);
}

#[test]
fn a_box_that_others_use_too_is_sent_to_by_its_form() {
    for (options, by_form) in [
        ("", false),
        ("option send_via api\n", false),
        ("option send_via form\n", true),
        ("option exclusive 0\n", true),
        ("option send_via api\noption exclusive 0\n", true),
    ] {
        let config = config(&format!("{OFFICE}{options}"));
        assert_eq!(config.devices[0].sends_by_form(), by_form, "{options}");
    }
}

#[test]
fn an_authority_names_the_port_only_if_it_is_not_80() {
    let authority = |url: &str| config(&OFFICE.replace("http://192.168.8.1", url)).devices[0].authority();
    assert_eq!(authority("http://goip:80/"), "goip");
    assert_eq!(authority("http://goip:81"), "goip:81");
}

#[test]
fn a_url_without_scheme_with_a_path_or_with_https_is_refused_with_its_cure() {
    let error = |url: &str| errors(&OFFICE.replace("http://192.168.8.1", url));
    assert_eq!(
        error("192.168.8.1"),
        "goipd:2: option 'url': '192.168.8.1' has no scheme; write 'http://192.168.8.1'"
    );
    assert!(error("http://goip/x").ends_with("the box's pages; write only 'http://goip'"));
    assert!(error("https://goip").ends_with("the box speaks plain http only; write 'http://goip'"));
}

#[test]
fn every_bad_value_is_named_with_its_cure() {
    for (line, expected) in [
        ("option lines 0", "option 'lines': '0' is out of range; write 1 to 64"),
        ("option lines 65", "option 'lines': '65' is out of range; write 1 to 64"),
        ("option timeout 1m", "option 'timeout': '1m' is no whole number; write 1 to 60 s in digits only"),
        ("option exclusive maybe", "option 'exclusive': 'maybe' is neither yes nor no; write '1' or '0'"),
        ("option number_format 0", "option 'number_format': '0' is not known; write one of: keep, 00, strip"),
        ("option send_via udp", "option 'send_via': 'udp' is not known; write one of: api, form"),
        ("option inbox_first all", "option 'inbox_first': 'all' is not known; write one of: old, events"),
        (
            "option utc_offset 3600",
            "option 'utc_offset': '3600' is no offset from UTC; write one like '+01:00'",
        ),
        (
            "option utc_offset +14:01",
            "option 'utc_offset': '+14:01' is no offset from UTC; write one like '+01:00'",
        ),
        ("list lines 4", "option 'lines': has one value; write it with 'option', not with 'list'"),
        ("option password x", "option 'password': stands in line 4 already; remove one of the two"),
        (
            "option line 4",
            "unknown option 'line'; did you mean 'lines'? Known here: url, username, password, lines, timeout, \
             send_via, exclusive, number_format, inbox_interval, inbox_first, inbox_delete, join, utc_offset, status_interval, watchdog, max_per_day, own_number",
        ),
        (
            "option token x",
            "unknown option 'token'; known here: url, username, password, lines, timeout, send_via, exclusive, \
             number_format, inbox_interval, inbox_first, inbox_delete, join, utc_offset, status_interval, watchdog, max_per_day, own_number",
        ),
        (
            "config webhok a",
            "unknown section type 'webhok'; did you mean 'webhook'? Known here: goipd, device, line, relay, client, optout, reply, webhook, hook, balance, canary, group",
        ),
        (
            "config devices a",
            "unknown section type 'devices'; did you mean 'device'? Known here: goipd, device, line, relay, client, optout, reply, webhook, hook, balance, canary, group",
        ),
        (
            "config goipd\noption socket run/x",
            "goipd:6: option 'socket': 'run/x' is no absolute path; begin it with '/'",
        ),
        (
            "config goipd\noption socket /run/",
            "goipd:6: option 'socket': '/run/' is no path for a socket; name a file in at most 107 bytes",
        ),
        (
            "config goipd\noption socket_mode 66",
            "goipd:6: option 'socket_mode': '66' is no file mode; write one like '0660'",
        ),
        (
            "config goipd\noption socket_mode 1777",
            "goipd:6: option 'socket_mode': '1777' is no file mode; write one like '0660'",
        ),
        (
            "config goipd\noption socket_mode +660",
            "goipd:6: option 'socket_mode': '+660' is no file mode; write one like '0660'",
        ),
        (
            "config goipd\noption socket_group 'a b'",
            "goipd:6: option 'socket_group': 'a b' is no group's name; take one from /etc/group",
        ),
        (
            "config goipd\noption log_level loud",
            "goipd:6: option 'log_level': 'loud' is not known; write one of: error, warn, info, debug, trace",
        ),
        (
            "config goipd\noption max_journal 127",
            "goipd:6: option 'max_journal': '127' is out of range; write 128 to 65536 KiB",
        ),
        (
            "config goipd\nconfig goipd b",
            "goipd:6: a second section of type 'goipd'; put its options into the one of line 5",
        ),
    ] {
        assert_eq!(device_error(line), expected, "{line}");
    }
}

#[test]
fn a_file_without_a_device_is_refused_with_the_cure() {
    assert_eq!(
        errors("config goipd main\n"),
        "goipd: no device is configured; add a section: config device 'office', with the options url, username and password"
    );
}

#[test]
fn a_device_needs_a_name_of_at_most_32_bytes() {
    assert_eq!(
        errors(&OFFICE.replace(" 'office'", "")),
        "goipd:1: a device needs a name; write it like: config device 'office'"
    );
    config(&OFFICE.replace("office", &"o".repeat(32)));
    let long = errors(&OFFICE.replace("office", &"o".repeat(33)));
    assert!(long.ends_with("is longer than 32 bytes; shorten it"), "{long}");
    let dash = errors(&OFFICE.replace("office", "my-office"));
    assert!(dash.starts_with("goipd:1: byte 15: a section's name has only letters"), "{dash}");
}

#[test]
fn a_device_needs_its_address_and_login() {
    assert_eq!(
        errors("config device d\n\toption password ''\n"),
        "goipd:1: option 'url' is missing in this section of type 'device'; add a line: option url 'http://192.168.8.1'\n\
         goipd:1: option 'username' is missing in this section of type 'device'; add a line: option username 'admin'\n\
         goipd:1: option 'password' is missing in this section of type 'device'; add a line: option password '...'"
    );
}

#[test]
fn a_login_is_what_the_box_can_decode() {
    let with = |user: &str, password: &str| OFFICE.replace("admin", user).replace("hush", password);
    config(&with("admin", &"p".repeat(93)));
    assert_eq!(
        errors(&with("admin", &"p".repeat(94))),
        "goipd:4: option 'password': the box takes 98 bytes of username and password together; set a shorter one there"
    );
    assert!(errors(&with("a:b", "hush")).starts_with("goipd:3: option 'username': 'a:b' holds a ':'"));
    assert!(errors(&with("admin", "hu\nsh")).starts_with("goipd:4: option 'password': holds a line's end"));
}

#[test]
fn two_devices_with_one_address_are_refused() {
    let twin =
        |url: &str| format!("{OFFICE}{}", OFFICE.replace("office", "b").replace("http://192.168.8.1", url));
    config(&twin("http://192.168.8.1:81"));
    assert_eq!(
        errors(&twin("http://192.168.8.1:80/")),
        "goipd:6: option 'url': '192.168.8.1' is the box of the device of line 1 already; keep one of them and give it all 'lines'"
    );
}

#[test]
fn there_are_at_most_16_devices_and_128_lines() {
    let devices = |count: usize, lines: usize| -> String {
        (0..count)
            .map(|n| format!("config device d{n}\noption url http://10.0.0.{n}\noption username u\noption password p\noption lines {lines}\n"))
            .collect()
    };
    assert_eq!(config(&devices(MAX_DEVICES, 8)).devices.len(), MAX_DEVICES);
    assert_eq!(errors(&devices(MAX_DEVICES + 1, 1)), "goipd:81: more than 16 devices; remove some");
    assert_eq!(
        errors(&devices(4, 64)),
        "goipd:11: more than 128 lines of all devices together; lower 'lines' to what the boxes have, or remove a device"
    );
}

#[test]
fn all_errors_are_told_in_the_order_of_the_file_up_to_a_bound() {
    let text = "config device d\noption ttl 5\nconfig goipd\noption ttl 5\noption keep x\n";
    let lines: Vec<_> = errors(text).lines().map(|l| l.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(lines, ["goipd:1:", "goipd:1:", "goipd:1:", "goipd:2:", "goipd:4:", "goipd:5:"]);

    let many = errors(&format!("{OFFICE}{}", "config nonsense\n".repeat(25)));
    assert_eq!(many.lines().count(), MAX_ERRORS + 1);
    assert!(many.ends_with("\ngoipd: and 5 more errors; correct these first"), "{many}");
}

#[test]
fn a_syntax_error_is_told_alone() {
    assert_eq!(
        errors("config device d\noption ttl 5\noption url 'http://goip\n"),
        "goipd:3: byte 12: this quote is never closed; write another ' where the value ends"
    );
    assert!(errors(&OFFICE.replace("hush", "hu\0sh")).starts_with("goipd:4: byte 21: a NUL byte"));
    assert!(errors(&format!("\u{feff}{OFFICE}")).starts_with("goipd:1: byte 1: the file begins with a byte"));
}

#[test]
fn a_crlf_file_is_read_as_any_other() {
    assert_eq!(config(&OFFICE.replace('\n', "\r\n")), config(OFFICE));
}

#[test]
fn neither_an_error_nor_debug_shows_a_password() {
    let shown = format!("{:?}", config(OFFICE));
    assert!(shown.contains("admin") && !shown.contains("hush"), "{shown}");
    for text in [
        OFFICE.replace("option password", "option pasword"),
        OFFICE.replace("option password", "list password"),
        OFFICE.replace("hush", "hush\u{7}"),
        OFFICE.replace("hush", &"hush".repeat(40)),
        OFFICE.replace("192.168.8.1", "admin:hush@192.168.8.1"),
        format!("{OFFICE}option password hush"),
    ] {
        let error = parse(text.as_bytes(), "goipd").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hush"), "{error}");
    }
}

#[test]
fn no_byte_of_a_value_breaks_an_error_into_two_lines() {
    let error = errors(&OFFICE.replace("http://192.168.8.1", "192.168\n.8.1"));
    assert_eq!(error.lines().count(), 1, "{error}");
}

#[test]
fn a_loaded_file_is_called_what_its_operator_calls_it() {
    let folder = std::env::temp_dir().join(format!("goipd-config-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join("config");
    fs::write(&path, "config goipd\n").unwrap();
    let shown = load(&path, Some("/etc/config/goipd")).unwrap_err().to_string();
    assert!(shown.starts_with("/etc/config/goipd: no device"), "{shown}");
    fs::write(&path, OFFICE).unwrap();
    assert_eq!(load(&path, None).unwrap(), config(OFFICE));
    fs::remove_dir_all(&folder).unwrap();
    let missing = load(&path, None).unwrap_err().to_string();
    assert!(missing.starts_with(&format!("{}: cannot be read: ", path.display())), "{missing}");
    assert!(missing.ends_with("; write it, or name another file"), "{missing}");
}

#[test]
fn a_run_time_override_goes_before_the_file_in_etc() {
    let root = std::env::temp_dir().join(format!("goipd-default-path-{}", std::process::id()));
    assert_eq!(default_path(&root), root.join("etc/config/goipd"));
    fs::create_dir_all(root.join("var/run/uci")).unwrap();
    fs::write(root.join("var/run/uci/goipd"), "").unwrap();
    assert_eq!(default_path(&root), root.join("var/run/uci/goipd"));
    fs::remove_dir_all(&root).unwrap();
}

#[test]
fn every_default_is_a_value_that_the_option_takes() {
    fn check<T>(table: &[Spec<T>], into: &mut T) {
        for spec in table {
            let (Absent::Default(text) | Absent::Required(text)) = spec.absent else { continue };
            assert_eq!(spec.kind.set(into, text), Ok(()), "{}", spec.name);
        }
    }
    let mut config = config(&format!(
        "{OFFICE}{}{}{}{}{}{}",
        lines::FIRST,
        relay::NAGIOS,
        answers::HOURS,
        notify::CRM,
        notify::FORWARD,
        health::BOTH
    ));
    check(GOIPD, &mut config);
    check(DEVICE, &mut config.devices[0]);
    check(LINE, &mut config.choosing.lines[0]);
    check(RELAY, &mut config.relay);
    check(CLIENT, &mut config.clients[0]);
    check(OPT_OUT, &mut config.opt_out);
    check(REPLY, &mut config.replies[0]);
    check(WEBHOOK, &mut config.webhooks[0]);
    check(HOOK, &mut config.hooks[0]);
    check(BALANCE, &mut config.health.balances[0]);
    check(CANARY, &mut config.health.canaries[0]);
}

#[test]
fn the_manual_has_every_option_with_its_type_and_default_and_no_other() {
    fn check<T>(kind: &str, table: &[Spec<T>]) {
        let heading = format!("\n## Section type `{kind}`\n");
        let section = MANUAL.split_once(&heading).unwrap().1.split("\n## ").next().unwrap();
        let rows: Vec<_> = section.lines().filter(|l| l.starts_with("| `")).collect();
        assert_eq!(rows.len(), table.len(), "{kind}");
        for (row, spec) in rows.iter().zip(table) {
            let default = match spec.absent {
                Absent::Default(text) => format!(" `{text}` |"),
                Absent::Required(_) => " required |".into(),
                Absent::Unset => String::new(),
            };
            let start = format!("| `{}` | {} |{default}", spec.name, spec.kind.form());
            assert!(row.starts_with(&start), "{row}\nis not\n{start}");
        }
    }
    check("goipd", GOIPD);
    check("device", DEVICE);
    check("line", LINE);
    check("relay", RELAY);
    check("client", CLIENT);
    check("optout", OPT_OUT);
    check("reply", REPLY);
    check("webhook", WEBHOOK);
    check("hook", HOOK);
    check("balance", BALANCE);
    check("canary", CANARY);
    check("group", GROUP);
}

#[test]
fn the_examples_of_the_manual_are_right() {
    let examples: Vec<_> = MANUAL.split("```\n").skip(1).step_by(2).collect();
    let configurations = examples.iter().filter(|e| e.starts_with("config "));
    assert_eq!(configurations.map(|e| config(e).devices.len()).collect::<Vec<_>>(), [1, 2, 1, 1]);
}

#[test]
fn the_examples_of_the_page_about_lines_are_right() {
    let office = [OFFICE, "\toption lines '8'\n"].concat();
    let examples: Vec<_> = LINES.split("```\n").skip(1).step_by(2).collect();
    let mut count = 0;
    for example in examples.iter().filter(|e| e.starts_with("config ")) {
        let device = if example.contains("config device") { "" } else { &office };
        config(&[example, device].concat());
        count += 1;
    }
    assert_eq!(count, 7);
}

#[test]
fn the_answers_of_operators_on_the_page_about_lines_give_what_stands_there() {
    use crate::message::{Amount, Pattern};
    let table = LINES.split_once("| answer | pattern | amount |").unwrap().1;
    let mut count = 0;
    for row in table.lines().skip(2).take_while(|row| row.starts_with('|')) {
        let mut cells = row.split('|').map(|cell| cell.trim().trim_matches('`')).skip(1);
        let [answer, pattern, amount] = core::array::from_fn(|_| cells.next().unwrap());
        let pattern = if pattern == "none" { "-?[0-9][0-9.,]*" } else { pattern };
        let found = Pattern::parse(pattern).unwrap().find(answer).and_then(Amount::parse);
        assert_eq!(found.map(|found| found.to_string()).as_deref(), Some(amount), "{row}");
        count += 1;
    }
    assert_eq!(count, 6);
}

#[test]
fn the_errors_that_the_manual_shows_are_what_is_said() {
    let text = "config goipd\noption ttl 1h\nconfig device d\noption url 192.168.8.1\noption pasword x\n";
    for line in errors(text).lines().filter(|l| !l.contains("missing")) {
        let said = line.split_once(": ").unwrap().1;
        let said = said.split(" Known here").next().unwrap();
        assert!(MANUAL.contains(said), "{said}");
    }
    let unclosed = errors("config goipd\noption socket '/run/s\n");
    assert!(MANUAL.contains(unclosed.split_once("byte 15: ").unwrap().1), "{unclosed}");
}

#[test]
fn the_sample_is_right_as_it_is_and_with_every_option_turned_on() {
    fn check<T>(all: &str, table: &[Spec<T>]) {
        for spec in table {
            let line = format!("\n\t{} {} '", spec.kind.keyword(), spec.name);
            assert!(all.contains(&line), "{line}");
        }
    }
    let as_it_is = config(SAMPLE);
    let all = ["\toption", "\tlist", "config"]
        .iter()
        .fold(SAMPLE.to_owned(), |text, word| text.replace(&format!("\n#{word}"), &format!("\n{word}")));
    check(&all, GOIPD);
    check(&all, DEVICE);
    check(&all, LINE);
    check(&all, RELAY);
    check(&all, CLIENT);
    check(&all, OPT_OUT);
    check(&all, REPLY);
    check(&all, WEBHOOK);
    check(&all, HOOK);
    check(&all, BALANCE);
    check(&all, CANARY);
    check(&all, GROUP);
    let mut turned_on = config(&all);
    assert_eq!(
        turned_on.choosing.lines.drain(..).map(|line| line.name).collect::<Vec<_>>(),
        ["office_1".into()]
    );
    assert_eq!(turned_on.socket_group.take().as_deref(), Some("nogroup"));
    assert_eq!(turned_on.max_journal_kib.take(), Some(512));
    assert_eq!(std::mem::take(&mut turned_on.relay.listen), ["192.168.1.1:8037".parse().unwrap()]);
    assert_eq!(std::mem::take(&mut turned_on.relay.names), ["sms.example.org"]);
    assert_eq!(std::mem::take(&mut turned_on.relay.cors_origins), ["https://panel.example.org"]);
    assert_eq!(std::mem::take(&mut turned_on.devices[0].own_numbers).len(), 1);
    assert_eq!(turned_on.opt_out.confirm.take().as_deref(), Some("You get no more messages from us."));
    assert_eq!(turned_on.replies.drain(..).map(|r| r.name).collect::<Vec<_>>(), ["hours"]);
    let opt_out = std::mem::take(&mut turned_on.opt_out);
    assert_eq!((opt_out.keywords.len(), opt_out.start_keywords.len()), (6, 3));
    assert_eq!(opt_out.spelling.country, "49");
    assert_eq!(turned_on.clients.drain(..).map(|c| c.name).collect::<Vec<_>>(), ["nagios"]);
    assert_eq!(turned_on.webhooks.drain(..).map(|w| w.name).collect::<Vec<_>>(), ["crm"]);
    assert_eq!(turned_on.hooks.drain(..).map(|h| h.command).collect::<Vec<_>>(), [["/usr/bin/forward"]]);
    let health = std::mem::take(&mut turned_on.health);
    assert_eq!((health.balances.len(), health.canaries.len()), (1, 1));
    assert_eq!(turned_on.groups.drain(..).map(|g| g.name).collect::<Vec<_>>(), ["oncall".into()]);
    assert_eq!(turned_on.quiet.take(), crate::zone::Hours::parse("22:00-07:00"));
    assert_eq!(turned_on.admin_number.take().map(|n| n.to_string()).as_deref(), Some("+4915112345678"));
    let senders = std::mem::take(&mut turned_on.senders);
    assert!(senders.pass("+491") && !senders.pass("777"));
    // All others are shown with their defaults.
    assert_eq!(turned_on, as_it_is);
}
