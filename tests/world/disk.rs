//! A disk in RAM that forgets in a crash what a real one may forget.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::Random;
use super::journal::{Disk, DiskError, DiskErrorKind, Source};

/// Handles to the same disk are clones of each other.
#[derive(Clone, Debug, Default)]
pub struct SimDisk(Rc<RefCell<State>>);

#[derive(Debug, Default)]
struct State {
    files: Vec<File>,
    /// Names and the files they stand for, now and as a crash would leave them at the least.
    names: BTreeMap<u32, usize>,
    durable_names: BTreeMap<u32, usize>,
    aside: Vec<u32>,
    /// Operations so far, and how many there will be before the power goes.
    operations: usize,
    crash_at: Option<usize>,
    /// The operation that fails, and how.
    fail_at: Option<(usize, DiskErrorKind)>,
    capacity: Option<usize>,
    read_only: bool,
}

#[derive(Debug, Default)]
struct File {
    bytes: Vec<u8>,
    durable: usize,
    /// A sync failed: what was not durable then never will be, whatever later syncs say.
    lost: bool,
    /// What was cut off, and may be there again after a crash.
    ghost: Vec<u8>,
}

impl SimDisk {
    /// The power goes: of what was not synced, each file keeps as much as chance wants, perhaps
    /// with zeros in place of the rest; each name is the old or the new one.
    pub fn crash(&self, random: &mut Random) {
        let state = &mut *self.0.borrow_mut();
        for file in &mut state.files {
            file.bytes.append(&mut file.ghost);
            let len = file.bytes.len();
            // That it was all written is no rarer than that it was torn at one byte or another.
            let torn = file.durable + random.below(len - file.durable + 1);
            let kept = if random.one_in(4) { len } else { torn };
            file.bytes.truncate(kept);
            if random.one_in(4) {
                file.bytes.resize(len, 0);
            }
            file.durable = file.bytes.len();
            file.lost = false;
        }
        for number in state.names.keys().chain(state.durable_names.keys()).copied().collect::<Vec<_>>() {
            let from = if random.one_in(2) { &state.names } else { &state.durable_names };
            match from.get(&number).copied() {
                Some(file) => state.durable_names.insert(number, file),
                None => state.durable_names.remove(&number),
            };
        }
        state.names.clone_from(&state.durable_names);
        state.crash_at = None;
        state.heal();
    }

    /// Whatever else was wrong with it is over.
    pub fn heal(&self) {
        self.0.borrow_mut().heal();
    }

    /// How many operations that change something there have been.
    pub fn operations(&self) -> usize {
        self.0.borrow().operations
    }

    /// Before that operation the power goes; everything fails until [`Self::crash`].
    pub fn crash_at(&self, operation: usize) {
        self.0.borrow_mut().crash_at = Some(operation);
    }

    /// It was not the power, but only the daemon that went: what was written is still there,
    /// synced or not. False if it went just between a failed sync and the cut that follows: what
    /// it left then, nobody can tell from what is durable.
    pub fn survive(&self) -> bool {
        let state = &mut *self.0.borrow_mut();
        let told = !state.names.values().any(|&file| state.files[file].lost);
        if told {
            state.crash_at = None;
            state.heal();
        }
        told
    }

    /// Whether the power is gone.
    pub fn is_dead(&self) -> bool {
        let state = self.0.borrow();
        state.crash_at.is_some_and(|at| state.operations >= at)
    }

    /// The operation after so many others fails once.
    pub fn fail_after(&self, operations: usize, kind: DiskErrorKind) {
        let mut state = self.0.borrow_mut();
        state.fail_at = Some((state.operations + operations, kind));
    }

    /// Lets the disk hold that many bytes.
    pub fn set_capacity(&self, bytes: Option<usize>) {
        self.0.borrow_mut().capacity = bytes;
    }

    pub fn set_read_only(&self, read_only: bool) {
        self.0.borrow_mut().read_only = read_only;
    }

    /// The bytes of all segments.
    pub fn used(&self) -> usize {
        let state = self.0.borrow();
        state.names.values().map(|&file| state.files[file].bytes.len()).sum()
    }

    /// The segments that were set aside.
    pub fn aside(&self) -> Vec<u32> {
        self.0.borrow().aside.clone()
    }

    /// Changes a byte of a segment.
    pub fn damage(&self, segment: u32, at: usize) {
        let state = &mut *self.0.borrow_mut();
        state.files[state.names[&segment]].bytes[at] ^= 0x10;
    }

    fn act<R>(&self, act: impl FnOnce(&mut State) -> Result<R, DiskError>) -> Result<R, DiskError> {
        let mut state = self.0.borrow_mut();
        if state.crash_at.is_some_and(|at| state.operations >= at) {
            return Err(error(DiskErrorKind::Other));
        }
        state.operations += 1;
        if state.read_only {
            return Err(error(DiskErrorKind::ReadOnly));
        }
        act(&mut state)
    }
}

impl State {
    fn heal(&mut self) {
        self.fail_at = None;
        self.capacity = None;
        self.read_only = false;
    }

    fn fails(&mut self) -> Option<DiskError> {
        let kind = self.fail_at.take_if(|(at, _)| self.operations > *at)?.1;
        Some(error(kind))
    }

    fn file(&mut self, segment: u32) -> Result<&mut File, DiskError> {
        let file = *self.names.get(&segment).ok_or(error(DiskErrorKind::Other))?;
        Ok(&mut self.files[file])
    }

    fn room(&self) -> usize {
        let used: usize = self.names.values().map(|&file| self.files[file].bytes.len()).sum();
        self.capacity.map_or(usize::MAX, |capacity| capacity.saturating_sub(used))
    }
}

fn error(kind: DiskErrorKind) -> DiskError {
    DiskError { kind, words: format!("simulated: {kind:?}") }
}

impl Source for SimDisk {
    fn list(&self) -> Result<Vec<u32>, DiskError> {
        Ok(self.0.borrow().names.keys().copied().collect())
    }

    fn read(&self, segment: u32, at: u32, len: usize, into: &mut Vec<u8>) -> Result<(), DiskError> {
        let mut state = self.0.borrow_mut();
        let bytes = &state.file(segment)?.bytes;
        let bytes = bytes.get(at as usize..).unwrap_or(&[]);
        into.clear();
        into.extend_from_slice(&bytes[..len.min(bytes.len())]);
        Ok(())
    }
}

impl Disk for SimDisk {
    fn create(&mut self, segment: u32) -> Result<(), DiskError> {
        self.act(|state| {
            if let Some(error) = state.fails() {
                return Err(error);
            }
            assert!(!state.names.contains_key(&segment), "segment {segment} is there already");
            state.files.push(File::default());
            state.names.insert(segment, state.files.len() - 1);
            Ok(())
        })
    }

    fn write(&mut self, segment: u32, at: u32, bytes: &[u8]) -> Result<(), DiskError> {
        self.act(|state| {
            let room = state.room();
            let fails = state.fails();
            let file = state.file(segment)?;
            assert_eq!(file.bytes.len(), at as usize, "only ever at the end");
            assert!(!file.lost, "never again after a failure");
            let fits = if fails.is_some() { bytes.len() / 2 } else { bytes.len().min(room) };
            file.ghost.clear();
            file.bytes.extend_from_slice(&bytes[..fits]);
            file.lost = fits < bytes.len();
            match fails {
                Some(error) => Err(error),
                None if fits < bytes.len() => Err(error(DiskErrorKind::Full)),
                None => Ok(()),
            }
        })
    }

    fn sync(&mut self, segment: u32) -> Result<(), DiskError> {
        self.act(|state| {
            let fails = state.fails();
            let file = state.file(segment)?;
            if let Some(error) = fails {
                file.lost = true;
                return Err(error);
            }
            if !file.lost {
                file.ghost.clear();
                file.durable = file.bytes.len();
            }
            Ok(())
        })
    }

    fn cut(&mut self, segment: u32, len: u32) -> Result<(), DiskError> {
        self.act(|state| {
            let file = state.file(segment)?;
            file.durable = file.durable.min(len as usize);
            file.ghost = file.bytes.split_off(len as usize);
            file.lost = false;
            Ok(())
        })
    }

    fn sync_dir(&mut self) -> Result<(), DiskError> {
        self.act(|state| {
            if let Some(error) = state.fails() {
                return Err(error);
            }
            state.durable_names.clone_from(&state.names);
            Ok(())
        })
    }

    fn remove(&mut self, segment: u32) -> Result<(), DiskError> {
        self.act(|state| {
            if let Some(error) = state.fails() {
                return Err(error);
            }
            state.names.remove(&segment);
            Ok(())
        })
    }

    fn set_aside(&mut self, segment: u32) -> Result<(), DiskError> {
        self.act(|state| {
            if let Some(error) = state.fails() {
                return Err(error);
            }
            if state.names.remove(&segment).is_some() {
                state.aside.push(segment);
            }
            Ok(())
        })
    }

    fn free(&self) -> Result<u64, DiskError> {
        Ok(self.0.borrow().room() as u64)
    }
}
