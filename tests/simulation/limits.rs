//! Lines of all kinds and with limits, through outages and deaths of the daemon.

use goipd::engine::{Choice, Limits, LineSettings, Policy};
use goipd::message::{LineId, Priority, State, shape};

use super::*;

const HOUR_MS: u64 = 60 * MINUTE_MS;

const PREFIXES: [&str; 4] = ["+49", "+4915", "+4916", "+33"];
const NUMBERS: [&str; 5] = ["+49151", "+49152", "+49161", "+33612", "+1202"];

fn some_limits(random: &mut Random, per_hour: u32) -> Limits {
    let mut some = |most: u32| if random.one_in(2) { 0 } else { random.within(5..u64::from(most)) as u32 };
    let segments = [some(per_hour), some(3 * per_hour), 0];
    Limits { segments, month_start: 1, reserve: [0, 20, 50][random.below(3)] }
}

/// Draws how lines are chosen and what they may send.
fn choose(random: &mut Random, settings: &mut Settings) {
    let limited = random.one_in(2);
    let choosing = &mut settings.choosing;
    choosing.policy = [Policy::RoundRobin, Policy::Failover, Policy::LeastUsed][random.below(3)];
    choosing.sticky_h = if random.one_in(3) { 1 } else { 0 };
    if limited && random.one_in(3) {
        choosing.per_number_hour = random.within(2..10) as u32;
    }
    if limited && random.one_in(3) {
        choosing.total = some_limits(random, 30);
    }
    for (device, lines) in (0..).zip(settings.devices.iter().map(|device| device.lines)) {
        for line in 1..=lines {
            if random.one_in(4) {
                continue;
            }
            let mut own = LineSettings { line: LineId { device, line }, ..LineSettings::default() };
            own.weight = random.within(1..5) as u8;
            if random.one_in(2) {
                own.prefixes = vec![PREFIXES[random.below(4)].into()];
                own.only_prefix = random.one_in(4);
            }
            own.priority_only = random.one_in(8);
            own.gap_ms = if random.one_in(3) { random.within(0..20_000) as u32 } else { 0 };
            if limited {
                own.limits = some_limits(random, 12);
            }
            choosing.lines.push(own);
        }
    }
}

/// What went on the air: when, where, and how many segments.
struct OnAir {
    at_ms: u64,
    line: LineId,
    segments: u32,
    started_ms: u64,
    text: String,
    number: String,
}

fn on_air(world: &World) -> Vec<OnAir> {
    let mut all = Vec::new();
    for (device, simbox) in (0..).zip(&world.boxes) {
        for job in simbox.model.air().into_iter().filter(|job| !job.foreign) {
            let at_ms = job.aired_ms.expect("it is on the air");
            let line = LineId { device, line: job.line };
            let segments = shape(&job.text).segments.into();
            all.push(OnAir {
                at_ms,
                line,
                segments,
                started_ms: job.started_ms,
                text: job.text,
                number: job.number,
            });
        }
    }
    all.sort_by_key(|job| job.at_ms);
    all
}

/// No hour and no day has more segments than there may be.
fn check_limits(jobs: &[&OnAir], limits: Limits, whose: &str) {
    for (limit, window_ms) in [(limits.segments[0], HOUR_MS), (limits.segments[1], 24 * HOUR_MS)] {
        for last in jobs.iter().filter(|_| limit > 0) {
            let within =
                jobs.iter().filter(|job| job.at_ms <= last.at_ms && job.at_ms + window_ms > last.at_ms);
            let sum: u32 = within.map(|job| job.segments).sum();
            assert!(sum <= limit, "{whose}: {sum} of {limit} segments at {}", last.at_ms);
        }
    }
}

/// Whether any line takes the message.
fn is_taken(settings: &Settings, new: &NewMessage) -> bool {
    let takes = |line: LineId| {
        let Some(own) = settings.own(line) else { return true };
        let fits = own.prefixes.iter().any(|prefix| new.to.as_str().starts_with(&**prefix));
        (fits || !own.only_prefix) && (new.priority == Priority::High || !own.priority_only)
    };
    let lines = |device: u8| {
        (1..=settings.devices[usize::from(device)].lines).map(move |line| LineId { device, line })
    };
    match new.choice {
        Choice::Line(_) => true,
        Choice::Device(device) => lines(device).any(takes),
        Choice::Any => (0..settings.devices.len() as u8).flat_map(lines).any(takes),
    }
}

fn one_life_within_limits(seed: u64) {
    let mut random = Random(seed);
    let mut world = some_world_with(&mut random, true, choose);
    let settings = world.engine.settings().clone();
    let bad_until_ms = world.now_ms + random.within(2..60) * MINUTE_MS;
    bad_day(&mut random, &mut world, true, bad_until_ms);
    let mut wanted = Vec::new();
    let kills = random.one_in(2);
    for n in 1..=random.within(10..80) {
        let number = NUMBERS[random.below(5)].to_owned() + &random.within(0..3).to_string();
        let mut new = message(&number, &text(&mut random, n));
        new.ttl_s = Some(4 * 3_600);
        new.key = Some(format!("key {n}").into());
        new.priority = Priority::ALL[random.below(3)];
        if random.one_in(4) {
            let device = random.below(settings.devices.len());
            let line = 1 + random.below(settings.devices[device].lines.into()) as u8;
            let device = device as u8;
            new.choice =
                if random.one_in(2) { Choice::Device(device) } else { Choice::Line(LineId { device, line }) };
        }
        wanted.push(Wanted { new, told: None });
        ask_again(&mut world, &mut wanted);
        let pause_ms = random.within(0..4 * MINUTE_MS);
        world.run(world.now_ms + if random.one_in(2) { 0 } else { pause_ms }, |_| false);
        if kills && random.one_in(10) {
            world.kill();
        }
    }
    ask_again(&mut world, &mut wanted);
    let all_final = |world: &World| {
        (1..=world.engine.counters().last_id)
            .all(|id| world.engine.view(id).is_none_or(|v| v.state.is_final()))
    };
    let end_ms = world.now_ms + 5 * HOUR_MS;
    assert!(world.run(end_ms, all_final), "every message ends by its ttl");
    world.run(world.now_ms + MINUTE_MS, |_| false);

    let jobs = on_air(&world);
    for (device, lines) in (0..).zip(settings.devices.iter().map(|device| device.lines)) {
        for line in (1..=lines).map(|line| LineId { device, line }) {
            let Some(own) = settings.own(line) else { continue };
            let here: Vec<_> = jobs.iter().filter(|job| job.line == line).collect();
            check_limits(&here, own.limits, &settings.line_name(line).to_string());
        }
    }
    check_limits(&jobs.iter().collect::<Vec<_>>(), settings.choosing.total, "all lines");
    let limited = settings.choosing.total.segments != [0; 3]
        || settings.choosing.per_number_hour > 0
        || settings.choosing.lines.iter().any(|own| own.limits.segments != [0; 3]);
    let mut ended = Vec::new();
    for wanted in &wanted {
        let Some(id) = wanted.told else { continue };
        check_truth(&world, id, &wanted.new.text, true);
        let view = world.engine.view(id).expect("it is kept");
        let Some(job) = jobs.iter().find(|job| job.text == *wanted.new.text) else {
            let starved = view.state == State::Expired && !limited && is_taken(&settings, &wanted.new);
            assert!(!starved, "message {id} was not sent and could have been: {view:?}");
            continue;
        };
        if let (Some(own), false) = (settings.own(job.line), matches!(wanted.new.choice, Choice::Line(_))) {
            let fits = own.prefixes.iter().any(|prefix| job.number.starts_with(&**prefix));
            assert!(fits || !own.only_prefix, "message {id} went out on {:?}", job.line);
            assert!(
                wanted.new.priority == Priority::High || !own.priority_only,
                "message {id}: {:?}",
                job.line
            );
        }
        if view.attempts == 1 {
            ended.push((&wanted.new, job));
        }
    }
    // What came first went out first, where nothing else made a difference.
    for (place, (new, job)) in ended.iter().enumerate() {
        for (later, other) in &ended[place + 1..] {
            let alike = new.priority == later.priority
                && new.to == later.to
                && new.choice == later.choice
                && new.shape.segments == later.shape.segments
                && job.line == other.line;
            assert!(!alike || job.started_ms < other.started_ms, "{:?} overtook {:?}", other.text, job.text);
        }
    }
}

#[test]
fn no_line_sends_more_than_it_may_nothing_is_overtaken_and_nothing_starves() {
    for_each_seed(|seed| one_life_within_limits(seed ^ 0x11_0000_0000));
}
