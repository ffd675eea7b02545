//! The usual life, and what a `DONE` means.

use super::*;
use JobStatus::{Done, Empty, Started};

#[test]
fn a_message_goes_from_queued_over_submitting_and_sending_to_sent() {
    let mut rig = Rig::one_line();
    let message = rig.send("Pump 3 stopped");
    rig.is(message, State::Submitting, None);
    rig.answer(0, sending("0b"));
    rig.is(message, State::Sending, None);
    rig.show(&[("0b", Started, "")]);
    rig.is(message, State::Sending, None);
    rig.show(&[("0b", Done, "")]);
    rig.is(message, State::Sent, None);
    let view = rig.engine.view(message).unwrap();
    assert_eq!((view.attempts, view.job), (1, id("0b")));
    assert_eq!(view.line, Some(LineId { device: 0, line: 1 }));
}

#[test]
fn nothing_leaves_before_its_submitting_record_is_on_disk() {
    let mut rig = Rig::one_line();
    rig.disk = false;
    let message = rig.send("x");
    rig.is(message, State::Submitting, None);
    assert_eq!(rig.asked[0], None);
    let submitting = rig.engine.ticket();
    rig.engine.durable(submitting - 1);
    rig.turn();
    assert_eq!(rig.asked[0], None, "only the acceptance is safe");
    rig.engine.durable(submitting);
    rig.turn();
    assert_eq!(rig.asked[0], Some(Ask::Send(message, 1)));
}

#[test]
fn the_submitting_record_carries_the_fence_and_the_boot() {
    let mut rig = Rig::one_line();
    let message = rig.send("x");
    let Some(Record::Submitting(record)) = rig.records.last() else { panic!("{:?}", rig.records) };
    assert_eq!((record.id, record.boot), (message, BootId([7; 16])));
    assert_eq!(record.line.to_string(), "office/1");
    assert_eq!((record.fence.job, record.fence.decides), (id("0a"), true));
}

#[test]
fn a_fence_is_at_most_two_seconds_old() {
    let mut rig = Rig::one_line();
    rig.pass(2_001);
    rig.send("x");
    assert_eq!(rig.asked[0], Some(Ask::Status));
    rig.show(&[("0a", Done, "")]);
    assert!(matches!(rig.asked[0], Some(Ask::Send(_, 1))));
}

#[test]
fn two_jobs_of_a_line_never_begin_within_one_second() {
    let mut rig = Rig::one_line();
    let first = rig.submitted("one");
    let second = rig.send("two");
    rig.answer(0, sending("0b"));
    let began = rig.now.boot_ms;
    // It fails at once.
    rig.pass(200);
    rig.show(&[("0b", Done, "500")]);
    rig.is(first, State::Failed, Some(ProblemCode::Rejected));
    while rig.asked[0] != Some(Ask::Send(second, 1)) {
        rig.show(&[("0b", Done, "500")]);
        rig.until_asked(0);
    }
    assert!(rig.now.boot_ms - began > 1_000, "{} ms", rig.now.boot_ms - began);
}

#[test]
fn the_answer_that_shows_one_job_done_is_the_fence_of_the_next() {
    let mut rig = Rig::one_line();
    let first = rig.submitted("one");
    let second = rig.send("two");
    rig.answer(0, sending("0b"));
    rig.show(&[("0b", Done, "")]);
    rig.is(first, State::Sent, None);
    assert_eq!(rig.asked[0], Some(Ask::Send(second, 1)), "without another question");
}

#[test]
fn each_error_of_a_job_that_is_done() {
    use ProblemCode::{GsmLogout, NetworkTimeout, Rejected, Temporary};
    let long = "x".repeat(161);
    // error, text, state, problem
    let table = [
        ("2172", "x", State::Failed, Some(Rejected)),
        ("500", "x", State::Failed, Some(Rejected)),
        ("38", "x", State::Queued, Some(Temporary)),
        ("41", "x", State::Queued, Some(Temporary)),
        ("42", "x", State::Queued, Some(Temporary)),
        ("47", "x", State::Queued, Some(Temporary)),
        ("331", "x", State::Queued, Some(Temporary)),
        ("GSM_LOGOUT", "x", State::Queued, Some(GsmLogout)),
        ("38", long.as_str(), State::Failed, Some(Rejected)),
        ("GSM_LOGOUT", long.as_str(), State::Failed, Some(Rejected)),
        ("332", "x", State::Unknown, Some(NetworkTimeout)),
    ];
    for (error, text, state, problem) in table {
        let mut rig = Rig::one_line();
        let message = rig.submitted(text);
        rig.answer(0, sending("0b"));
        rig.show(&[("0b", Done, error)]);
        assert_eq!((rig.state(message), rig.problem(message)), (state, problem), "{error}");
    }
}

#[test]
fn an_error_that_shows_while_the_job_runs_decides_nothing() {
    let mut rig = Rig::one_line();
    let message = rig.submitted("x");
    rig.answer(0, sending("0b"));
    rig.show(&[("0b", Started, "38")]);
    rig.is(message, State::Sending, None);
    rig.show(&[("0b", Done, "")]);
    rig.is(message, State::Sent, None);
}

#[test]
fn a_temporary_error_is_tried_again_after_ever_longer_pauses() {
    let mut rig = Rig::one_line();
    let message = rig.submitted("x");
    for (pause_s, job) in [30, 120, 600, 1800, 3600, 3600].into_iter().zip(0x0b..) {
        let name = format!("{job:02x}");
        rig.answer(0, sending(&name));
        rig.show(&[(&name, Done, "41")]);
        rig.is(message, State::Queued, Some(ProblemCode::Temporary));
        let tried = rig.now.boot_ms;
        loop {
            rig.until_asked(0);
            if rig.asked[0] != Some(Ask::Status) {
                break;
            }
            rig.answer(0, page(&[(&name, Done, "41")]));
        }
        assert_eq!((rig.now.boot_ms - tried) / 1000, pause_s);
    }
}

#[test]
fn what_cannot_be_known_of_a_running_job_is_unknown() {
    use ProblemCode::{IdLost, Rebooted, Replaced};
    let table = [
        (("", Done), IdLost),
        (("", Empty), Rebooted),
        (("0c", Started), Replaced),
        (("0c", Done), Replaced),
    ];
    for ((job, status), problem) in table {
        let mut rig = Rig::one_line();
        let message = rig.submitted("x");
        rig.answer(0, sending("0b"));
        rig.show(&[(job, status, "")]);
        rig.is(message, State::Unknown, Some(problem));
    }
}

#[test]
fn a_box_that_still_shows_the_job_before_is_given_some_time() {
    let mut rig = Rig::one_line();
    let message = rig.submitted("x");
    rig.answer(0, sending("0b"));
    rig.show(&[("0a", Done, "")]);
    rig.is(message, State::Sending, None);
    for _ in 0..40 {
        if rig.state(message) == State::Sending {
            rig.show(&[("0a", Done, "")]);
        }
    }
    rig.is(message, State::Unknown, Some(ProblemCode::Replaced));
}

#[test]
fn on_a_fresh_box_an_end_without_an_id_is_noticed_at_once_and_an_empty_page_may_be_late() {
    let mut rig = Rig::new(settings(&[device("office", 1)]));
    rig.answer(0, page(&[("", Empty, "")]));
    let message = rig.submitted("x");
    rig.answer(0, sending("0b"));
    rig.show(&[("", Empty, "")]);
    rig.is(message, State::Sending, None);
    rig.show(&[("", Done, "")]);
    rig.is(message, State::Unknown, Some(ProblemCode::IdLost));
}

#[test]
fn a_job_that_never_ends_is_unknown_after_a_minute_and_some_time_for_each_segment() {
    let mut rig = Rig::one_line();
    let message = rig.submitted(&"x".repeat(161));
    rig.answer(0, sending("0b"));
    let start = rig.now.boot_ms;
    while rig.state(message) == State::Sending {
        rig.show(&[("0b", Started, "")]);
    }
    rig.is(message, State::Unknown, Some(ProblemCode::Stuck));
    let took_s = (rig.now.boot_ms - start) / 1000;
    assert!((90..=96).contains(&took_s), "{took_s} s");
}

#[test]
fn the_late_end_of_a_job_that_was_given_up_is_taken_as_the_truth() {
    for (error, state) in [("", State::Sent), ("500", State::Failed)] {
        let mut rig = Rig::one_line();
        let message = rig.submitted("x");
        rig.answer(0, sending("0b"));
        while rig.state(message) == State::Sending {
            rig.show(&[("0b", Started, "")]);
        }
        rig.is(message, State::Unknown, Some(ProblemCode::Stuck));
        rig.show(&[("0b", Done, error)]);
        assert_eq!(rig.state(message), state);
    }
}

#[test]
fn a_running_job_is_asked_for_at_most_five_times_a_second() {
    let mut rig = Rig::one_line();
    rig.submitted("x");
    rig.answer(0, sending("0b"));
    let mut last = 0;
    for _ in 0..50 {
        rig.until_asked(0);
        assert!(rig.now.boot_ms - last >= MIN_STATUS_GAP_MS);
        last = rig.now.boot_ms;
        rig.answer(0, page(&[("0b", Started, "")]));
    }
}

#[test]
fn an_idle_engine_wakes_for_nothing_but_the_configured_polling() {
    let mut without = device("office", 1);
    without.status_interval_s = 0;
    let mut rig = Rig::new(settings(&[without]));
    rig.answer(0, page(&[("0a", Done, "")]));
    assert_eq!(rig.engine.next_wake(), None);

    let mut rig = Rig::one_line();
    for _ in 0..3 {
        assert_eq!(rig.until_asked(0), 60_000);
        rig.answer(0, page(&[("0a", Done, "")]));
    }
}

#[test]
fn eight_lines_are_asked_for_with_one_request() {
    let mut rig = Rig::new(settings(&[device("office", 8)]));
    let idle: Vec<_> = (0..8).map(|_| ("", Empty, "")).collect();
    rig.answer(0, page(&idle));
    let messages: Vec<_> = (0..8).map(|n| rig.send(&format!("{n}"))).collect();
    let mut lines = Vec::new();
    for n in 0..8 {
        let Some(Ask::Send(_, line)) = rig.asked[0] else { panic!("{:?}", rig.asked) };
        lines.push(line);
        rig.answer(0, sending(&format!("{:02x}", 0x10 + n)));
    }
    lines.sort_unstable();
    assert_eq!(lines, [1, 2, 3, 4, 5, 6, 7, 8], "each line gets one");
    let mut shown = vec![("", Done, ""); 8];
    let jobs: Vec<String> = messages
        .iter()
        .map(|m| rig.engine.view(*m).unwrap())
        .map(|v| (v.line.unwrap().line, v.job.to_string()))
        .fold(vec![String::new(); 8], |mut jobs, (line, job)| {
            jobs[usize::from(line) - 1] = job;
            jobs
        });
    for (place, job) in shown.iter_mut().zip(&jobs) {
        place.0 = job;
    }
    rig.show(&shown);
    for message in messages {
        rig.is(message, State::Sent, None);
    }
}
