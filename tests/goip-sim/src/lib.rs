//! A simulated GoIP: the box's web pages, its one-message-at-a-time lines and its bad days, for
//! tests and for people who have no box.
//!
//! * [`Model`] is the box itself, without sockets, threads or a clock: the time and a request's
//!   bytes go in, what the box does with the connection comes out. A simulation in virtual time
//!   drives it directly.
//! * [`Sim`] puts a model on a loopback port, in two threads that end with it.
//! * The program `goip-sim` is a [`Sim`] with a command line; [`HELP`] lists the commands that
//!   its script file and its control port take, and [`Sim::command`] takes the same.
//!
//! ```
//! use goip_sim::{Fault, Options, Page, Sim};
//!
//! let sim = Sim::start(Options { send_ms: 50, ..Options::default() });
//! sim.fault(Fault::Busy.times(2));
//! sim.fault(Fault::Late { ms: 300 }.on(Page::Status));
//! assert!(sim.url().starts_with("http://127.0.0.1:"));
//! assert!(sim.air().is_empty());
//! ```
//!
//! What goes on the air is the ground truth of a test: [`Sim::air`] lists the messages that the
//! box really transmitted, whatever it told its clients. A message goes on the air halfway
//! through its send time, so a reboot before that stops it and a reboot after it does not.
//!
//! # Commands
//! A script's line begins with the time in ms when its command is due.
//!
//! ```text
#![doc = include_str!("help.txt")]
//! ```
//!
//! # Where the box's manner is not known
//! The simulation has to do *something*; these are guesses, and nothing should depend on them:
//!
//! * A request for a line that the box does not have is answered `ERROR,line error`, an empty
//!   number `ERROR,number error`; no `l` at all means line 1.
//! * `send_status.xml` with a wrong login is answered like `send.html`, with HTTP status 200.
//! * Header names are taken in any case. A header line without `: ` is not seen, a `Cookie`
//!   without `=` makes the box close the connection without an answer.
//! * A body beyond 10 240 bytes is cut, as the URL is. A variable that comes twice has its first
//!   value, and the URL stands before the body. An escape that is cut off stands for itself.
//! * Two sends in one second: see [`Ids`].
//! * The web form takes the lines that are ticked (`line1=1`; with [`Tags::Plain`] `line=1`) one
//!   by one, says nothing of a busy line (or lies, see [`Options::form_lies`]), and a line whose
//!   SIM is logged out ends its job at once with `GSM_LOGOUT`. A key that is no word of up to 15
//!   letters and digits gives way to an id of the box's own. A USSD code occupies its line as a
//!   message does and is listed among the jobs, with the answer as its error.
//! * A line without power, card or network refuses a send with `GSM logout`. `reboot.html` answers
//!   with a page and is away for [`Options::reboot_ms`]; modules that are off stay off.
//! * Deleting what is not there does nothing, and is answered with the page as ever; behind a
//!   deleted slot the others move up; a reboot leaves inbox and outbox as they are.
//! * A job that is for ever `STARTED` leaves its line free after its send time, or not: see
//!   [`Fault::Stuck`].

mod command;
mod control;
mod fault;
mod http;
mod inbox;
mod job;
mod model;
mod pages;
mod radio;
mod react;
mod rng;
mod serve;

pub use command::{Command, HELP, Set, script};
pub use fault::{Fault, Hang, Instead, Page, Rule};
pub use http::{is_whole, percent_decode};
pub use inbox::InboxForm;
pub use job::{End, Job};
pub use model::{Accept, Model, Request};
pub use radio::{LinesForm, Radio};
pub use react::Step;
pub use serve::Sim;

/// What kind of box it is.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many lines it has, 1 to 64. Status pages list at least 8 all the same.
    pub lines: u8,
    /// How long a line sends a message, in ms.
    pub send_ms: u64,
    /// At most so much longer, in ms, drawn for every message.
    pub spread_ms: u64,
    /// What the spread is drawn with: the same seed draws the same.
    pub seed: u64,
    /// The user of the one login it takes.
    pub user: String,
    /// Its password.
    pub password: String,
    /// How it calls its jobs.
    pub ids: Ids,
    /// Whether a counter of ids starts again at every boot.
    pub counter_restarts: bool,
    /// How the elements of its status pages are called.
    pub tags: Tags,
    /// Whether an empty element is written `<id2/>` and not `<id2></id2>`.
    pub self_closing: bool,
    /// Whether the web form says `Sending...` of a line that is busy, too.
    pub form_lies: bool,
    /// Whether jobs of the web form get an id of the box's own instead of their key.
    pub own_keys: bool,
    /// The key of other programs' jobs, each time the same; `None`: an id of the box's own.
    pub foreign_key: Option<String>,
    /// What every USSD code is answered with; nothing: the network never answers.
    pub ussd: String,
    /// How long the box is away when `reboot.html` starts it anew, in ms.
    pub reboot_ms: u64,
    /// Whether a text that begins with `[` fails with error 500, as on one firmware.
    pub brackets_fail: bool,
    /// What its clock shows at time 0, in Unix seconds. Fixed by default, so that a test sees
    /// the same ids each time.
    pub epoch_s: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            lines: 1,
            send_ms: 3000,
            spread_ms: 0,
            seed: 1,
            user: "admin".into(),
            password: "admin".into(),
            ids: Ids::Time,
            counter_restarts: true,
            tags: Tags::Numbered,
            self_closing: false,
            form_lies: false,
            own_keys: false,
            foreign_key: None,
            ussd: "Your balance is 5.00".into(),
            reboot_ms: 500,
            brackets_fail: false,
            // 2026-11-22 07:00:00 UTC
            epoch_s: 1_795_330_800,
        }
    }
}

/// How a box calls its jobs: always 8 hex digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ids {
    /// The Unix time; where the box has already used that second, the next free one, so that no
    /// two jobs ever share an id. What a box does there is not known.
    #[default]
    Time,
    /// The Unix time and nothing else: two jobs in one second have the same id.
    TimeExact,
    /// A counter from `00000001`, as on older firmware.
    Counter,
}

/// How the elements of a status page are called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tags {
    /// `id1`, `status1`, `error1` and so on, for each line.
    #[default]
    Numbered,
    /// `id`, `status`, `error` for the only line, as on old one-line firmware.
    Plain,
}
