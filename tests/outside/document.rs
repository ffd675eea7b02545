//! The examples of a document, run as they stand. An example is an indented line that begins with
//! `$ `; the indented lines below it, up to the next one, are what it prints, with `…` for what
//! the document leaves out. They run in the document's order, each with what those before it have
//! done. `curl -N` reads a stream: it is ended once it has printed what it should.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use crate::common::PATIENCE;
use crate::common::relay::Relay;
use crate::environment;

/// Every example of the document.
pub fn run(document: &str, relay: &Relay) {
    assert!(!document.contains("```"), "examples are indented, so that they are found here");
    let examples = examples(document);
    assert!(examples.len() >= 10, "{} examples are too few", examples.len());
    for (command, printed) in examples {
        let answer = answer(&command, &printed, relay);
        assert!(
            is_like(&printed, answer.trim_matches('\n')),
            "$ {command}\nthe document says:\n{printed}\nit prints:\n{answer}"
        );
    }
}

/// Commands, and what they print.
fn examples(document: &str) -> Vec<(String, String)> {
    let mut examples: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    for line in document.lines() {
        if let Some(command) = line.strip_prefix("    $ ") {
            examples.push((command.to_owned(), String::new()));
            inside = true;
        } else if let (true, Some(text)) = (inside, line.strip_prefix("    ")) {
            let (command, printed) = examples.last_mut().unwrap();
            // A command may go on in the next line.
            let into = if command.ends_with('\\') { command } else { printed };
            into.push('\n');
            into.push_str(text);
        } else if !line.is_empty() {
            inside = false;
        }
    }
    for (_, printed) in &mut examples {
        *printed = printed.trim_matches('\n').to_owned();
    }
    examples
}

/// What the command prints.
fn answer(command: &str, printed: &str, relay: &Relay) -> String {
    let mut child = Command::new("sh")
        .args(["-c", command])
        .env("NO_PROXY", "*")
        .envs(environment(relay))
        .current_dir(relay.daemon.folder().path("."))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut out = child.stdout.take().unwrap();
    if command.contains("curl -N") {
        let start = Instant::now();
        let mut bytes = [0; 4096];
        while !is_like(printed, said.trim_matches('\n')) {
            let count = out.read(&mut bytes).unwrap();
            assert!(count > 0 && start.elapsed() < PATIENCE, "$ {command}\nprints only:\n{said}");
            said.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        end(&mut child);
    } else {
        out.read_to_string(&mut said).unwrap();
        let status = child.wait().unwrap();
        assert!(status.success(), "$ {command}\n{status}\n{said}");
    }
    said
}

fn end(child: &mut Child) {
    // It may have ended by itself.
    let _ = child.kill();
    child.wait().unwrap();
}

/// Whether `text` is `pattern`, with anything at its `…`.
fn is_like(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('…');
    let Some(mut rest) = text.strip_prefix(pieces.next().unwrap()) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

#[test]
fn an_ellipsis_stands_for_anything() {
    for (pattern, text, like) in [
        ("a…c", "abc", true),
        ("a…c", "ac", true),
        ("a…", "abc", true),
        ("a…b…c", "a-c-b-c", true),
        ("a…b…c", "a-c", false),
        ("ab…ba", "aba", false),
        ("a", "ab", false),
    ] {
        assert_eq!(is_like(pattern, text), like, "{pattern} {text}");
    }
}
