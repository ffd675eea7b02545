//! The lines as a client counts them: a box numbers its lines from 1, and so does the relay, over
//! all boxes in the configuration's order, those left out that the client may not use.

use super::goip::LINES;
use crate::engine::{Choice, Settings};
use crate::message::LineId;

/// The first lines that a client of those choices has, in their order; without choices it has
/// all.
pub fn of(choices: &[Choice], settings: &Settings) -> heapless::Vec<LineId, LINES> {
    let all = [Choice::Any];
    let mut lines = heapless::Vec::new();
    for choice in if choices.is_empty() { &all } else { choices } {
        for (device, line) in
            (0..).zip(&settings.devices).flat_map(|(device, d)| (1..=d.lines).map(move |line| (device, line)))
        {
            let id = LineId { device, line };
            let meant = match *choice {
                Choice::Any => true,
                Choice::Device(place) => place == device,
                Choice::Line(one) => one == id,
            };
            // Those that have no place any more are not counted: a small box has eight.
            if meant && !lines.contains(&id) && lines.push(id).is_err() {
                return lines;
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::testing::World;

    const fn line(device: u8, line: u8) -> LineId {
        LineId { device, line }
    }

    #[test]
    fn lines_are_counted_over_all_boxes_that_the_client_may_use() {
        let world = World::new();
        let of = |choices: &[Choice]| of(choices, world.engine.settings()).to_vec();
        assert_eq!(of(&[]), [line(0, 1), line(0, 2), line(1, 1)]);
        assert_eq!(of(&[Choice::Device(1)]), [line(1, 1)]);
        assert_eq!(of(&[Choice::Line(line(1, 1)), Choice::Device(0)]), [line(1, 1), line(0, 1), line(0, 2)]);
        assert_eq!(of(&[Choice::Line(line(0, 2)), Choice::Device(0)]), [line(0, 2), line(0, 1)]);
        assert_eq!(of(&[Choice::Device(7)]), []);
    }
}
