//! The simulated box as a program, for people who have none.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use goip_sim::{HELP, Ids, Options, Sim, Tags, script};

const USAGE: &str = "\
A simulated GoIP: the web pages of a GSM gateway, with faults.

usage: goip-sim [OPTION…]
  --listen ADDR:PORT    where its pages are (127.0.0.1:0: any free port)
  --control ADDR:PORT   where it takes commands, one a line, e.g. from nc
  --script FILE         commands with their times, 'AT_MS COMMAND' a line
  --lines N             how many lines it has, 1 to 64 (1)
  --send-ms MS          how long a line sends a message (3000)
  --spread-ms MS        at most so much longer (0)
  --seed N              what the spread is drawn with (1)
  --user U              its login (admin)
  --password P          its password (admin)
  --ids KIND            time: Unix time in hex, never twice; time-exact: even twice in one
                        second; counter (time)
  --keep-counter        a counter of ids goes on after a reboot
  --plain-tags          status pages of old one-line firmware: <id>, not <id1>
  --self-closing        empty elements as <id2/>
  --form-lies           the web form says Sending... of a busy line, too
  --own-keys            jobs of the web form get ids of the box's own, not their keys
  --brackets-fail       texts that begin with [ fail with error 500
  --help, --version

It prints 'listening on http://ADDR:PORT', then 'control on ADDR:PORT' if there is one, then a
line for each message that goes on the air. Its pages are /default/en_US/send.html,
send_status.xml, send_sms_status.xml, tools.html with type=sms, type=sms_inbox or type=sms_outbox,
sms_info.html and ussd_info.html.

Commands of the script and the control port:

";

/// How soon a message that went on the air is printed.
const PRINT: Duration = Duration::from_millis(20);

struct Settings {
    options: Options,
    listen: SocketAddr,
    control: Option<SocketAddr>,
    script: Option<String>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|a| a == "--help" || a == "-h") {
        return printed(&format!("{USAGE}{HELP}"));
    }
    if arguments.iter().any(|a| a == "--version") {
        return printed(concat!("goip-sim ", env!("CARGO_PKG_VERSION"), "\n"));
    }
    let settings = match settings(arguments) {
        Ok(settings) => settings,
        Err(why) => {
            eprintln!("goip-sim: {why}; --help lists the options");
            return ExitCode::from(2);
        }
    };
    match run(settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("goip-sim: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Prints `text`; a reader who has gone is no failure.
fn printed(text: &str) -> ExitCode {
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

fn settings(arguments: Vec<String>) -> Result<Settings, String> {
    let epoch_s = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
    let mut options = Options { epoch_s, ..Options::default() };
    let mut listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let (mut control, mut script) = (None, None);
    let mut arguments = arguments.into_iter();
    while let Some(name) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{name} needs a value"));
        match name.as_str() {
            "--listen" => listen = parsed(&name, &value()?)?,
            "--control" => control = Some(parsed(&name, &value()?)?),
            "--script" => script = Some(value()?),
            "--lines" => options.lines = parsed(&name, &value()?)?,
            "--send-ms" => options.send_ms = parsed(&name, &value()?)?,
            "--spread-ms" => options.spread_ms = parsed(&name, &value()?)?,
            "--seed" => options.seed = parsed(&name, &value()?)?,
            "--user" => options.user = value()?,
            "--password" => options.password = value()?,
            "--ids" => {
                options.ids = match value()?.as_str() {
                    "time" => Ids::Time,
                    "time-exact" => Ids::TimeExact,
                    "counter" => Ids::Counter,
                    other => return Err(format!("--ids: '{other}' is not time, time-exact or counter")),
                }
            }
            "--keep-counter" => options.counter_restarts = false,
            "--plain-tags" => options.tags = Tags::Plain,
            "--self-closing" => options.self_closing = true,
            "--form-lies" => options.form_lies = true,
            "--own-keys" => options.own_keys = true,
            "--brackets-fail" => options.brackets_fail = true,
            _ => return Err(format!("there is no option '{name}'")),
        }
    }
    if !(1..=64).contains(&options.lines) {
        return Err(format!("--lines: {} is not in 1 to 64", options.lines));
    }
    Ok(Settings { options, listen, control, script })
}

fn parsed<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{name}: '{value}' is not what it takes"))
}

/// Runs until nobody reads what it prints.
fn run(settings: Settings) -> Result<(), String> {
    let commands = match &settings.script {
        None => Vec::new(),
        Some(file) => std::fs::read_to_string(file)
            .map_err(|error| error.to_string())
            .and_then(|text| script(&text))
            .map_err(|why| format!("{file}: {why}"))?,
    };
    let sim = Sim::bind(settings.options, settings.listen, settings.control)
        .map_err(|error| format!("cannot listen: {error}"))?;
    sim.with(|model, _| commands.into_iter().for_each(|(at_ms, command)| model.schedule(at_ms, command)));
    let mut out = std::io::stdout();
    let mut text = format!("listening on {}\n", sim.url());
    if let Some(control) = sim.control_addr() {
        text += &format!("control on {control}\n");
    }
    let mut seen = 0;
    while out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_ok() {
        sleep(PRINT);
        let air = sim.with(|model, _| model.air_after(seen));
        seen += air.len();
        text = air.iter().map(|job| format!("on the air: {job}\n")).collect();
    }
    Ok(())
}
