//! What the journal needs of a disk, and the state directory as one.

use core::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// What of a disk has to be read to recover a journal. Segments go by their numbers.
pub trait Source {
    /// The numbers of all segments, in any order.
    ///
    /// # Errors
    /// The disk's.
    fn list(&self) -> Result<Vec<u32>, DiskError>;

    /// Reads up to `len` bytes of a segment from `at` on into `into`, which loses what it held;
    /// fewer only at the segment's end.
    ///
    /// # Errors
    /// The disk's, also where there is no such segment.
    fn read(&self, segment: u32, at: u32, len: usize, into: &mut Vec<u8>) -> Result<(), DiskError>;
}

/// A disk that can be written. Nothing is durable before a sync, neither bytes nor names.
pub trait Disk: Source {
    /// Makes an empty segment. Its name is durable after [`Self::sync_dir`].
    ///
    /// # Errors
    /// The disk's, also where there is such a segment already.
    fn create(&mut self, segment: u32) -> Result<(), DiskError>;

    /// Writes at the segment's end, which is at `at`.
    ///
    /// # Errors
    /// The disk's; then any part of the bytes may have been written.
    fn write(&mut self, segment: u32, at: u32, bytes: &[u8]) -> Result<(), DiskError>;

    /// Makes a segment's bytes durable.
    ///
    /// # Errors
    /// The disk's; then any part of them may be durable.
    fn sync(&mut self, segment: u32) -> Result<(), DiskError>;

    /// Shortens a segment to `len` bytes.
    ///
    /// # Errors
    /// The disk's.
    fn cut(&mut self, segment: u32, len: u32) -> Result<(), DiskError>;

    /// Makes the names durable.
    ///
    /// # Errors
    /// The disk's.
    fn sync_dir(&mut self) -> Result<(), DiskError>;

    /// Removes a segment; none is as good.
    ///
    /// # Errors
    /// The disk's.
    fn remove(&mut self, segment: u32) -> Result<(), DiskError>;

    /// Renames a segment so that it is none any more but can be looked at; none is as good.
    ///
    /// # Errors
    /// The disk's.
    fn set_aside(&mut self, segment: u32) -> Result<(), DiskError>;

    /// Bytes that can still be written.
    ///
    /// # Errors
    /// The disk's.
    fn free(&self) -> Result<u64, DiskError>;
}

/// Why a disk did not do what it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskError {
    /// What kind of reason.
    pub kind: DiskErrorKind,
    /// The system's words.
    pub words: String,
}

/// The reasons that call for different cures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskErrorKind {
    /// No room.
    Full,
    /// It can only be read, as flash that met errors can.
    ReadOnly,
    /// Any other.
    Other,
}

impl From<io::Error> for DiskError {
    fn from(error: io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => DiskErrorKind::Full,
            io::ErrorKind::ReadOnlyFilesystem => DiskErrorKind::ReadOnly,
            _ => DiskErrorKind::Other,
        };
        Self { kind, words: error.to_string() }
    }
}

impl From<rustix::io::Errno> for DiskError {
    fn from(error: rustix::io::Errno) -> Self {
        io::Error::from(error).into()
    }
}

impl fmt::Display for DiskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl std::error::Error for DiskError {}

/// The state directory.
#[derive(Debug)]
pub struct Files {
    dir: PathBuf,
    /// The segment that was written last.
    open: Option<(u32, File)>,
}

impl Files {
    /// What follows a segment's name once it is set aside.
    pub const ASIDE: &str = ".damaged";

    /// The directory `dir`, made if only its last part is missing.
    ///
    /// # Errors
    /// The system's, if it is not there and cannot be made.
    pub fn new(dir: &Path) -> io::Result<Self> {
        if !dir.is_dir() {
            // Texts and numbers are nobody else's business.
            DirBuilder::new().mode(0o700).create(dir)?;
        }
        Ok(Self { dir: dir.to_owned(), open: None })
    }

    /// The same directory, for another thread.
    pub fn again(&self) -> Self {
        Self { dir: self.dir.clone(), open: None }
    }

    /// Where a segment lies.
    pub fn path(&self, segment: u32) -> PathBuf {
        self.dir.join(segment_name(segment))
    }

    fn file(&mut self, segment: u32) -> io::Result<&File> {
        let file = match self.open.take() {
            Some((number, file)) if number == segment => file,
            _ => OpenOptions::new().write(true).open(self.path(segment))?,
        };
        Ok(&self.open.insert((segment, file)).1)
    }

    fn forget(&mut self, segment: u32) {
        self.open.take_if(|(number, _)| *number == segment);
    }
}

impl Source for Files {
    fn list(&self) -> Result<Vec<u32>, DiskError> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            numbers.extend(entry?.file_name().to_str().and_then(segment_number));
        }
        Ok(numbers)
    }

    fn read(&self, segment: u32, at: u32, len: usize, into: &mut Vec<u8>) -> Result<(), DiskError> {
        let file = File::open(self.path(segment))?;
        let end = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
        into.clear();
        into.resize(len.min(end.saturating_sub(at as usize)), 0);
        Ok(file.read_exact_at(into, at.into())?)
    }
}

impl Disk for Files {
    fn create(&mut self, segment: u32) -> Result<(), DiskError> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(self.path(segment))?;
        self.open = Some((segment, file));
        Ok(())
    }

    fn write(&mut self, segment: u32, at: u32, bytes: &[u8]) -> Result<(), DiskError> {
        Ok(self.file(segment)?.write_all_at(bytes, at.into())?)
    }

    fn sync(&mut self, segment: u32) -> Result<(), DiskError> {
        let file = self.file(segment)?;
        // The length is what matters besides the bytes, and `fdatasync` keeps it.
        file.sync_data()?;
        // What somebody has removed takes bytes as before, and is gone when it is closed.
        if file.metadata()?.nlink() == 0 {
            return Err(DiskError {
                kind: DiskErrorKind::Other,
                words: "somebody has removed the file".into(),
            });
        }
        Ok(())
    }

    fn cut(&mut self, segment: u32, len: u32) -> Result<(), DiskError> {
        Ok(self.file(segment)?.set_len(len.into())?)
    }

    fn sync_dir(&mut self) -> Result<(), DiskError> {
        Ok(File::open(&self.dir)?.sync_all()?)
    }

    fn remove(&mut self, segment: u32) -> Result<(), DiskError> {
        self.forget(segment);
        Ok(none_is_good(fs::remove_file(self.path(segment)))?)
    }

    fn set_aside(&mut self, segment: u32) -> Result<(), DiskError> {
        self.forget(segment);
        let path = self.path(segment);
        let mut aside = path.clone().into_os_string();
        aside.push(Self::ASIDE);
        Ok(none_is_good(fs::rename(path, aside))?)
    }

    fn free(&self) -> Result<u64, DiskError> {
        let stat = rustix::fs::statvfs(&self.dir)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

fn none_is_good(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// A segment's file name.
pub fn segment_name(segment: u32) -> String {
    format!("journal-{segment:08}.log")
}

/// The segment's number in a file name, if it is a segment's.
fn segment_number(name: &str) -> Option<u32> {
    let digits = name.strip_prefix("journal-")?.strip_suffix(".log")?;
    let number = digits.parse().ok().filter(|&number| number != 0)?;
    (segment_name(number) == name).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_known_by_its_name_and_nothing_else_is() {
        for number in [1, 99_999_999, 100_000_000, u32::MAX] {
            assert_eq!(segment_number(&segment_name(number)), Some(number));
        }
        for name in
            ["journal-1.log", "journal-00000000.log", "journal-+0000001.log", "journal-00000001.log.damaged"]
        {
            assert_eq!(segment_number(name), None, "{name}");
        }
    }
}
