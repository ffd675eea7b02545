//! When a message goes, and what it has to do with others.

use super::tags::tag;
use crate::journal::Terms;
use crate::journal::fields::{Fields, Malformed, put, put_count, put_text};

pub fn put_terms(into: &mut Vec<u8>, terms: &Terms) {
    put_count(into, tag::AT_S, terms.at_s.into());
    put_count(into, tag::DELAY_S, terms.delay_s.into());
    put_count(into, tag::MEMBERS, terms.members.into());
    for (tag, text) in [(tag::COLLAPSE, &terms.collapse), (tag::GROUP, &terms.group)] {
        if let Some(text) = text {
            put_text(into, tag, text);
        }
    }
    let chain = [terms.replaces, terms.order, terms.collapsed];
    if chain != [0; 3] {
        put(into, tag::CHAIN, chain.map(u32::to_le_bytes).as_flattened());
    }
}

/// `None` if the record has none of it.
pub fn terms(f: &Fields<'_>) -> Result<Option<Box<Terms>>, Malformed> {
    let [replaces, order, collapsed] = chain(f)?;
    let terms = Terms {
        at_s: f.count(tag::AT_S)?,
        delay_s: f.count(tag::DELAY_S)?,
        collapse: f.text(tag::COLLAPSE)?.map(Into::into),
        replaces,
        order,
        collapsed,
        group: f.text(tag::GROUP)?.map(Into::into),
        members: f.count(tag::MEMBERS)?,
    };
    Ok((terms != Terms::default()).then(|| terms.into()))
}

/// What it replaces, its order and how many it has replaced; zeros where that is not said.
pub fn chain(f: &Fields<'_>) -> Result<[u32; 3], Malformed> {
    let Some(bytes) = f.bytes(tag::CHAIN) else { return Ok([0; 3]) };
    let ([replaces, order, collapsed], []) = bytes.as_chunks::<4>() else { return Err(Malformed) };
    Ok([*replaces, *order, *collapsed].map(u32::from_le_bytes))
}

/// The time before which it is not to be tried, of a message that was accepted then; 0 for none.
pub fn at_s(f: &Fields<'_>, accepted_s: u32) -> Result<u32, Malformed> {
    match f.count::<u32>(tag::DELAY_S)? {
        0 => f.count(tag::AT_S),
        delay_s => Ok(accepted_s.saturating_add(delay_s)),
    }
}
