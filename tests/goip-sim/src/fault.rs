//! What can go wrong with a request, on which page, and how often.

/// Something that goes wrong with one request. What outlives a request (an outage, a number that
/// always fails, a reboot) is a [`Command`](crate::Command).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A send is answered `ERROR,L1 busy`; one by the web form with its page, as
    /// [`Fault::Logout`] and [`Fault::Says`] are, too.
    Busy,
    /// A send is answered `ERROR,L1 GSM logout`.
    Logout,
    /// A send is answered `ERROR,` and these words.
    Says(String),
    /// The connection closes without an answer, and the box has not acted.
    LostBefore,
    /// The connection closes without an answer, and the box has acted: it has the message.
    LostAfter,
    /// The box gets to the request only after so many ms, and acts on it even when its client
    /// has given up meanwhile.
    Late {
        /// How long it takes, in ms.
        ms: u64,
    },
    /// The box hangs with the connection open, and every other client waits behind it: for so
    /// long, until the client hangs up, or until the faults are cleared. Then it closes.
    Hang {
        /// How far it gets before.
        at: Hang,
        /// How long at most, in ms.
        ms: u64,
    },
    /// The answer comes a byte at a time.
    Trickle {
        /// Between two bytes, in ms.
        ms: u64,
    },
    /// The body is cut off.
    Truncated {
        /// After so many bytes.
        bytes: usize,
    },
    /// Something else comes than the answer.
    Instead {
        /// What.
        what: Instead,
        /// Whether the box has acted all the same.
        taken: bool,
    },
    /// A job ends `DONE` with an empty id.
    EmptyId,
    /// A job goes on the air, and its status stays `STARTED` until the box reboots or the line
    /// takes another job.
    Stuck {
        /// Whether the line stays busy as well, until the box reboots.
        busy: bool,
    },
    /// A job shows this error while it is still `STARTED`.
    EarlyError {
        /// The error.
        error: String,
        /// Whether it still stands there when the job is done: then the job failed. Otherwise
        /// the error vanishes and the job was sent.
        stays: bool,
    },
    /// The box reboots while it sends this job.
    RebootDuring {
        /// So long after it took the message, in ms.
        after_ms: u64,
        /// How long it is away, in ms.
        down_ms: u64,
    },
    /// The body of a POST is not read: no login in it, no number, no text.
    PostIgnored,
}

/// How far the box gets with a connection before it hangs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hang {
    /// It never reads. What was asked is then unknown, so this hits any page; and what is not
    /// read cannot be seen to end, so the client's hanging up does not end it.
    Accepted,
    /// It reads the request, and does not act.
    Read,
    /// It acts, and does not answer.
    Taken,
    /// It acts and writes the answer's head, and no body.
    Head,
}

/// What comes in place of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instead {
    /// A page of HTML that is something else.
    Garbage,
    /// HTTP status 401.
    Unauthorized,
    /// HTTP status 500.
    ServerError,
    /// XML nested 20 000 deep.
    Nested,
    /// A page without an end.
    Endless,
}

/// Which requests a rule hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// Every request.
    Any,
    /// `send.html` and `sms_info.html`.
    Send,
    /// `send_status.xml` and `send_sms_status.xml`.
    Status,
    /// `tools.html`: inbox, outbox and the web form.
    Inbox,
    /// `status.xml`: the lines' states.
    Lines,
    /// `status.html`, `ussd_info.html` and `reboot.html`.
    Control,
}

/// A fault, and the requests that it hits. Of several rules that fit a request the oldest one
/// does; only [`Fault::Late`] and [`Fault::PostIgnored`] come on top of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub(crate) fault: Fault,
    pub(crate) page: Page,
    /// How many requests it still hits; `None`: all, until it is cleared.
    pub(crate) left: Option<u32>,
}

impl Fault {
    /// The fault on requests for `page` only. What only a send can meet stays with sends, and
    /// [`Hang::Accepted`] with all.
    pub fn on(self, page: Page) -> Rule {
        Rule::from(self).on(page)
    }

    /// The fault on the next `count` requests.
    pub fn times(self, count: u32) -> Rule {
        Rule::from(self).times(count)
    }

    /// The fault on all requests until it is cleared.
    pub fn always(self) -> Rule {
        Rule::from(self).always()
    }

    /// Whether it concerns what a send leads to, and so comes after the box took the message.
    pub(crate) const fn is_of_jobs(&self) -> bool {
        matches!(
            self,
            Self::EmptyId | Self::Stuck { .. } | Self::EarlyError { .. } | Self::RebootDuring { .. }
        )
    }

    const fn is_of_sends(&self) -> bool {
        self.is_of_jobs() || matches!(self, Self::Busy | Self::Logout | Self::Says(_))
    }
}

/// The fault once, on the next request that it can hit.
impl From<Fault> for Rule {
    fn from(fault: Fault) -> Self {
        let page = if fault.is_of_sends() { Page::Send } else { Page::Any };
        Self { fault, page, left: Some(1) }
    }
}

impl Rule {
    /// The rule for requests for `page` only.
    pub fn on(self, page: Page) -> Self {
        let page = match &self.fault {
            Fault::Hang { at: Hang::Accepted, .. } => Page::Any,
            fault if fault.is_of_sends() => Page::Send,
            _ => page,
        };
        Self { page, ..self }
    }

    /// The rule for the next `count` requests.
    pub fn times(self, count: u32) -> Self {
        Self { left: Some(count), ..self }
    }

    /// The rule until it is cleared.
    pub fn always(self) -> Self {
        Self { left: None, ..self }
    }
}

/// The rules in force, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules(Vec<Rule>);

impl Rules {
    pub(crate) fn add(&mut self, rule: Rule) {
        self.0.push(rule);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The oldest rule's fault that `fits` a request for `page`, and one request fewer for it.
    pub(crate) fn hit(&mut self, page: Page, fits: impl Fn(&Fault) -> bool) -> Option<Fault> {
        let applies =
            |r: &Rule| (r.page == Page::Any || r.page == page) && r.left != Some(0) && fits(&r.fault);
        let rule = self.0.iter_mut().find(|r| applies(r))?;
        let fault = rule.fault.clone();
        rule.left = rule.left.map(|left| left - 1);
        self.0.retain(|r| r.left != Some(0));
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_rule_that_fits_hits_as_often_as_it_says() {
        let mut rules = Rules::default();
        rules.add(Fault::LostBefore.on(Page::Status));
        rules.add(Fault::Busy.times(2));
        rules.add(Fault::LostAfter.always());
        let mut hit = |page| rules.hit(page, |_| true).unwrap();
        let [sends, statuses] = [Page::Send, Page::Status].map(|page| [(); 3].map(|()| hit(page)));
        assert_eq!(sends, [Fault::Busy, Fault::Busy, Fault::LostAfter]);
        assert_eq!(statuses, [Fault::LostBefore, Fault::LostAfter, Fault::LostAfter]);
    }

    #[test]
    fn what_concerns_jobs_stays_with_sends() {
        let mut rules = Rules::default();
        rules.add(Fault::EmptyId.on(Page::Any));
        assert_eq!(rules.hit(Page::Status, |_| true), None);
        assert_eq!(rules.hit(Page::Send, Fault::is_of_jobs), Some(Fault::EmptyId));
    }
}
