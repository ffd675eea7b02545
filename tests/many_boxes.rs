//! Sixteen boxes with 128 lines, in virtual time: one that is dead and one that is slow delay
//! nobody else.

#![allow(clippy::expect_used, reason = "a test stops at the first surprise")]

mod world;

use goip_sim::{Command, Fault, Hang, Options, Page};
use goipd::engine::Choice;
use goipd::message::State;
use world::{World, message, settings};

const BOXES: usize = 16;
const LINES: u8 = 8;

/// For each box how long the messages take that go through it, one for each of its lines; `None`
/// if not all are sent within ten minutes. `sick` makes the first boxes so.
fn run(sick: impl Fn(&mut World)) -> Vec<Option<u64>> {
    let names: Vec<String> = (0..BOXES).map(|n| format!("box{n}")).collect();
    let devices: Vec<(&str, u8)> = names.iter().map(|name| (name.as_str(), LINES)).collect();
    let options = (0..BOXES).map(|_| Options { lines: LINES, send_ms: 3_000, ..Options::default() });
    let mut world = World::new(settings(&devices), options.collect());
    world.run(world.now_ms + 5_000, |_| false);
    sick(&mut world);
    let start_ms = world.now_ms;
    let mut ids = Vec::new();
    // By turns, so that those of the sick boxes stand among the others.
    for line in 0..LINES {
        for device in 0..BOXES {
            let mut new = message("+4915112345678", &format!("{device} {line}"));
            new.choice = Choice::Device(device as u8);
            ids.push((device, world.accept(new).expect("there is room")));
        }
    }
    let mut took = vec![None; BOXES];
    world.run(start_ms + 600_000, |world| {
        for (device, took) in took.iter_mut().enumerate().filter(|(_, took)| took.is_none()) {
            let is_sent = |id| world.engine.view(id).is_some_and(|view| view.state == State::Sent);
            if ids.iter().filter(|(of, _)| *of == device).all(|(_, id)| is_sent(*id)) {
                *took = Some(world.now_ms - start_ms);
            }
        }
        took.iter().all(Option::is_some)
    });
    took
}

#[test]
fn a_dead_and_a_slow_box_delay_no_other() {
    let well = run(|_| {});
    let sick = run(|world| {
        world.boxes[0].model.schedule(world.now_ms, Command::Refuse { ms: 3_600_000 });
        let slow = Fault::Hang { at: Hang::Read, ms: 9_000 }.on(Page::Any).always();
        world.boxes[1].model.schedule(world.now_ms, Command::Fault(slow));
    });
    assert!(well.iter().all(|took| took.is_some_and(|ms| ms < 10_000)), "{well:?}");
    assert_eq!(sick[0], None, "nothing goes through a dead box");
    assert_eq!(sick[2..], well[2..], "to the millisecond");
}

#[test]
fn messages_for_any_line_pass_by_boxes_that_are_dead() {
    let names: Vec<String> = (0..BOXES).map(|n| format!("box{n}")).collect();
    let devices: Vec<(&str, u8)> = names.iter().map(|name| (name.as_str(), LINES)).collect();
    let options = (0..BOXES).map(|_| Options { lines: LINES, send_ms: 3_000, ..Options::default() });
    let mut world = World::new(settings(&devices), options.collect());
    world.run(world.now_ms + 5_000, |_| false);
    for simbox in &mut world.boxes[..BOXES - 1] {
        simbox.model.schedule(world.now_ms, Command::Refuse { ms: 3_600_000 });
    }
    world.run(world.now_ms + 61_000, |_| false);
    let start_ms = world.now_ms;
    for n in 0..80 {
        world.accept(message("+4915112345678", &format!("{n}"))).expect("there is room");
    }
    let all_sent = |world: &World| world.engine.counters().by_state[State::Sent as usize] == 80;
    assert!(world.run(start_ms + 60_000, all_sent), "ten times 3 s and some polls on the box that lives");
}
