//! The box without sockets, in virtual time: its pages to the byte, its lines and its limits.

use goip_sim::{Command, End, Fault, Ids, Model, Options, Page, Step, Tags};

/// What the box writes to a request, all of it.
fn ask(model: &mut Model, now_ms: u64, request: &str) -> String {
    let steps = model.request(now_ms, request.as_bytes());
    let written = steps.into_iter().filter_map(|step| match step {
        Step::Write(bytes) => Some(bytes),
        _ => None,
    });
    String::from_utf8(written.flatten().collect()).unwrap()
}

fn get(model: &mut Model, now_ms: u64, page: &str) -> String {
    ask(model, now_ms, &format!("GET /default/en_US/{page} HTTP/1.1\r\nHost: x\r\n\r\n"))
}

fn send(model: &mut Model, now_ms: u64, line: u8, number: &str, text: &str) -> String {
    let answer = get(model, now_ms, &format!("send.html?u=admin&p=admin&l={line}&n={number}&m={text}"));
    answer.split_once("\n\n").unwrap().1.to_owned()
}

fn status(model: &mut Model, now_ms: u64) -> String {
    let page = get(model, now_ms, "send_status.xml?u=admin&p=admin");
    page.split_once("\n\n").unwrap().1.to_owned()
}

/// The first line's triple of a status page.
fn first(model: &mut Model, now_ms: u64) -> [String; 3] {
    let page = status(model, now_ms);
    ["id1", "status1", "error1"].map(|name| {
        let from = page.find(&format!("<{name}>")).unwrap() + name.len() + 2;
        page[from..].split('<').next().unwrap().to_owned()
    })
}

fn do_now(model: &mut Model, now_ms: u64, command: &str) {
    model.command(now_ms, command.parse::<Command>().unwrap()).unwrap();
}

#[test]
fn a_send_is_answered_with_a_bare_lf_head_and_a_newline_around_the_line() {
    let mut model = Model::new(Options::default());
    assert_eq!(
        get(&mut model, 1500, "send.html?u=admin&p=admin&l=1&n=51987654321&m=Hello+world"),
        "HTTP/1.0 200 OK\nDate: Sun, 22 Nov 2026 07:00:01 GMT\nContent-Type: text/html\n\n\
         \nSending,L1 Send SMS to:51987654321; ID:6b0292f1\n"
    );
}

#[test]
fn the_status_page_lists_eight_lines_of_a_box_with_one() {
    let mut model = Model::new(Options::default());
    send(&mut model, 0, 1, "777", "a");
    let empty: String = (2..=8)
        .map(|n| format!("\t<id{n}></id{n}>\n\t<status{n}></status{n}>\n\t<error{n}></error{n}>\n"))
        .collect();
    let page = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<send-sms-status>\n\
         \t<id1>6b0292f0</id1>\n\t<status1>STARTED</status1>\n\t<error1></error1>\n{empty}</send-sms-status>\n"
    );
    assert_eq!(status(&mut model, 2999), page);
    assert_eq!(status(&mut model, 3000), page.replace("STARTED", "DONE"));
}

#[test]
fn the_other_status_page_wants_basic_login_and_calls_ids_keys() {
    let mut model = Model::new(Options { lines: 9, ..Options::default() });
    let page = "GET /default/en_US/send_sms_status.xml?line=&ajaxcachebust=1 HTTP/1.1\r\n";
    let right = ask(&mut model, 0, &format!("{page}Authorization: Basic YWRtaW46YWRtaW4=\r\n\r\n"));
    assert!(right.contains("\t<smskey1></smskey1>\n\t<status1></status1>"));
    assert!(right.contains("\t<smskey9></smskey9>\n"));
    let asks_for_login = "HTTP/1.0 401 Please Authenticate\nDate: Sun, 22 Nov 2026 07:00:00 GMT\n\
                          WWW-Authenticate: Basic realm=\"GoIP\"\nContent-Type: text/html\n\n\n";
    assert_eq!(ask(&mut model, 0, &format!("{page}\r\n")), asks_for_login);
    let wrong = ask(&mut model, 0, &format!("{page}Authorization: Basic YWRtaW46eA==\r\n\r\n"));
    assert_eq!(wrong, asks_for_login);
}

#[test]
fn a_basic_login_has_at_most_99_bytes() {
    let header = |bytes: usize| {
        // "a:" and as many times "aaa" as it takes, in base64: "YTph" "YWFh"…
        let code = "YTph".to_owned() + &"YWFh".repeat(bytes / 3 - 1);
        format!("GET /default/en_US/send_sms_status.xml HTTP/1.0\r\nAuthorization: Basic {code}\r\n\r\n")
    };
    for (bytes, answer) in [(99, "HTTP/1.0 200 OK\n"), (102, "HTTP/1.0 401 Please Authenticate\n")] {
        let options = Options { user: "a".into(), password: "a".repeat(bytes - 2), ..Options::default() };
        let page = ask(&mut Model::new(options), 0, &header(bytes));
        assert!(page.starts_with(answer), "{bytes}: {page}");
    }
}

#[test]
fn old_firmware_has_one_triple_without_numbers_and_some_close_empty_tags() {
    let options = Options { tags: Tags::Plain, self_closing: true, ..Options::default() };
    assert_eq!(
        status(&mut Model::new(options), 0),
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<send-sms-status>\n\t<id/>\n\t<status/>\n\t<error/>\n</send-sms-status>\n"
    );
}

#[test]
fn a_wrong_login_another_page_and_another_method_have_their_own_answers() {
    let mut model = Model::new(Options::default());
    for page in ["send.html?u=admin&p=x&l=1&n=777&m=a", "send_status.xml", "send_status.xml?u=x&p=admin"] {
        assert!(get(&mut model, 0, page).ends_with("\n\n\nERROR,user or password error\n"), "{page}");
    }
    let not_found = get(&mut model, 0, "nothing.html");
    assert!(not_found.starts_with("HTTP/1.0 404 Not Found\nDate: "), "{not_found}");
    assert!(not_found.ends_with(
        "\n\n<html><head><title>404 Not Found</title></head>\n<body><h1>404 Not Found</h1></body></html>\n"
    ));
    let put = ask(&mut model, 0, "PUT /default/en_US/send.html?u=admin&p=admin&n=777&m=a HTTP/1.1\r\n\r\n");
    assert_eq!(put, "Unsupported method\n");
    assert!(model.jobs().is_empty());
}

#[test]
fn a_line_that_sends_is_busy_and_another_line_is_not() {
    let mut model = Model::new(Options { lines: 2, ..Options::default() });
    assert_eq!(send(&mut model, 0, 1, "777", "a"), "\nSending,L1 Send SMS to:777; ID:6b0292f0\n");
    assert_eq!(send(&mut model, 2999, 1, "777", "b"), "\nERROR,L1 busy\n");
    assert_eq!(send(&mut model, 2999, 2, "777", "c"), "\nSending,L2 Send SMS to:777; ID:6b0292f2\n");
    assert_eq!(send(&mut model, 3000, 1, "777", "d"), "\nSending,L1 Send SMS to:777; ID:6b0292f3\n");
    assert_eq!(send(&mut model, 3000, 3, "777", "e"), "\nERROR,line error\n");
    model.tick(9000);
    let texts: Vec<String> = model.air().into_iter().map(|job| job.text).collect();
    assert_eq!(texts, ["a", "c", "d"]);
}

#[test]
fn the_air_knows_line_number_text_id_and_times() {
    let mut model = Model::new(Options { send_ms: 100, ..Options::default() });
    send(&mut model, 40, 1, "%2B49", "100%25+%C3%A4");
    model.tick(89);
    assert_eq!(model.air(), []);
    model.tick(90);
    let job = &model.air()[0];
    assert_eq!((job.line, job.number.as_str(), job.text.as_str()), (1, "+49", "100% ä"));
    assert_eq!((job.started_ms, job.aired_ms, job.ended_ms), (40, Some(90), None));
    model.tick(1000);
    assert_eq!((model.air()[0].ended_ms, &model.air()[0].end), (Some(140), &End::Sent));
    assert_eq!(model.air()[0].to_string(), "line 1 to +49 \"100% ä\" id 6b0292f0");
}

#[test]
fn the_spread_is_drawn_from_the_seed() {
    let times = |seed| {
        let mut model = Model::new(Options { send_ms: 100, spread_ms: 50, seed, ..Options::default() });
        for start in 0..20 {
            send(&mut model, start * 1000, 1, "777", "a");
        }
        model.tick(20_000);
        model.jobs().iter().map(|job| job.ended_ms.unwrap() - job.started_ms).collect::<Vec<_>>()
    };
    assert_eq!(times(1), times(1));
    assert_ne!(times(1), times(2));
    assert!(times(1).iter().all(|took| (100..=150).contains(took)));
}

#[test]
fn ids_are_times_that_never_repeat_or_exact_times_or_a_counter() {
    for (ids, wanted) in [
        (Ids::Time, ["6b0292f0", "6b0292f1", "6b0292f2", "6b0292f5"]),
        (Ids::TimeExact, ["6b0292f0", "6b0292f0", "6b0292f0", "6b0292f5"]),
        (Ids::Counter, ["00000001", "00000002", "00000003", "00000004"]),
    ] {
        let mut model = Model::new(Options { send_ms: 10, ids, ..Options::default() });
        for start in [0, 100, 200, 5000] {
            send(&mut model, start, 1, "777", "a");
        }
        let given: Vec<String> = model.jobs().into_iter().map(|job| job.id).collect();
        assert_eq!(given, wanted, "{ids:?}");
    }
}

#[test]
fn a_counter_starts_again_at_a_reboot_unless_it_is_kept() {
    for (counter_restarts, id) in [(true, "00000001"), (false, "00000002")] {
        let options = Options { ids: Ids::Counter, counter_restarts, ..Options::default() };
        let mut model = Model::new(options);
        send(&mut model, 0, 1, "777", "a");
        do_now(&mut model, 5000, "reboot 100");
        send(&mut model, 6000, 1, "777", "a");
        assert_eq!(model.jobs()[1].id, id);
    }
}

#[test]
fn the_url_is_cut_after_1024_bytes_without_a_word() {
    let mut model = Model::new(Options::default());
    let start = "/default/en_US/send.html?u=admin&p=admin&l=1&n=777&m=";
    for (url, kept) in [
        (format!("{start}{}", "a".repeat(2000)), 1024 - start.len()),
        (format!("{start}{}", "a".repeat(1024 - start.len())), 1024 - start.len()),
    ] {
        let mut model = model.clone();
        assert!(ask(&mut model, 0, &format!("GET {url} HTTP/1.1\r\n\r\n")).contains("Sending,L1"));
        assert_eq!(model.jobs()[0].text, "a".repeat(kept));
        assert_eq!(model.requests()[0].query.len(), 1024 - "/default/en_US/send.html?".len());
    }
    let login_last =
        format!("GET /default/en_US/send.html?m={}&u=admin&p=admin HTTP/1.1\r\n\r\n", "a".repeat(1000));
    assert!(ask(&mut model, 0, &login_last).contains("ERROR,user or password error"));
}

#[test]
fn a_post_body_is_read_and_merged_only_under_the_boxs_rules() {
    let form = "application/x-www-form-urlencoded";
    let body = "u=admin&p=admin&n=777&m=from+the+body";
    let length = body.len();
    for (case, head, taken) in [
        ("as it should be", format!("Content-Type: {form}\r\nContent-Length: {length}"), true),
        ("with a charset", format!("Content-Type: {form}; charset=utf-8\r\nContent-Length: {length}"), false),
        ("without a type", format!("Content-Length: {length}"), false),
        ("without a length", format!("Content-Type: {form}"), false),
        ("chunked", format!("Content-Type: {form}\r\nTransfer-Encoding: chunked"), false),
        ("no space behind the colon", format!("Content-Type:{form}\r\nContent-Length: {length}"), false),
    ] {
        let mut model = Model::new(Options { lines: 2, ..Options::default() });
        let request = format!("POST /default/en_US/send.html?l=2 HTTP/1.1\r\n{head}\r\n\r\n{body}");
        let answer = ask(&mut model, 0, &request);
        assert_eq!(answer.contains("Sending,L2"), taken, "{case}: {answer}");
        assert_eq!(answer.contains("ERROR,user or password error"), !taken, "{case}: {answer}");
        let texts: Vec<String> = model.jobs().into_iter().map(|job| job.text).collect();
        assert_eq!(texts, if taken { vec!["from the body"] } else { vec![] }, "{case}");
    }
}

#[test]
fn a_post_body_may_have_10240_bytes() {
    let mut model = Model::new(Options::default());
    let start = "u=admin&p=admin&l=1&n=777&m=";
    let body = format!("{start}{}", "a".repeat(20_000));
    let head = "Content-Type: application/x-www-form-urlencoded";
    let length = body.len();
    let request =
        format!("POST /default/en_US/send.html HTTP/1.1\r\n{head}\r\nContent-Length: {length}\r\n\r\n{body}");
    assert!(goip_sim::is_whole(&request.as_bytes()[..request.len() - length + 10_240]));
    ask(&mut model, 0, &request);
    assert_eq!(model.jobs()[0].text.len(), 10_240 - start.len());
}

#[test]
fn a_cookie_without_an_equals_sign_upsets_the_box() {
    let mut model = Model::new(Options::default());
    let page = "GET /default/en_US/send_status.xml?u=admin&p=admin HTTP/1.1\r\n";
    assert_eq!(ask(&mut model, 0, &format!("{page}Cookie: x\r\n\r\n")), "");
    assert!(ask(&mut model, 0, &format!("{page}Cookie: x=1\r\n\r\n")).starts_with("HTTP/1.0 200 OK\n"));
}

#[test]
fn a_number_that_fails_ends_done_with_its_error_and_is_not_on_the_air() {
    let mut model = Model::new(Options { send_ms: 100, brackets_fail: true, ..Options::default() });
    do_now(&mut model, 0, "fault error 4917 2172");
    do_now(&mut model, 0, "fault error 49171 332 aired");
    for (at, number, text, error) in [
        (0, "49160", "a", ""),
        (1000, "49172", "b", "2172"),
        (2000, "49171", "c", "332"),
        (3000, "1", "[d", "500"),
    ] {
        send(&mut model, at, 1, number, text);
        assert_eq!(first(&mut model, at + 99)[1..], ["STARTED", ""]);
        assert_eq!(first(&mut model, at + 100)[1..], ["DONE", error]);
    }
    let aired: Vec<String> = model.air().into_iter().map(|job| job.text).collect();
    assert_eq!(aired, ["a", "c"]);
    assert_eq!(model.jobs()[1].end, End::Failed("2172".into()));
}

#[test]
fn busy_logout_and_other_refusals_hit_the_next_sends_and_take_nothing() {
    let mut model = Model::new(Options::default());
    model.fault(Fault::Busy.times(2));
    model.fault(Fault::Logout);
    model.fault(Fault::Says("L1 no way".into()));
    let words = [(); 5].map(|()| {
        status(&mut model, 0);
        send(&mut model, 0, 1, "777", "a")
    });
    assert_eq!(
        words[..4],
        ["\nERROR,L1 busy\n", "\nERROR,L1 busy\n", "\nERROR,L1 GSM logout\n", "\nERROR,L1 no way\n"]
    );
    assert!(words[4].starts_with("\nSending,L1"));
    assert_eq!(model.jobs().len(), 1);
}

#[test]
fn a_logout_lasts_its_time_and_concerns_its_line() {
    let mut model = Model::new(Options { lines: 2, ..Options::default() });
    do_now(&mut model, 0, "logout 1 1000");
    assert_eq!(send(&mut model, 999, 1, "777", "a"), "\nERROR,L1 GSM logout\n");
    assert!(send(&mut model, 999, 2, "777", "a").starts_with("\nSending,L2"));
    assert!(send(&mut model, 1000, 1, "777", "a").starts_with("\nSending,L1"));
}

#[test]
fn a_job_can_lose_its_id_or_never_end() {
    let mut model = Model::new(Options { send_ms: 100, ..Options::default() });
    model.fault(Fault::EmptyId);
    send(&mut model, 0, 1, "777", "a");
    assert_eq!(first(&mut model, 99), ["6b0292f0", "STARTED", ""]);
    assert_eq!(first(&mut model, 100), ["", "DONE", ""]);

    model.fault(Fault::Stuck { busy: false });
    model.fault(Fault::Stuck { busy: true });
    for (start, next) in [(1000, "\nSending,L1 Send"), (1_000_000, "\nERROR,L1 busy\n")] {
        assert!(send(&mut model, start, 1, "777", "b").starts_with("\nSending,L1"));
        assert_eq!(first(&mut model, start + 900_000)[1..], ["STARTED", ""]);
        assert!(send(&mut model.clone(), start + 900_000, 1, "777", "c").starts_with(next));
    }
    assert_eq!(model.air().len(), 3);
}

#[test]
fn an_error_can_show_before_the_end_and_vanish_or_stay() {
    let mut model = Model::new(Options { send_ms: 100, ..Options::default() });
    for (at, stays, end) in [(0, false, ["DONE", ""]), (1000, true, ["DONE", "38"])] {
        model.fault(Fault::EarlyError { error: "38".into(), stays });
        send(&mut model, at, 1, "777", "a");
        assert_eq!(first(&mut model, at)[1..], ["STARTED", "38"]);
        assert_eq!(first(&mut model, at + 100)[1..], end);
    }
    assert_eq!(model.air().len(), 1);
}

#[test]
fn a_reboot_empties_the_status_and_what_was_on_the_air_stays_there() {
    for (after_ms, aired) in [(40, 0), (60, 1)] {
        let mut model = Model::new(Options { send_ms: 100, ..Options::default() });
        model.fault(Fault::RebootDuring { after_ms, down_ms: 500 });
        send(&mut model, 0, 1, "777", "a");
        assert!(model.is_listening(after_ms - 1));
        assert!(!model.is_listening(after_ms));
        assert!(!model.is_listening(after_ms + 499));
        assert!(model.is_listening(after_ms + 500));
        assert_eq!(first(&mut model, 1000), ["", "", ""]);
        assert_eq!(model.air().len(), aired);
        assert_eq!((&model.jobs()[0].end, model.jobs()[0].ended_ms), (&End::CutOff, Some(after_ms)));
        assert_eq!(model.next_event_ms(), None);
    }
}

#[test]
fn another_programs_send_takes_the_line_and_the_status() {
    let mut model = Model::new(Options::default());
    do_now(&mut model, 0, "foreign 1 777 not ours");
    assert_eq!(first(&mut model, 0), ["6b0292f0", "STARTED", ""]);
    assert_eq!(send(&mut model, 0, 1, "777", "ours"), "\nERROR,L1 busy\n");
    model.tick(5000);
    assert!(model.air()[0].foreign);
    assert_eq!(model.air()[0].text, "not ours");
}

#[test]
fn a_script_runs_at_its_times() {
    let mut model = Model::new(Options::default());
    for (at_ms, command) in goip_sim::script("100 foreign 1 777 a\n200 reboot 50\n").unwrap() {
        model.schedule(at_ms, command);
    }
    assert_eq!(model.next_event_ms(), Some(100));
    assert_eq!(first(&mut model, 99)[1], "");
    assert_eq!(first(&mut model, 100)[1], "STARTED");
    assert!(!model.is_listening(249));
    assert_eq!(first(&mut model, 250)[1], "");
}

#[test]
fn a_post_whose_body_is_ignored_has_no_login() {
    let mut model = Model::new(Options::default());
    model.fault(Fault::PostIgnored);
    let body = "u=admin&p=admin&n=777&m=a";
    let post = format!(
        "POST /default/en_US/send.html HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    assert!(status(&mut model, 0).contains("<send-sms-status>"), "a GET does not meet it");
    assert!(ask(&mut model, 0, &post).contains("ERROR,user or password error"));
    assert!(ask(&mut model, 0, &post).contains("Sending,L1"));
}

#[test]
fn it_counts_the_most_requests_in_any_one_second() {
    let mut model = Model::new(Options::default());
    for at in [0, 900, 950, 1000, 1899, 1900, 5000] {
        status(&mut model, at);
    }
    send(&mut model, 5000, 1, "777", "a");
    assert_eq!(model.most_per_second(Page::Status), 4, "900, 950, 1000 and 1899");
    assert_eq!(model.most_per_second(Page::Send), 1);
    assert_eq!(model.requests()[7].var("m").as_deref(), Some("a"));
}

fn tools(model: &mut Model, now_ms: u64, query: &str) -> String {
    let login = "Authorization: Basic YWRtaW46YWRtaW4=";
    ask(model, now_ms, &format!("GET /default/en_US/tools.html?{query} HTTP/1.0\r\n{login}\r\n\r\n"))
}

#[test]
fn what_comes_stands_in_the_inbox_until_it_is_deleted_and_what_went_out_in_the_outbox() {
    let mut model = Model::new(Options { lines: 2, ..Options::default() });
    do_now(&mut model, 0, "sms 2 777 Hola, con comas");
    do_now(&mut model, 0, "clock 3600");
    do_now(&mut model, 1000, "sms 2 +49171 a%22b");
    send(&mut model, 1000, 1, "0172", "out");
    let inbox = tools(&mut model, 9000, "type=sms_inbox");
    assert!(inbox.starts_with("HTTP/1.0 200 OK\nDate: "), "{inbox}");
    let list = r#"sms= ["11-22 08:00:01,+49171,a\"b","11-22 07:00:00,777,Hola, con comas","","#;
    assert!(inbox.contains(list) && !inbox.contains("out"), "{inbox}");
    let outbox = tools(&mut model, 9000, "type=sms_outbox");
    assert!(outbox.contains("sms= [\"11-22 08:00:02,0172,out\",") && !outbox.contains("Hola"), "{outbox}");

    tools(&mut model, 9000, "action=del&type=sms_inbox&line=2&pos=0");
    do_now(&mut model, 9000, "reboot 1");
    let inbox = tools(&mut model, 9001, "type=sms_inbox");
    assert!(inbox.contains("sms= [\"11-22 07:00:00,777,Hola, con comas\","), "{inbox}");
    do_now(&mut model, 9001, "wipe all");
    assert!(!tools(&mut model, 9001, "type=sms_inbox").contains("Hola"));
    let no_login = get(&mut model, 9001, "tools.html?type=sms_inbox&u=admin&p=admin");
    assert!(no_login.starts_with("HTTP/1.0 401 "), "{no_login}");
}

#[test]
fn faults_hit_the_inbox_page_alone() {
    let mut model = Model::new(Options::default());
    model.fault(Fault::Truncated { bytes: 60 }.on(Page::Inbox));
    assert!(status(&mut model, 0).ends_with("</send-sms-status>\n"));
    assert!(!tools(&mut model, 0, "type=sms_inbox").contains("sms_row_insert"));
    assert!(tools(&mut model, 0, "type=sms_inbox").ends_with("</html>\n"));
}

/// Sends the web form.
fn form(model: &mut Model, now_ms: u64, page: &str, body: &str) -> String {
    let head = "Authorization: Basic YWRtaW46YWRtaW4=\r\nContent-Type: application/x-www-form-urlencoded";
    let len = body.len();
    let request =
        format!("POST /default/en_US/{page} HTTP/1.0\r\n{head}\r\nContent-Length: {len}\r\n\r\n{body}");
    ask(model, now_ms, &request)
}

const SMS: &str = "sms_info.html?type=sms";

#[test]
fn the_web_form_proposes_a_key_and_the_status_shows_what_came() {
    let mut model = Model::new(Options { lines: 2, ..Options::default() });
    let page = tools(&mut model, 0, "type=sms");
    assert!(page.contains("name=\"smskey\" value=\"6b0292f0\"") && page.contains("name=\"line2\""), "{page}");
    let body = "line2=1&smskey=5fd36a4a&action=SMS&telnum=777&smscontent=a%20b&send=Send";
    let page = form(&mut model, 0, SMS, body);
    assert!(
        page.contains("<td id=\"send1\"></td>") && page.contains("<td id=\"send2\">Line 2 Sending...</td>")
    );
    let status = get(&mut model, 0, "send_sms_status.xml?line=&ajaxcachebust=1");
    assert!(status.starts_with("HTTP/1.0 401 "), "{status}");
    let status = form(&mut model, 0, "send_sms_status.xml", "");
    assert!(status.contains("<smskey2>5fd36a4a</smskey2>\n\t<status2>STARTED</status2>"), "{status}");
    assert_eq!(model.jobs()[0].text, "a b");
    let no_login = get(&mut model, 0, "tools.html?type=sms");
    assert!(no_login.starts_with("HTTP/1.0 401 "), "{no_login}");
}

#[test]
fn several_lines_that_are_ticked_send_each_and_a_busy_one_is_not_spoken_of() {
    let mut model = Model::new(Options { lines: 3, ..Options::default() });
    send(&mut model, 0, 2, "777", "a");
    let body = "line1=1&line2=1&line3=1&smskey=k1&action=SMS&telnum=777&smscontent=b&send=Send";
    let page = form(&mut model, 0, SMS, body);
    assert!(page.contains("Line 1 Sending...") && page.contains("Line 3 Sending..."), "{page}");
    assert!(!page.contains("Line 2"), "{page}");
    let lines: Vec<_> = model.jobs().iter().map(|job| (job.line, job.text.clone())).collect();
    assert_eq!(lines, [(2, "a".into()), (1, "b".into()), (3, "b".into())]);
    let mut liar = Model::new(Options { form_lies: true, ..Options::default() });
    for _ in 0..2 {
        assert!(form(&mut liar, 0, SMS, body).contains("Line 1 Sending..."));
    }
    assert_eq!(liar.jobs().len(), 1);
}

#[test]
fn an_old_box_takes_line_without_a_number_and_shows_smskey_without_one() {
    let mut model = Model::new(Options { tags: Tags::Plain, ..Options::default() });
    form(&mut model, 0, SMS, "line1=1&smskey=k1&action=SMS&telnum=777&smscontent=b&send=Send");
    assert_eq!(model.jobs().len(), 0);
    let page = form(&mut model, 0, SMS, "line=1&smskey=k1&action=SMS&telnum=777&smscontent=b&send=Send");
    assert!(page.contains("Line 1 Sending..."), "{page}");
    assert!(form(&mut model, 0, "send_sms_status.xml", "").contains("<smskey>k1</smskey>"));
}

#[test]
fn the_form_of_a_line_that_is_logged_out_ends_at_once_and_of_faults_it_says_nothing() {
    let mut model = Model::new(Options::default());
    do_now(&mut model, 0, "logout 1 1000");
    let body = "line1=1&smskey=k1&action=SMS&telnum=777&smscontent=b&send=Send";
    assert!(form(&mut model, 0, SMS, body).contains("Line 1 Sending..."));
    assert_eq!(first(&mut model, 10), ["k1", "DONE", "GSM_LOGOUT"]);
    assert!(model.air().is_empty());
    for fault in [Fault::Busy, Fault::Logout, Fault::Says("L1 no".into())] {
        model.fault(fault);
        let page = form(&mut model, 2000, SMS, body);
        assert!(page.contains("smskey") && !page.contains("Sending"), "{page}");
    }
    model.fault(Fault::LostAfter.on(Page::Send));
    assert_eq!(form(&mut model, 2000, SMS, body), "");
    assert_eq!(model.jobs().len(), 2);
}

#[test]
fn a_ussd_codes_answer_stands_where_errors_stand() {
    let mut model = Model::new(Options::default());
    let body = "line1=1&smskey=k1&action=USSD&telnum=*100%23&send=Send";
    let page = form(&mut model, 0, "ussd_info.html?type=ussd", body);
    assert!(page.contains("Line 1 Sending..."), "{page}");
    assert_eq!(first(&mut model, 10), ["k1", "STARTED", ""]);
    assert_eq!(first(&mut model, 5000), ["k1", "DONE", "Your balance is 5.00"]);
    assert_eq!((model.jobs()[0].number.as_str(), model.air().len()), ("*100#", 0));
    let mut silent = Model::new(Options { ussd: String::new(), ..Options::default() });
    form(&mut silent, 0, "ussd_info.html?type=ussd", body);
    assert_eq!(first(&mut silent, 500_000)[1], "STARTED");
}

#[test]
fn what_a_box_sends_to_a_number_of_its_own_comes_in_there() {
    let mut model = Model::new(Options { lines: 2, send_ms: 100, ..Options::default() });
    do_now(&mut model, 0, "own 1 111");
    do_now(&mut model, 0, "own 2 222");
    send(&mut model, 0, 1, "222", "hello");
    send(&mut model, 0, 2, "333", "elsewhere");
    let inbox = "tools.html?type=sms_inbox HTTP/1.1\r\nAuthorization: Basic YWRtaW46YWRtaW4=";
    assert!(!ask(&mut model, 40, &format!("GET /default/en_US/{inbox}\r\n\r\n")).contains("hello"));
    let page = ask(&mut model, 60, &format!("GET /default/en_US/{inbox}\r\n\r\n"));
    assert!(page.contains("111,hello") && !page.contains("elsewhere"), "{page}");
}
