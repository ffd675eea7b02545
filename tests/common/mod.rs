//! What the black-box tests share: the real daemon in a folder of its own, and a client of its
//! socket.
//!
//! `GOIPD_BIN` names another build of the daemon, `GOIPD_RUNNER` a program and its arguments to
//! run it with, such as `qemu-mipsel-static`.

// Not every test needs everything, and each may stop at the first surprise.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod receiver;
pub mod relay;

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use goip_sim::{Options, Sim};

/// No test waits longer for anything; under an emulator everything takes longer.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Texts that upset whoever takes them for anything but texts. The one with a NUL cannot be sent.
pub const HOSTILE_TEXTS: [&str; 12] = [
    "\"quotes\" and 'quotes'",
    "];alert(1);//",
    "</script><script>alert(1)</script>",
    "two\nlines\r\nand a third",
    "a NUL \0 inside",
    "\u{202e}txet desrever\u{202c} and \u{200f}",
    "$(reboot) `reboot` ${PATH} ; reboot & reboot | reboot > /tmp/x",
    "\\\" \\n \\u0000 %s %n {} {0}",
    "--help",
    "GOIP_EVENT=sent",
    "\u{1b}[2J\u{7f}\t",
    "😀€ä",
];

/// Waits until the condition holds.
#[track_caller]
pub fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A folder that is removed in the end.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("goipd-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A box that sends in no time.
pub fn quick_box() -> Sim {
    Sim::start(Options { send_ms: 50, ..Options::default() })
}

/// A box that takes so long that a test is over before.
pub fn slow_box() -> Sim {
    Sim::start(Options { send_ms: 60_000, ..Options::default() })
}

/// A configuration with one box of one line, called `office`. `options` are lines for the
/// section of the daemon.
pub fn config(folder: &Folder, sim: &Sim, options: &str) -> PathBuf {
    let options = format!("option volatile '1'\n{options}");
    config_with(folder, &options, &[("office", &sim.url(), 1)])
}

/// A configuration with these devices: name, URL, and number of lines.
pub fn config_with(folder: &Folder, options: &str, devices: &[(&str, &str, u8)]) -> PathBuf {
    let path = folder.path("config");
    let mut text = format!(
        "config goipd 'main'\n\
         option socket '{}'\n\
         option state_dir '{}'\n\
         {options}\n",
        folder.path("sock").display(),
        folder.path("state").display(),
    );
    for (name, url, lines) in devices {
        text.push_str(&format!(
            "config device '{name}'\n\
             option url '{url}'\n\
             option lines '{lines}'\n\
             option username 'admin'\n\
             option password 'admin'\n"
        ));
    }
    fs::write(&path, text).unwrap();
    path
}

/// The program under test, called `goipd`.
pub fn program() -> Command {
    let binary = std::env::var("GOIPD_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_goipd").into());
    let runner = std::env::var("GOIPD_RUNNER").unwrap_or_default();
    let mut words = runner.split_whitespace().map(str::to_owned).chain([binary]);
    let mut command = Command::new(words.next().unwrap());
    command.args(words);
    command
}

/// The daemon with the folder's `config`, in the time zone in its `tz` if there is one; what it
/// tells goes behind what the one before told.
fn spawn(folder: &Folder) -> Child {
    let told = |name| File::options().create(true).append(true).open(folder.path(name)).unwrap();
    let zone = fs::read_to_string(folder.path("tz")).unwrap_or_default();
    program()
        .env("TZ", zone)
        .arg("-c")
        .arg(folder.path("config"))
        .stdout(told("out"))
        .stderr(told("err"))
        .spawn()
        .unwrap()
}

/// What the daemon says that ends by itself with this exit code.
pub fn refused(folder: &Folder, exit: i32) -> String {
    let output = program().arg("-c").arg(folder.path("config")).output().unwrap();
    assert_eq!(output.status.code(), Some(exit), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// A running daemon; killed in the end.
pub struct Daemon {
    child: Child,
    folder: Folder,
}

impl Daemon {
    /// A daemon in front of `sim`, once it answers.
    pub fn start(sim: &Sim) -> Self {
        Self::start_with(sim, "")
    }

    /// The same with `options` in the daemon's section.
    pub fn start_with(sim: &Sim, options: &str) -> Self {
        let folder = Folder::new();
        config(&folder, sim, options);
        Self::start_in(folder)
    }

    /// The same with the folder's `config`.
    pub fn start_in(folder: Folder) -> Self {
        let mut daemon = Self::spawn_in(folder);
        daemon.wait_until_it_listens();
        daemon
    }

    /// The same, and does not wait for anything.
    pub fn spawn_in(folder: Folder) -> Self {
        Self { child: spawn(&folder), folder }
    }

    /// Ends it as a crash does.
    pub fn kill(&mut self) {
        assert!(self.is_running(), "goipd ended by itself");
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again after its end, and does not wait for anything.
    pub fn spawn_again(&mut self) {
        self.child = spawn(&self.folder);
    }

    /// Starts it again after its end, once it answers.
    pub fn start_again(&mut self) {
        self.spawn_again();
        self.wait_until_it_listens();
    }

    /// Waits until it answers.
    pub fn wait_until_it_listens(&mut self) {
        let start = Instant::now();
        while UnixStream::connect(self.socket()).is_err() {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("goipd ended with {status}");
            }
            assert!(start.elapsed() < PATIENCE, "goipd does not listen");
            thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path("sock")
    }

    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn connect(&self) -> Talk {
        Talk::connect(&self.socket())
    }

    /// The reply to one request on a connection of its own.
    pub fn ask(&self, request: &str) -> String {
        self.connect().ask(request)
    }

    /// Sends a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.pid().to_string()]).status();
        assert!(status.unwrap().success());
    }

    /// Waits for its end.
    pub fn end(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "goipd does not end");
            thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// What it has told on standard output so far.
    pub fn out(&self) -> String {
        fs::read_to_string(self.folder.path("out")).unwrap()
    }

    /// What it has told on standard error so far.
    pub fn err(&self) -> String {
        fs::read_to_string(self.folder.path("err")).unwrap()
    }

    /// Waits until standard output has `text`.
    pub fn wait_for_out(&self, text: &str) {
        wait_for(text, || self.out().contains(text));
    }

    /// Waits until standard error has `text`.
    pub fn wait_for_err(&self, text: &str) {
        wait_for(text, || self.err().contains(text));
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("--- standard output\n{}--- standard error\n{}", self.out(), self.err());
        }
    }
}

/// A client of the socket.
pub struct Talk(BufReader<UnixStream>);

impl Talk {
    pub fn connect(socket: &Path) -> Self {
        Self::try_connect(socket).unwrap()
    }

    /// The same where nobody may listen.
    pub fn try_connect(socket: &Path) -> io::Result<Self> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Sends bytes as they are. That the daemon reads no more is seen by its reply.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.0.get_mut().write_all(bytes);
    }

    /// The next reply without its line feed; `None` at the end.
    pub fn reply(&mut self) -> Option<String> {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line.strip_suffix('\n').map(str::to_owned)
    }

    /// The reply to a request.
    pub fn ask(&mut self, request: &str) -> String {
        self.send(format!("{request}\n").as_bytes());
        self.reply().unwrap_or_else(|| panic!("no reply to {request}"))
    }

    /// Asks until the reply has these words.
    #[track_caller]
    pub fn ask_until(&mut self, request: &str, words: &str) -> String {
        let start = Instant::now();
        loop {
            let reply = self.ask(request);
            if reply.contains(words) {
                return reply;
            }
            assert!(start.elapsed() < PATIENCE, "no {words}: {reply}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// The reply of a daemon that may go away; `None` where it has before its whole reply came.
    pub fn try_ask(&mut self, request: &str) -> Option<String> {
        self.0.get_mut().write_all(format!("{request}\n").as_bytes()).ok()?;
        let mut line = String::new();
        self.0.read_line(&mut line).ok()?;
        line.strip_suffix('\n').map(str::to_owned)
    }

    /// Sends nothing more.
    pub fn end(&mut self) {
        self.0.get_ref().shutdown(Shutdown::Write).unwrap();
    }

    /// Everything up to the end.
    pub fn rest(&mut self) -> String {
        let mut rest = String::new();
        self.0.read_to_string(&mut rest).unwrap();
        rest
    }
}

/// The value of a JSON reply's first field of that name, a string without its quotes.
pub fn field<'a>(reply: &'a str, name: &str) -> &'a str {
    let start = reply.find(&format!("\"{name}\":")).unwrap_or_else(|| panic!("no {name} in {reply}"));
    let value = &reply[start + name.len() + 3..];
    match value.strip_prefix('"') {
        Some(string) => string.split('"').next().unwrap(),
        None => value.split([',', '}', ']']).next().unwrap(),
    }
}
