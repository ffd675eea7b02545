//! How long a caller waits until its message is safe, in virtual time, with a disk that is slow
//! and has the messages' other records to write too.

use std::collections::BTreeMap;

use goip_sim::Options;
use goipd::message::MessageId;

use crate::row;
use crate::world::{Random, World, message, settings};

const SYNC_MS: u64 = 20;
const REQUESTS: usize = 2_000;
const REQUESTS_A_SECOND: usize = 20;

pub fn print() {
    // Enough lines to send what comes.
    let options = Options { lines: 8, send_ms: 500, ..Options::default() };
    let devices = [("office", 8), ("island", 8), ("harbour", 8)];
    let mut world = World::new(settings(&devices), vec![options; devices.len()]);
    world.fsync_ms = SYNC_MS;
    world.run(world.now_ms + 2_000, |_| false);

    let mut random = Random(1);
    let span_ms = (REQUESTS / REQUESTS_A_SECOND * 1000) as u64;
    let begin_ms = world.now_ms;
    let mut moments: Vec<u64> = (0..REQUESTS).map(|_| begin_ms + random.within(0..span_ms)).collect();
    moments.sort_unstable();

    let mut asked_ms = BTreeMap::<MessageId, u64>::new();
    let mut waits_ms = Vec::with_capacity(REQUESTS);
    for (n, at_ms) in moments.into_iter().enumerate() {
        world.run(at_ms, |world| note(world, &asked_ms, &mut waits_ms));
        let id = world.accept(message("+4915112345678", &format!("message {n}"))).expect("there is room");
        asked_ms.insert(id, world.now_ms);
    }
    world.run(world.now_ms + 1_000, |world| note(world, &asked_ms, &mut waits_ms));
    assert_eq!(waits_ms.len(), REQUESTS, "every caller is told");
    waits_ms.sort_unstable();

    let figure = format!("acknowledgement, {REQUESTS_A_SECOND} messages a second, a sync of {SYNC_MS} ms");
    for (percent, target) in [(50, "-"), (99, "≤ 45 ms")] {
        let wait_ms = waits_ms[REQUESTS * percent / 100];
        row(&format!("{figure}, {percent} %"), format!("{wait_ms} ms"), target);
    }
}

/// Notes how long those waited who were told just now; there is always more to come.
fn note(world: &World, asked_ms: &BTreeMap<MessageId, u64>, waits_ms: &mut Vec<u64>) -> bool {
    waits_ms.extend(world.told[waits_ms.len()..].iter().map(|id| world.now_ms - asked_ms[id]));
    false
}
