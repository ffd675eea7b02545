//! What went wrong with a message: a code for programs, the box's own words, a sentence.

use core::fmt;

/// At most 23 bytes of what the box said, for display: enough for every error it is known to
/// give, small enough for the index in RAM.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Words {
    len: u8,
    bytes: [u8; Self::CAPACITY],
}

impl Words {
    /// The most bytes that are kept.
    pub const CAPACITY: usize = 23;

    /// Nothing was said.
    pub const EMPTY: Self = Self { len: 0, bytes: [0; Self::CAPACITY] };

    /// `text` without white space around it and without control characters, cut at a character's
    /// border where it is too long.
    pub fn new(text: &str) -> Self {
        let mut words = Self::EMPTY;
        let shown = text.chars().filter(|c| !c.is_control());
        for c in shown.skip_while(|c| c.is_whitespace()) {
            let start = usize::from(words.len);
            let end = start + c.len_utf8();
            let Some(place) = words.bytes.get_mut(start..end) else { break };
            c.encode_utf8(place);
            words.len = end as u8;
        }
        // White space at the end may be there only since the cut.
        let len = words.as_str().trim_end().len();
        words.bytes[len..].fill(0);
        words.len = len as u8;
        words
    }

    /// The words.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or("")
    }

    /// Whether nothing was said.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ProblemCode {
    /// The network or the module refused it (`device_code` is the +CMS ERROR number).
    Rejected = 1,
    /// The network could not take it now; it is tried again until its ttl.
    Temporary = 2,
    /// The box refused it three times with the same words.
    Refused = 3,
    /// The line was in use.
    Busy = 4,
    /// The line's SIM was not logged in to the network.
    GsmLogout = 5,
    /// The box could not be reached.
    Unreachable = 6,
    /// The box did not take goipd's user name and password.
    BadLogin = 7,
    /// What came back was not a GoIP's answer.
    NotUnderstood = 8,
    /// The box reported a job done without saying which.
    IdLost = 10,
    /// Another job took this one's place on the status page before its end was seen.
    Replaced = 11,
    /// The box started anew while the message was on its way.
    Rebooted = 12,
    /// The network did not answer the module (+CMS ERROR 332).
    NetworkTimeout = 13,
    /// The box said `STARTED` for longer than any send takes.
    Stuck = 14,
    /// The box could not be read until the message's ttl ran out.
    Unreadable = 15,
    /// The answer to the send was lost, and the status page cannot tell whether it was taken.
    Undecided = 16,
    /// The ttl ran out before the message could be sent.
    TtlExpired = 17,
    /// The line that it was to go out on is not configured any more.
    LineGone = 18,
    /// The journal is not the newest: what was sent since it was written is not known.
    JournalRestored = 19,
    /// The journal is damaged: records may be missing.
    JournalDamaged = 20,
    /// The box gave no whole answer, and its status page shows that it did not take the message.
    NoAnswer = 21,
    /// The receiver wants no more messages.
    OptedOut = 30,
    /// A newer message with the same `collapse` took its place; `device_code` is that one's id.
    Collapsed = 31,
    /// It was routine, and older than `stale_after` when an outage was over.
    Stale = 32,
}

impl ProblemCode {
    /// Every code.
    pub const ALL: [Self; 23] = [
        Self::Rejected,
        Self::Temporary,
        Self::Refused,
        Self::Busy,
        Self::GsmLogout,
        Self::Unreachable,
        Self::BadLogin,
        Self::NotUnderstood,
        Self::IdLost,
        Self::Replaced,
        Self::Rebooted,
        Self::NetworkTimeout,
        Self::Stuck,
        Self::Unreadable,
        Self::Undecided,
        Self::TtlExpired,
        Self::LineGone,
        Self::JournalRestored,
        Self::JournalDamaged,
        Self::NoAnswer,
        Self::OptedOut,
        Self::Collapsed,
        Self::Stale,
    ];

    /// Whether a message waits with it and is tried again. One that failed with it has failed
    /// because its ttl ran out.
    pub const fn passes(self) -> bool {
        matches!(
            self,
            Self::Temporary
                | Self::Busy
                | Self::GsmLogout
                | Self::Unreachable
                | Self::NotUnderstood
                | Self::NoAnswer
        )
    }

    /// The code's word on every door.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Temporary => "temporary",
            Self::Refused => "refused",
            Self::Busy => "busy",
            Self::GsmLogout => "gsm_logout",
            Self::Unreachable => "unreachable",
            Self::BadLogin => "bad_login",
            Self::NotUnderstood => "not_understood",
            Self::IdLost => "id_lost",
            Self::Replaced => "replaced",
            Self::Rebooted => "rebooted",
            Self::NetworkTimeout => "network_timeout",
            Self::Stuck => "stuck",
            Self::Unreadable => "unreadable",
            Self::Undecided => "undecided",
            Self::TtlExpired => "ttl_expired",
            Self::LineGone => "line_gone",
            Self::JournalRestored => "journal_restored",
            Self::JournalDamaged => "journal_damaged",
            Self::NoAnswer => "no_answer",
            Self::OptedOut => "opted_out",
            Self::Collapsed => "collapsed",
            Self::Stale => "stale",
        }
    }
}

/// What went wrong with a message, as last known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// For programs.
    pub code: ProblemCode,
    /// What the box said, if it said anything: an error number or its words.
    pub device_code: Words,
}

impl Problem {
    /// A problem of which the box said nothing.
    pub const fn new(code: ProblemCode) -> Self {
        Self { code, device_code: Words::EMPTY }
    }

    /// A problem with the box's words.
    pub fn with_words(code: ProblemCode, words: &str) -> Self {
        Self { code, device_code: Words::new(words) }
    }

    /// What a +CMS ERROR number means (3GPP TS 27.005 clause 3.2.5 and TS 24.011 annex E, as far
    /// as GoIP modules are known to give them).
    fn cms_meaning(code: &str) -> Option<&'static str> {
        let Ok(number) = code.parse::<u16>() else {
            return (code == "GSM_LOGOUT").then_some("the SIM is not logged in to the network");
        };
        Some(match number {
            1 => "unassigned number",
            8 | 10 => "the network bars this SIM or this number",
            21 => "the network rejected it",
            27 => "the receiver is out of service",
            28 => "the network does not know this SIM",
            29 => "the network rejected the service",
            30 => "the receiver is unknown to the network",
            38 => "the network is out of order",
            41 => "temporary failure of the network",
            42 => "the network is congested",
            47 => "the network has no resources free",
            50 => "the SIM has no SMS service",
            69 => "the network does not offer this",
            96..=99 | 111 | 127 => "protocol error between module and network",
            208 => "the SIM's memory is full",
            300 => "the module failed",
            304 => "the module found the message invalid",
            310 => "no SIM in the line",
            311 => "the SIM asks for its PIN",
            330 => "the SIM has no message centre number",
            331 => "no network",
            332 => "the network did not answer in time",
            500 => "unknown to the module; often weak signal or no credit",
            512.. => "a module maker's own number; often no credit or a barred SIM",
            _ => return None,
        })
    }
}

/// The sentence for people, without a full stop.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = self.device_code.as_str();
        let meaning = Self::cms_meaning(words);
        match self.code {
            ProblemCode::Rejected | ProblemCode::Temporary => {
                f.write_str(if self.code == ProblemCode::Temporary {
                    "the network could not take it: error "
                } else {
                    "the network or the module did not take it: error "
                })?;
                f.write_str(words)?;
                if let Some(meaning) = meaning {
                    write!(f, " ({meaning})")?;
                }
                return Ok(());
            }
            ProblemCode::Refused => "the box refuses to send it",
            ProblemCode::Busy => "the line was in use",
            ProblemCode::GsmLogout => "the line's SIM is not logged in to the network",
            ProblemCode::Unreachable => "the box could not be reached",
            ProblemCode::BadLogin => {
                "the box does not take the configured username and password"
            }
            ProblemCode::NotUnderstood => "what came back was not a GoIP's answer",
            ProblemCode::IdLost => "the box reported the end of a job without saying of which",
            ProblemCode::Replaced => {
                "another job took its place on the box before its end was seen; does another program use this line?"
            }
            ProblemCode::Rebooted => "the box started anew while the message was on its way",
            ProblemCode::NetworkTimeout => "the network did not confirm it in time (error 332)",
            ProblemCode::Stuck => "the box has been sending it for longer than any send takes",
            ProblemCode::Unreadable => "the box could not be read until the message's ttl ran out",
            ProblemCode::Undecided => {
                "the box's answer was lost, and its status page cannot tell whether it took the message"
            }
            ProblemCode::TtlExpired => "its ttl ran out before it could be sent",
            ProblemCode::LineGone => "the line that it was to go out on is not configured any more",
            ProblemCode::JournalRestored => {
                "the journal is not the newest (a backup, or a copy): the message may have been sent since"
            }
            ProblemCode::JournalDamaged => "the journal is damaged: the message may have been sent",
            ProblemCode::NoAnswer => "the box did not answer, and did not take it",
            ProblemCode::OptedOut => "the receiver has asked for no more messages",
            ProblemCode::Collapsed => return write!(f, "replaced by message {words}"),
            ProblemCode::Stale => "it was not urgent, and too old when an outage was over",
        }
        .fmt(f)?;
        if words.is_empty() { Ok(()) } else { write!(f, ": '{words}'") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut_at_a_characters_border_and_hold_no_control_characters() {
        assert_eq!(Words::new(" L1\nbusy ").as_str(), "L1busy");
        let long = Words::new(&"ä".repeat(20));
        assert_eq!(long.as_str(), "ä".repeat(11));
    }

    #[test]
    fn words_that_are_read_back_are_the_same_words() {
        for (text, expected) in [
            ("ERROR of the module 38 again", "ERROR of the module 38"),
            ("\u{1} busy \u{1}", "busy"),
            (" \n", ""),
        ] {
            let words = Words::new(text);
            assert_eq!(words.as_str(), expected);
            assert_eq!(Words::new(expected), words, "{text:?}");
        }
    }

    #[test]
    fn a_rejected_message_says_what_its_number_means() {
        let problem = Problem::with_words(ProblemCode::Rejected, "2172");
        assert_eq!(
            problem.to_string(),
            "the network or the module did not take it: error 2172 (a module maker's own number; often no credit or a barred SIM)"
        );
        assert!(Problem::with_words(ProblemCode::Rejected, "0").to_string().ends_with("error 0"));
    }

    #[test]
    fn the_boxs_own_words_stand_in_quotes() {
        assert_eq!(
            Problem::with_words(ProblemCode::Refused, "L1 no way").to_string(),
            "the box refuses to send it: 'L1 no way'"
        );
    }
}
