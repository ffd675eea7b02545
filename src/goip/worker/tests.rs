use super::super::report::{Phase, SendAnswer};
use super::super::testing::{answering_box, silent_box};
use super::*;
use crate::mailbox::mailbox;
use crate::message::JobId;

fn send(message: u32, text: &str) -> Job {
    Job::Send { message, line: 2, number: "777".try_into().unwrap(), text: text.into(), form: None }
}

#[test]
fn every_job_gives_one_report_and_the_thread_ends_with_its_mailbox() {
    let (listener, device) = silent_box();
    drop(listener);
    let (jobs, todo) = mailbox();
    let (reports, done) = mailbox();
    let thread = spawn(device, "box", todo, move |r| reports.send(r).unwrap()).unwrap();
    jobs.send(send(7, "x")).unwrap();
    jobs.send(Job::Status).unwrap();
    let outcome = SendOutcome::Lost { phase: Phase::NotConnected, timed_out: false };
    assert_eq!(done.recv().unwrap(), Report::Send { message: 7, line: 2, outcome });
    assert!(matches!(done.recv().unwrap(), Report::Status { page: Err(AskError::Unreachable(_)) }));
    drop(jobs);
    thread.join().unwrap();
    assert_eq!(done.recv(), None);
}

#[test]
fn the_stack_is_large_enough_for_the_longest_send_and_the_deepest_page() {
    let run = |device, job| {
        let (jobs, todo) = mailbox();
        let (reports, done) = mailbox();
        let thread = spawn(device, "box", todo, move |r| reports.send(r).unwrap()).unwrap();
        jobs.send(job).unwrap();
        drop(jobs);
        thread.join().unwrap();
        done.recv().unwrap()
    };
    let (_box, mut device) = answering_box("HTTP/1.0 200 OK\n\nSending,L2 Send SMS to:777; ID:6a52acc8\n");
    device.host = "localhost".into();
    let id = JobId::parse("6a52acc8").unwrap();
    let outcome = SendOutcome::Answered(SendAnswer::Sending { line: Some(2), id });
    assert_eq!(run(device, send(1, &"€".repeat(1000))), Report::Send { message: 1, line: 2, outcome });

    let lines: String =
        (1..=64).map(|n| format!("<id{n}>{n}</id{n}><status{n}>DONE</status{n}><error{n}/>")).collect();
    let deep = format!("{}{}", "<a b='c'>".repeat(15), "</a>".repeat(15));
    let (_box, mut device) = answering_box(format!("HTTP/1.0 200 OK\n\n<s>{lines}{deep}</s>"));
    device.host = "localhost".into();
    let Report::Status { page: Ok(page) } = run(device, Job::Status) else { panic!("no page") };
    assert_eq!(page.lines.len(), 64);
}
