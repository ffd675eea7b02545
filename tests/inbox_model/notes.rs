//! The window alone, with notes in the place of a journal.

use goipd::engine::inbox::{Mark, Window};

use crate::life::{Goipd, Kept, Told};
use crate::random::Random;

/// What was written down.
#[derive(Clone, Debug)]
enum Note {
    Gap,
    Window(Window),
    /// A message was stored; whether as old.
    Message(Mark, bool),
}

/// Goipd as its notes make it.
#[derive(Default)]
pub struct Notes {
    journal: Vec<Note>,
    /// Where the journal begins since it was last compacted: at a window.
    start: usize,
    /// How many of the notes no crash can take back.
    durable: usize,
    window: Window,
}

impl Notes {
    fn put(&mut self, window: Option<Window>) {
        if let Some(window) = window {
            self.window = window.clone();
            self.journal.push(Note::Window(window));
        }
    }
}

impl Goipd for Notes {
    fn memory(&self) -> [bool; 3] {
        [self.window.is_known(), self.window.is_settled(), !self.window.marks().is_empty()]
    }

    fn remembers(&self, mark: Mark) -> bool {
        self.window.marks().contains(&mark)
    }

    fn read(&mut self, page: &[Mark]) -> Told {
        let seen = self.window.compare(page);
        let new: Vec<Mark> = seen.new.iter().map(|&place| page[usize::from(place)]).collect();
        if seen.gap {
            self.journal.push(Note::Gap);
        }
        self.put(seen.before);
        for &mark in &new {
            self.window.note(mark, seen.old);
            self.journal.push(Note::Message(mark, seen.old));
        }
        self.put(seen.behind);
        Told { gap: seen.gap, new, old: seen.old }
    }

    fn settle(&mut self) {
        self.durable = self.journal.len();
    }

    fn compact(&mut self) {
        self.start = self.journal.len();
        self.journal.push(Note::Window(self.window.clone()));
        self.settle();
    }

    fn restart(&mut self, random: &mut Random) -> Kept {
        let kept = self.durable + random.below(self.journal.len() - self.durable + 1);
        self.durable = kept;
        self.journal.truncate(kept);
        self.window = Window::default();
        for note in &self.journal[self.start..] {
            match note {
                Note::Window(window) => self.window = window.clone(),
                Note::Message(mark, old) => self.window.note(*mark, *old),
                Note::Gap => {}
            }
        }
        let count = |is: fn(&Note) -> bool| self.journal.iter().filter(|note| is(note)).count();
        Kept {
            messages: count(|note| matches!(note, Note::Message(..))),
            gaps: count(|note| matches!(note, Note::Gap)),
            cut_behind_gap: matches!(self.journal.last(), Some(Note::Gap)),
        }
    }
}
