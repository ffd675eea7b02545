//! Running goipctl, and the daemon it talks with.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{JoinHandle, spawn};
use std::{env, fs, process};

/// A folder for one test, in which the program lies under its other name.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        // Not below the target folder: a socket's path has room for 107 bytes.
        let path = env::temp_dir().join(format!("goipctl-{}-{count}", process::id()));
        fs::create_dir(&path).unwrap();
        let program = env::var_os("GOIPD_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_goipd").into());
        symlink(fs::canonicalize(program).unwrap(), path.join("goipctl")).unwrap();
        Self(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// goipctl with these arguments. `GOIPD_RUNNER` is what goes in front of a program for
    /// another machine.
    pub fn goipctl<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        let program = self.path("goipctl");
        let mut command = match env::var("GOIPD_RUNNER") {
            Ok(runner) => {
                let mut words = runner.split_whitespace();
                let mut command = Command::new(words.next().expect("GOIPD_RUNNER is empty"));
                command.args(words).arg(program);
                command
            }
            Err(_) => Command::new(program),
        };
        command.args(args).env("GOIPD_SOCKET", self.path("sock")).stdin(Stdio::null());
        command
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a run of goipctl left behind.
#[derive(Debug, PartialEq, Eq)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    #[track_caller]
    pub fn of(command: &mut Command) -> Self {
        let Output { status, stdout, stderr } = command.output().unwrap();
        Self {
            code: status.code().expect("goipctl was killed"),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
        }
    }

    /// Fails unless the run was done, without a word on standard error, and printed `stdout`.
    #[track_caller]
    pub fn printed(&self, stdout: &str) {
        assert_eq!((self.code, self.stdout.as_str(), self.stderr.as_str()), (0, stdout, ""));
    }

    /// Fails unless the run ended with `code` and a sentence that contains `sentence`.
    #[track_caller]
    pub fn failed(&self, code: i32, sentence: &str) {
        assert!(self.code == code && self.stderr.contains(sentence), "{self:?}");
        assert!(self.stderr.starts_with("goipctl: ") && self.stderr.lines().count() == 1, "{self:?}");
    }
}

/// A daemon that serves one client.
pub struct Daemon(JoinHandle<Vec<String>>);

impl Daemon {
    /// Listens at `path`; answers every request with the next of `replies`, each of which
    /// brings its own line feed, and hangs up after the last.
    pub fn at(path: &Path, replies: &[impl AsRef<[u8]>]) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        let replies: Vec<_> = replies.iter().map(|reply| reply.as_ref().to_vec()).collect();
        Self(spawn(move || {
            let mut client = BufReader::new(listener.accept().unwrap().0);
            let mut requests = Vec::new();
            for reply in replies {
                let mut request = String::new();
                if client.read_line(&mut request).unwrap() == 0 {
                    break;
                }
                assert!(request.ends_with('\n'), "not a whole request: {request}");
                requests.push(request.trim_end().to_owned());
                // The client may hang up in the middle of a reply that is too long for it.
                let _ = client.get_mut().write_all(&reply);
            }
            requests
        }))
    }

    /// The requests it got, once its client has gone.
    pub fn requests(self) -> Vec<String> {
        self.0.join().unwrap()
    }
}

/// Runs goipctl against a daemon with these replies. Returns the run and the requests.
#[track_caller]
pub fn talk(args: &[&str], replies: &[&str]) -> (Run, Vec<String>) {
    let folder = Folder::new();
    let daemon = Daemon::at(&folder.path("sock"), replies);
    let run = Run::of(&mut folder.goipctl(args));
    (run, daemon.requests())
}

/// Runs goipctl where there is no daemon.
#[track_caller]
pub fn alone(args: &[&str]) -> Run {
    Run::of(&mut Folder::new().goipctl(args))
}
