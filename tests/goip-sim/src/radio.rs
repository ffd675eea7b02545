//! What a line's module and card are like, and how `status.xml` writes it down. No time here.

use std::fmt::Write as _;

use crate::Options;

/// A line's module and card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Radio {
    /// Whether the module has power.
    pub module: bool,
    /// Whether there is a card.
    pub sim: bool,
    /// Whether the card is in the network, as far as nothing else keeps it out.
    pub registered: bool,
    /// The signal, 0 to 31, or 99.
    pub signal: u8,
    /// The operator.
    pub operator: String,
    /// What USSD codes are answered with; nothing: the network never answers. `None`: as
    /// [`Options::ussd`] says.
    pub ussd: Option<String>,
    /// The card's own number: what any line of the box sends there comes in here. None if empty.
    pub own: String,
}

impl Default for Radio {
    fn default() -> Self {
        let operator = "Plus".into();
        let own = String::new();
        Self { module: true, sim: true, registered: true, signal: 21, operator, ussd: None, own }
    }
}

impl Radio {
    /// Whether the line can send.
    pub(crate) fn is_in_network(&self) -> bool {
        self.module && self.sim && self.registered
    }
}

/// How a firmware writes `status.xml`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LinesForm {
    /// Raw tags and raw `&` inside values, and `gb2312` declared.
    #[default]
    Tags,
    /// Escaped tags inside values.
    Escaped,
    /// Plain values, and no fields but module, SIM, registration and signal.
    Few,
    /// The fields of the only line without `l1_` in front.
    Bare,
    /// There is no such page.
    None,
}

impl LinesForm {
    /// The forms and their words.
    pub const ALL: [(&str, Self); 5] = [
        ("tags", Self::Tags),
        ("escaped", Self::Escaped),
        ("few", Self::Few),
        ("bare", Self::Bare),
        ("none", Self::None),
    ];
}

/// What a line is like and does at the moment.
pub(crate) struct Shown<'a> {
    pub radio: &'a Radio,
    pub registered: bool,
    pub busy: bool,
}

/// The page `status.xml?type=KIND`; `None` if there is none.
pub(crate) fn page(options: &Options, form: LinesForm, kind: &str, lines: &[Shown<'_>]) -> Option<String> {
    if form == LinesForm::None {
        return None;
    }
    let mut out = String::from("\r\n<?xml version=\"1.0\" encoding=\"gb2312\"?>\n<status>\n");
    match kind {
        "list" => {}
        "base" => {
            let _ = writeln!(
                out,
                "<sn>GOIPSIM00{:05}</sn>\n<version>GHSFVT-1.1-67-5</version>\n<model>GoIP-{}</model>\n<time>2026-11-22 07:00:00</time>",
                options.seed, options.lines
            );
        }
        "gsm" => {}
        _ => return None,
    }
    for (n, shown) in (1..).zip(lines) {
        let name = |field: &str| match form {
            LinesForm::Bare => field.to_owned(),
            _ => format!("l{n}_{field}"),
        };
        let mut put = |field: &str, value: &str| {
            let name = name(field);
            let _ = writeln!(out, "<{name}>{value}</{name}>");
        };
        if kind == "gsm" {
            put("gsm_number", "");
            put("gsm_imei", &format!("35678901234{n:04}"));
            put("sim_imsi", &format!("26201123456{n:04}"));
            put("sim_iccid", &format!("8949020000123456{n:04}"));
            put("gsm_module", "M26");
        }
        if kind != "list" {
            continue;
        }
        let radio = shown.radio;
        put("module_status", &flag(form, radio.module, Some((n, u8::from(radio.module)))));
        put("gsm_sim", &flag(form, radio.sim && radio.module, None));
        put("gsm_status", &flag(form, shown.registered, None));
        put("gsm_signal", &if shown.registered { radio.signal.to_string() } else { String::new() });
        if form == LinesForm::Few {
            continue;
        }
        put("gsm_cur_oper", if shown.registered { &radio.operator } else { "" });
        put("line_state", if shown.busy { "BUSY" } else { "IDLE" });
        put("status_line", &flag(form, false, None));
        put("sms_login", "");
        put("sim_remain", "NO LIMIT");
        put("sms_count", "NO LIMIT");
    }
    out.push_str("</status>\n");
    Some(out)
}

/// `Y`, or `N` in red; in a link for the switch of that line.
fn flag(form: LinesForm, yes: bool, switch: Option<(i32, u8)>) -> String {
    let letter = if yes { "Y" } else { "N" };
    match (form, switch) {
        (LinesForm::Few | LinesForm::Bare, _) => letter.into(),
        (_, Some((line, down))) => {
            let tags = format!("<a href=\"?type=list&down={down}&line={line}\">{letter}</a>");
            if form == LinesForm::Escaped { tags.replace('<', "&lt;") } else { tags }
        }
        (LinesForm::Escaped, None) if !yes => format!("&lt;font color=\"#FF0000\">{letter}&lt;/font>"),
        (_, None) if !yes => format!("<font color=\"#FF0000\">{letter}</font>"),
        _ => letter.into(),
    }
}
