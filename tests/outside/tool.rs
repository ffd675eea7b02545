//! A program from outside, as a child process.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::relay::Relay;
use crate::environment;

const TOOLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/.tools");
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/outside");

/// No tool may take longer, on two slow processors.
const LIMIT_S: &str = "180";

pub struct Tool {
    program: PathBuf,
    arguments: Vec<String>,
}

impl Tool {
    /// A program below `.tools`, or one of the system's.
    pub fn new(program: &str) -> Self {
        let program =
            if program.contains('/') { Path::new(TOOLS).join(program) } else { PathBuf::from(program) };
        Self { program, arguments: Vec::new() }
    }

    pub fn python(script: &str) -> Self {
        Self::new("checks/bin/python").argument(&format!("{SCRIPTS}/{script}"))
    }

    pub fn node(script: &str) -> Self {
        Self::new("node").argument(&format!("{SCRIPTS}/{script}"))
    }

    pub fn shell(script: &str) -> Self {
        Self::new("sh").argument(&format!("{SCRIPTS}/{script}"))
    }

    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// Runs it in front of that relay, in the folder that is removed in the end.
    pub fn run(self, relay: &Relay) {
        let name = self.program.display();
        let exists = self.program.is_relative() || self.program.exists();
        assert!(exists, "{name} is not there; 'make setup' installs it");
        let output = Command::new("timeout")
            .arg(LIMIT_S)
            .arg(&self.program)
            .args(&self.arguments)
            .env("NODE_PATH", format!("{TOOLS}/npm/node_modules"))
            // A proxy knows nothing of a relay on this machine.
            .env("NO_PROXY", "*")
            .envs(environment(relay))
            .current_dir(relay.daemon.folder().path("."))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let wrong = String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            Some(0) => {}
            // The words of timeout(1).
            Some(124) => panic!("{name} took longer than {LIMIT_S} s\n{said}{wrong}"),
            Some(126 | 127) => panic!("{name} cannot be run; 'make setup' installs it\n{wrong}"),
            _ => panic!("{name}: {}\n{said}{wrong}", output.status),
        }
    }
}
