//! The list of numbers that opted out, by hand.

use super::request::{MAX_NUMBERS, OptOutAct};
use super::{Answer, bad_request, rfc3339};
use crate::api::json::Object;
use crate::engine::{Engine, Now};
use crate::journal::{Bodies, OptedOut, Ticket};
use crate::message::{ErrorCode, Number, PackedNumber, Refusal};

/// Shows, adds or removes a number.
///
/// # Errors
/// `invalid_number`; `not_found` if it is to be shown and is not there; `storage`.
pub(super) fn one(
    number: &str,
    act: OptOutAct,
    now: Now,
    engine: &mut Engine,
    bodies: &impl Bodies,
) -> Result<(Answer, Ticket), Refusal> {
    let number = Number::parse(number)?;
    let after = match act {
        OptOutAct::Show if engine.opted_out(&number).is_none() => {
            return Err(Refusal::new(ErrorCode::NotFound, format!("{number} has not opted out")));
        }
        OptOutAct::Show => 0,
        OptOutAct::Add => engine.opt_out(now, core::slice::from_ref(&number), bodies)?.1,
        OptOutAct::Remove => engine.opt_in(now, &number),
    };
    let number = engine.opted_out(&number).map_or(PackedNumber::from(&number), |one| one.number);
    Ok((Answer::OptOut(number), after))
}

/// Adds the numbers, one a line.
///
/// # Errors
/// `invalid_number` for the first that is none, `bad_request` for too many, `storage`; then none
/// was added.
pub(super) fn all(
    numbers: &str,
    now: Now,
    engine: &mut Engine,
    bodies: &impl Bodies,
) -> Result<(Answer, Ticket), Refusal> {
    let numbers = numbers.lines().map(Number::parse).collect::<Result<Vec<_>, _>>()?;
    if numbers.len() > MAX_NUMBERS {
        let message = format!("the field 'numbers' has {} lines, {MAX_NUMBERS} are allowed", numbers.len());
        return Err(bad_request(message));
    }
    let (added, after) = engine.opt_out(now, &numbers, bodies)?;
    // At most as many as there were lines.
    Ok((Answer::OptedOut(added as u32), after))
}

/// The number behind which a page begins.
///
/// # Errors
/// `invalid_number`.
pub(super) fn after(number: Option<&str>, engine: &Engine) -> Result<Option<PackedNumber>, Refusal> {
    let Some(number) = number else { return Ok(None) };
    let spelling = &engine.settings().rules.opt_out.spelling;
    Ok(Some(PackedNumber::from(&spelling.canonical(&Number::parse(number)?))))
}

/// Writes one number's fields.
pub(super) fn write_one(o: &mut Object<'_>, engine: &Engine, number: PackedNumber) {
    let text = number.text();
    let listed = Number::parse(&text).ok().and_then(|number| engine.opted_out(&number));
    o.string("number", &text);
    o.bool("opted_out", listed.is_some());
    o.optional("since", listed.map(|one| rfc3339(one.since_s)).as_deref());
}

/// Writes a page.
pub(super) fn write_page(o: &mut Object<'_>, engine: &Engine, after: Option<PackedNumber>, limit: u32) {
    let rest = engine.opt_outs_after(after);
    let page = &rest[..rest.len().min(limit as usize)];
    o.array("optouts", |array| {
        for OptedOut { number, since_s } in page {
            array.object(|o| {
                o.string("number", &number.text());
                o.string("since", &rfc3339(*since_s));
            });
        }
    });
    let next = page.last().map(|one| one.number).or(after);
    o.optional("next", next.map(|number| number.text()).as_deref());
}
