//! `goipctl hooks` with the real daemon: programs that are run for events, and how they can fail.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use common::{Daemon, Folder, PATIENCE, config, field, quick_box, slow_box, wait_for};
use goip_sim::Sim;

fn send(text: &str) -> String {
    format!(r#"{{"op":"send","to":"+4915112345678","text":"{text}"}}"#)
}

/// A daemon whose configuration has these sections, and a place for scripts.
struct Site {
    daemon: Daemon,
}

impl Site {
    /// `sections` name scripts as `DIR/NAME`.
    fn start(sim: &Sim, sections: &str) -> Self {
        let folder = Folder::new();
        let path = config(&folder, sim, "option max_segments '15'");
        let dir = path.parent().unwrap().display().to_string();
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text + &sections.replace("DIR", &dir)).unwrap();
        Self { daemon: Daemon::start_in(folder) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.daemon.folder().path(name)
    }

    /// A shell script of that name; `DIR` in it is the folder.
    fn script(&self, name: &str, lines: &str) {
        let dir = self.path("x").parent().unwrap().display().to_string();
        let path = self.path(name);
        fs::write(&path, format!("#!/bin/sh\n{}\n", lines.replace("DIR", &dir))).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// Starts the runner; it has its place among the events once this is over.
    fn run(&self) -> Hooks<'_> {
        let hooks = self.spawn();
        // Its next event is an event for nobody.
        wait_for("a consumer", || {
            let reply = self.daemon.ask(r#"{"op":"ack","consumer":"hooks","seq":0}"#);
            field(&reply, "ok") == "true"
        });
        hooks
    }

    fn spawn(&self) -> Hooks<'_> {
        let binary = std::env::var("GOIPD_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_goipd").into());
        let program = self.path("goipctl");
        let _ = symlink(fs::canonicalize(binary).unwrap(), &program);
        let runner = std::env::var("GOIPD_RUNNER").unwrap_or_default();
        let mut words = runner.split_whitespace().map(PathBuf::from).chain([program]);
        let told = |name| File::options().create(true).append(true).open(self.path(name)).unwrap();
        let mut command = Command::new(words.next().unwrap());
        command.args(words).args(["hooks", "-c"]).arg(self.path("config"));
        command.env("SECRET_OF_THE_RUNNER", "1").env_remove("GOIPD_SOCKET");
        Hooks { child: command.stdout(told("hooks")).stderr(told("hooks")).spawn().unwrap(), site: self }
    }

    /// What the runner has told.
    fn told(&self) -> String {
        self.read("hooks")
    }

    /// Waits until the event of the message with that text is acknowledged: before that it may come again.
    fn wait_until_taken(&self, text: &str) {
        let mut stream = self.daemon.connect();
        stream.ask(r#"{"op":"events","after":0}"#);
        let event = std::iter::from_fn(|| stream.reply()).find(|event| field(event, "text") == text).unwrap();
        let seq: u32 = field(&event, "seq").parse().unwrap();
        wait_for("an acknowledgement", || {
            let reply = self.daemon.ask(r#"{"op":"ack","consumer":"hooks","seq":0}"#);
            field(&reply, "seq").parse::<u32>().unwrap() >= seq
        });
    }

    fn wait_until_told(&self, text: &str) {
        wait_for(text, || self.told().contains(text));
    }
}

/// A running `goipctl hooks`; ended in the end, with the hook that it runs.
struct Hooks<'a> {
    child: Child,
    site: &'a Site,
}

impl Hooks<'_> {
    fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(status.unwrap().success());
    }

    fn end(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "goipctl hooks does not end");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Hooks<'_> {
    fn drop(&mut self) {
        let start = Instant::now();
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        }
        while self.child.try_wait().is_ok_and(|status| status.is_none()) && start.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(5));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("--- goipctl hooks\n{}", self.site.told());
        }
    }
}

const HOOK: &str = "config hook 'h'\n option command 'DIR/h'\n list event 'queued'\n";

#[test]
fn a_hook_gets_the_event_on_standard_input_and_in_its_environment() {
    let sim = quick_box();
    let site = Site::start(
        &sim,
        "config hook 'h'\n list command 'DIR/h'\n list command 'a b'\n list command '$(x)'\n list event 'sent'\n",
    );
    site.script(
        "h",
        "cat > DIR/in\nenv | sort > DIR/env\nprintf '<%s>' \"$@\" > DIR/args\nmv DIR/args DIR/done",
    );
    let _hooks = site.run();
    let mut stream = site.daemon.connect();
    stream.ask(r#"{"op":"events"}"#);
    site.daemon.ask(&send("Pump 3 stopped"));
    wait_for("the hook", || site.path("done").exists());
    let event = std::iter::from_fn(|| stream.reply()).find(|e| field(e, "event") == "sent").unwrap();
    assert_eq!(site.read("in"), format!("{event}\n"));
    assert_eq!(site.read("done"), "<a b><$(x)>");
    let expected = format!(
        "GOIP_EVENT=sent\nGOIP_FROM=\nGOIP_ID=1\nGOIP_LINE=office/1\nGOIP_SEQ={}\nGOIP_STATE=sent\n\
         GOIP_TEXT=Pump 3 stopped\nGOIP_TO=+4915112345678\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\n",
        field(&event, "seq")
    );
    let env = site.read("env");
    // The shell's own.
    let own = ["PWD=", "OLDPWD=", "SHLVL=", "_="];
    let env: String = env.split_inclusive('\n').filter(|l| !own.iter().any(|o| l.starts_with(o))).collect();
    assert_eq!(env, expected);
}

#[test]
fn no_text_becomes_anything_but_a_text() {
    let sim = slow_box();
    let site = Site::start(&sim, HOOK);
    site.script(
        "h",
        "cat >> DIR/in\nprintf '%s\\0' \"$GOIP_TEXT\" >> DIR/texts\nprintf '%s\\n' \"$GOIP_TEXT\"",
    );
    let _hooks = site.run();
    let long = "漢".repeat(1000);
    let texts: Vec<String> =
        common::HOSTILE_TEXTS.map(|text| text.replace('\0', "")).into_iter().chain([long]).collect();
    for text in &texts {
        let mut request = String::new();
        goipd::api::json::object(&mut request, |o| {
            o.string("op", "send");
            o.string("to", "12");
            o.string("text", text);
        });
        let reply = site.daemon.ask(&request);
        assert_eq!(field(&reply, "ok"), "true", "{reply}");
    }
    let expected: String = texts.iter().map(|text| format!("{text}\0")).collect();
    wait_for("all texts", || site.read("texts").len() >= expected.len());
    assert_eq!(site.read("texts"), expected);
    wait_for("all events", || site.read("in").lines().count() == texts.len());
    for (line, text) in site.read("in").lines().zip(&texts) {
        let message = goipd::api::scan::scan(line).unwrap();
        let message = message.iter().find(|f| f.name == r#""message""#).unwrap().value;
        let fields = goipd::api::scan::scan(message).unwrap();
        let value = fields.iter().find(|f| f.name == r#""text""#).unwrap().value;
        assert_eq!(goipd::api::scan::decode(value), *text);
    }
    // What it says is told, one line each, and nothing in it drives a terminal.
    site.wait_until_told("hook 'h': 😀€ä");
    let told = site.told();
    assert!(told.lines().all(|line| line.starts_with("hook 'h': ")), "{told}");
    assert!(!told.contains(['\u{1b}', '\u{202e}', '\u{200f}', '\r']), "{told}");
}

#[test]
fn a_received_message_has_its_sender_in_the_environment_and_reaches_no_hook_if_that_is_denied() {
    let sim = quick_box();
    let site = Site::start(&sim, "config hook 'h'\n option command 'DIR/h'\n");
    let config =
        site.read("config").replace("option lines '1'", "option lines '1'\noption inbox_interval '1'");
    let main = "config goipd 'main'\nlist deny_from '777'\n";
    fs::write(site.path("config"), config.replace("config goipd 'main'\n", main)).unwrap();
    site.daemon.signal("HUP");
    wait_for("a reload", || site.daemon.out().contains("configuration reloaded"));
    site.script(
        "h",
        "printf '%s|%s|%s|%s|%s|%s\\n' \"$GOIP_EVENT\" \"$GOIP_ID\" \"$GOIP_FROM\" \"$GOIP_TO\" \"$GOIP_TEXT\" \
         \"$GOIP_LINE\" >> DIR/lines",
    );
    let _hooks = site.run();
    // Its inbox was looked at.
    wait_for("the inbox", || {
        let lines = site.daemon.ask(r#"{"op":"lines"}"#);
        field(&lines, "up") == "true"
    });
    sim.command("sms 1 +49151 before%20goipd%20looked").unwrap();
    wait_for("the first message", || site.daemon.ask(r#"{"op":"inbox"}"#).contains("+49151"));
    for sms in ["777 denied", "+49152 `reboot` $(reboot) \"'%0aGOIP_TO=x"] {
        sim.command(&format!("sms 1 {sms}")).unwrap();
    }
    wait_for("the last message", || site.read("lines").contains("GOIP_TO=x"));
    let told = site.read("lines");
    let line = "received|3|+49152||`reboot` $(reboot) \"'\nGOIP_TO=x|office/1\n";
    assert!(told.ends_with(line) && !told.contains("777"), "{told}");
}

#[test]
fn events_come_one_by_one_in_order_and_go_on_after_a_restart_of_either_side() {
    let sim = slow_box();
    let mut site = Site::start(&sim, HOOK);
    site.script("h", "echo \"$GOIP_TEXT\" >> DIR/texts");
    let mut hooks = site.run();
    for n in 0..20 {
        site.daemon.ask(&send(&format!("a{n}")));
    }
    wait_for("all of them", || site.read("texts").lines().count() == 20);
    site.wait_until_taken("a19");
    hooks.signal("TERM");
    assert!(hooks.end().success());
    drop(hooks);
    for n in 0..20 {
        site.daemon.ask(&send(&format!("b{n}")));
    }
    let hooks = site.spawn();
    wait_for("those from meanwhile", || site.read("texts").lines().count() == 40);
    drop(hooks);
    let expected: Vec<String> =
        ["a", "b"].iter().flat_map(|x| (0..20).map(move |n| format!("{x}{n}"))).collect();
    assert!(site.read("texts").lines().eq(expected.iter()), "{}", site.read("texts"));

    // The other side: the runner waits for it.
    site.daemon.kill();
    site.daemon.spawn_again();
    let _hooks = site.spawn();
    let ready = || common::Talk::try_connect(&site.daemon.socket()).is_ok();
    wait_for("the daemon", ready);
    site.daemon.ask(&send("c"));
    wait_for("the one after that", || site.read("texts").lines().last() == Some("c"));
}

#[test]
fn a_daemon_that_goes_away_is_waited_for() {
    let sim = slow_box();
    let mut site = Site::start(&sim, HOOK);
    site.script("h", "echo \"$GOIP_TEXT\" >> DIR/texts");
    let folder = site.path("x").parent().unwrap().to_owned();
    let child = {
        let hooks = site.run();
        std::mem::ManuallyDrop::new(hooks).child.id()
    };
    let texts = || fs::read_to_string(Path::new(&folder).join("texts")).unwrap_or_default();
    site.daemon.ask(&send("a"));
    wait_for("the first", || texts() == "a\n");
    site.wait_until_taken("a");
    site.daemon.kill();
    let told = || fs::read_to_string(Path::new(&folder).join("hooks")).unwrap_or_default();
    wait_for("a word", || told().contains("it is tried again"));
    site.daemon.start_again();
    site.daemon.ask(&send("b"));
    wait_for("the second, once", || texts() == "a\nb\n");
    assert!(Command::new("kill").arg(child.to_string()).status().unwrap().success());
}

#[test]
fn a_hook_that_fails_is_run_again_and_given_up_loudly() {
    let sim = slow_box();
    let site = Site::start(
        &sim,
        "config hook 'once'\n option command 'DIR/once'\n list event 'queued'\n option tries '1'\n\
         config hook 'twice'\n option command 'DIR/twice'\n list event 'queued'\n\
         config hook 'good'\n option command 'DIR/good'\n list event 'queued'\n\
         config hook 'none'\n option command 'DIR/none'\n list event 'queued'\n option tries '1'\n",
    );
    site.script("once", "echo 'what a pity'\nexit 3");
    site.script(
        "twice",
        "echo \"$GOIP_TEXT\" >> DIR/twice.txt\ntest -e DIR/failed || { touch DIR/failed; exit 1; }",
    );
    site.script("good", "echo \"$GOIP_TEXT\" >> DIR/good.txt");
    let _hooks = site.run();
    site.daemon.ask(&send("a"));
    site.daemon.ask(&send("b"));
    site.wait_until_told("hook 'once': what a pity");
    site.wait_until_told(
        "error: hook 'once' has ended with exit code 3: it is given up for event 1 after 1 tries",
    );
    site.wait_until_told("hook 'twice' has ended with exit code 1 for event 1; it is run again in 10 s");
    site.wait_until_told("error: hook 'none' cannot be started: ");
    assert_eq!((site.read("twice.txt"), site.read("good.txt")), ("a\n".into(), "a\n".into()));
    wait_for("the second event", || site.read("good.txt") == "a\nb\n");
    assert_eq!(site.read("twice.txt"), "a\na\nb\n", "what is done is not done again");
}

#[test]
fn a_hook_that_hangs_is_ended_with_all_that_it_has_started() {
    let sim = slow_box();
    let site = Site::start(
        &sim,
        "config hook 'h'\n option command 'DIR/h'\n list event 'queued'\n option timeout '1'\n option tries '1'\n",
    );
    // The one that is started does not care for SIGTERM.
    site.script(
        "h",
        "(trap '' TERM; while :; do sleep 0.1; done) &\necho $! > DIR/pid.new\nmv DIR/pid.new DIR/pid\nwait",
    );
    let mut hooks = site.run();
    site.daemon.ask(&send("a"));
    site.wait_until_told("hook 'h' has not ended within 1 s: it is given up for event 1 after 1 tries");
    let pid = site.read("pid").trim().to_owned();
    wait_for("the end of what it has started", || !Path::new(&format!("/proc/{pid}")).exists());
    // The same when the runner is told to end.
    fs::remove_file(site.path("pid")).unwrap();
    site.daemon.ask(&send("b"));
    wait_for("the second run", || site.path("pid").exists());
    hooks.signal("TERM");
    assert!(hooks.end().success());
    let pid = site.read("pid").trim().to_owned();
    wait_for("the end of what it has started", || !Path::new(&format!("/proc/{pid}")).exists());
    // That event was not done, so it comes again.
    fs::remove_file(site.path("pid")).unwrap();
    let _hooks = site.spawn();
    wait_for("the third run", || site.path("pid").exists());
}

#[test]
fn a_hook_that_says_too_much_or_takes_nothing_does_no_harm() {
    let sim = slow_box();
    let site = Site::start(&sim, HOOK);
    site.script(
        "h",
        "exec 0<&-\ni=0; while [ $i -lt 500 ]; do echo \"line $i\"; i=$((i+1)); done\n\
         head -c 100000 /dev/zero | tr '\\0' x\n(sleep 30) &\necho \"$GOIP_TEXT\" >> DIR/texts",
    );
    let _hooks = site.run();
    site.daemon.ask(&send(&"long ".repeat(250)));
    site.daemon.ask(&send("b"));
    wait_for("both runs", || site.read("texts").lines().last() == Some("b"));
    site.wait_until_told("hook 'h': line 49\nhook 'h': and 451 more lines\n");
    assert!(site.told().lines().all(|line| line.len() < 600), "a line without end");
}

#[test]
fn sighup_has_the_configuration_read_again_and_a_bad_one_refused() {
    let sim = slow_box();
    let site = Site::start(&sim, HOOK);
    site.script("h", "echo \"$GOIP_TEXT\" >> DIR/texts");
    let hooks = site.run();
    let good = site.read("config");
    fs::write(site.path("config"), format!("{good} option timout '1'\n")).unwrap();
    hooks.signal("HUP");
    site.wait_until_told("unknown option 'timout'");
    site.wait_until_told("the configuration was not reloaded, and the one before goes on");
    site.daemon.ask(&send("a"));
    wait_for("the old one", || site.read("texts") == "a\n");
    site.script("mark", "echo \"$GOIP_TEXT\" >> DIR/marks");
    let mark = format!(
        "config hook 'mark'\n option command '{}'\n list event 'queued'\n",
        site.path("mark").display()
    );
    fs::write(site.path("config"), good.replace("'queued'", "'line_down'") + &mark).unwrap();
    hooks.signal("HUP");
    site.wait_until_told("configuration reloaded\n");
    site.daemon.ask(&send("b"));
    wait_for("the other hook", || site.read("marks") == "b\n");
    fs::write(site.path("config"), good).unwrap();
    hooks.signal("HUP");
    wait_for("another reload", || site.told().matches("configuration reloaded\n").count() == 2);
    site.daemon.ask(&send("c"));
    wait_for("the new one", || site.read("texts") == "a\nc\n");
}

#[test]
fn a_configuration_with_errors_is_refused_at_the_start() {
    let sim = slow_box();
    let site = Site::start(&sim, HOOK);
    let good = site.read("config");
    fs::write(site.path("config"), format!("{good}config hook\n option command 'h'\n")).unwrap();
    let mut hooks = site.spawn();
    assert_eq!(hooks.end().code(), Some(5));
    let told = site.told();
    assert!(told.contains("a hook needs a name; write it like: config hook 'forward'"), "{told}");
    assert!(told.contains("option 'command': 'h' is no absolute path; begin it with '/'"), "{told}");
    assert!(
        told.contains("goipctl: goipctl runs no hooks with ") && !told.contains("configuration reloaded")
    );
}
