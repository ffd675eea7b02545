//! The promise under faults: thousands of seeds of the whole core in virtual time, against boxes
//! that lose answers, work requests off late, reboot, log out, hang and lie, over a disk that
//! forgets, while the daemon is killed and the power is cut.
//!
//! A seed that fails is printed; `make soak SEED=N` runs it alone and shows its log,
//! `make soak SEEDS=N` runs as many as wanted.

#![allow(clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "simulation/limits.rs"]
mod limits;
#[path = "simulation/tended.rs"]
mod tended;
mod world;

use std::ops::Range;

use goip_sim::{Command, Fault, Hang, Ids, Instead, Options, Page, Tags};
use goipd::engine::{InboxSettings, Matches, NewMessage, OptOutRules, ReplyRule, Rules, Settings};
use goipd::journal::{Bodies, DiskErrorKind};
use goipd::message::{At, ErrorCode, MessageId, Number, State};
use world::{Random, World, message, settings};

/// As many as fit into some seconds of a debug build; `make test` takes 2000 of a release build.
const SEEDS: u64 = 150;

const MINUTE_MS: u64 = 60_000;

fn seeds() -> Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse::<u64>().ok());
    match number("GOIPD_SEED") {
        Some(seed) => {
            // One life is worth reading.
            let _ = env_logger::builder().filter_level(log::LevelFilter::Debug).is_test(true).try_init();
            seed..seed + 1
        }
        None => 0..number("GOIPD_SEEDS").unwrap_or(SEEDS),
    }
}

/// Runs `run` for every seed, and says which one failed.
fn for_each_seed(run: impl Fn(u64) + std::panic::RefUnwindSafe) {
    for seed in seeds() {
        if let Err(panic) = std::panic::catch_unwind(|| run(seed)) {
            eprintln!("seed {seed} failed; run it alone with GOIPD_SEED={seed}");
            std::panic::resume_unwind(panic);
        }
    }
}

fn box_options(random: &mut Random, lines: u8, lies: bool) -> Options {
    Options {
        lines,
        send_ms: random.within(100..5_000),
        spread_ms: random.within(0..2_000),
        seed: random.next(),
        ids: [Ids::Counter, Ids::Time, Ids::TimeExact][random.within(0..3) as usize],
        tags: if lines == 1 && random.one_in(3) { Tags::Plain } else { Tags::Numbered },
        self_closing: random.one_in(2),
        form_lies: lies,
        ..Options::default()
    }
}

/// A box's bad day. Those that `decidable` allows leave every outcome for the fence to decide.
fn bad_day(random: &mut Random, world: &mut World, decidable: bool, until_ms: u64) {
    for device in 0..world.boxes.len() {
        let mut reboots = !decidable && random.one_in(2);
        for _ in 0..random.within(1..8) {
            let at_ms = random.within(world.now_ms..until_ms);
            let times = random.within(1..5) as u32;
            let ms = random.within(1..30_000);
            let on = |random: &mut Random| if random.one_in(2) { Page::Send } else { Page::Any };
            let mild = match random.within(0..13) {
                0 => Command::Fault(Fault::Busy.times(times)),
                1 => Command::Fault(Fault::LostBefore.on(Page::Send).times(times)),
                2 => Command::Fault(Fault::LostAfter.on(Page::Send).times(times)),
                3 => Command::Fault(Fault::LostBefore.on(Page::Any).times(times)),
                4 => Command::Fault(Fault::Hang { at: Hang::Read, ms }.on(on(random))),
                5 => Command::Fault(Fault::Hang { at: Hang::Taken, ms }.on(on(random))),
                6 => Command::Fault(Fault::Hang { at: Hang::Head, ms }.on(on(random))),
                7 => Command::Fault(Fault::Truncated { bytes: ms as usize % 60 }.on(on(random))),
                8 => {
                    let taken = random.one_in(2);
                    let what = match random.within(0..4) {
                        0 => Instead::Garbage,
                        1 => Instead::ServerError,
                        2 => Instead::Nested,
                        _ => Instead::Endless,
                    };
                    Command::Fault(Fault::Instead { what, taken }.on(on(random)).times(times))
                }
                9 => Command::Logout { line: None, ms },
                10 => Command::Refuse { ms },
                11 => {
                    Command::Fault(Fault::EarlyError { error: "38".into(), stays: random.one_in(2) }.into())
                }
                _ => Command::Error { prefix: format!("+4917{times}"), error: "2172".into(), aired: false },
            };
            let mut wild = |random: &mut Random| match random.within(0..7) {
                case @ 0..2 => {
                    // The end of the bad day would let a box start in no time.
                    reboots = true;
                    let down_ms = 20_000 + ms;
                    match case {
                        0 => Command::Reboot { ms: down_ms },
                        _ => Command::Fault(Fault::RebootDuring { after_ms: ms % 4_000, down_ms }.into()),
                    }
                }
                2 => Command::Fault(Fault::EmptyId.times(times)),
                3 => {
                    // Only a reboot heals it.
                    reboots = true;
                    Command::Fault(Fault::Stuck { busy: true }.into())
                }
                6 => Command::Fault(Fault::Stuck { busy: false }.into()),
                4 => Command::Fault(Fault::Late { ms }.on(Page::Send)),
                _ => Command::Error { prefix: format!("+4917{times}"), error: "332".into(), aired: true },
            };
            let command = if decidable || random.one_in(2) { mild } else { wild(random) };
            world.boxes[device].model.schedule(at_ms, command);
        }
        world.boxes[device].model.schedule(until_ms, Command::Clear);
        if reboots {
            world.boxes[device].model.schedule(until_ms, Command::Reboot { ms: 30_000 });
        }
    }
}

/// How often a text went on the air, and how often its sending ended well.
fn on_the_air(world: &World, text: &str) -> (usize, usize) {
    let jobs = world.boxes.iter().flat_map(|b| b.model.air());
    let ours = jobs.filter(|job| job.text == text);
    ours.fold((0, 0), |(aired, sent), job| (aired + 1, sent + usize::from(job.end == goip_sim::End::Sent)))
}

/// What was said of a message is true of what went on the air.
fn check_truth(world: &World, id: MessageId, text: &str, decidable: bool) {
    let view = world.engine.view(id).expect("it is kept");
    let (aired, sent) = on_the_air(world, text);
    assert!(aired <= 1, "message {id} ({}) went out {aired} times", view.state);
    assert_eq!(world.shown_state(id), Some(view.state.as_str()), "the last event of message {id}");
    match view.state {
        State::Sent => assert_eq!(sent, 1, "message {id} is called sent: {view:?}"),
        State::Failed | State::Expired => assert_eq!(aired, 0, "message {id} is called unsent: {view:?}"),
        State::Unknown => assert!(!decidable, "message {id} could be decided: {view:?}"),
        state => panic!("message {id} is {state}"),
    }
}

/// Some boxes with some lines, some of them by the web form; where everything is to be decidable,
/// every line has sent before, because an empty page decides only for some seconds.
fn some_world(random: &mut Random, decidable: bool) -> World {
    some_world_with(random, decidable, |_, _| {})
}

/// The same, with settings that `change` has changed.
fn some_world_with(random: &mut Random, decidable: bool, change: fn(&mut Random, &mut Settings)) -> World {
    let (devices, mut settings) = some_settings(random);
    change(random, &mut settings);
    let lies = !decidable && random.one_in(2);
    let boxes = devices.iter().map(|&(_, lines)| box_options(random, lines, lies)).collect();
    for device in &mut settings.devices {
        device.form = random.one_in(3);
    }
    let mut world = World::new(settings, boxes);
    world.fsync_ms = if random.one_in(2) { 0 } else { random.within(1..3_000) };
    world.one_way_ms = random.within(1..200);
    if decidable {
        for (device, &(_, lines)) in devices.iter().enumerate() {
            for line in 1..=lines {
                let old = Command::Foreign { line, number: "1".into(), text: "old".into() };
                world.boxes[device].model.command(0, old).expect("an idle line");
            }
        }
    }
    world
}

fn some_settings(random: &mut Random) -> (Vec<(&'static str, u8)>, Settings) {
    let names = ["office", "mast", "pump"];
    let count = random.within(1..4) as usize;
    let devices: Vec<_> =
        names.into_iter().take(count).map(|name| (name, random.within(1..5) as u8)).collect();
    let settings = settings(&devices);
    (devices, settings)
}

/// Boxes that others use too, until `until_ms`; half of them under one key over and over. Those
/// that are `honest` keep keys and do not say that they send where they do not.
fn shared_world(random: &mut Random, until_ms: u64, honest: bool) -> World {
    let (devices, mut settings) = some_settings(random);
    let mut boxes = Vec::new();
    for &(_, lines) in &devices {
        let lies = !honest && random.one_in(3);
        let mut options = box_options(random, lines, lies);
        // No box has a message on the air at once.
        options.send_ms = random.within(2_000..5_000);
        options.foreign_key = random.one_in(2).then(|| "5fd36a4a".into());
        options.own_keys = !honest && random.one_in(8);
        boxes.push(options);
    }
    for device in &mut settings.devices {
        (device.form, device.exclusive, device.status_interval_s) = (true, false, 5);
    }
    let mut world = World::new(settings, boxes);
    world.fsync_ms = if random.one_in(2) { 0 } else { random.within(1..3_000) };
    world.one_way_ms = random.within(1..100);
    for (device, &(_, lines)) in devices.iter().enumerate() {
        for line in 1..=lines {
            let mut at_ms = 0;
            while at_ms < until_ms {
                let theirs = Command::Foreign { line, number: "1".into(), text: "theirs".into() };
                world.boxes[device].model.schedule(at_ms, theirs);
                at_ms += random.within(3_000..60_000);
            }
        }
    }
    world
}

/// A text of its own, now and then one that is too long for the api.
fn text(random: &mut Random, n: u64) -> String {
    let tail = if random.one_in(5) { " ä".repeat(random.within(80..300) as usize) } else { String::new() };
    format!("message {n}{tail}")
}

/// Runs one world for some hours; `decidable` says what must not become unknown.
fn one_life(seed: u64, decidable: bool) {
    let mut random = Random(seed);
    let mut world = some_world(&mut random, decidable);
    let bad_until_ms = world.now_ms + random.within(2..10) * MINUTE_MS;
    bad_day(&mut random, &mut world, decidable, bad_until_ms);

    let (mut accepted, mut texts) = (Vec::new(), Vec::new());
    for n in 1..=random.within(1..40) as u32 {
        texts.push(text(&mut random, n.into()));
        let number = format!("+4917{}", random.within(10_000..99_999));
        let mut new = message(&number, &texts[texts.len() - 1]);
        new.ttl_s = Some(3_600);
        accepted.push(world.accept(new).expect("there is room"));
        assert_eq!(accepted.last(), Some(&n));
        let pause_ms = random.within(0..20_000);
        world.run(world.now_ms + pause_ms, |_| false);
        if random.one_in(20) {
            world.wall_error_s = random.within(0..200_000_000) as i64 - 100_000_000;
        }
    }
    let all_final = |world: &World| {
        accepted.iter().all(|&id| world.engine.view(id).is_some_and(|view| view.state.is_final()))
    };
    let end_ms = world.now_ms + 2 * 60 * MINUTE_MS;
    assert!(world.run(end_ms, all_final), "every message ends by its ttl");
    // What is under way on the air comes to its end.
    world.run(world.now_ms + MINUTE_MS, |_| false);

    for (&id, text) in accepted.iter().zip(&texts) {
        check_truth(&world, id, text, decidable);
    }

    // The bad day leaves nothing behind: what comes now goes out on every line.
    let first = accepted.len() as u32 + 1;
    world.run(world.now_ms + 10 * MINUTE_MS, |_| false);
    for n in first..first + 8 {
        world.accept(message("+491990000", &format!("message {n}"))).expect("there is room");
    }
    let sent = |world: &World| {
        (first..first + 8).all(|id| world.engine.view(id).is_some_and(|view| view.state == State::Sent))
    };
    let end_ms = world.now_ms + 10 * MINUTE_MS;
    assert!(world.run(end_ms, sent), "all lines have healed");
}

#[test]
fn lost_answers_and_outages_lose_nothing_double_nothing_and_leave_nothing_unknown() {
    for_each_seed(|seed| one_life(seed, true));
}

#[test]
fn a_box_that_reboots_forgets_and_comes_late_doubles_nothing_and_every_word_is_true() {
    for_each_seed(|seed| one_life(seed ^ 0x5eed_0000_0000, false));
}

/// A message as its sender sees it.
struct Wanted {
    new: NewMessage,
    /// Its id, once it was acknowledged.
    told: Option<MessageId>,
}

/// Asks for everything that was not acknowledged, under the same keys.
fn ask_again(world: &mut World, wanted: &mut [Wanted]) {
    for wanted in wanted.iter_mut().filter(|w| w.told.is_none()) {
        match world.accept(wanted.new.clone()) {
            Ok(id) if world.told.contains(&id) => wanted.told = Some(id),
            Ok(_) => {}
            Err(refusal) => assert_eq!(refusal.code, ErrorCode::Storage, "{refusal}"),
        }
    }
}

/// One world in which the daemon dies again and again; with `power`, by power cuts too, and on a
/// disk that fills up and fails; with `strangers`, on boxes that others use too.
fn one_life_with_deaths(seed: u64, power: bool, strangers: bool) {
    let mut random = Random(seed);
    let decidable = !power && !strangers;
    let mut world = if strangers {
        shared_world(&mut random, 30 * MINUTE_MS, false)
    } else {
        some_world(&mut random, decidable)
    };
    let bad_until_ms = world.now_ms + random.within(2..10) * MINUTE_MS;
    bad_day(&mut random, &mut world, decidable, bad_until_ms);
    let mut wanted = Vec::new();
    for n in 1..=random.within(3..30) {
        let number = format!("+4917{}", random.within(10_000..99_999));
        let mut new = message(&number, &text(&mut random, n));
        new.ttl_s = Some(4 * 3_600);
        new.key = Some(format!("key {n}").into());
        wanted.push(Wanted { new, told: None });
        ask_again(&mut world, &mut wanted);
        if power && random.one_in(8) {
            match random.within(0..3) {
                0 => world.disk.set_capacity(Some(random.within(0..30_000) as usize)),
                1 => world.disk.set_read_only(true),
                _ => world.disk.fail_after(random.below(6), DiskErrorKind::Other),
            }
        }
        // Sometimes in the middle of what was just asked for.
        let pause_ms = if random.one_in(3) { random.within(0..50) } else { random.within(0..20_000) };
        world.run(world.now_ms + pause_ms, |_| false);
        if random.one_in(6) {
            world.disk.heal();
        }
        if power && random.one_in(10) {
            let off_ms = random.within(1_000..3 * 60 * MINUTE_MS);
            let boxes = random.one_in(2);
            world.cut_power(&mut random, off_ms, boxes);
            if random.one_in(2) {
                world.run(world.now_ms + random.within(0..8) * MINUTE_MS, |_| false);
                world.set_clock();
            }
        } else if random.one_in(4) && !world.kill() {
            // What the daemon left then, nobody can tell from what is durable.
            return;
        }
    }
    world.disk.heal();
    world.set_clock();
    let everything_ended = |world: &World| {
        State::ALL
            .into_iter()
            .filter(|state| !state.is_final())
            .all(|state| world.engine.counters().by_state[state as usize] == 0)
    };
    for _ in 0..20 {
        world.run(world.now_ms + 10_000, |_| false);
        ask_again(&mut world, &mut wanted);
    }
    let end_ms = world.now_ms + 6 * 60 * MINUTE_MS;
    assert!(world.run(end_ms, everything_ended), "every message ends by its ttl");
    world.run(world.now_ms + MINUTE_MS, |_| false);

    for Wanted { new, told } in &wanted {
        let id = told.expect("with a disk that works, everything is acknowledged");
        check_truth(&world, id, &new.text, decidable);
        assert_eq!(world.accept(new.clone()), Ok(id), "a key replays");
    }
    let ids = world.engine.list(0, None, None).map(|view| view.id);
    assert_eq!(ids.count(), wanted.len(), "nothing was accepted twice under one key");
}

#[test]
fn a_daemon_that_is_killed_at_any_moment_loses_and_doubles_nothing_and_leaves_nothing_unknown() {
    for_each_seed(|seed| one_life_with_deaths(seed ^ 0xdead_0000_0000, false, false));
}

#[test]
fn power_cuts_and_failing_disks_lose_nothing_that_was_acknowledged_and_double_nothing() {
    for_each_seed(|seed| one_life_with_deaths(seed ^ 0x0ff_0000_0000, true, false));
}

#[test]
fn on_boxes_that_others_use_too_nothing_is_lost_or_doubled_and_every_word_is_true() {
    for_each_seed(|seed| {
        one_life_with_deaths(seed ^ 0x5a1e_0000_0000, false, true);
        one_life_with_deaths(seed ^ 0x5a1e_0ff0_0000, true, true);
    });
}

/// One world in which messages have times, collapse and go to several, while the daemon dies again
/// and again; with `power`, by power cuts too.
fn one_life_with_terms(seed: u64, power: bool) {
    let mut random = Random(seed);
    let mut world = some_world(&mut random, !power);
    let bad_until_ms = world.now_ms + random.within(2..10) * MINUTE_MS;
    bad_day(&mut random, &mut world, !power, bad_until_ms);
    let mut wanted = Vec::new();
    // For each of them the time before which it must not go.
    let mut not_before_ms = Vec::new();
    for n in 1..=random.within(3..30) {
        let number = format!("+4917{}", random.within(10_000..99_999));
        let mut new = message(&number, &format!("message {n}"));
        new.ttl_s = Some(4 * 3_600);
        new.key = Some(format!("key {n}").into());
        let wait_s = random.within(1..900) as u32;
        let due_ms = world.now_ms + u64::from(wait_s) * 1000;
        not_before_ms.push(world.now_ms);
        match random.within(0..6) {
            0 => new.at = Some(At::After(wait_s)),
            1 => {
                let true_s = i64::from(world.now().unix_s) - world.wall_error_s;
                new.at = Some(At::Time(true_s as u32 + wait_s));
            }
            2 | 3 => {
                new.to = Number::parse("+4917000").expect("a number");
                new.collapse = Some(["pump", "door"][random.within(0..2) as usize].into());
            }
            4 => {
                let others = 1..=random.within(1..4);
                new.others = others
                    .map(|other| Number::parse(&format!("+4918{n}0{other}")).expect("a number"))
                    .collect();
                new.group = Some(format!("@group{n}").into());
            }
            _ => {}
        }
        if let Some(at) = new.at {
            // The fraction of a second is lost.
            *not_before_ms.last_mut().expect("it is there") =
                due_ms - if at == At::After(wait_s) { 0 } else { 999 };
        }
        wanted.push(Wanted { new, told: None });
        ask_again(&mut world, &mut wanted);
        let pause_ms = if random.one_in(3) { random.within(0..50) } else { random.within(0..20_000) };
        world.run(world.now_ms + pause_ms, |_| false);
        if power && random.one_in(6) {
            world.cut_power(&mut random, pause_ms * 200 + 1_000, false);
            if random.one_in(2) {
                world.run(world.now_ms + random.within(0..8) * MINUTE_MS, |_| false);
                world.set_clock();
            }
        } else if random.one_in(4) && !world.kill() {
            return;
        }
        for Wanted { new, .. } in wanted.iter().filter(|w| w.new.group.is_some()) {
            let ids = world.engine.list(0, None, None).map(|view| view.id);
            let ours = |id: &MessageId| world.store.body(*id, |b| b.text == &*new.text) == Some(true);
            let count = ids.filter(ours).count();
            assert!(count == 0 || count == new.others.len() + 1, "{count} of {:?}", new.group);
        }
    }
    world.set_clock();
    for _ in 0..20 {
        world.run(world.now_ms + 10_000, |_| false);
        ask_again(&mut world, &mut wanted);
    }
    let everything_ended = |world: &World| {
        let working = State::ALL.into_iter().filter(|state| !state.is_final());
        working.map(|state| world.engine.counters().by_state[state as usize]).sum::<u32>() == 0
    };
    let end_ms = world.now_ms + 6 * 60 * MINUTE_MS;
    assert!(world.run(end_ms, everything_ended), "every message ends by its ttl");
    world.run(world.now_ms + MINUTE_MS, |_| false);

    let mut chains: [Vec<MessageId>; 2] = Default::default();
    for (Wanted { new, told }, not_before_ms) in wanted.iter().zip(not_before_ms) {
        let first = told.expect("with a disk that works, everything is acknowledged");
        for (id, to) in (first..).zip(core::iter::once(&new.to).chain(&new.others)) {
            let view = world.engine.view(id).expect("it is kept");
            let jobs = world.boxes.iter().flat_map(|b| b.model.air());
            let ours: Vec<_> =
                jobs.filter(|job| job.text == *new.text && job.number == to.as_str()).collect();
            assert!(ours.len() <= 1, "message {id} ({}) went out {} times", view.state, ours.len());
            for job in &ours {
                assert!(job.started_ms >= not_before_ms, "message {id} at {} too early", job.started_ms);
            }
            match view.state {
                State::Sent => assert_eq!(ours.len(), 1, "message {id} is called sent"),
                State::Unknown => assert!(power, "message {id} could be decided"),
                State::Cancelled => {
                    assert!(new.collapse.is_some() && view.attempts == 0 && ours.is_empty(), "{view:?}");
                }
                state => assert!(ours.is_empty() && state.is_final(), "message {id} is {state}"),
            }
        }
        match new.collapse.as_deref() {
            Some("pump") => chains[0].push(first),
            Some(_) => chains[1].push(first),
            None => {}
        }
    }
    for chain in &mut chains {
        chain.sort_unstable();
        chain.pop();
        for id in chain {
            let view = world.engine.view(*id).expect("it is kept");
            assert!(view.attempts > 0 || view.state == State::Cancelled || power, "{view:?}");
        }
    }
}

#[test]
fn nothing_goes_before_its_time_and_groups_are_whole_whenever_the_daemon_is_killed() {
    for_each_seed(|seed| one_life_with_terms(seed ^ 0x7e25_0000_0000, false));
}

#[test]
fn nothing_goes_before_its_time_and_groups_are_whole_over_power_cuts() {
    for_each_seed(|seed| one_life_with_terms(seed ^ 0x7e25_0ff0_0000, true));
}

/// Where nothing goes wrong but that others send too, the key tells nearly everything.
#[test]
fn strangers_alone_leave_hardly_anything_unknown() {
    let (mut all, mut unknown) = (0, 0);
    // A life is long, and few of them tell enough.
    for seed in seeds().step_by(20) {
        let mut random = Random(seed ^ 0xa10e_0000_0000);
        let mut world = shared_world(&mut random, 60 * MINUTE_MS, true);
        for n in 1..=30 {
            let id = world.accept(message("+4917", &format!("message {n}"))).expect("there is room");
            assert_eq!(id, n);
            world.run(world.now_ms + random.within(0..60_000), |_| false);
        }
        world.run(world.now_ms + 30 * MINUTE_MS, |_| false);
        for id in 1..=30 {
            check_truth(&world, id, &format!("message {id}"), false);
            all += 1;
            unknown += u32::from(world.engine.view(id).is_some_and(|view| view.state == State::Unknown));
        }
    }
    eprintln!("{unknown} of {all} are unknown");
    assert!(unknown * 10 < all, "{unknown} of {all} are unknown");
}

/// What goipd answers by itself, and confirms, in the lives below.
const REPLY: &str = "We call you back";
const CONFIRM: &str = "You get no more";

/// Answers and confirmations that a number may get in a day.
const A_DAY: usize = 3;

/// Boxes that are read, with somebody at the other end: opt-outs are confirmed and all is answered.
fn with_rules(settings: Settings) -> Settings {
    let reply = ReplyRule {
        name: "any".into(),
        matches: Matches::Any,
        patterns: Vec::new(),
        text: REPLY.into(),
        from: Vec::new(),
        not_from: Vec::new(),
        per_number: A_DAY as u8,
    };
    let opt_out = OptOutRules {
        enabled: true,
        stop: vec!["stop".into()],
        start: vec!["start".into()],
        confirm: Some(CONFIRM.into()),
        ..OptOutRules::default()
    };
    let rules = Rules { opt_out, replies: vec![reply], own_numbers: Vec::new(), ..Rules::default() };
    let mut settings = Settings { rules, ..settings };
    for device in &mut settings.devices {
        device.inbox = InboxSettings { interval_s: 15, ..InboxSettings::default() };
    }
    settings
}

/// People and robots send words and other texts to a box while others send to them through it, and
/// the daemon dies and the power goes. That nothing leaves for who has opted out is the world's to
/// see to.
fn one_life_with_opt_outs(seed: u64) {
    let mut random = Random(seed);
    let lines = random.within(1..4) as u8;
    let mut options = box_options(&mut random, lines, false);
    options.lines = lines;
    let mut world = World::new(with_rules(settings(&[("office", lines)])), vec![options]);
    world.fsync_ms = if random.one_in(2) { 0 } else { random.within(1..3_000) };
    world.one_way_ms = random.within(1..200);
    world.run(world.now_ms + 2 * MINUTE_MS, |_| false);

    let people: Vec<String> = (0..4).map(|n| format!("+491510000000{n}")).collect();
    let (mut received, mut wants_none) = ([0; 4], [false; 4]);
    let begun_s = world.now().unix_s;
    for n in 0..random.within(10..40) {
        let who = random.below(people.len());
        // A few at a time, so that none falls out of the window unseen.
        match random.within(0..6) {
            0..4 => {
                let text = match random.within(0..4) {
                    0 => "Stop!".to_owned(),
                    1 => " START ".to_owned(),
                    2 => "I am out of office".to_owned(),
                    _ => format!("question {n}"),
                };
                let line = random.within(1..u64::from(lines) + 1) as u8;
                // On one line all are read in their order, on several nobody knows it.
                let line = if text.starts_with("question") { line } else { 1 };
                if text == "Stop!" || text == " START " {
                    wants_none[who] = text == "Stop!";
                }
                received[who] += 1;
                let sms = Command::Sms { line, number: people[who].clone(), text: text.into() };
                world.boxes[0].model.command(world.now_ms, sms).expect("a line");
            }
            _ => {
                let sent = world.accept(message(&people[who], &format!("message {n}")));
                let refused = sent.err().map(|refusal| refusal.code);
                assert!(refused.is_none_or(|code| matches!(code, ErrorCode::OptedOut | ErrorCode::Storage)));
            }
        }
        let pause_ms = if random.one_in(3) { random.within(0..200) } else { random.within(0..30_000) };
        world.run(world.now_ms + pause_ms, |_| false);
        if random.one_in(12) {
            let off_ms = random.within(1_000..30 * MINUTE_MS);
            world.cut_power(&mut random, off_ms, false);
            world.run(world.now_ms + random.within(0..2) * MINUTE_MS, |_| false);
            world.set_clock();
        } else if random.one_in(6) && !world.kill() {
            return;
        }
    }
    world.run(world.now_ms + 10 * MINUTE_MS, |_| false);

    let days = (world.now().unix_s / 86_400 - begun_s / 86_400 + 1) as usize;
    for (who, number) in people.iter().enumerate() {
        let of = |text: &str| {
            world.boxes[0].model.air().iter().filter(|j| j.number == *number && j.text == text).count()
        };
        let answers = of(REPLY) + of(CONFIRM);
        assert!(answers <= A_DAY * days, "{number} was answered {answers} times in {days} days");
        assert!(answers <= received[who], "{number} was answered {answers} times for {}", received[who]);
        let listed = world.engine.opted_out(&Number::parse(number).expect("a number")).is_some();
        assert_eq!(listed, wants_none[who], "{number}");
    }
}

#[test]
fn whoever_opts_out_is_left_alone_and_nobody_is_answered_too_often_whatever_crashes() {
    for_each_seed(|seed| one_life_with_opt_outs(seed ^ 0x0b7_0000_0000));
}
