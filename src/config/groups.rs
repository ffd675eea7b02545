//! Groups of receivers: what holds between their options; the options are in `table`.

use super::Faults;
use super::option::{quoted, read};
use super::table::GROUP;
use super::typed::name;
use super::uci::Section;
use crate::engine::Group;

/// The most `group` sections: whoever has more people to tell has a list of its own.
pub const MAX_GROUPS: usize = 16;

pub(super) fn group(section: &Section, others: &[Group], faults: &mut Faults) -> Group {
    let mut group = Group { name: name(section, "oncall", faults).as_str().into(), numbers: Vec::new() };
    read(section, GROUP, &mut group, faults);
    if others.len() == MAX_GROUPS {
        faults.add(section.line, format!("more than {MAX_GROUPS} groups; remove some"));
    }
    if group.numbers.is_empty() && section.option("number").is_some() {
        faults.add(section.line, format!("the group {} has no number; add one", quoted(&section.name)));
    }
    group
}
