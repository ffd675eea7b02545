//! `goipctl check`: what is wrong with the configuration, and with the boxes it names. It works
//! without the daemon and changes nothing.

use std::path::{Path, PathBuf};

use super::output::{Output, tell};
use super::{Exit, Failure};
use crate::api::json::object;
use crate::config::{self, Config};
use crate::goip::{self, AskError};

/// The logins that every box comes with, as user and password.
const VENDOR_LOGINS: [(&str, &str); 3] = [("admin", "admin"), ("user", "1234"), ("sms", "1234")];

/// What to check.
#[derive(Debug)]
pub(super) struct Check {
    /// The configuration's file; the system's if absent.
    pub file: Option<PathBuf>,
    /// Whether the boxes are asked as well.
    pub live: bool,
    /// What errors call the file.
    pub shown_as: Option<String>,
    /// For how many seconds all boxes together may let it wait, if there is somebody who gives up;
    /// without it each has the time that the configuration gives it.
    pub within_s: Option<u32>,
}

/// What was found on a box. Neither user nor password is in it.
struct Finding<'a> {
    device: &'a str,
    level: Level,
    message: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Ok,
    /// goipd works with it, but it should not stay as it is.
    Warning,
    /// goipd cannot send through the box, or not on all its lines.
    Error,
}

impl Level {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl Check {
    /// Checks, and shows what was found.
    ///
    /// # Errors
    /// `Refused` if the configuration has errors, `Failed` if goipd could not use a box.
    pub fn run(&self, out: &mut Output) -> Result<(), Failure> {
        let path = self.file.clone().unwrap_or_else(|| config::default_path(Path::new("/")));
        let shown = self.shown_as.clone().unwrap_or_else(|| path.display().to_string());
        match config::load(&path, Some(&shown)) {
            Ok(config) => self.usable(&shown, &config, out),
            Err(errors) => refused("goipd does not start on", &shown, &errors.to_string(), out),
        }
    }

    fn usable(&self, shown: &str, config: &Config, out: &mut Output) -> Result<(), Failure> {
        let devices = config.devices.len() as u32;
        let lines = config.devices.iter().map(|d| u32::from(d.lines)).sum();
        if !out.json {
            let counts = [count(devices, "device"), count(lines, "line")].join(", ");
            out.line(&["ok: ", shown, ": ", &counts].concat())?;
        }
        let mut findings = Vec::new();
        let asked = if self.live { config.devices.as_slice() } else { &[] };
        for device in asked {
            for (level, message) in look_at(device, patience(device.timeout_s, self.within_s, devices)) {
                if !out.json {
                    out.line(&[&device.name, ": ", level.as_str(), ": ", &message].concat())?;
                }
                findings.push(Finding { device: &device.name, level, message });
            }
        }
        let ok = findings.iter().all(|finding| finding.level != Level::Error);
        if out.json {
            let mut line = String::new();
            object(&mut line, |o| {
                o.bool("ok", ok);
                o.string("file", shown);
                o.array("errors", |_| {});
                o.number("devices", devices);
                o.number("lines", lines);
                o.array("findings", |array| {
                    for finding in &findings {
                        array.object(|o| {
                            o.string("device", finding.device);
                            o.string("level", finding.level.as_str());
                            o.string("message", &finding.message);
                        });
                    }
                });
            });
            out.line(&line)?;
        }
        if ok {
            Ok(())
        } else {
            Err(Failure::new(Exit::Failed, "goipd cannot use a box as it is configured"))
        }
    }
}

/// Shows the errors of a configuration, one a line; `what` says what is not done on it.
pub(super) fn refused(what: &str, shown: &str, errors: &str, out: &mut Output) -> Result<(), Failure> {
    if out.json {
        let mut line = String::new();
        object(&mut line, |o| {
            o.bool("ok", false);
            o.string("file", shown);
            o.array("errors", |array| {
                for error in errors.lines() {
                    array.object(|o| o.string("message", error));
                }
            });
        });
        out.line(&line)?;
    } else {
        errors.lines().for_each(tell);
    }
    Err(Failure::new(Exit::Refused, [what, " ", shown].concat()))
}

/// How many seconds one of so many boxes has, which are asked one after the other.
fn patience(timeout_s: u32, within_s: Option<u32>, devices: u32) -> u32 {
    within_s.map_or(timeout_s, |all_s| timeout_s.min((all_s / devices.max(1)).max(1)))
}

/// Asks the box for its status, once.
fn look_at(device: &config::Device, timeout_s: u32) -> Vec<(Level, String)> {
    let place = device.authority();
    let asked = asked(device, timeout_s);
    let page = if device.sends_by_form() { asked.form_status() } else { asked.status() };
    let page = match page {
        Ok(page) => page,
        Err(error) => return vec![(Level::Error, told(&place, &error))],
    };
    let missing: Vec<_> = (1..=device.lines).filter(|line| page.line(*line).is_none()).collect();
    let lines = count(device.lines.into(), "line");
    let mut findings = vec![match missing.first() {
        None => (Level::Ok, format!("{place} answers, takes the login and shows the {lines} configured")),
        Some(first) => {
            let shown = usize::from(device.lines) - missing.len();
            let cure = "correct the option 'lines'";
            let message =
                format!("{place} shows {shown} of the {lines} configured, line {first} is missing; {cure}");
            (Level::Error, message)
        }
    }];
    if VENDOR_LOGINS.contains(&(device.username.as_str(), device.password.expose())) {
        let message = "the login is the vendor's default; change the password on the box, and here too";
        findings.push((Level::Warning, message.into()));
    }
    findings
}

fn told(place: &str, error: &AskError) -> String {
    match error {
        AskError::Unreachable(why) => {
            format!("{place} cannot be reached ({why}); see to the option 'url' and to the network")
        }
        AskError::BadLogin => {
            format!("{place} does not take the login; correct the options 'username' and 'password'")
        }
        AskError::NotUnderstood(what) => {
            format!("{place} does not answer as a GoIP does ({what}); correct the option 'url'")
        }
    }
}

/// The device as the room that asks it wants it.
fn asked(device: &config::Device, timeout_s: u32) -> goip::Device {
    goip::Device {
        host: device.host.as_str().into(),
        port: device.port,
        username: device.username.as_str().into(),
        password: device.password.expose().into(),
        timeout_s: timeout_s.try_into().unwrap_or(u8::MAX),
        number_format: goip::NumberFormat::Keep,
    }
}

fn count(number: u32, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_that_hang_share_the_time_of_who_gives_up() {
        for (timeout_s, within_s, devices, expected) in [
            (60, None, 16, 60),
            (10, Some(16), 1, 10),
            (60, Some(16), 1, 16),
            (10, Some(16), 3, 5),
            (10, Some(16), 16, 1),
        ] {
            assert_eq!(patience(timeout_s, within_s, devices), expected, "{devices} with {timeout_s} s");
        }
        // All of them, whatever is configured.
        for devices in 1..=16 {
            assert!(devices * patience(60, Some(16), devices) <= 16, "{devices}");
        }
    }
}
