//! What `docs/goipctl.md` says, beside what the program's own help says.

use crate::run::alone;

const DOCUMENT: &str = include_str!("../../docs/goipctl.md");

fn help(args: &[&str]) -> String {
    let run = alone(args);
    assert_eq!(run.code, 0, "{run:?}");
    run.stdout
}

/// The first words of the help's lines that begin with two blanks and then `mark`.
fn listed(help: &str, mark: fn(char) -> bool) -> Vec<&str> {
    let lines = help.lines().filter_map(|line| line.strip_prefix("  "));
    let marked = lines.filter(|line| line.starts_with(mark) && line.contains("  "));
    marked.filter_map(|line| line.split([' ', '[', ',']).next()).collect()
}

#[test]
fn every_command_with_its_options_is_in_the_document() {
    let general = help(&["--help"]);
    let commands = listed(&general, |c| c.is_ascii_lowercase());
    assert!(commands.len() >= 8, "{commands:?}");
    for command in commands {
        assert!(DOCUMENT.contains(&format!("\n| `{command}")), "no row for {command}");
        let heading = DOCUMENT.lines().any(|l| l.starts_with("## ") && l.contains(&format!("`{command}`")));
        assert!(heading, "no section for {command}");
        for option in listed(&help(&[command, "--help"]), |c| c == '-') {
            assert!(DOCUMENT.contains(&format!("`{option}")), "{command}: nothing about {option}");
        }
    }
    for option in listed(&general, |c| c == '-') {
        assert!(DOCUMENT.contains(&format!("| `{option}")), "no row for {option}");
    }
}

#[test]
fn every_exit_code_of_the_help_is_in_the_document_and_no_other() {
    let general = help(&["--help"]);
    let (_, codes) = general.split_once("Exit codes: ").unwrap();
    let codes = codes.split("\n\n").next().unwrap().replace('\n', " ");
    let told: Vec<&str> = codes.split("; ").filter_map(|code| code.split(' ').next()).collect();
    let rows = DOCUMENT.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    let documented: Vec<&str> = rows.filter(|cell| cell.parse::<u8>().is_ok()).collect();
    assert_eq!(documented, told);
    assert_eq!(told, ["0", "1", "2", "3", "4", "5", "6"]);
}
