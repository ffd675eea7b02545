//! The command line of `goipd`.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lexopt::Arg::{Long, Short};

use super::signals::Signals;
use super::{Daemon, Source, logging};
use crate::config;

/// What `--help` prints.
pub const HELP: &str = "\
Usage: goipd [OPTION]...
The SMS daemon in front of GoIP gateways. It stays in the foreground; SIGTERM ends it, SIGHUP has
it read the configuration again.

  -c FILE           the configuration; otherwise /var/run/uci/goipd if it is there,
                    otherwise /etc/config/goipd
  --shown-as NAME   what errors call the configuration, if FILE is a copy of NAME
  --version         print the version
  --help            print this
";

/// A wrong command line.
const USAGE: u8 = 2;

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wish {
    Run { config: Option<PathBuf>, shown_as: Option<String> },
    Version,
    Help,
}

/// Runs the daemon with these arguments, the program's name not among them. Exit codes: 0 it
/// was stopped, 1 it did not start, 2 the arguments are wrong.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    match parse(arguments) {
        Ok(Wish::Run { config, shown_as }) => run(config, shown_as.as_deref()),
        Ok(Wish::Version) => print(concat!("goipd ", env!("CARGO_PKG_VERSION"), "\n")),
        Ok(Wish::Help) => print(HELP),
        Err(error) => {
            complain(&format!("{error}; 'goipd --help' tells more"));
            USAGE.into()
        }
    }
}

fn run(path: Option<PathBuf>, shown_as: Option<&str>) -> ExitCode {
    // Before anything that takes time: a signal that comes while the daemon starts would end it, and
    // is obeyed once it runs instead.
    let signals = match Signals::take() {
        Ok(signals) => signals,
        Err(error) => {
            complain(&format!("signals: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let path = path.unwrap_or_else(|| config::default_path(Path::new("/")));
    let config = match config::load(&path, shown_as) {
        Ok(config) => config,
        Err(errors) => {
            complain(&errors.to_string());
            return ExitCode::FAILURE;
        }
    };
    logging::start(config.log_level);
    let source = Source { path, shown_as: shown_as.map(Into::into) };
    let daemon = match Daemon::start(config, source, signals) {
        Ok(daemon) => daemon,
        Err(error) => {
            log::error!("{error}");
            return ExitCode::FAILURE;
        }
    };
    match daemon.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Wish, lexopt::Error> {
    let mut parser = lexopt::Parser::from_args(arguments);
    let (mut config, mut shown_as) = (None, None);
    while let Some(argument) = parser.next()? {
        match argument {
            Short('c') => config = Some(parser.value()?.into()),
            Long("shown-as") => shown_as = Some(parser.value()?.to_string_lossy().into_owned()),
            Long("version") => return Ok(Wish::Version),
            Long("help") => return Ok(Wish::Help),
            _ => return Err(argument.unexpected()),
        }
    }
    Ok(Wish::Run { config, shown_as })
}

/// Prints to standard output. That nobody reads it is no error of ours.
fn print(text: &str) -> ExitCode {
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Wish, String> {
        parse(line.split_whitespace().map(Into::into)).map_err(|error| error.to_string())
    }

    #[test]
    fn the_configuration_is_named_or_found_by_itself() {
        assert_eq!(parsed(""), Ok(Wish::Run { config: None, shown_as: None }));
        assert_eq!(
            parsed("-c /var/run/goipd/config --shown-as /etc/config/goipd"),
            Ok(Wish::Run {
                config: Some("/var/run/goipd/config".into()),
                shown_as: Some("/etc/config/goipd".into())
            })
        );
    }

    #[test]
    fn version_and_help_are_printed_whatever_else_is_wanted() {
        assert_eq!(parsed("-c x --version"), Ok(Wish::Version));
        assert_eq!(parsed("--help -c"), Ok(Wish::Help));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (line, error) in [
            ("-c", "missing argument for option '-c'"),
            ("--shown-as", "missing argument for option '--shown-as'"),
            ("-v", "invalid option '-v'"),
            ("/etc/config/goipd", "unexpected argument \"/etc/config/goipd\""),
        ] {
            assert_eq!(parsed(line), Err(error.into()));
        }
    }
}
