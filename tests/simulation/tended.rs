//! What goipd does by itself, over days: balances, watchdogs, canaries, quiet hours and what is
//! stale after an outage, while boxes hang and log out and the router loses its power.

use goip_sim::{Command, Set};
use goipd::engine::{BalanceRule, CallerRules, CanaryRule, HealthRules, InboxSettings, Settings, TermRules};
use goipd::journal::{Bodies, Origin, Tended};
use goipd::message::{Amount, LineId, MessageId, Number, Pattern, Priority};
use goipd::zone::{Hours, Zone};

use super::world::{Random, World, message};
use super::{MINUTE_MS, box_options, check_truth, for_each_seed, some_settings};

const HOUR_MS: u64 = 60 * MINUTE_MS;

/// What is asked, and may leave so much sooner than an hour after the one before: that one had
/// to wait for the box and the disk.
const CODE: &str = "*100#";
const EARLY_MS: u64 = MINUTE_MS;

const ADMIN: &str = "+491700000000";

/// Until it shows that a box is well again.
const NOTICED_MS: u64 = 10 * MINUTE_MS;

/// The quiet hours: the world begins at 7 o'clock, in the zone as in UTC.
const QUIET: &str = "10:30-13:00";
const QUIET_MS: [u64; 2] = [3 * HOUR_MS + HOUR_MS / 2, 6 * HOUR_MS];

/// When something was so, from and until.
type Span = (u64, u64);

fn own_number(line: u8) -> String {
    format!("+49160000000{line}")
}

/// Rules for the boxes, with everything that goipd looks after.
fn tended(random: &mut Random, settings: &mut Settings) {
    let mut health = HealthRules::default();
    for (device, known) in (0..).zip(&mut settings.devices) {
        known.inbox = InboxSettings { interval_s: 60, first_events: true, ..InboxSettings::default() };
        if random.one_in(2) {
            (known.watchdog_s, known.watchdog_a_day) =
                (random.within(5..30) as u32 * 60, random.within(1..4) as u8);
        }
        for line in 1..=known.lines {
            if random.one_in(2) {
                health.balances.push(BalanceRule {
                    line: LineId { device, line },
                    ussd: CODE.into(),
                    pattern: Pattern::parse(r"Saldo (\S+)").expect("a pattern"),
                    interval_s: [3_600, 10_800][random.below(2)],
                    warn_below: Some(Amount(500)),
                    pause: random.one_in(2),
                });
            }
        }
        if random.one_in(2) {
            let to = Number::parse(&own_number(known.lines)).ok();
            let timeout_s = random.within(120..7_200) as u32;
            let from = LineId { device, line: 1 };
            health.canaries.push(CanaryRule { from, to, interval_h: random.within(1..4) as u32, timeout_s });
        }
    }
    settings.health = health;
    let local = CallerRules { origin: Origin::Local, name: "local".into(), quiet: Hours::parse(QUIET) };
    settings.terms = TermRules {
        callers: vec![local],
        zone: Zone::parse("UTC0").expect("a zone"),
        stale_after_s: 3 * 3_600,
        admin: Number::parse(ADMIN).ok(),
        ..TermRules::default()
    };
}

/// Cards whose balance changes, and boxes that hang or log out for long; says when they did.
fn schedule(random: &mut Random, world: &mut World, from_ms: u64, until_ms: u64) -> Vec<Vec<Span>> {
    let mut all = Vec::new();
    for simbox in &mut world.boxes {
        let lines = simbox.model.options().lines;
        for line in 1..=lines {
            let radio = |set| Command::Radio { line: Some(line), set };
            simbox.model.schedule(0, radio(Set::Own(own_number(line))));
            let mut at_ms = 0;
            while at_ms < until_ms {
                let answer = ["Saldo 12,50 EUR", "Saldo 4.99", "Saldo 20", "try later", ""][random.below(5)];
                simbox.model.schedule(at_ms, radio(Set::Ussd(answer.into())));
                at_ms += random.within(HOUR_MS..5 * HOUR_MS);
            }
        }
        let (mut sick, mut at_ms) = (Vec::new(), from_ms);
        loop {
            at_ms += random.within(HOUR_MS..8 * HOUR_MS);
            let ms = random.within(10 * MINUTE_MS..4 * HOUR_MS);
            if at_ms + ms > until_ms {
                break;
            }
            let hangs = random.one_in(2);
            let command = if hangs { Command::Refuse { ms } } else { Command::Logout { line: None, ms } };
            simbox.model.schedule(at_ms, command);
            sick.push((at_ms, at_ms + ms));
            at_ms += ms;
        }
        all.push(sick);
    }
    all
}

fn one_life_that_is_tended(seed: u64) {
    let mut random = Random(seed);
    let (devices, mut settings) = some_settings(&mut random);
    tended(&mut random, &mut settings);
    let boxes = devices.iter().map(|&(_, lines)| box_options(&mut random, lines, false)).collect();
    for device in &mut settings.devices {
        device.form = random.one_in(3);
    }
    let mut world = World::new(settings, boxes);
    world.fsync_ms = if random.one_in(2) { 0 } else { random.within(1..3_000) };
    world.one_way_ms = random.within(1..200);
    let begun_ms = world.now_ms;
    let until_ms = begun_ms + random.within(12..30) * HOUR_MS;
    let sick = schedule(&mut random, &mut world, begun_ms, until_ms);

    let mut sent: Vec<(MessageId, String, Priority)> = Vec::new();
    let (mut untrusted, mut cuts): (Vec<Span>, Vec<Span>) = (Vec::new(), Vec::new());
    while world.now_ms < until_ms {
        let priority = Priority::ALL[random.below(3)];
        let text = format!("message {}", sent.len());
        let mut new = message(&format!("+4917{}", random.within(10_000..99_999)), &text);
        (new.ttl_s, new.priority) = (Some(10 * 3_600), priority);
        let before = world.now_ms;
        if let Ok(id) = world.accept(new) {
            world.run(before + 5_000, |world| world.told.contains(&id));
            sent.push((id, text, priority));
        }
        let pause_ms = random.within(0..90 * MINUTE_MS);
        world.run(world.now_ms + pause_ms, |_| false);
        if random.one_in(10) {
            let from_ms = world.now_ms;
            let off_ms = random.within(MINUTE_MS..5 * HOUR_MS);
            world.cut_power(&mut random, off_ms, true);
            cuts.push((from_ms, world.now_ms));
            world.run(world.now_ms + random.within(0..40) * MINUTE_MS, |_| false);
            world.set_clock();
            untrusted.push((from_ms, world.now_ms));
        } else if random.one_in(6) && !world.kill() {
            return;
        }
    }
    let everything_ended = |world: &World| {
        sent.iter().all(|(id, ..)| world.engine.view(*id).is_none_or(|view| view.state.is_final()))
    };
    assert!(world.run(until_ms + 24 * HOUR_MS, everything_ended), "every message ends by its ttl");
    world.run(world.now_ms + MINUTE_MS, |_| false);

    for (id, text, _) in &sent {
        check_truth(&world, *id, text, false);
    }
    check_balances(&world);
    check_quiet(&world, &sent, begun_ms, &untrusted);
    check_watchdogs(&world, &sick);
    assert_eq!(world.shown_times("received"), 0, "a canary is told as a received message");
    let long = |spans: &[Span]| spans.iter().filter(|(from, to)| to - from > 2 * HOUR_MS).count();
    let outages = long(&cuts) + sick.iter().map(|sick| long(sick)).sum::<usize>();
    let is_digest = |id: MessageId| world.store.body(id, |body| body.to == ADMIN) == Some(true);
    let digests = world.engine.list(0, None, None).filter(|view| is_digest(view.id)).count();
    assert!(digests <= outages, "{digests} digests for {outages} outages");
}

/// No balance is asked for twice in an hour.
fn check_balances(world: &World) {
    let all = world.engine.settings().health.balances.len();
    let mut asked = 0;
    for (device, simbox) in (0..).zip(&world.boxes) {
        let jobs = simbox.model.jobs();
        for line in 1..=simbox.model.options().lines {
            let ours = |rule: &&BalanceRule| rule.line == LineId { device, line };
            let times = jobs.iter().filter(|job| job.line == line && job.number == CODE);
            let times: Vec<u64> = times.map(|job| job.started_ms).collect();
            assert!(times.is_empty() || world.engine.settings().health.balances.iter().any(|r| ours(&r)));
            for pair in times.windows(2) {
                let gap_ms = pair[1] - pair[0];
                assert!(gap_ms + EARLY_MS >= HOUR_MS, "asked again after {} s", gap_ms / 1000);
            }
            asked += usize::from(!times.is_empty());
        }
    }
    assert!(asked <= all && (all == 0 || asked > 0), "{asked} of {all} were asked for");
}

/// Nothing that is not urgent goes in the quiet hours, while the clock is right.
fn check_quiet(world: &World, sent: &[(MessageId, String, Priority)], begun_ms: u64, untrusted: &[Span]) {
    for job in world.boxes.iter().flat_map(|simbox| simbox.model.jobs()) {
        let of = |(_, text, priority): &&(MessageId, String, Priority)| {
            *text == job.text && *priority != Priority::High
        };
        if sent.iter().find(of).is_none() {
            continue;
        }
        let unknown = untrusted.iter().any(|(from, to)| (*from..*to).contains(&job.started_ms));
        let of_day_ms = (job.started_ms - begun_ms) % (24 * HOUR_MS);
        // What has left before may be on its way for a moment.
        let quiet = (QUIET_MS[0] + MINUTE_MS..QUIET_MS[1] - 1_000).contains(&of_day_ms);
        assert!(!quiet || unknown, "{} went {} min after 7 o'clock", job.text, of_day_ms / MINUTE_MS);
    }
}

/// The watchdogs help so often in a day at most, and only boxes that are sick.
fn check_watchdogs(world: &World, sick: &[Vec<Span>]) {
    for (known, (simbox, sick)) in world.engine.settings().devices.iter().zip(world.boxes.iter().zip(sick)) {
        let helps = world
            .marks
            .iter()
            .filter(|(_, mark)| mark.what == Tended::Watchdog && mark.part.device == known.name);
        let helps: Vec<u64> = helps.map(|(at_ms, _)| *at_ms).collect();
        let after_ms = u64::from(known.watchdog_s) * 1000;
        for at_ms in &helps {
            let day = helps.iter().filter(|other| (*at_ms..at_ms + 24 * HOUR_MS).contains(other)).count();
            assert!(day <= usize::from(known.watchdog_a_day), "{}: {day} helps in a day", known.name);
            let was_sick = |(from, to): &Span| from + after_ms <= *at_ms && *at_ms <= to + NOTICED_MS;
            assert!(sick.iter().any(was_sick), "{} is helped at {at_ms} and is well", known.name);
        }
        for (at_ms, act) in &simbox.deeds {
            let is_help = !matches!(act.deed, goipd::goip::Deed::Ussd { .. });
            let helped = helps.iter().any(|help| (*help..help + 3 * HOUR_MS).contains(at_ms));
            assert!(!is_help || helped, "{}: {act:?} at {at_ms}", known.name);
        }
    }
}

#[test]
fn what_goipd_does_by_itself_is_not_done_too_often_nor_where_all_is_well_and_doubles_nothing() {
    for_each_seed(|seed| {
        // A life has a day and more, so a quarter of them is enough.
        if seed % 4 == 0 {
            one_life_that_is_tended(seed ^ 0x7e4d_0000_0000);
        }
    });
}
