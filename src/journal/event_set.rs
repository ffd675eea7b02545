//! Some kinds of events.

use super::EventKind;

/// A set of kinds of events, by what the journal writes for each: all of that is below 64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventSet(u64);

impl EventSet {
    /// Adds the kind of that name; says whether there is one.
    pub fn add(&mut self, name: &str) -> bool {
        let code = code(name);
        self.0 |= code.map_or(0, |code| 1 << code);
        code.is_some()
    }

    /// Whether that kind is among them.
    pub fn has(self, kind: EventKind) -> bool {
        self.0 >> kind.code() & 1 == 1
    }

    /// Whether the kind of that name is among them.
    pub fn has_name(self, name: &str) -> bool {
        code(name).is_some_and(|code| self.0 >> code & 1 == 1)
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

fn code(name: &str) -> Option<u8> {
    EventKind::from_name(name).map(EventKind::code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_the_kinds_that_were_added_and_no_other() {
        for kind in EventKind::all() {
            let mut set = EventSet::default();
            assert!(set.is_empty() && set.add(kind.as_str()) && !set.is_empty());
            assert!(EventKind::all().all(|other| set.has(other) == (other == kind)));
            assert!(EventKind::all().all(|other| set.has_name(other.as_str()) == (other == kind)));
        }
        assert!(!EventSet::default().add("send"));
    }
}
