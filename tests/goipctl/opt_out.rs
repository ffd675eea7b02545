//! Who wants no more messages.

use std::fs;

use crate::run::{Daemon, Folder, Run, alone, talk};

const PAGE: &str = concat!(
    r#"{"ok":true,"optouts":[{"number":"+4915112345678","since":"2026-11-22T07:00:00Z"},"#,
    r#"{"number":"777","since":"2026-11-22T07:00:01Z"}],"next":"777"}"#,
    "\n",
);

const END: &str = "{\"ok\":true,\"optouts\":[],\"next\":\"777\"}\n";

#[test]
fn the_list_is_printed_page_by_page() {
    let (run, requests) = talk(&["optout", "list"], &[PAGE, END]);
    run.printed(
        "NUMBER                SINCE\n\
         +4915112345678        2026-11-22T07:00:00Z\n\
         777                   2026-11-22T07:00:01Z\n",
    );
    let asked =
        [r#"{"op":"optouts","after":null,"limit":200}"#, r#"{"op":"optouts","after":"777","limit":200}"#];
    assert_eq!(requests, asked);
}

#[test]
fn an_empty_list_is_a_line_of_names() {
    let (run, _) = talk(&["optout", "list"], &["{\"ok\":true,\"optouts\":[],\"next\":null}\n"]);
    run.printed("NUMBER                SINCE\n");
}

#[test]
fn an_export_is_what_an_import_reads() {
    let (run, _) = talk(&["optout", "export"], &[PAGE, END]);
    run.printed("+4915112345678 # since 2026-11-22T07:00:00Z\n777 # since 2026-11-22T07:00:01Z\n");
    let folder = Folder::new();
    fs::write(folder.path("list"), format!("# ours\n\n{}  0151 / 12-34\n", run.stdout)).unwrap();
    let daemon = Daemon::at(&folder.path("sock"), &["{\"ok\":true,\"added\":2}\n"]);
    Run::of(folder.goipctl(&["optout", "import"]).arg(folder.path("list"))).printed("2 added, 3 given\n");
    assert_eq!(
        daemon.requests(),
        [r#"{"op":"optout","numbers":"+4915112345678\n777\n01511234","do":"add"}"#]
    );
}

#[test]
fn a_long_file_is_imported_in_parts() {
    let folder = Folder::new();
    let lines: String = (0..600).map(|n| format!("+49151{n:05}\n")).collect();
    fs::write(folder.path("list"), lines).unwrap();
    let reply = "{\"ok\":true,\"added\":200}\n";
    let daemon = Daemon::at(&folder.path("sock"), &[reply, reply, reply]);
    Run::of(folder.goipctl(&["optout", "import"]).arg(folder.path("list"))).printed("600 added, 600 given\n");
    let lines: Vec<usize> =
        daemon.requests().iter().map(|request| request.matches("+49151").count()).collect();
    assert_eq!(lines, [256, 256, 88]);
}

#[test]
fn a_file_with_a_wrong_line_adds_nothing_and_each_is_named() {
    let folder = Folder::new();
    fs::write(folder.path("list"), "+4915112\n12x\n\n# x\n+49(0)151\n").unwrap();
    let run = Run::of(folder.goipctl(&["optout", "import"]).arg(folder.path("list")));
    let name = folder.path("list").display().to_string();
    assert_eq!(run.code, 2);
    let told: Vec<&str> = run.stderr.lines().collect();
    let start = |line: u32| format!("{name}:{line}: ");
    assert!(told[0].starts_with(&(start(2) + "'12x' is not a phone number")), "{told:?}");
    assert!(told[1].starts_with(&(start(5) + "'+49(0)151' is not a phone number")), "{told:?}");
    assert_eq!(told[2], format!("goipctl: {name}: 2 of its lines are wrong; nothing was imported"));
}

#[test]
fn one_number_is_shown_added_and_removed() {
    let out = "{\"ok\":true,\"number\":\"+49151\",\"opted_out\":true,\"since\":\"2026-11-22T07:00:00Z\"}\n";
    let back = "{\"ok\":true,\"number\":\"+49151\",\"opted_out\":false,\"since\":null}\n";
    for (args, reply, request, printed) in [
        (
            "show 0151",
            out,
            r#"{"op":"optout","number":"0151"}"#,
            "+49151 opted out since 2026-11-22T07:00:00Z\n",
        ),
        (
            "add 0151",
            out,
            r#"{"op":"optout","number":"0151","do":"add"}"#,
            "+49151 opted out since 2026-11-22T07:00:00Z\n",
        ),
        ("remove 0151", back, r#"{"op":"optout","number":"0151","do":"remove"}"#, "+49151 not opted out\n"),
    ] {
        let args: Vec<&str> = ["optout"].into_iter().chain(args.split(' ')).collect();
        let (run, requests) = talk(&args, &[reply]);
        run.printed(printed);
        assert_eq!(requests, [request]);
    }
}

#[test]
fn a_refusal_is_told() {
    let refusal = "{\"ok\":false,\"error\":\"storage\",\"message\":\"the list is full\"}\n";
    talk(&["optout", "add", "1234567"], &[refusal]).0.failed(5, "goipctl: storage the list is full\n");
}

#[test]
fn what_is_no_request_is_a_wrong_command_line() {
    for args in
        [&["optout"][..], &["optout", "x"], &["optout", "add"], &["optout", "list", "x"], &["optout", "show"]]
    {
        alone(args).failed(2, "too few or too many arguments; Usage: goipctl optout list");
    }
    alone(&["optout", "import", "/nowhere"]).failed(2, "/nowhere: No such file");
}
