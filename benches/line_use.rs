//! How much of their time lines spend sending, in virtual time, and what that asks of the box.

use goip_sim::{Command, End, Options};
use goipd::message::State;

use crate::world::{World, message, settings};
use crate::{hundredths, row};

const LATENCY_MS: u64 = 40;

/// Messages that wait at a time, at most: the journal of the simulated router is a small one.
const AT_ONCE: u32 = 100;

pub fn print() {
    one_line("at 3 s", 3_000, 0, "≥ 95.0 %");
    // Asked five times a second at most, a job's end is seen 100 ms late on average, and both
    // ways to the box take 60 ms a message: 94.9 % is the most there is.
    one_line("at 3 ± 1 s", 2_000, 2_000, "94.9 % at best");
    eight_lines(false);
    eight_lines(true);
    idle();
}

/// What a queue of messages took.
struct Run {
    took_ms: u64,
    /// The same if each line that is left had sent all the time.
    ideal_ms: u64,
    questions: u64,
    sends: u64,
}

/// Messages that are not final.
fn waiting(world: &World) -> u32 {
    let counters = world.engine.counters();
    State::ALL.into_iter().filter(|s| !s.is_final()).map(|s| counters.by_state[s as usize]).sum()
}

/// Sends `messages` over all lines of a box that takes `send_ms` and up to `spread_ms` more. If one
/// is `dying`, the last line is logged out for good when half of them have their end.
fn run(lines: u8, messages: u32, send_ms: u64, spread_ms: u64, dying: bool) -> Run {
    let mut world = World::new(
        settings(&[("office", lines)]),
        vec![Options { lines, send_ms, spread_ms, ..Options::default() }],
    );
    world.one_way_ms = LATENCY_MS / 2;
    world.run(world.now_ms + 2_000, |_| false);
    let (start_ms, questions, sends) = (world.now_ms, world.boxes[0].questions, world.boxes[0].sends);
    let (end_ms, mut died_ms) = (start_ms + 3_600_000, u64::MAX);
    for n in 1..=messages {
        assert!(world.run(end_ms, |world| waiting(world) < AT_ONCE), "there is room again");
        world.accept(message("+4915112345678", &format!("message {n}"))).expect("there is room");
        if dying && n == messages / 2 + AT_ONCE {
            died_ms = world.now_ms;
            let logout = Command::Logout { line: Some(lines), ms: end_ms };
            world.boxes[0].model.command(died_ms, logout).expect("a line that can log out");
        }
    }
    assert!(world.run(end_ms, |world| waiting(world) == 0), "all have an end");
    let jobs = world.boxes[0].model.jobs();
    let sent = jobs.iter().filter(|job| job.end == End::Sent);
    assert_eq!(sent.count(), messages as usize, "each is sent once");
    let took_ms = |before: bool| -> u64 {
        let jobs = jobs.iter().filter(|job| job.end == End::Sent && (job.started_ms < died_ms) == before);
        jobs.map(|job| job.ended_ms.expect("it ended") - job.started_ms).sum()
    };
    let lines = u64::from(lines);
    Run {
        took_ms: world.now_ms - start_ms,
        ideal_ms: took_ms(true) / lines + if dying { took_ms(false) / (lines - 1) } else { 0 },
        questions: world.boxes[0].questions - questions,
        sends: world.boxes[0].sends - sends,
    }
}

fn one_line(name: &str, send_ms: u64, spread_ms: u64, target: &str) {
    const MESSAGES: u32 = 100;
    let run = run(1, MESSAGES, send_ms, spread_ms, false);
    let per_mille = run.ideal_ms * 1000 / run.took_ms;
    row(
        &format!("line in use, {MESSAGES} messages {name}, box latency {LATENCY_MS} ms"),
        format!("{}.{} %", per_mille / 10, per_mille % 10),
        target,
    );
    row(
        &format!("status requests a message, {name}"),
        hundredths(run.questions * 100 / u64::from(MESSAGES)),
        "≤ 5.00",
    );
}

/// All lines of a box share its one connection.
fn eight_lines(dying: bool) {
    const LINES: u8 = 8;
    const MESSAGES: u32 = 800;
    let run = run(LINES, MESSAGES, 2_000, 2_000, dying);
    let which = if dying { ", one dying half-way" } else { "" };
    row(
        &format!("{LINES} lines{which}, {MESSAGES} messages at 3 ± 1 s: time beside ideal"),
        hundredths(run.took_ms * 100 / run.ideal_ms),
        "≤ 1.08",
    );
    row(
        &format!("{LINES} lines{which}: requests a message, the send among them"),
        hundredths((run.questions + run.sends) * 100 / u64::from(MESSAGES)),
        "≤ 4.00",
    );
}

/// An hour without a message and without configured polling.
fn idle() {
    let mut settings = settings(&[("office", 8)]);
    settings.devices[0].status_interval_s = 0;
    let mut world = World::new(settings, vec![Options { lines: 8, ..Options::default() }]);
    world.run(world.now_ms + 1_000, |_| false);
    world.wakes = 0;
    world.run(world.now_ms + 3_600_000, |_| false);
    row("wake-ups of the idle core an hour, polling off", world.wakes, "0");
}
