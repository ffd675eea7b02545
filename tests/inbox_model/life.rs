//! One line of a box, and what is true of it.

use std::collections::VecDeque;

use goipd::engine::inbox::{FULL_SLOTS, Mark};

use crate::random::Random;

/// Slots of a line in the box.
const SLOTS: usize = 20;

/// What goipd made of a message, in truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nothing yet.
    Unseen,
    /// It is stored.
    Stored,
    /// It was taken for one that is alike, and a gap was told.
    Dropped,
}

/// A message by its place in the truth.
pub type Id = usize;

/// A gap that was told: whether there was one, and which messages were taken for others.
type Gap = (bool, Vec<Id>);

/// What goipd made of a page.
#[derive(Clone, Debug, Default)]
pub struct Told {
    pub gap: bool,
    /// What is new, the oldest first.
    pub new: Vec<Mark>,
    pub old: bool,
}

/// What of all that it has told is left after it died.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// How many messages, and how many gaps, the first ones.
    pub messages: usize,
    pub gaps: usize,
    /// The last gap is left, but not all that followed it.
    pub cut_behind_gap: bool,
}

/// A goipd that reads one line's inbox.
pub trait Goipd: Default {
    /// What it remembers: known, settled, anything at all.
    fn memory(&self) -> [bool; 3];
    /// Whether an entry is like one that it remembers.
    fn remembers(&self, mark: Mark) -> bool;
    /// It reads a page, the newest entry first.
    fn read(&mut self, page: &[Mark]) -> Told;
    /// What it has written is safe from now on.
    fn settle(&mut self);
    /// It drops old records if it can.
    fn compact(&mut self);
    /// It dies at some moment, and starts again.
    fn restart(&mut self, random: &mut Random) -> Kept;
}

/// What happened in a life or many.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub messages: usize,
    pub alike: usize,
    pub gaps: usize,
    pub lost: usize,
    pub restarts: usize,
    pub cut_off: usize,
    pub left_out: usize,
}

impl Tally {
    pub fn add(&mut self, life: Self) {
        self.messages += life.messages;
        self.alike += life.alike;
        self.gaps += life.gaps;
        self.lost += life.lost;
        self.restarts += life.restarts;
        self.cut_off += life.cut_off;
        self.left_out += life.left_out;
    }
}

pub struct Life<G> {
    goipd: G,
    random: Random,
    talks: bool,
    /// Every message that ever came, oldest first.
    pub truth: Vec<(Mark, Fate)>,
    /// What the box shows, newest first.
    slots: VecDeque<Id>,
    /// The box's clock, and whether it stands still.
    clock_s: u64,
    clock_stands: bool,
    /// What the box showed when it was last read.
    snapshot: VecDeque<Id>,
    /// Whether anything but age ever took a message from the box.
    tampered: bool,
    /// Whether a message went unseen that no gap has told of.
    lost: bool,
    /// What was stored, and the gaps that were told.
    stored: Vec<Id>,
    gaps: Vec<Gap>,
    pub tally: Tally,
}

/// The life has come to a page that another history leads to as well.
pub struct LeftOut;

impl<G: Goipd> Life<G> {
    pub fn new(seed: u64, talks: bool) -> Self {
        Self {
            goipd: G::default(),
            random: Random(seed),
            talks,
            truth: Vec::new(),
            slots: VecDeque::new(),
            clock_s: 0,
            clock_stands: false,
            snapshot: VecDeque::new(),
            tampered: false,
            lost: false,
            stored: Vec::new(),
            gaps: Vec::new(),
            tally: Tally::default(),
        }
    }

    fn say(&self, what: impl FnOnce(&Self) -> String) {
        if self.talks {
            println!("{}", what(self));
        }
    }

    fn fate(&self, id: Id) -> Fate {
        self.truth[id].1
    }

    /// A message comes; `like` the newest one, or not.
    fn receive(&mut self, like: bool) {
        if !self.clock_stands {
            self.clock_s += self.random.within(0..3);
        }
        let newest = self.slots.front().filter(|_| like).map(|&id| self.truth[id].0);
        let mark = newest.unwrap_or_else(|| {
            // With a clock that stands or was set back, these few are alike now and then.
            let from = ["777", "+4915112345678", "MIR-1228"][self.random.below(3)];
            let text = match self.random.within(0..60) {
                0 => "OK".to_owned(),
                _ => self.truth.len().to_string(),
            };
            Mark::new(&self.clock_s.to_string(), from, &text)
        });
        self.tally.alike += usize::from(self.truth.iter().rev().take(SLOTS).any(|(other, _)| *other == mark));
        self.slots.push_front(self.truth.len());
        self.truth.push((mark, Fate::Unseen));
        if self.slots.len() > SLOTS {
            let out = self.slots.pop_back();
            self.vanish(out);
        }
    }

    /// These are on the box no longer.
    fn vanish(&mut self, ids: impl IntoIterator<Item = Id>) {
        for id in ids {
            self.lost |= self.fate(id) == Fate::Unseen && self.goipd.memory()[0];
        }
    }

    fn wipe(&mut self) {
        self.tampered = true;
        let all = std::mem::take(&mut self.slots);
        self.vanish(all);
    }

    /// Somebody deletes slots. Where one was that goipd has not stored, nobody ever learns of it.
    fn delete_slots(&mut self) {
        self.tampered = true;
        self.goipd.settle();
        let (mut kept, all) = (VecDeque::new(), std::mem::take(&mut self.slots));
        for id in all {
            if self.fate(id) == Fate::Unseen || self.random.one_in(2) {
                kept.push_back(id);
            }
        }
        self.slots = kept;
    }

    fn reboot(&mut self) {
        self.clock_s = self.random.within(0..2) * 1000;
        self.clock_stands = self.random.one_in(3);
        match self.random.within(0..4) {
            0 => self.wipe(),
            // The box had not saved its inbox. What it forgets unseen, nobody ever learns of.
            1 if !self.tampered && !self.lost && self.truth.iter().all(|(_, fate)| *fate != Fate::Unseen) => {
                self.goipd.settle();
                self.slots = self.snapshot.clone();
            }
            _ => {}
        }
    }

    /// The daemon dies, and with it what was not durable.
    fn restart(&mut self) {
        let kept = self.goipd.restart(&mut self.random);
        self.tally.restarts += 1;
        let mut gone = self.stored.split_off(kept.messages);
        let untold = self.gaps.split_off(kept.gaps);
        self.tally.cut_off += usize::from(!gone.is_empty() || !untold.is_empty() || kept.cut_behind_gap);
        for (lost, dropped) in untold {
            self.lost |= lost;
            gone.extend(dropped);
        }
        gone.iter().for_each(|&id| self.truth[id].1 = Fate::Unseen);
        gone.retain(|id| !self.slots.contains(id));
        if let Some((_, dropped)) = self.gaps.last()
            && kept.cut_behind_gap
        {
            // They were told of, but nothing says yet that they are known.
            dropped.iter().for_each(|&id| self.truth[id].1 = Fate::Unseen);
        }
        self.vanish(gone);
        self.say(|life| format!("restart with {kept:?}: {:?}", life.goipd.memory()));
    }

    /// Whether the page would be the same if its oldest new message were a known one: one that is
    /// alike was there before, and the page shows it behind what it shows of those before it.
    fn can_be_told_apart(&self, known: usize) -> bool {
        let mut history = self.truth.iter().filter(|(_, fate)| *fate != Fate::Unseen).map(|(mark, _)| mark);
        let shown = self.slots.iter().rev().take(known + 1).map(|&id| &self.truth[id].0);
        known == self.slots.len() || !shown.into_iter().all(|mark| history.any(|other| other == mark))
    }

    /// Goipd reads the page, and everything is checked.
    fn read(&mut self) -> Result<(), LeftOut> {
        let page: Vec<Mark> = self.slots.iter().map(|&id| self.truth[id].0).collect();
        let [is_known, settled, any] = self.goipd.memory();
        let remembered: Vec<bool> = page.iter().map(|&mark| self.goipd.remembers(mark)).collect();
        let seen = self.goipd.read(&page);
        // Of those that are alike, the oldest that is not stored and keeps the order, if there is one.
        let mut new: Vec<Id> = Vec::new();
        for mark in &seen.new {
            let fits = |id: &Id| self.truth[*id].0 == *mark && !new.contains(id);
            let unseen = |id: &Id| self.fate(*id) == Fate::Unseen;
            let alike: Vec<Id> = self.slots.iter().rev().copied().filter(fits).collect();
            let in_order = |id: &Id| unseen(id) && new.last().is_none_or(|last| last < id);
            let find = |wanted: &dyn Fn(&Id) -> bool| alike.iter().copied().find(|id| wanted(id));
            let id = find(&in_order).or_else(|| find(&unseen)).or(alike.first().copied());
            new.push(id.expect("what is stored stands on the page"));
        }
        self.say(|life| format!("shown {:?}, lost {}: {seen:?}", life.slots, life.lost));
        // Where nothing was ever stored, nobody learns of what came and went before.
        self.lost &= is_known && (any || page.len() == SLOTS);
        let is_stored = |id: &&Id| self.fate(**id) != Fate::Unseen;
        let known = self.slots.iter().rev().take_while(is_stored).count();
        let in_order = is_known && settled;
        if in_order && !self.can_be_told_apart(known) {
            return Err(LeftOut);
        }

        for id in &new {
            assert_eq!(self.fate(*id), Fate::Unseen, "message {id} is stored twice");
        }
        assert!(new.is_sorted(), "the order is kept");
        let unseen = self.slots.iter().copied().filter(|id| self.fate(*id) == Fate::Unseen);
        let dropped: Vec<Id> = unseen.filter(|id| !new.contains(id)).collect();
        if !dropped.is_empty() && seen.old {
            return Err(LeftOut);
        }
        assert!(dropped.is_empty() || seen.gap, "messages {dropped:?} are lost, and nobody was told");
        for id in &dropped {
            let place = self.slots.iter().position(|other| other == id).expect("it is shown");
            assert!(remembered[place], "message {id} is like no other");
        }
        assert!(!seen.old || !is_known, "only the first page is old");
        if !page.is_empty() {
            assert!(!self.lost || seen.gap, "a message went unseen, and nobody was told");
        }
        if in_order {
            let no_overlap = known == 0 && !page.is_empty();
            let may_have_lost = any || page.len() >= FULL_SLOTS;
            assert_eq!(seen.gap, no_overlap && may_have_lost, "a gap is told where there may be one");
        }

        if seen.gap {
            self.tally.gaps += 1;
            self.tally.lost += usize::from(self.lost);
            dropped.iter().for_each(|&id| self.truth[id].1 = Fate::Dropped);
            self.gaps.push((self.lost, dropped));
            self.lost = false;
        }
        for &id in &new {
            self.truth[id].1 = Fate::Stored;
        }
        self.stored.extend(new);
        self.snapshot = self.slots.clone();
        Ok(())
    }

    fn step(&mut self) -> Result<(), LeftOut> {
        match self.random.within(0..40) {
            0..12 => {
                let like = self.random.one_in(8);
                self.receive(like);
            }
            12..15 => {
                let burst = self.random.within(2..45);
                let like = self.random.within(2..12) as usize;
                for _ in 0..burst {
                    let like = self.random.one_in(like);
                    self.receive(like);
                }
            }
            15..28 => return self.read(),
            28..31 => self.goipd.settle(),
            31..33 => self.delete_slots(),
            33 => self.wipe(),
            34 => self.reboot(),
            35 => {
                self.clock_stands = self.random.one_in(2);
                self.clock_s = self.random.within(0..2) * 1000;
            }
            36 => self.goipd.compact(),
            _ => self.restart(),
        }
        self.say(|life| format!("shown {:?}, {} messages so far", life.slots, life.truth.len()));
        Ok(())
    }

    pub fn live(&mut self) -> Result<(), LeftOut> {
        for _ in 0..self.random.within(20..120) {
            self.step()?;
        }
        self.read()?;
        let told = (self.stored.len(), self.gaps.len());
        self.read()?;
        assert_eq!((self.stored.len(), self.gaps.len()), told, "an unmoved window gives nothing");
        for id in &self.slots {
            assert_ne!(self.fate(*id), Fate::Unseen, "message {id} is shown, and goipd does not know it");
        }
        Ok(())
    }
}
