//! The crash matrix: the life of one message, stopped before every single thing that the journal
//! does to the disk and every 50 ms between, once by `kill -9` and once by a power cut of router
//! and box, by the box's api and by its web form. What comes of it is the table of
//! docs/promises.md; `GOIPD_BLESS=1 cargo test --test
//! promises` writes it.

#![allow(clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod world;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use goip_sim::{Command, Options};
use goipd::message::State;
use world::{Random, World, message, settings};

const BEGIN: &str = "<!-- the matrix begins -->\n";
const END: &str = "<!-- the matrix ends -->\n";

const MINUTE_MS: u64 = 60_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Death {
    Kill,
    PowerCut,
}

impl Death {
    const fn name(self) -> &'static str {
        match self {
            Self::Kill => "goipd is killed",
            Self::PowerCut => "the power is cut",
        }
    }
}

/// How the message goes out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Api,
    Form,
    /// By the form of a box that others use too, though not now.
    Shared,
}

/// When in the life.
#[derive(Clone, Copy)]
enum Moment {
    /// Before so many operations on the disk are done.
    Operation(usize),
    /// So long after the message was accepted.
    After { ms: u64 },
}

/// Somewhat longer than the whole life takes.
const LIFE_MS: u64 = 5_000;

/// How many chances a power cut gets at each moment, and how far moments lie apart. On a 32-bit
/// target the test runs emulated, takes some fifty times as long, and looks at fewer.
const THOROUGH: bool = cfg!(target_pointer_width = "64");
const CHANCES: u64 = if THOROUGH { 20 } else { 3 };
const STEP_MS: usize = if THOROUGH { 50 } else { 500 };

/// A box of one line that has sent before, and a disk on which everything takes 20 ms.
fn world(way: Way) -> World {
    let mut settings = settings(&[("office", 1)]);
    settings.devices[0].form = way != Way::Api;
    settings.devices[0].exclusive = way != Way::Shared;
    // On a shared box the id before has to be goipd's own.
    let foreign_key = (way == Way::Shared).then(|| "1abc012f".to_owned());
    let mut world = World::new(settings, vec![Options { foreign_key, ..Options::default() }]);
    let old = Command::Foreign { line: 1, number: "1".into(), text: "old".into() };
    world.boxes[0].model.command(0, old).expect("an idle line");
    world.fsync_ms = 20;
    world.run(world.now_ms + 10_000, |_| false);
    world
}

fn state_of(world: &World) -> Option<State> {
    world.engine.view(1).map(|view| view.state)
}

/// A life that ends at `moment`, and the next one. Gives the row of the table: what was known
/// then, and what came of it; `None` if there are not so many operations.
fn row(way: Way, moment: Moment, death: Death, seed: u64) -> Option<[String; 5]> {
    let mut world = world(way);
    if let Moment::Operation(at) = moment {
        let before = world.disk.operations();
        world.disk.crash_at(before + at);
    }
    world.accept(message("+4915112345678", "Pump 3 stopped")).expect("there is room");
    match moment {
        Moment::Operation(_) if !world.run(world.now_ms + MINUTE_MS, |world| world.disk.is_dead()) => {
            return None;
        }
        Moment::Operation(_) => {}
        Moment::After { ms } => drop(world.run(world.now_ms + ms, |_| false)),
    }
    let state = state_of(&world).expect("it was accepted");
    let told = !world.told.is_empty();
    let taken = world.boxes[0].model.jobs().iter().any(|job| !job.foreign);
    match death {
        Death::Kill => assert!(world.kill()),
        Death::PowerCut => {
            world.cut_power(&mut Random(seed), 10 * MINUTE_MS, true);
            world.set_clock();
        }
    }
    let after = state_of(&world);
    assert!(!told || after.is_some(), "an acknowledged message is lost");
    let ended = |world: &World| state_of(world).is_none_or(State::is_final);
    let end_ms = world.now_ms + 60 * MINUTE_MS;
    assert!(world.run(end_ms, ended), "it comes to an end");
    world.run(world.now_ms + MINUTE_MS, |_| false);

    let air: Vec<_> =
        world.boxes[0].model.air().into_iter().filter(|job| job.text == "Pump 3 stopped").collect();
    assert!(air.len() <= 1, "sent twice");
    let end = state_of(&world);
    match end {
        Some(State::Sent) => assert_eq!(air.len(), 1),
        Some(State::Unknown) => assert!(death == Death::PowerCut, "a kill leaves nothing unknown"),
        None => assert_eq!(air.len(), 0, "what is not kept was not sent"),
        other => panic!("{other:?}"),
    }
    let name = |state: Option<State>| state.map_or("not kept", State::as_str).to_owned();
    let yes = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    let at_death = match (state, told) {
        (State::Queued, false) => "queued, not yet acknowledged".to_owned(),
        (state, _) => state.to_string(),
    };
    Some([at_death, yes(taken), name(after), name(end), yes(air.len() > 1)])
}

fn matrix(way: Way) -> String {
    let mut table = String::new();
    for death in [Death::Kill, Death::PowerCut] {
        let mut rows = BTreeSet::new();
        let mut operations = 0;
        // What a power cut leaves of what was not synced is up to chance.
        let seeds = || if death == Death::PowerCut { 0..CHANCES } else { 0..1 };
        for at in 0.. {
            let moment = Moment::Operation(at);
            let found: Vec<_> = seeds().filter_map(|seed| row(way, moment, death, seed)).collect();
            if found.is_empty() {
                operations = at;
                break;
            }
            rows.extend(found);
        }
        for ms in (0..LIFE_MS).step_by(STEP_MS) {
            rows.extend(seeds().filter_map(|seed| row(way, Moment::After { ms }, death, seed)));
        }
        assert!(operations > 5, "{operations} operations are not a life");
        table += &format!(
            "### {}, before any of {operations} operations on the disk or between\n\n",
            death.name()
        );
        table += "| state when it happens | box has the message | state after the restart | comes to | sent twice |\n";
        table += "| --- | --- | --- | --- | --- |\n";
        for row in rows {
            table += &format!("| {} |\n", row.join(" | "));
        }
        table += "\n";
    }
    table
}

#[test]
fn whenever_it_dies_nothing_acknowledged_is_lost_and_nothing_is_sent_twice() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/promises.md");
    let document = fs::read_to_string(&path).expect("docs/promises.md");
    let (head, rest) = document.split_once(BEGIN).expect("the begin mark");
    let (table, tail) = rest.split_once(END).expect("the end mark");
    let found = matrix(Way::Api);
    if std::env::var_os("GOIPD_BLESS").is_some() {
        fs::write(&path, format!("{head}{BEGIN}{found}{END}{tail}")).expect("docs/promises.md");
    } else if THOROUGH {
        assert_eq!(table, found, "docs/promises.md tells something else");
    } else {
        let unknown = found.lines().find(|line| !table.lines().any(|known| known == *line));
        assert_eq!(unknown, None, "docs/promises.md does not tell this");
    }
}

#[test]
fn by_the_web_form_it_is_the_same_also_where_others_send() {
    for way in [Way::Form, Way::Shared] {
        let found = matrix(way);
        let document = fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/promises.md"));
        let document = document.expect("docs/promises.md");
        for row in found.lines() {
            assert!(document.lines().any(|known| known == row), "docs/promises.md does not tell: {row}");
        }
    }
}
