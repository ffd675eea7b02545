//! The numbers of records' types and fields. `docs/journal.md` lists them.

/// The types of records. From 128 on, one that is not known may be passed over; below, it means
/// that a newer goipd has written here.
pub mod kind {
    pub const ACCEPTED: u8 = 1;
    pub const SUBMITTING: u8 = 2;
    pub const MOVED: u8 = 3;
    pub const FORGOTTEN: u8 = 4;
    pub const STARTED: u8 = 5;
    pub const KEPT: u8 = 6;
    pub const LINE: u8 = 7;
    pub const RECEIVED: u8 = 8;
    pub const INBOX_WINDOW: u8 = 9;
    pub const OPT_OUT: u8 = 10;
    pub const OPT_IN: u8 = 11;
    pub const FIRST_OPTIONAL: u8 = 128;
    pub const DAILY: u8 = 128;
    pub const CONDITION: u8 = 129;
    pub const CURSOR: u8 = 130;
    pub const EVENTS: u8 = 131;
    pub const DROPPED: u8 = 132;
    pub const INBOX_IDS: u8 = 134;
    pub const REPLIES: u8 = 136;
    pub const USAGE: u8 = 140;
    pub const NOTICE: u8 = 137;
    pub const MARK: u8 = 141;
}

/// The tags of fields, one meaning each in all records.
pub mod tag {
    use super::StampTags;

    pub const ID: u8 = 1;
    pub const AT: StampTags = StampTags { unix_s: 2, trusted: 3, boot_ms: 4 };
    pub const BOOT: u8 = 5;
    pub const CLIENT: u8 = 6;
    pub const TO: u8 = 7;
    pub const TEXT: u8 = 8;
    pub const CHOICE_DEVICE: u8 = 9;
    pub const CHOICE_LINE: u8 = 10;
    pub const TTL_S: u8 = 11;
    pub const PRIORITY: u8 = 12;
    pub const ON_UNKNOWN: u8 = 13;
    pub const KEY: u8 = 14;
    pub const TAG: u8 = 15;
    pub const DEVICE: u8 = 16;
    pub const LINE: u8 = 17;
    pub const FENCE_JOB: u8 = 18;
    pub const FENCE_DECIDES: u8 = 19;
    pub const STATE: u8 = 20;
    pub const JOB: u8 = 21;
    pub const PROBLEM: u8 = 22;
    pub const DEVICE_CODE: u8 = 23;
    pub const PAUSE_S: u8 = 24;
    pub const KEPT_AT: StampTags = StampTags { unix_s: 25, trusted: 26, boot_ms: 27 };
    pub const KEPT_TTL_S: u8 = 28;
    pub const AGE_MS: u8 = 29;
    pub const CHANGED_S: u8 = 30;
    pub const CHANGED_MS_AGO: u8 = 31;
    pub const SUBMITTED_MS_AGO: u8 = 32;
    pub const ATTEMPTS: u8 = 33;
    pub const STRIKES: u8 = 34;
    pub const PAUSES: u8 = 35;
    pub const PAUSE_MS: u8 = 36;
    pub const PERHAPS_SENT: u8 = 37;
    pub const DAY: u8 = 38;
    pub const COUNT: u8 = 39;
    pub const SEQ: u8 = 40;
    pub const UP: u8 = 41;
    pub const CONSUMER: u8 = 42;
    pub const EVENTS: u8 = 43;
    pub const NAMES: u8 = 44;
    pub const RECEIVED_ID: u8 = 45;
    pub const FROM: u8 = 46;
    pub const DEVICE_TIME: u8 = 47;
    pub const OLD: u8 = 48;
    pub const COPIED: u8 = 49;
    pub const KNOWN: u8 = 50;
    pub const SETTLED: u8 = 51;
    pub const MARKS: u8 = 52;
    pub const GAP: u8 = 53;
    pub const FORGOTTEN_TO: u8 = 54;
    pub const PART_OF: u8 = 55;
    pub const PARTS: u8 = 56;
    pub const EVENT: u8 = 57;
    pub const OPTED_OUT: u8 = 60;
    pub const ASKED_FOR: u8 = 61;
    pub const NUMBER: u8 = 62;
    pub const REPLIES: u8 = 63;
    pub const REPLY_TO: u8 = 64;
    pub const CONFIRM_TO: u8 = 65;
    pub const TRIED_S: u8 = 70;
    pub const DROPPED: u8 = 71;
    pub const FENCE_KEY: u8 = 75;
    pub const OPEN: u8 = 80;
    pub const TENDED: u8 = 97;
    pub const VALUE: u8 = 98;
    pub const SEGMENTS: u8 = 85;
    pub const MONTH_STARTS: u8 = 86;
    pub const USED: u8 = 87;
    pub const BASE_MS: u8 = 88;
    pub const AT_S: u8 = 91;
    pub const DELAY_S: u8 = 92;
    pub const COLLAPSE: u8 = 93;
    pub const CHAIN: u8 = 94;
    pub const GROUP: u8 = 95;
    pub const MEMBERS: u8 = 96;
}

#[derive(Clone, Copy)]
pub struct StampTags {
    pub unix_s: u8,
    pub trusted: u8,
    pub boot_ms: u8,
}
