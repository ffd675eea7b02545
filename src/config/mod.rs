//! The configuration: UCI syntax (`uci`), and what sections and options mean (`sections`, `table`,
//! `typed`). What is not understood is refused, with file, line, value and cure. Nothing here acts
//! on what the file says, and no error or `Debug` repeats a password or a token.

mod answers;
mod health;
mod lines;
mod network;
mod notify;
mod option;
mod relay;
mod sections;
mod table;
mod token;
mod typed;
pub mod uci;
mod url;

use core::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

pub use answers::{MAX_REPLIES, MAX_WORDS, OptOut, Reply};
pub use health::MAX_TENDED;
pub use lines::{MAX_LABEL_BYTES, MAX_LINE_PREFIXES};
pub use network::Network;
pub use notify::{DEFAULT_CA_FILE, Hook, MAX_HOOKS, MAX_WEBHOOKS, Webhook};
pub use relay::{Allow, Client, MAX_LISTEN, MAX_RELAY_CLIENTS, Relay};
pub use token::{MAX_TOKEN_CHARS, MIN_TOKEN_CHARS, TokenDigest};
pub use typed::{
    Config, Device, MAX_DEVICES, MAX_GROUPS, MAX_LINES, MAX_LINES_IN_ALL, MAX_LOGIN_BYTES,
    MAX_SOCKET_PATH_BYTES, Secret, SectionName,
};

/// The most errors that one check of a file lists: a screenful; a file with more is the wrong
/// file.
pub const MAX_ERRORS: usize = 20;

/// The configuration's name in UCI.
const PACKAGE: &str = "goipd";

/// Where UCI has the configuration: `/var/run/uci/goipd` if it exists, as it overrides
/// `/etc/config/goipd`. `root` is `/` on a router.
pub fn default_path(root: &Path) -> PathBuf {
    let override_path = root.join("var/run/uci").join(PACKAGE);
    if override_path.exists() { override_path } else { root.join("etc/config").join(PACKAGE) }
}

/// The configuration in the file `path`. Errors call it `shown_as`, if that is given: the daemon
/// reads a copy, and its operator edits the original.
///
/// # Errors
/// The file cannot be read, is not UCI, or says something that goipd does not understand.
pub fn load(path: &Path, shown_as: Option<&str>) -> Result<Config, Errors> {
    let shown = shown_as.map_or_else(|| path.display().to_string(), Into::into);
    match read_file(path) {
        Ok(text) => parse(&text, &shown),
        Err(error) => {
            let mut faults = Faults::default();
            let cure = match error.kind() {
                io::ErrorKind::NotFound => "write it, or name another file",
                io::ErrorKind::PermissionDenied => "let the user of goipd read it",
                _ => "see to the file system",
            };
            faults.add_for_file(format!("cannot be read: {error}; {cure}"));
            Err(Errors::new(&shown, faults))
        }
    }
}

/// The configuration in `text`, the content of a file that errors call `shown`.
///
/// # Errors
/// The first error of syntax; or else all the others, [`MAX_ERRORS`] of them.
pub fn parse(text: &[u8], shown: &str) -> Result<Config, Errors> {
    let mut faults = Faults::default();
    match uci::parse(text) {
        Ok(sections) => {
            let config = sections::config(&sections, &mut faults);
            if faults.list.is_empty() {
                return Ok(config);
            }
        }
        Err(error) => faults.add(error.line, format!("byte {}: {}", error.byte, error.text)),
    }
    Err(Errors::new(shown, faults))
}

/// Reads one byte more than is allowed, so that the parser sees what is too long.
fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.take(uci::MAX_FILE_BYTES as u64 + 1).read_to_end(&mut text)?;
    Ok(text)
}

/// What is wrong with a file, one error a line, in the order of the file:
/// `/etc/config/goipd:12: option 'ttl': '5' is out of range; write 60 to 2592000 s`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errors {
    file: String,
    faults: Faults,
}

impl Errors {
    fn new(file: &str, mut faults: Faults) -> Self {
        faults.list.sort_by_key(|f| f.line);
        Self { file: file.into(), faults }
    }
}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.list.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            f.write_str(&self.file)?;
            if let Some(line) = fault.line {
                write!(f, ":{line}")?;
            }
            write!(f, ": {}", fault.text)?;
        }
        match self.faults.left_out {
            0 => Ok(()),
            count => write!(f, "\n{}: and {count} more errors; correct these first", self.file),
        }
    }
}

impl std::error::Error for Errors {}

/// What was found so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Faults {
    list: Vec<Fault>,
    left_out: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Fault {
    /// From 1; `None` concerns the file as a whole.
    line: Option<u32>,
    text: String,
}

impl Faults {
    fn add(&mut self, line: u32, text: impl Into<String>) {
        self.push(Some(line), text.into());
    }

    fn add_for_file(&mut self, text: impl Into<String>) {
        self.push(None, text.into());
    }

    fn push(&mut self, line: Option<u32>, text: String) {
        if self.list.len() < MAX_ERRORS {
            self.list.push(Fault { line, text });
        } else {
            self.left_out += 1;
        }
    }
}

#[cfg(test)]
mod tests;
