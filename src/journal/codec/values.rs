//! What several kinds of records say: when, where, and why.

use heapless::String;

use super::tags::{StampTags, tag};
use crate::journal::fields::{Fields, Malformed, put_count, put_flag, put_number, put_text};
use crate::journal::{BootId, Choice, Fence, Stamp};
use crate::message::{
    ConsumerName, JobId, LineName, MessageId, Part, Problem, ProblemCode, ReceivedId, State, Words,
};

pub fn put_stamp(into: &mut Vec<u8>, tags: StampTags, at: Stamp) {
    put_count(into, tags.unix_s, at.unix_s.into());
    put_flag(into, tags.trusted, at.trusted);
    put_count(into, tags.boot_ms, at.boot_ms);
}

pub fn stamp(f: &Fields<'_>, tags: StampTags) -> Result<Stamp, Malformed> {
    Ok(Stamp {
        unix_s: f.count(tags.unix_s)?,
        trusted: f.has(tags.trusted),
        boot_ms: f.millis(tags.boot_ms)?,
    })
}

pub fn put_line(into: &mut Vec<u8>, line: &LineName) {
    put_text(into, tag::DEVICE, &line.device);
    put_number(into, tag::LINE, line.line.into());
}

pub fn put_part(into: &mut Vec<u8>, part: &Part) {
    put_text(into, tag::DEVICE, &part.device);
    if let Some(line) = part.line {
        put_number(into, tag::LINE, line.into());
    }
}

pub fn part(f: &Fields<'_>) -> Result<Part, Malformed> {
    Ok(Part { device: known(device_name(f, tag::DEVICE)?)?, line: f.number(tag::LINE)? })
}

pub fn line(f: &Fields<'_>) -> Result<Option<LineName>, Malformed> {
    line_name(f, tag::DEVICE, tag::LINE)
}

pub fn line_name(f: &Fields<'_>, device: u8, line: u8) -> Result<Option<LineName>, Malformed> {
    let Some(line) = f.number(line)? else { return Ok(None) };
    Ok(Some(LineName { device: known(device_name(f, device)?)?, line }))
}

pub fn device_name(f: &Fields<'_>, tag: u8) -> Result<Option<String<32, u8>>, Malformed> {
    f.text(tag)?.map(|name| String::try_from(name).map_err(|_| Malformed)).transpose()
}

pub fn choice(f: &Fields<'_>) -> Result<Choice, Malformed> {
    if let Some(line) = line_name(f, tag::CHOICE_DEVICE, tag::CHOICE_LINE)? {
        return Ok(Choice::Line(line));
    }
    Ok(device_name(f, tag::CHOICE_DEVICE)?.map_or(Choice::Any, Choice::Device))
}

pub fn put_fence(into: &mut Vec<u8>, fence: Fence) {
    put_text(into, tag::FENCE_JOB, fence.job.as_str());
    put_flag(into, tag::FENCE_DECIDES, fence.decides);
    if !fence.key.is_empty() {
        put_text(into, tag::FENCE_KEY, fence.key.as_str());
    }
}

pub fn fence(f: &Fields<'_>) -> Result<Option<Fence>, Malformed> {
    if !f.has(tag::FENCE_JOB) {
        return Ok(None);
    }
    Ok(Some(Fence {
        job: job(f, tag::FENCE_JOB)?,
        decides: f.has(tag::FENCE_DECIDES),
        key: job(f, tag::FENCE_KEY)?,
    }))
}

pub fn put_job(into: &mut Vec<u8>, job: JobId) {
    if !job.is_empty() {
        put_text(into, tag::JOB, job.as_str());
    }
}

pub fn job(f: &Fields<'_>, tag: u8) -> Result<JobId, Malformed> {
    f.text(tag)?.map_or(Ok(JobId::EMPTY), |text| known(JobId::parse(text)))
}

pub fn put_problem(into: &mut Vec<u8>, problem: Option<Problem>) {
    let Some(problem) = problem else { return };
    put_number(into, tag::PROBLEM, problem.code as u64);
    if !problem.device_code.is_empty() {
        put_text(into, tag::DEVICE_CODE, problem.device_code.as_str());
    }
}

pub fn problem(f: &Fields<'_>) -> Result<Option<Problem>, Malformed> {
    let Some(code) = f.number::<u8>(tag::PROBLEM)? else { return Ok(None) };
    Ok(Some(Problem {
        code: known(ProblemCode::ALL.into_iter().find(|&c| c as u8 == code))?,
        device_code: Words::new(f.text(tag::DEVICE_CODE)?.unwrap_or("")),
    }))
}

pub fn id(f: &Fields<'_>) -> Result<MessageId, Malformed> {
    known(f.number(tag::ID)?.filter(|&id| id != 0))
}

pub fn received_id(f: &Fields<'_>) -> Result<ReceivedId, Malformed> {
    known(f.number(tag::RECEIVED_ID)?.filter(|&id| id != 0))
}

pub fn state(f: &Fields<'_>) -> Result<State, Malformed> {
    let value = f.count::<u8>(tag::STATE)?;
    known(State::ALL.into_iter().find(|&s| s as u8 == value))
}

/// Months begin as the calendar has it.
pub const FIRST_DAYS: [u8; 2] = [1, 1];

pub fn month_starts(f: &Fields<'_>) -> Result<[u8; 2], Malformed> {
    let Some(bytes) = f.bytes(tag::MONTH_STARTS) else { return Ok(FIRST_DAYS) };
    let days: [u8; 2] = known(bytes.try_into().ok())?;
    if days.iter().all(|day| (1..=28).contains(day)) { Ok(days) } else { Err(Malformed) }
}

pub fn consumer(f: &Fields<'_>) -> Result<ConsumerName, Malformed> {
    known(f.text(tag::CONSUMER)?.and_then(ConsumerName::stored))
}

pub fn boot(f: &Fields<'_>) -> Result<BootId, Malformed> {
    known(f.bytes(tag::BOOT).and_then(|bytes| bytes.try_into().ok())).map(BootId)
}

pub fn known<T>(value: Option<T>) -> Result<T, Malformed> {
    value.ok_or(Malformed)
}
