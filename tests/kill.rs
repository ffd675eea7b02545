//! `kill -9` at random moments: the real daemon in front of simulated boxes, started again each
//! time with the same `state_dir`, while its clients and the boxes go on.
//!
//! `GOIPD_KILLS` says how often (`make soak` takes 200), `GOIPD_SEED` with which random numbers.
//! A seed that fails is printed. It gives the same faults, pauses and moments again, but only in
//! real time: a run with it is much like the one that failed, not the same.
//!
//! What a dead daemon has written is still in the system's memory, so this is about the daemon and
//! not about syncs; power cuts are simulated in the journal's own tests.

#![allow(
    clippy::use_debug,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;
#[path = "world/random.rs"]
mod random;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use common::{Daemon, Folder, PATIENCE, Talk, config_with, field};
use goip_sim::{End, Fault, Hang, Ids, Job, Options, Page, Sim};
use random::Random;

/// As many as fit into half a minute.
const KILLS: u64 = 20;

/// How long the last message may take after the last kill. What holds it up longest is a box that
/// has just begun to start anew, and the hold that this led to.
const DRAIN: Duration = Duration::from_secs(120);

/// Each box has so many lines, so that one message that is held up does not hold up the rest.
const LINES: u8 = 4;

/// A box that starts anew is away for at least this long; goipd relies on that.
const REBOOT_MS: u64 = 20_000;

/// Lets a time within the range pass.
fn pause_ms(random: &mut Random, range: Range<u64>) {
    thread::sleep(Duration::from_millis(random.within(range)));
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|n| n.parse().ok())
}

/// Says which seed it was if the test fails.
struct Seed(u64);

impl Seed {
    fn new() -> Self {
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap();
        Self(number("GOIPD_SEED").unwrap_or(now.as_millis() as u64))
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("seed {} failed; GOIPD_SEED={0} gives much the same run", self.0);
        }
    }
}

/// A client that asks again, on a new connection, until it is answered.
struct Client {
    socket: PathBuf,
    talk: Option<Talk>,
    /// How often the daemon went away under a request.
    unanswered: u32,
}

impl Client {
    fn new(socket: PathBuf) -> Self {
        Self { socket, talk: None, unanswered: 0 }
    }

    fn ask(&mut self, request: &str) -> String {
        let start = Instant::now();
        loop {
            if self.talk.is_none() {
                self.talk = Talk::try_connect(&self.socket).ok();
            }
            if let Some(talk) = &mut self.talk {
                if let Some(reply) = talk.try_ask(request) {
                    return reply;
                }
                (self.talk, self.unanswered) = (None, self.unanswered + 1);
            }
            assert!(start.elapsed() < PATIENCE, "no answer to {request}");
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// A message that was acknowledged.
struct Letter {
    id: u32,
    text: String,
    request: String,
}

/// What the threads have in common.
#[derive(Default)]
struct Shared {
    over: AtomicBool,
    /// The newest id that anybody was told.
    newest: AtomicU32,
}

impl Shared {
    /// Sends; gives the id and whether this request had been accepted before.
    fn send(&self, client: &mut Client, request: &str) -> (u32, bool) {
        let newest = self.newest.load(Ordering::SeqCst);
        let reply = client.ask(request);
        assert_eq!(field(&reply, "ok"), "true", "{request}: {reply}");
        let id = field(&reply, "id").parse().unwrap();
        let replayed = reply.contains(r#""replayed":true"#);
        assert!(replayed || id > newest, "{request}: an id that is not new: {reply}, after {newest}");
        self.newest.fetch_max(id, Ordering::SeqCst);
        (id, replayed)
    }
}

/// Sends messages with keys, each until it is acknowledged, and now and then an old one again.
fn write_letters(shared: &Shared, client: &mut Client, random: &mut Random) -> Vec<Letter> {
    let mut letters: Vec<Letter> = Vec::new();
    while !shared.over.load(Ordering::SeqCst) {
        let n = letters.len();
        let text = format!("letter {n}");
        let to = random.within(10_000..99_999);
        let request = format!(r#"{{"op":"send","to":"+4917{to}","text":"{text}","key":"key {n}"}}"#);
        let (id, _) = shared.send(client, &request);
        letters.push(Letter { id, text, request });
        if random.one_in(5) {
            let old = &letters[random.below(letters.len())];
            assert_eq!(shared.send(client, &old.request), (old.id, true), "{}", old.request);
        }
        pause_ms(random, 0..800);
    }
    letters
}

/// Sends messages to a box that is not there and takes them back: the journal fills, and forgets,
/// and is compacted all the time. Gives how many.
fn make_noise(shared: &Shared, client: &mut Client, random: &mut Random) -> u32 {
    let request =
        format!(r#"{{"op":"send","to":"12","line":"mast","ttl":60,"text":"{}"}}"#, "noise ".repeat(40));
    let mut count = 0;
    while !shared.over.load(Ordering::SeqCst) {
        let (id, _) = shared.send(client, &request);
        let reply = client.ask(&format!(r#"{{"op":"cancel","id":{id}}}"#));
        // Where the first answer was lost, it is taken back already, and perhaps forgotten.
        let gone = |reply: &str| reply.contains(r#""state":"cancelled""#) || reply.contains("not_found");
        assert!(gone(&reply) || reply.contains("too_late"), "{reply}");
        let reply = client.ask(&format!(r#"{{"op":"status","id":{id}}}"#));
        assert!(gone(&reply), "{reply}");
        count += 1;
        pause_ms(random, 0..30);
    }
    count
}

/// Something goes wrong with the box. Those that `decidable` allows leave nothing to doubt.
fn bad_moment(random: &mut Random, sim: &Sim, decidable: bool) {
    let ms = random.within(50..1_500);
    if !decidable && random.one_in(6) {
        return sim.fault(Fault::EmptyId);
    }
    match random.within(0..10) {
        0 => sim.fault(Fault::Busy),
        1 => sim.fault(Fault::LostBefore.on(Page::Send)),
        2 => sim.fault(Fault::LostAfter.on(Page::Send).times(3)),
        3 => sim.fault(Fault::LostBefore.on(Page::Status)),
        4 => sim.fault(Fault::Hang { at: Hang::Taken, ms }.on(Page::Send)),
        5 => sim.command(&format!("refuse {ms}")).unwrap(),
        // The request is under way for long enough to be met by a kill.
        _ => sim.fault(Fault::Late { ms }.on(Page::Send)),
    }
}

/// When to kill it, in ms after its start.
fn moment_ms(random: &mut Random) -> Range<u64> {
    match random.within(0..10) {
        // While it starts.
        0 | 1 => 0..30,
        // While it looks what the boxes show.
        2 | 3 => 30..1_100,
        // While its first messages leave: from 1.1 s on they cannot share an id with those before.
        4..9 => 1_100..1_800,
        // After it could decide what became of lost answers.
        _ => 3_000..4_000,
    }
}

/// Kills it, and kills it again.
fn kill_and_kill(daemon: &mut Daemon, sims: &[Sim], random: &mut Random, decidable: bool) {
    let kills = number("GOIPD_KILLS").unwrap_or(KILLS);
    let mut rebooted = None;
    for n in 0..kills {
        for sim in sims {
            if random.one_in(2) {
                bad_moment(random, sim, decidable);
            }
        }
        if !decidable && n > 2 && rebooted.is_none_or(|at: Instant| at.elapsed().as_secs() > 60) {
            sims[1].command(&format!("reboot {REBOOT_MS}")).unwrap();
            rebooted = Some(Instant::now());
        }
        let moment = moment_ms(random);
        pause_ms(random, moment);
        daemon.kill();
        daemon.spawn_again();
    }
    daemon.wait_until_it_listens();
}

fn boxes(random: &mut Random) -> Vec<Sim> {
    let mut start = |ids| {
        let sim = Sim::start(Options {
            lines: LINES,
            send_ms: random.within(50..300),
            spread_ms: 200,
            seed: random.next(),
            ids,
            ..Options::default()
        });
        // An empty page decides only for some seconds, so every line has sent before.
        for line in 1..=LINES {
            sim.command(&format!("foreign {line} 1 old")).unwrap();
        }
        sim
    };
    vec![start(Ids::Counter), start(Ids::Time)]
}

fn daemon_before(sims: &[Sim]) -> Daemon {
    let folder = Folder::new();
    let kib = 128 + 4 * number("GOIPD_KILLS").unwrap_or(KILLS);
    let options = format!(
        "option volatile '1'\noption max_journal '{kib}'\noption queue_limit '10000'\noption keep_messages '10'"
    );
    let [one, two] = [0, 1].map(|n: usize| sims[n].url());
    // Nobody listens at port 1.
    let devices = [("one", one.as_str(), LINES), ("two", &two, LINES), ("mast", "http://127.0.0.1:1", 1)];
    config_with(&folder, &options, &devices);
    Daemon::start_in(folder)
}

/// Waits until each message is final; gives their states.
fn ends(client: &mut Client, letters: &[Letter]) -> Vec<String> {
    let start = Instant::now();
    let ends = letters.iter().map(|letter| {
        loop {
            let reply = client.ask(&format!(r#"{{"op":"wait","id":{},"timeout":5}}"#, letter.id));
            assert_eq!(field(&reply, "ok"), "true", "message {} is lost: {reply}", letter.id);
            assert_eq!(field(&reply, "text"), letter.text, "{reply}");
            let state = field(&reply, "state");
            if !["queued", "submitting", "sending"].contains(&state) {
                // Nobody has touched the journal.
                assert!(!reply.contains(r#""code":"journal_"#), "{reply}");
                return state.to_owned();
            }
            assert!(start.elapsed() < DRAIN, "not final yet: {reply}");
        }
    });
    ends.collect()
}

/// What went on the air, by text.
fn aired(sims: &[Sim]) -> BTreeMap<String, Vec<Job>> {
    let mut aired: BTreeMap<String, Vec<Job>> = BTreeMap::new();
    for sim in sims {
        let quiet = |jobs: &[Job]| jobs.iter().all(|job| job.end != End::Running);
        assert!(sim.wait_until(PATIENCE, |model| quiet(&model.jobs())), "a line goes on sending");
        for job in sim.air().into_iter().filter(|job| !job.foreign) {
            aired.entry(job.text.clone()).or_default().push(job);
        }
    }
    aired
}

/// How often each text is in the list of all messages.
fn listed(client: &mut Client) -> BTreeMap<String, usize> {
    let mut listed = BTreeMap::new();
    let mut after = "0".to_owned();
    loop {
        let page = client.ask(&format!(r#"{{"op":"list","after":{after}}}"#));
        for message in page.split(r#""text":""#).skip(1) {
            *listed.entry(message.split('"').next().unwrap().to_owned()).or_default() += 1;
        }
        let next = field(&page, "next").to_owned();
        if next == after {
            return listed;
        }
        after = next;
    }
}

fn one_life(decidable: bool) {
    let seed = Seed::new();
    let mut random = Random(seed.0);
    let sims = boxes(&mut random);
    if !decidable {
        sims.iter().for_each(|sim| sim.command("fault error +49172 2172").unwrap());
        sims.iter().for_each(|sim| sim.command("fault error +49173 332 aired").unwrap());
    }
    let mut daemon = daemon_before(&sims);
    let shared = Shared::default();
    let mut client = Client::new(daemon.socket());
    let mut noisy = Client::new(daemon.socket());
    let (mut of_letters, mut of_noise) = (Random(random.next()), Random(random.next()));
    let (letters, noise) = thread::scope(|scope| {
        let letters = scope.spawn(|| write_letters(&shared, &mut client, &mut of_letters));
        let noise = scope.spawn(|| make_noise(&shared, &mut noisy, &mut of_noise));
        kill_and_kill(&mut daemon, &sims, &mut random, decidable);
        shared.over.store(true, Ordering::SeqCst);
        (letters.join().unwrap(), noise.join().unwrap())
    });
    let ends = ends(&mut client, &letters);

    for letter in &letters {
        assert_eq!(shared.send(&mut client, &letter.request), (letter.id, true), "{}", letter.request);
    }
    let aired = aired(&sims);
    for text in aired.keys() {
        assert!(letters.iter().any(|letter| letter.text == *text), "nobody sent {text}");
    }
    let listed = listed(&mut client);
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for (letter, state) in letters.iter().zip(&ends) {
        let (id, jobs) = (letter.id, aired.get(&letter.text).map_or(&[][..], Vec::as_slice));
        assert_eq!(listed.get(&letter.text), Some(&1), "message {id} in the list");
        assert!(jobs.len() <= 1, "message {id} ({state}) went out more than once: {jobs:?}");
        let sent = jobs.iter().filter(|job| job.end == End::Sent).count();
        match state.as_str() {
            "sent" => assert_eq!(sent, 1, "message {id} is called sent: {jobs:?}"),
            "failed" => assert!(!decidable && jobs.is_empty(), "message {id} is called unsent: {jobs:?}"),
            "unknown" => assert!(!decidable, "message {id} could be decided: {jobs:?}"),
            other => panic!("message {id} is {other}"),
        }
        *counts.entry(state).or_default() += 1;
    }
    assert!(counts.contains_key("sent"), "nothing went out");
    let lost: usize = daemon.out().matches("asking the box what became of it").count();
    let counts: Vec<String> = counts.iter().map(|(state, count)| format!("{count} {state}")).collect();
    println!(
        "seed {}: {}; on their way at a kill: {lost}; asked again: {}; noise: {noise}",
        seed.0,
        counts.join(", "),
        client.unanswered
    );
}

#[test]
fn kills_and_lost_answers_lose_nothing_double_nothing_and_leave_nothing_unknown() {
    one_life(true);
}

#[test]
fn kills_on_a_box_that_reboots_and_forgets_double_nothing_and_every_word_is_true() {
    one_life(false);
}
