//! The real daemon and its `state_dir`: two daemons, a full or read-only disk, a damaged journal,
//! a later one, one from the past.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use common::{
    Daemon, Folder, PATIENCE, Talk, config, config_with, field, program, quick_box, slow_box, wait_for,
};
use goip_sim::{Options, Sim};

fn send(text: &str) -> String {
    format!(r#"{{"op":"send","to":"+4915112345678","text":"{text}"}}"#)
}

fn status(id: u32) -> String {
    format!(r#"{{"op":"status","id":{id}}}"#)
}

/// Waits until that message is in `state`; gives the reply that says so.
fn until_state(daemon: &Daemon, id: u32, state: &str) -> String {
    daemon.connect().ask_until(&status(id), &format!(r#""state":"{state}""#))
}

/// The texts that went on the air, in that order.
fn aired(sim: &Sim) -> Vec<String> {
    sim.air().into_iter().map(|job| job.text).collect()
}

fn segments(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut segments: Vec<PathBuf> = entries.filter(|p| p.extension().is_some_and(|e| e == "log")).collect();
    segments.sort();
    segments
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for segment in segments(from) {
        fs::copy(&segment, to.join(segment.file_name().unwrap())).unwrap();
    }
}

/// What the program says that does not start with the configuration at `path`.
fn refused(path: &Path) -> String {
    let output = program().arg("-c").arg(path).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_second_daemon_on_the_same_state_dir_is_refused_whatever_its_socket() {
    let sim = slow_box();
    let daemon = Daemon::start(&sim);
    let pid = format!("pid {}", daemon.pid());
    let path = daemon.folder().path("config");
    let error = refused(&path);
    assert!(error.contains("already running") && error.contains(&pid), "{error}");

    let other = daemon.folder().path("other");
    let text = fs::read_to_string(&path).unwrap().replace("/sock'", "/other-sock'");
    fs::write(&other, text).unwrap();
    let error = refused(&other);
    let state = daemon.folder().path("state").display().to_string();
    assert!(error.contains(&state) && error.contains(&pid), "{error}");
    assert_eq!(daemon.ask("send 12 a"), "ok 1");
}

#[test]
fn after_a_restart_every_message_and_key_and_id_is_as_it_was() {
    let sim = quick_box();
    let mut daemon = Daemon::start(&sim);
    daemon.ask(r#"{"op":"send","to":"12","text":"a","key":"k"}"#);
    let before = daemon.ask(r#"{"op":"wait","id":1}"#);
    let journal = field(&daemon.ask(r#"{"op":"ping"}"#), "journal").to_owned();
    daemon.signal("TERM");
    assert!(daemon.end().success());
    daemon.start_again();
    assert_eq!(daemon.ask(&status(1)), before);
    assert_eq!(field(&daemon.ask(r#"{"op":"ping"}"#), "journal"), journal);
    let reply = daemon.ask(r#"{"op":"send","to":"12","text":"a","key":"k"}"#);
    assert_eq!((field(&reply, "id"), field(&reply, "replayed")), ("1", "true"));
    assert_eq!(daemon.ask("send 12 b"), "ok 2");
    until_state(&daemon, 2, "sent");
    assert_eq!(aired(&sim), ["a", "b"]);
}

/// Runs `mount` with these arguments for `at`.
fn mount(arguments: &[&OsStr], at: &Path) -> Result<(), String> {
    let output = Command::new("mount").args(arguments).arg(at).output().map_err(|e| e.to_string())?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into()) }
}

/// A file system of its own in a folder; gone in the end.
struct Tmpfs(PathBuf);

impl Tmpfs {
    /// `None`, and the reason printed, where nothing can be mounted.
    fn new(path: PathBuf, kib: u32) -> Option<Self> {
        fs::create_dir(&path).unwrap();
        let size = format!("size={kib}k");
        match mount(&["-t", "tmpfs", "-o", &size, "none"].map(AsRef::as_ref), &path) {
            Ok(()) => Some(Self(path)),
            Err(why) => {
                println!("skipped, because nothing can be mounted: {why}");
                None
            }
        }
    }

    /// Makes it read-only for whatever is opened from now on. (All of it cannot be made so under a
    /// daemon that has files open; only a sick disk does that.)
    fn read_only(&self) {
        mount(&["--bind".as_ref(), self.0.as_ref()], &self.0).unwrap();
        mount(&["-o".as_ref(), "remount,bind,ro".as_ref()], &self.0).unwrap();
    }

    /// Ends that.
    fn writable(&self) {
        assert!(Command::new("umount").arg("-l").arg(&self.0).status().unwrap().success());
    }

    /// Leaves so many KiB free, filling a file of its own.
    fn leave_kib(&self, kib: u64) {
        let path = self.0.join("other");
        let _ = fs::remove_file(&path);
        let stat = rustix::fs::statvfs(&self.0).unwrap();
        let fill = (stat.f_bavail * stat.f_frsize).saturating_sub(kib * 1024);
        File::create(path).unwrap().write_all(&vec![b'x'; fill as usize]).unwrap();
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
        // The folder around it could not be removed as long as this was mounted there.
        let _ = self.0.parent().map(fs::remove_dir_all);
    }
}

/// Asks until a send is accepted; gives its id.
fn wait_until_accepted(daemon: &Daemon, text: &str) -> u32 {
    let start = Instant::now();
    loop {
        let reply = daemon.ask(&send(text));
        if field(&reply, "ok") == "true" {
            return field(&reply, "id").parse().unwrap();
        }
        assert_eq!(field(&reply, "error"), "storage", "{reply}");
        assert!(start.elapsed() < PATIENCE, "the journal does not heal: {reply}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// Asks for sends until one is refused; gives the ids of those that were not, and the reason.
fn send_until_refused(daemon: &Daemon) -> (Vec<u32>, String) {
    let start = Instant::now();
    let mut accepted = Vec::new();
    loop {
        let reply = daemon.ask(&send(&format!("until refused {}", accepted.len())));
        if field(&reply, "ok") == "false" {
            assert_eq!(field(&reply, "error"), "storage", "{reply}");
            return (accepted, field(&reply, "message").to_owned());
        }
        accepted.push(field(&reply, "id").parse().unwrap());
        assert!(start.elapsed() < PATIENCE, "nothing is refused");
    }
}

/// Fills the disk and sends `count` messages that do not fit any more.
fn send_to_a_full_disk(daemon: &Daemon, disk: &Tmpfs, count: usize) -> Talk {
    disk.leave_kib(0);
    let mut talk = daemon.connect();
    for n in 0..count {
        let text = format!("waits {n} {}", "x".repeat(1_500));
        talk.send(format!("{}\n", send(&text)).as_bytes());
    }
    daemon.wait_for_err("the journal's disk is full");
    talk
}

/// Sends until that is refused for this reason.
fn wait_for_refusal(daemon: &Daemon, expected: &str) {
    let start = Instant::now();
    loop {
        let reply = daemon.ask(&send("refused"));
        assert_eq!(field(&reply, "error"), "storage", "{reply}");
        if reply.contains(expected) {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "not for the reason '{expected}': {reply}");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn where_little_is_free_no_message_is_taken_and_those_that_were_go_on() {
    let folder = Folder::new();
    let Some(disk) = Tmpfs::new(folder.path("state"), 1024) else { return };
    let sim = Sim::start(Options { send_ms: 1_000, ..Options::default() });
    config_with(&folder, "", &[("office", &sim.url(), 1)]);
    let mut daemon = Daemon::start_in(folder);
    daemon.wait_for_err("lies in RAM: what is queued is lost");
    let first = wait_until_accepted(&daemon, "a");
    until_state(&daemon, first, "sending");
    disk.leave_kib(32);
    let (accepted, reason) = send_until_refused(&daemon);
    assert!(reason.contains(" KiB are free where the journal lies"), "{reason}");
    until_state(&daemon, first, "sent");
    daemon.kill();
    daemon.start_again();
    for &id in [first].iter().chain(&accepted) {
        until_state(&daemon, id, "sent");
    }
    disk.leave_kib(512);
    let last = wait_until_accepted(&daemon, "z");
    until_state(&daemon, last, "sent");
    assert_eq!(sim.air().len(), accepted.len() + 2);
}

#[test]
fn a_full_and_then_read_only_disk_loses_nothing_and_heals_by_itself() {
    let folder = Folder::new();
    let Some(disk) = Tmpfs::new(folder.path("state"), 1024) else { return };
    let sim = Sim::start(Options { lines: 4, send_ms: 1_000, ..Options::default() });
    // Nobody listens at port 1.
    let (office, mast) = (sim.url(), "http://127.0.0.1:1");
    config_with(&folder, "option volatile '1'", &[("office", &office, 4), ("mast", mast, 1)]);
    let mut daemon = Daemon::start_in(folder);
    // The file's last page has little room left, for what follows and not for another message.
    let segment = daemon.folder().path("state").join("journal-00000001.log");
    while fs::metadata(&segment).map_or(0, |file| file.len()) % 4096 < 2_600 {
        daemon.ask(r#"{"op":"send","to":"12","text":"fills the page","line":"mast"}"#);
    }
    let first = wait_until_accepted(&daemon, "under way");
    until_state(&daemon, first, "sending");
    let mut waiting = send_to_a_full_disk(&daemon, &disk, 6);
    // Those that had come as far as the disk are not kept waiting until it has room.
    for _ in 0..6 {
        let reply = waiting.reply().unwrap();
        assert_eq!(field(&reply, "error"), "storage", "{reply}");
        assert!(field(&reply, "message").contains("disk is full"), "{reply}");
    }
    wait_for_refusal(&daemon, "disk is full");
    until_state(&daemon, first, "sent");
    disk.read_only();
    wait_for_refusal(&daemon, "can only be read");
    disk.writable();
    disk.leave_kib(512);

    let last = wait_until_accepted(&daemon, "healed");
    daemon.kill();
    daemon.start_again();
    for id in [first, last] {
        until_state(&daemon, id, "sent");
    }
    assert_eq!(sim.air().len(), 2, "what was refused is not sent");
    let err = daemon.err();
    assert!(err.contains("the disk can be written again") && !err.contains("lies in RAM"), "{err}");
}

#[test]
fn on_a_disk_that_can_only_be_read_it_does_not_start_and_says_why() {
    let sim = slow_box();
    let folder = Folder::new();
    let Some(disk) = Tmpfs::new(folder.path("state"), 1024) else { return };
    disk.read_only();
    let error = refused(&config(&folder, &sim, ""));
    disk.writable();
    let state = folder.path("state").display().to_string();
    assert!(error.contains(&state) && error.contains("Read-only file system"), "{error}");
}

#[test]
fn a_state_dir_that_is_removed_under_it_takes_no_message_until_it_is_there_again() {
    let sim = quick_box();
    let mut daemon = Daemon::start(&sim);
    let first = wait_until_accepted(&daemon, "before");
    until_state(&daemon, first, "sent");
    let state = daemon.folder().path("state");
    fs::remove_dir_all(&state).unwrap();
    wait_for_refusal(&daemon, "No such file or directory");
    daemon.wait_for_err("somebody has removed the file");
    fs::create_dir(&state).unwrap();
    let id = wait_until_accepted(&daemon, "after");
    until_state(&daemon, id, "sent");
    daemon.kill();
    daemon.start_again();
    until_state(&daemon, id, "sent");
    assert_eq!(aired(&sim), ["before", "after"]);
}

/// A daemon that has sent "before" and was killed while `waiting` messages waited for a line that
/// is logged out.
fn killed_with_a_queue(sim: &Sim, waiting: u32) -> Daemon {
    let folder = Folder::new();
    config(&folder, sim, "option max_journal '128'");
    let mut daemon = Daemon::start_in(folder);
    daemon.ask(&send("before"));
    until_state(&daemon, 1, "sent");
    sim.command("logout all 600000").unwrap();
    for n in 0..waiting {
        daemon.ask(&send(&format!("waiting {n} {}", "x".repeat(100))));
        // The first one finds that out; from then on none is on its way.
        wait_for("the line is held", || daemon.ask(&status(2)).contains("gsm_logout"));
    }
    daemon.kill();
    daemon
}

#[test]
fn damage_in_the_midst_of_the_journal_sends_nothing_again_and_keeps_the_file_aside() {
    let sim = quick_box();
    let mut daemon = killed_with_a_queue(&sim, 100);
    let state = daemon.folder().path("state");
    let oldest = segments(&state).remove(0);
    assert!(segments(&state).len() > 1);
    let mut bytes = fs::read(&oldest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 64].iter_mut().for_each(|byte| *byte = !*byte);
    fs::write(&oldest, bytes).unwrap();

    sim.clear();
    daemon.start_again();
    daemon.wait_for_err("the journal is damaged: ");
    assert_eq!(field(&daemon.ask(&status(1)), "state"), "sent");
    for id in [2, 101] {
        let reply = daemon.ask(&status(id));
        assert!(reply.contains(r#""state":"unknown""#) && reply.contains("journal_damaged"), "{reply}");
    }
    let aside = state.join(format!("{}.damaged", oldest.file_name().unwrap().display()));
    wait_for("the file is kept aside", || aside.exists() && !oldest.exists());
    let id = wait_until_accepted(&daemon, "after");
    assert!(id > 10_101, "{id}");
    until_state(&daemon, id, "sent");
    assert_eq!(aired(&sim), ["before", "after"]);

    // What it has learned from the damage, it knows by itself the next time.
    daemon.kill();
    daemon.start_again();
    assert!(daemon.ask(&status(2)).contains("journal_damaged"));
    assert_eq!(wait_until_accepted(&daemon, "more"), id + 1);
}

#[test]
fn a_journal_of_a_later_version_is_refused_by_its_path_and_left_as_it_is() {
    let sim = quick_box();
    let daemon = killed_with_a_queue(&sim, 1);
    let newest = segments(&daemon.folder().path("state")).pop().unwrap();
    let mut bytes = fs::read(&newest).unwrap();
    bytes[8] += 1;
    let sum = crc32(&bytes[..44]).to_le_bytes();
    bytes[44..48].copy_from_slice(&sum);
    fs::write(&newest, &bytes).unwrap();
    let error = refused(&daemon.folder().path("config"));
    assert!(error.contains(&newest.display().to_string()) && error.contains("later version"), "{error}");
    assert_eq!(fs::read(&newest).unwrap(), bytes);
}

/// CRC-32 as in gzip.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ (0xedb8_8320 & 0u32.wrapping_sub(crc & 1));
    !bytes.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
}

#[test]
fn a_journal_from_the_past_sends_nothing_again() {
    let sim = quick_box();
    let mut daemon = killed_with_a_queue(&sim, 3);
    let [state, backup] = ["state", "backup"].map(|name| daemon.folder().path(name));
    copy(&state, &backup);
    sim.clear();
    daemon.start_again();
    for id in 2..=4 {
        until_state(&daemon, id, "sent");
    }
    daemon.signal("TERM");
    assert!(daemon.end().success());
    fs::remove_dir_all(&state).unwrap();
    copy(&backup, &state);
    daemon.start_again();
    for id in 2..=4 {
        let reply = until_state(&daemon, id, "unknown");
        assert!(reply.contains("journal_restored"), "{reply}");
    }
    let id = wait_until_accepted(&daemon, "after");
    until_state(&daemon, id, "sent");
    assert_eq!(aired(&sim).len(), 5);
}
