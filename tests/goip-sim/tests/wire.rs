//! The box on a real port: how ordinary clients read it, one connection at a time, and what a
//! client sees of each fault.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use goip_sim::{End, Fault, Hang, Instead, Options, Page, Rule, Sim};

/// Longer than anything that is meant to happen.
const SOON: Duration = Duration::from_secs(20);

fn sim() -> Sim {
    Sim::start(Options { send_ms: 20, ..Options::default() })
}

fn connect(sim: &Sim) -> TcpStream {
    let stream = TcpStream::connect(sim.addr()).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream
}

/// A connection on which `page` was asked for.
fn asked(sim: &Sim, page: &str) -> TcpStream {
    let mut stream = connect(sim);
    let request = format!("GET /default/en_US/{page} HTTP/1.1\r\nHost: x\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

const SEND: &str = "send.html?u=admin&p=admin&l=1&n=777&m=hello";
const STATUS: &str = "send_status.xml?u=admin&p=admin";

/// All that comes until the connection closes or breaks.
fn answer(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    if let Err(error) = stream.read_to_end(&mut bytes) {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
    }
    String::from_utf8(bytes).unwrap()
}

fn get(sim: &Sim, page: &str) -> String {
    answer(asked(sim, page))
}

/// Waits until the box has done `count` jobs.
fn wait_for_jobs(sim: &Sim, count: usize) {
    let ended = |job: &goip_sim::Job| job.ended_ms.is_some();
    assert!(sim.wait_until(SOON, |model| model.jobs().iter().filter(|job| ended(job)).count() == count));
}

#[test]
fn a_send_goes_on_the_air_and_the_connection_closes() {
    let sim = sim();
    let page = get(&sim, SEND);
    assert!(page.starts_with("HTTP/1.0 200 OK\nDate: "), "{page}");
    assert!(page.contains("\nContent-Type: text/html\n\n\nSending,L1 Send SMS to:777; ID:"), "{page}");
    wait_for_jobs(&sim, 1);
    let job = &sim.air()[0];
    assert_eq!((job.text.as_str(), &job.end), ("hello", &End::Sent));
    assert!(page.ends_with(&format!("ID:{}\n", job.id)));
    assert_eq!(sim.requests()[0].page, Page::Send);
    assert_eq!(sim.most_status_per_second(), 0);
}

#[test]
fn ordinary_http_clients_read_its_pages() {
    let sim = sim();
    let url = format!("{}/default/en_US/{STATUS}", sim.url());
    let ureq = ureq::get(&url).call().unwrap().body_mut().read_to_string().unwrap();
    assert!(ureq.ends_with("</send-sms-status>\n"));
    let minreq = minreq::get(&url).with_timeout(20).send().unwrap();
    assert_eq!(minreq.status_code, 200);
    assert_eq!(minreq.as_str().unwrap(), ureq);

    let form = [("u", "admin"), ("p", "admin"), ("l", "1"), ("n", "777"), ("m", "ä & b")];
    let url = format!("{}/default/en_US/send.html", sim.url());
    let sent = ureq::post(&url).send_form(form).unwrap().body_mut().read_to_string().unwrap();
    assert!(sent.starts_with("\nSending,L1 Send SMS to:777; ID:"), "{sent}");
    assert_eq!(sim.jobs()[0].text, "ä & b");
    let unauthorized = ureq::get(format!("{}/default/en_US/send_sms_status.xml", sim.url())).call();
    assert!(matches!(unauthorized, Err(ureq::Error::StatusCode(401))));
}

#[test]
fn one_connection_is_served_at_a_time_and_the_others_wait() {
    let sim = sim();
    let silent = connect(&sim);
    let mut waiting = asked(&sim, STATUS);
    waiting.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let early = waiting.read(&mut [0; 1]);
    assert!(early.is_err_and(|error| error.kind() == ErrorKind::WouldBlock));
    assert!(sim.requests().is_empty());
    drop(silent);
    waiting.set_read_timeout(Some(SOON)).unwrap();
    assert!(answer(waiting).ends_with("</send-sms-status>\n"));
}

#[test]
fn a_lost_answer_leaves_the_message_with_the_box_or_not() {
    let sim = sim();
    sim.fault(Fault::LostBefore.on(Page::Send));
    sim.fault(Fault::LostAfter.on(Page::Send));
    assert!(get(&sim, STATUS).contains("<id1></id1>"), "a status request is not hit");
    assert_eq!(get(&sim, SEND), "");
    assert_eq!(sim.jobs().len(), 0);
    assert_eq!(get(&sim, SEND), "");
    wait_for_jobs(&sim, 1);
    assert_eq!(sim.air().len(), 1);
}

#[test]
fn a_late_request_is_worked_off_after_its_client_has_given_up() {
    let sim = sim();
    sim.fault(Fault::Late { ms: 300 }.on(Page::Send));
    drop(asked(&sim, SEND));
    assert!(!get(&sim, STATUS).contains("<id1></id1>"), "who comes next waits behind it");
    let request = &sim.requests()[0];
    assert!(request.acted_ms >= request.arrived_ms + 300, "{request:?}");
    wait_for_jobs(&sim, 1);
    assert_eq!(sim.air().len(), 1);
}

#[test]
fn a_box_that_hangs_has_taken_the_message_or_not() {
    let ms = 600_000;
    for (at, jobs, answered) in [
        (Hang::Accepted, 0, ""),
        (Hang::Read, 0, ""),
        (Hang::Taken, 1, ""),
        (Hang::Head, 1, "HTTP/1.0 200 OK\nDate: Sun, 22 Nov 2026 07:00:00 GMT\nContent-Type: text/html\n\n"),
    ] {
        let sim = sim();
        sim.fault(Fault::Hang { at, ms });
        let mut hung = asked(&sim, SEND);
        hung.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let silent = hung.read_to_end(&mut Vec::new());
        assert!(silent.is_err_and(|error| error.kind() == ErrorKind::WouldBlock), "{at:?}");
        drop(hung);
        if at == Hang::Accepted {
            let mut behind = asked(&sim, STATUS);
            behind.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
            assert!(behind.read(&mut [0]).is_err(), "what is not read cannot be seen to end");
            sim.clear();
        }
        assert!(get(&sim, STATUS).contains("</send-sms-status>"), "{at:?}: it goes on");
        assert_eq!(sim.jobs().len(), jobs, "{at:?}");

        sim.fault(Fault::Hang { at, ms: 50 }.on(Page::Status));
        let short = get(&sim, STATUS);
        assert_eq!(short, answered, "{at:?}: it closes when its time is up");
    }
}

#[test]
fn clearing_ends_a_hang_and_an_outage_and_every_rule() {
    let sim = sim();
    sim.fault(Fault::LostBefore.always());
    sim.fault(Fault::Busy.times(9));
    assert_eq!(get(&sim, STATUS), "");
    sim.command("refuse 600000").unwrap();
    let refused = TcpStream::connect(sim.addr());
    assert!(refused.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused));
    sim.clear();
    assert!(get(&sim, SEND).contains("Sending,"));
}

#[test]
fn a_reboot_breaks_the_connection_and_refuses_others_meanwhile() {
    let sim = sim();
    let hung = {
        sim.fault(Fault::Hang { at: Hang::Taken, ms: 600_000 });
        asked(&sim, SEND)
    };
    wait_for_jobs(&sim, 1);
    sim.command("reboot 600000").unwrap();
    assert!(TcpStream::connect(sim.addr()).is_err());
    assert_eq!(answer(hung), "");
    sim.clear();
    assert!(get(&sim, STATUS).contains("<id1></id1>\n\t<status1></status1>"));
    assert_eq!(sim.air().len(), 1, "it was out before");
}

#[test]
fn answers_can_trickle_be_cut_or_be_something_else() {
    let sim = sim();
    let whole = get(&sim, STATUS);
    let (head, body) = whole.split_once("\n\n").unwrap();

    sim.fault(Fault::Trickle { ms: 1 });
    let begun = Instant::now();
    let trickled = get(&sim, STATUS);
    assert_eq!(trickled.split_once("\n\n").unwrap().1, body);
    assert!(begun.elapsed() >= Duration::from_millis(trickled.len() as u64 / 2));

    sim.fault(Fault::Truncated { bytes: 50 });
    assert_eq!(get(&sim, STATUS).len(), head.len() + 2 + 50);

    for (what, start, end) in [
        (Instead::Garbage, "HTTP/1.0 200 OK\n", "</html>\n"),
        (Instead::Unauthorized, "HTTP/1.0 401 Please Authenticate\n", "\n\n\n"),
        (Instead::ServerError, "HTTP/1.0 500 Internal Server Error\n", "</html>\n"),
        (Instead::Nested, "HTTP/1.0 200 OK\n", "</a></a></a>\n"),
    ] {
        for taken in [false, true] {
            let before = sim.jobs().len();
            wait_for_jobs(&sim, before);
            sim.fault(Fault::Instead { what, taken });
            let page = get(&sim, SEND);
            assert!(page.starts_with(start) && page.ends_with(end), "{page:.200}");
            assert_eq!(sim.jobs().len() - before, usize::from(taken), "{what:?}");
        }
    }
    sim.fault(Fault::Instead { what: Instead::Nested, taken: false });
    assert_eq!(get(&sim, STATUS).matches("<a>").count(), 20_000);
}

#[test]
fn an_endless_page_goes_on_until_its_client_hangs_up() {
    let sim = sim();
    for page in [STATUS, SEND] {
        sim.fault(Fault::Instead { what: Instead::Endless, taken: false });
        let mut stream = asked(&sim, page);
        let mut bytes = vec![0; 3_000_000];
        stream.read_exact(&mut bytes).unwrap();
        drop(stream);
        assert!(get(&sim, STATUS).contains("</send-sms-status>"));
    }
}

#[test]
fn dropping_it_closes_its_ports_even_while_it_hangs() {
    // An address where no other test can take the ports that become free.
    let any = "127.0.0.77:0".parse().unwrap();
    let sim = Sim::bind(Options::default(), any, Some(any)).unwrap();
    let (pages, control) = (sim.addr(), sim.control_addr().unwrap());
    sim.fault(Rule::from(Fault::Hang { at: Hang::Read, ms: 600_000 }));
    let hung = asked(&sim, STATUS);
    let controlled = TcpStream::connect(control).unwrap();
    drop(sim);
    assert!(TcpStream::connect(pages).is_err());
    assert!(TcpStream::connect(control).is_err());
    assert_eq!((answer(hung), answer(controlled)), (String::new(), String::new()));
}

#[test]
fn the_control_port_takes_commands_in_lines() {
    let any = "127.0.0.1:0".parse().unwrap();
    let options = Options { send_ms: 20, ..Options::default() };
    let sim = Sim::bind(options, any, Some(any)).unwrap();
    let mut control = TcpStream::connect(sim.control_addr().unwrap()).unwrap();
    control.set_read_timeout(Some(SOON)).unwrap();
    let mut say = |line: &str, answer: &str| {
        control.write_all(format!("{line}\n").as_bytes()).unwrap();
        let mut heard = vec![0; answer.len()];
        control.read_exact(&mut heard).unwrap();
        assert_eq!(String::from_utf8(heard).unwrap(), answer);
    };
    say("fault send busy", "ok fault send busy\n");
    assert!(get(&sim, SEND).ends_with("\nERROR,L1 busy\n"));
    say("foreign 1 777 not ours", "ok foreign 1 777 not ours\n");
    say("foreign 2 777 x", "error line error\n");
    wait_for_jobs(&sim, 1);
    let job = sim.air().remove(0);
    let (from, to, id) = (job.started_ms, job.ended_ms.unwrap(), job.id);
    let listed =
        format!("ok 1 lines\n{from}-{to} ms line 1 to 777 \"not ours\" id {id} (another program's) Sent\n");
    say("air", &listed);
    say("jobs", &listed);
    let asked = sim.requests()[0].arrived_ms;
    let query = SEND.split_once('?').unwrap().1;
    say("requests", &format!("ok 1 lines\n{asked} ms GET /default/en_US/send.html?{query} \"\"\n"));
    say("dance", "error no command is called 'dance'; 'help' lists them\n");
    say("clear", "ok clear\n");
    let help = goip_sim::HELP;
    say("help", &format!("ok {} lines\n{help}", help.lines().count()));
}
