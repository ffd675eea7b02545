//! What is remembered of a line's inbox, and what of a page is new by it.

use heapless::Vec as Array;

use crate::goip::{InboxEntry, MAX_SLOTS};

/// The entries of a line that are remembered: twice the box's slots, so that a box that shows an
/// older state of its inbox (after a power cut, say) shows nothing new.
pub const REMEMBERED: usize = 40;

/// The slots of a line. A page with so many messages may have lost some at its end.
pub const FULL_SLOTS: usize = 20;

/// A page's entries are remembered while they stand on it.
const _: () = assert!(MAX_SLOTS <= REMEMBERED);

/// What an entry is recognised by: a number made of its time, its sender and its text.
///
/// That two entries share one by chance happens once in 10^16 pages. Who makes such a pair on
/// purpose makes goipd overlook a message of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mark(pub u64);

impl Mark {
    /// The mark of an entry with this time, sender and text, as [`InboxEntry`] has them and a
    /// record keeps them. It must be the same in every version, or after an update a box's whole
    /// inbox would be new: FNV-1a with 64 bits, NUL between the fields.
    pub fn new(device_time: &str, from: &str, text: &str) -> Self {
        let fields = [device_time, "\0", from, "\0", text];
        let bytes = fields.iter().flat_map(|field| field.bytes());
        Self(bytes.fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        }))
    }
}

impl From<&InboxEntry> for Mark {
    fn from(entry: &InboxEntry) -> Self {
        Self::new(&entry.device_time, &entry.from, &entry.text)
    }
}

/// What is remembered of a line's inbox.
///
/// Two kinds of records make it, and nothing else: a received message, which [`Window::note`]
/// adds, and a whole window, which takes the place of what was there. The same calls are made when
/// a record is handed to the journal and when it is read again, so a restart changes nothing,
/// wherever it cuts the records off. Who drops old records first writes the window down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    known: bool,
    settled: bool,
    /// Oldest first, at most [`REMEMBERED`].
    marks: Vec<Mark>,
}

/// What a page says, compared with a window.
///
/// Where something is to be written down, that is, in this order: `inbox_gap`, if [`Self::gap`];
/// the window [`Self::before`]; a received message for every place in [`Self::new`]; the window
/// [`Self::behind`]. Each is also given to the line's [`Window`] at once. The line's next page is
/// compared only when that is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Messages may have come and gone unseen.
    pub gap: bool,
    /// The window to write down before the messages.
    pub before: Option<Window>,
    /// Which entries of the page are new: their places in it, oldest message first.
    pub new: Array<u8, MAX_SLOTS, u8>,
    /// They were there before goipd looked for the first time: they are stored as old, and nobody
    /// is told of them.
    pub old: bool,
    /// The window to write down behind the messages.
    pub behind: Option<Window>,
}

impl Window {
    /// The window as a record has it: see [`Self::is_known`], [`Self::is_settled`] and
    /// [`Self::marks`]. Of more than [`REMEMBERED`] marks the newest are taken.
    pub fn new(known: bool, settled: bool, marks: &[Mark]) -> Self {
        let start = marks.len().saturating_sub(REMEMBERED);
        Self { known, settled, marks: marks[start..].to_vec() }
    }

    /// Whether the line's inbox was read to its end once. Until then all that is on it is old.
    pub fn is_known(&self) -> bool {
        self.known
    }

    /// Whether the marks stand in the box's order. They do not while a page is being written down
    /// that could not be compared by its order.
    pub fn is_settled(&self) -> bool {
        self.settled
    }

    /// The remembered entries, oldest first, at most [`REMEMBERED`].
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// A received message was written down, the newest one so far; `old` as in the record.
    pub fn note(&mut self, mark: Mark, old: bool) {
        if self.marks.len() >= REMEMBERED {
            self.marks.remove(0);
        }
        self.marks.push(mark);
        if !self.known && !old {
            // Only a window that a damaged journal has lost leaves this to be told from here.
            *self = Self { known: true, settled: true, marks: core::mem::take(&mut self.marks) };
        }
    }

    /// Compares with the entries of a whole block, newest first as the page has them. Of more than
    /// [`MAX_SLOTS`] the newest count.
    ///
    /// The longest tail of the page (its oldest entries) that is a subsequence of the window is
    /// old, the rest is new: new messages come in at the top, the oldest are pushed out at the
    /// end, and slots that were deleted leave no hole. If not even the oldest entry is known, the
    /// order tells nothing. Then messages may be lost, and what equals a remembered entry is old.
    pub fn compare(&self, page: &[Mark]) -> Seen {
        let page = &page[..page.len().min(MAX_SLOTS)];
        let mut rest = self.marks.iter();
        let mut first_match = None;
        let is_next = |mark: &&Mark| {
            let found = rest.any(|known| known == *mark);
            if found && first_match.is_none() {
                first_match = Some(self.marks.len() - rest.as_slice().len() - 1);
            }
            found
        };
        let overlap =
            if self.known && self.settled { page.iter().rev().take_while(is_next).count() } else { 0 };
        match first_match {
            Some(first_match) => self.moved(page, overlap, first_match),
            None => self.without_order(page),
        }
    }

    /// The page begins, seen from its oldest entry, with `overlap` known ones, of which the oldest
    /// is mark `first_match`.
    fn moved(&self, page: &[Mark], overlap: usize, first_match: usize) -> Seen {
        let (new, old) = page.split_at(page.len() - overlap);
        let dropped = (self.marks.len() + new.len()).saturating_sub(REMEMBERED);
        // An entry stays remembered for as long as the page shows it, even if more come and are
        // deleted behind it than are remembered: then those that the page does not show go first.
        let before = (dropped > first_match)
            .then(|| Self { marks: old.iter().rev().copied().collect(), ..self.clone() });
        Seen { before, new: places((0..new.len()).rev()), ..Seen::default() }
    }

    /// The page and the window have nothing in common that tells an order.
    fn without_order(&self, page: &[Mark]) -> Seen {
        let mut left = self.marks.clone();
        let is_new = |&place: &usize| {
            let known = left.iter().position(|mark| *mark == page[place]);
            known.map(|at| left.remove(at)).is_none()
        };
        let new = places((0..page.len()).rev().filter(is_new));
        let gap = self.known && !page.is_empty() && (!self.marks.is_empty() || page.len() >= FULL_SLOTS);
        if self.known && self.settled && new.len() == page.len() {
            // One behind the other, the new ones stand in the page's order.
            return Seen { gap, new, ..Seen::default() };
        }
        // Until all is written down, what the page shows again must not be forgotten for what is
        // new on it, so it goes to the end.
        let again = (0..page.len()).filter(|&place| !new.contains(&(place as u8)));
        let again: Vec<Mark> = left.iter().copied().chain(again.map(|place| page[place])).collect();
        let before = (!new.is_empty() && !self.marks.is_empty()).then_some(Self {
            settled: false,
            marks: again,
            ..*self
        });
        left.extend(page.iter().rev());
        Seen { gap, before, new, old: !self.known, behind: Some(Self::new(true, true, &left)) }
    }
}

fn places(places: impl Iterator<Item = usize>) -> Array<u8, MAX_SLOTS, u8> {
    places.map(|place| place as u8).collect()
}

#[cfg(test)]
mod tests;
