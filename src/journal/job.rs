//! What the log wants of the disk, one piece after the other.

use std::sync::Arc;

use super::disk::{Disk, DiskError};

/// A piece of work for the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Job {
    /// Write and make durable.
    Write(Write),
    /// Take away a segment that is not needed any more.
    Retire(Retire),
    /// See how much room there is.
    Measure,
}

/// Records for a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// The segment.
    pub segment: u32,
    /// What a new segment begins with; `None` if there is the segment already.
    pub head: Option<Vec<u8>>,
    /// Where in it the records go.
    pub at: u32,
    /// The records.
    pub bytes: Arc<Vec<u8>>,
}

/// The end of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retire {
    /// The segment.
    pub segment: u32,
    /// Whether it is kept under another name.
    pub aside: bool,
}

/// What came of a [`Job`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// Whether it was done.
    pub result: Result<(), DiskError>,
    /// Bytes that can still be written, if that is known.
    pub free: Option<u64>,
}

impl Job {
    /// Does the work.
    pub fn perform(&self, disk: &mut impl Disk) -> Done {
        let result = match self {
            Self::Write(write) => write.perform(disk).inspect_err(|_| write.undo(disk)),
            Self::Retire(Retire { segment, aside: true }) => {
                disk.set_aside(*segment).and_then(|()| disk.sync_dir())
            }
            Self::Retire(Retire { segment, aside: false }) => {
                disk.remove(*segment).and_then(|()| disk.sync_dir())
            }
            Self::Measure => Ok(()),
        };
        Done { result, free: disk.free().ok() }
    }
}

impl Write {
    fn perform(&self, disk: &mut impl Disk) -> Result<(), DiskError> {
        if let Some(head) = &self.head {
            disk.create(self.segment)?;
            disk.write(self.segment, 0, head)?;
        }
        disk.write(self.segment, self.at, &self.bytes)?;
        disk.sync(self.segment)?;
        if self.head.is_some() {
            // Until then the next crash may take the name, and the segment with it.
            disk.sync_dir()?;
        }
        Ok(())
    }

    /// After a failed sync the system shows the bytes as if they were there, and calls the next
    /// sync a success. A daemon that starts anew must not take them for durable.
    fn undo(&self, disk: &mut impl Disk) {
        let len = if self.head.is_some() { 0 } else { self.at };
        if let Err(error) = disk.cut(self.segment, len) {
            log::debug!("journal: a failed write cannot be cut off: {error}");
        }
    }
}
