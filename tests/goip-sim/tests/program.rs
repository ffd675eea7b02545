//! The program: what it prints, and that its options and its script do what they say.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};

/// The program, behind the runner that `GOIP_SIM_RUNNER` names where it is built for another
/// processor.
fn program() -> Command {
    let binary = env!("CARGO_BIN_EXE_goip-sim");
    match std::env::var("GOIP_SIM_RUNNER") {
        Ok(runner) => {
            let mut command = Command::new(runner);
            command.arg(binary);
            command
        }
        Err(_) => Command::new(binary),
    }
}

fn output(arguments: &[&str]) -> Output {
    program().args(arguments).output().unwrap()
}

/// A program that is killed when the test ends, however it ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn it_prints_where_it_is_and_what_goes_on_the_air() {
    let script = std::env::temp_dir().join(format!("goip-sim-{}.script", std::process::id()));
    std::fs::write(&script, "# from the start\n0 fault busy\n").unwrap();
    let arguments =
        "--send-ms 20 --lines 2 --user u --password p --ids counter --control 127.0.0.1:0 --script";
    let mut command = program();
    command.args(arguments.split(' ')).arg(&script).stdout(Stdio::piped());
    let mut running = Running(command.spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let pages = lines.next().unwrap().strip_prefix("listening on http://").unwrap().to_owned();
    let control = lines.next().unwrap().strip_prefix("control on ").unwrap().to_owned();
    std::fs::remove_file(script).unwrap();
    let ask = |text: &str| {
        let mut stream = TcpStream::connect(&pages).unwrap();
        let page = format!("/default/en_US/send.html?u=u&p=p&l=2&n=777&m={text}");
        stream.write_all(format!("GET {page} HTTP/1.0\r\n\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(ask("a").ends_with("\nERROR,L2 busy\n"));
    assert!(ask("b").ends_with("ID:00000001\n"));
    assert_eq!(lines.next().unwrap(), "on the air: line 2 to 777 \"b\" id 00000001");
    TcpStream::connect(control).unwrap().write_all(b"foreign 1 1 x\n").unwrap();
    assert_eq!(lines.next().unwrap(), "on the air: line 1 to 1 \"x\" id 00000002 (another program's)");
}

#[test]
fn its_help_lists_options_and_commands() {
    let help = String::from_utf8(output(&["--help"]).stdout).unwrap();
    for word in ["--listen", "--control", "--ids", "fault error PREFIX CODE", "reboot MS"] {
        assert!(help.contains(word), "{word}");
    }
    assert!(help.lines().all(|line| line.chars().count() <= 100));
}

#[test]
fn a_wrong_option_is_named() {
    for (arguments, why) in [
        (&["--dance"][..], "goip-sim: there is no option '--dance'; --help lists the options\n"),
        (&["--lines", "0"], "goip-sim: --lines: 0 is not in 1 to 64; --help lists the options\n"),
        (&["--ids"], "goip-sim: --ids needs a value; --help lists the options\n"),
        (&["--send-ms", "x"], "goip-sim: --send-ms: 'x' is not what it takes; --help lists the options\n"),
    ] {
        let output = output(arguments);
        assert_eq!(String::from_utf8(output.stderr).unwrap(), why);
        assert_eq!(output.status.code(), Some(2));
    }
}
