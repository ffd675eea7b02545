//! `check`, with and without the boxes.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::thread::{JoinHandle, spawn};

use crate::run::{Folder, Run};

const ONE_LINE: &str = "<send-sms-status><id1></id1><status1></status1><error1></error1></send-sms-status>";

/// Checks a configuration with these arguments.
fn check(config: &str, args: &[&str]) -> Run {
    let folder = Folder::new();
    let file = folder.path("goipd");
    fs::write(&file, config).unwrap();
    Run::of(&mut folder.goipctl(&[&["check", file.to_str().unwrap(), "--shown-as", "FILE"], args].concat()))
}

/// A device at that port of this machine.
fn device(port: u16, login: [&str; 2], more: &str) -> String {
    let [username, password] = login;
    format!(
        "config device 'office'
         option url 'http://127.0.0.1:{port}'
         option username '{username}'
         option password '{password}'
         {more}\n"
    )
}

/// A box that answers one request with `answer`; its thread returns the request.
fn a_box(answer: &str) -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = answer.to_owned();
    let thread = spawn(move || {
        let mut client = listener.accept().unwrap().0;
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            client.read_exact(&mut byte).unwrap();
            request.push(byte[0]);
        }
        client.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(request).unwrap()
    });
    (port, thread)
}

/// Checks one box that answers its status with `page`.
fn live(page: &str, login: [&str; 2], more: &str, args: &[&str]) -> Run {
    let (port, thread) = a_box(&format!("HTTP/1.0 200 OK\nContent-Type: text/html\n\n{page}"));
    let run = check(&device(port, login, more), &[&["--live"], args].concat());
    assert!(thread.join().unwrap().starts_with("GET /default/en_US/send_status.xml?"));
    let run_with_port = |text: String| text.replace(&port.to_string(), "PORT");
    Run { stdout: run_with_port(run.stdout), stderr: run_with_port(run.stderr), ..run }
}

#[test]
fn a_good_configuration_is_summed_up() {
    let config = device(80, ["admin", "secret"], "option lines '4'");
    check(&config, &[]).printed("ok: FILE: 1 device, 4 lines\n");
    check(&config, &["--json"])
        .printed("{\"ok\":true,\"file\":\"FILE\",\"errors\":[],\"devices\":1,\"lines\":4,\"findings\":[]}\n");
}

#[test]
fn every_error_of_a_configuration_is_told_on_a_line_of_its_own() {
    let config = device(80, ["admin", "secret"], "option lines '99'\noption color 'red'");
    let run = check(&config, &[]);
    assert_eq!((run.code, run.stdout.as_str()), (5, ""));
    let lines: Vec<_> = run.stderr.lines().collect();
    assert!(lines[0].starts_with("FILE:5: ") && lines[0].contains("'lines'"), "{lines:?}");
    assert!(lines[1].starts_with("FILE:6: ") && lines[1].contains("'color'"), "{lines:?}");
    assert_eq!(lines[2..], ["goipctl: goipd does not start on FILE"]);
    assert!(!run.stderr.contains("secret"));
}

#[test]
fn errors_in_json_stand_in_a_list() {
    let run = check("config goipd\n\toption ttl '5'\n", &["--json"]);
    assert_eq!(run.code, 5);
    let start = "{\"ok\":false,\"file\":\"FILE\",\"errors\":[{\"message\":\"FILE";
    assert!(run.stdout.starts_with(start) && run.stdout.contains("FILE:2: "), "{run:?}");
}

#[test]
fn a_file_that_is_not_there_is_an_error_of_the_configuration() {
    let folder = Folder::new();
    let run = Run::of(&mut folder.goipctl(&["check", "/no/such/file"]));
    assert_eq!(run.code, 5);
    assert!(run.stderr.starts_with("/no/such/file: cannot be read: "), "{run:?}");
}

#[test]
fn a_box_that_can_be_used_passes() {
    live(ONE_LINE, ["boss", "secret"], "", &[]).printed(
        "\
ok: FILE: 1 device, 1 line
office: ok: 127.0.0.1:PORT answers, takes the login and shows the 1 line configured
",
    );
}

#[test]
fn the_vendors_password_is_a_warning_that_does_not_repeat_it() {
    for login in [["admin", "admin"], ["user", "1234"], ["sms", "1234"]] {
        let run = live(ONE_LINE, login, "", &[]);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        assert!(run.stdout.contains("\noffice: warning: "), "{run:?}");
        assert!(!run.stdout.contains(login[1]), "{run:?}");
    }
    assert!(!live(ONE_LINE, ["admin", "1234"], "", &[]).stdout.contains("warning"));
}

#[test]
fn lines_that_the_box_does_not_have_are_an_error() {
    let run = live(ONE_LINE, ["boss", "secret"], "option lines '4'", &[]);
    run.failed(1, "goipctl: goipd cannot use a box as it is configured\n");
    let finding = "office: error: 127.0.0.1:PORT shows 1 of the 4 lines configured, line 2 is missing; correct the option 'lines'\n";
    assert!(run.stdout.ends_with(finding), "{run:?}");
}

#[test]
fn a_wrong_login_is_an_error_that_does_not_repeat_it() {
    let run = live("\nERROR,user or password error\n", ["boss", "secret"], "", &[]);
    run.failed(1, "cannot use a box");
    assert!(run.stdout.contains("office: error: 127.0.0.1:PORT does not take the login; "), "{run:?}");
    assert!(!run.stdout.contains("secret") && !run.stdout.contains("boss"), "{run:?}");
}

#[test]
fn something_else_than_a_goip_is_an_error() {
    let run = live("<html>router</html>", ["boss", "secret"], "", &[]);
    run.failed(1, "cannot use a box");
    assert!(run.stdout.contains("does not answer as a GoIP does"), "{run:?}");
}

#[test]
fn a_box_that_is_away_is_an_error() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let run = check(&device(port, ["boss", "secret"], ""), &["--live"]);
    run.failed(1, "cannot use a box");
    assert!(run.stdout.contains("cannot be reached ("), "{run:?}");
}

#[test]
fn findings_in_json_stand_in_a_list() {
    let run = live(ONE_LINE, ["admin", "admin"], "", &["--json"]);
    assert_eq!(run.code, 0);
    let start = "{\"ok\":true,\"file\":\"FILE\",\"errors\":[],\"devices\":1,\"lines\":1,\"findings\":[{\"device\":\"office\",\"level\":\"ok\",";
    assert!(run.stdout.starts_with(start), "{run:?}");
    assert!(run.stdout.contains("{\"device\":\"office\",\"level\":\"warning\","), "{run:?}");
}
