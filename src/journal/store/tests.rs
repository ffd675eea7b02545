use std::fs;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::*;
use crate::journal::testing::{accepted, kept, life};

/// A folder that is gone after the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("goipd-journal-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Rig {
    journal: Journal,
    recovery: Recovery,
    records: Vec<Record>,
    reports: Receiver<Done>,
}

impl Rig {
    fn open(dir: &Path) -> Self {
        let (sender, reports) = channel();
        let mut records = Vec::new();
        let report = move |done| sender.send(done).unwrap();
        let (journal, recovery) = Journal::open(dir, Some(128), |r| records.push(r), report).unwrap();
        Self { journal, recovery, records, reports }
    }

    /// The thread's next report. If none comes, it was given nothing to do.
    fn done(&self) -> Done {
        self.reports.recv_timeout(Duration::from_secs(10)).unwrap()
    }

    /// Hands the thread its work and waits for it, until nothing is due at `now_ms`.
    fn work(&mut self, now_ms: u64) {
        self.journal.flush(now_ms);
        while self.journal.next_sync().is_none_or(|due_ms| due_ms <= now_ms) && !self.journal.is_idle() {
            let done = self.done();
            self.journal.report(now_ms, done);
            self.journal.flush(now_ms);
        }
    }
}

fn open_error(dir: &Path) -> String {
    match Journal::open(dir, Some(128), |_| (), |_| ()) {
        Ok(_) => panic!("it opens"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_was_durable_is_there_after_the_next_start() {
    let folder = Folder::new("life");
    let mut rig = Rig::open(&folder.0);
    assert!(rig.recovery.new && rig.records.is_empty());
    let id = rig.journal.id();
    for (ticket, record) in (1..).zip(life(1)) {
        rig.journal.append(ticket, &record);
    }
    rig.work(0);
    assert_eq!(rig.journal.durable(), 4);
    drop(rig);

    let rig = Rig::open(&folder.0);
    let expected = Recovery { journal: id, new: false, records: 7, last_id: 1, faults: vec![] };
    assert_eq!(rig.recovery, expected);
    // Each segment begins with what is known of the lines, and what they were given.
    assert!(matches!(rig.records[..3], [Record::Line(..), Record::Usage(_), Record::Usage(_)]));
    assert_eq!(rig.records[3..], life(1));
    let text = rig.journal.body(1, |body| body.text.to_owned());
    assert_eq!(text.as_deref(), Some("Pump 3 stopped"));
    assert_eq!(rig.journal.body(2, |_| ()), None);
}

#[test]
fn old_segments_go_and_their_messages_stay() {
    let folder = Folder::new("compaction");
    let mut rig = Rig::open(&folder.0);
    for id in 1..=400 {
        let ticket = u64::from(id) * 2;
        rig.journal.append(ticket, &Record::Accepted(accepted(id, &"x".repeat(500))));
        if id % 10 != 0 {
            rig.journal.append(ticket + 1, &Record::Forgotten(id));
        }
        rig.journal.compact_step(|_| Some(kept()), |_| None);
        rig.work(0);
    }
    assert!(!folder.0.join(segment_name(1)).exists());
    assert!(rig.journal.counters().copied > 0);
    drop(rig);
    let rig = Rig::open(&folder.0);
    for id in (10..=400).step_by(10) {
        assert_eq!(rig.journal.body(id, |body| body.text.len()), Some(500), "message {id}");
    }
}

#[test]
fn a_second_daemon_is_refused_and_told_who_is_there() {
    let folder = Folder::new("lock");
    let rig = Rig::open(&folder.0);
    let path = folder.0.display();
    assert_eq!(
        open_error(&folder.0),
        format!(
            "{path}: another goipd works here (pid {}); stop it, or give each its own option 'state_dir'",
            std::process::id()
        )
    );
    drop(rig);
    Rig::open(&folder.0);
}

#[test]
fn a_directory_that_cannot_be_made_is_told_with_its_path() {
    let folder = Folder::new("missing");
    let path = folder.0.join("deeper");
    let error = open_error(&path);
    assert!(
        error.starts_with(&format!("{}: the state directory cannot be made: ", path.display())),
        "{error}"
    );
}

#[test]
fn a_journal_of_a_later_version_is_left_alone() {
    let folder = Folder::new("newer");
    let mut rig = Rig::open(&folder.0);
    rig.journal.append(1, &life(1)[0]);
    rig.work(0);
    drop(rig);
    let path = folder.0.join(segment_name(1));
    let mut bytes = fs::read(&path).unwrap();
    bytes[8] = 9;
    let crc = crate::journal::crc::crc32(&[&bytes[..44]]);
    bytes[44..48].copy_from_slice(&crc.to_le_bytes());
    fs::write(&path, &bytes).unwrap();
    assert_eq!(
        open_error(&folder.0),
        format!(
            "{}: written by a later version of goipd; install that, or move the journal away",
            path.display()
        )
    );
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn damage_is_reported_with_file_and_place_and_the_file_is_kept() {
    let folder = Folder::new("damage");
    let mut rig = Rig::open(&folder.0);
    for id in 1..=3 {
        rig.journal.append(id.into(), &Record::Accepted(accepted(id, "text")));
        rig.work(0);
    }
    drop(rig);
    let path = folder.0.join(segment_name(1));
    let mut bytes = fs::read(&path).unwrap();
    bytes[60] ^= 1;
    fs::write(&path, &bytes).unwrap();

    let mut rig = Rig::open(&folder.0);
    let faults: Vec<String> = rig.recovery.faults.iter().map(ToString::to_string).collect();
    assert_eq!(faults, ["journal-00000001.log at byte 48: a record is damaged"]);
    rig.journal.compact_step(|_| Some(kept()), |_| None);
    rig.work(0);
    rig.journal.compact_step(|_| Some(kept()), |_| None);
    rig.journal.flush(0);
    let done = rig.done();
    rig.journal.report(0, done);
    assert_eq!(fs::read(folder.0.join("journal-00000001.log.damaged")).unwrap(), bytes);
    drop(rig);
    let rig = Rig::open(&folder.0);
    assert_eq!((rig.recovery.faults, rig.recovery.last_id), (vec![], 10_003));
}

#[test]
fn nobody_else_may_read_the_texts() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("mode");
    let mut rig = Rig::open(&folder.0);
    rig.journal.append(1, &life(1)[0]);
    rig.work(0);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder.0), 0o700);
    assert_eq!(mode(&folder.0.join(segment_name(1))), 0o600);
}
