//! What Redis has and the scripts answer, in the terms of the model.

use std::collections::BTreeMap;

use deadpool_redis::redis;
use events::{Outbound, OutboundData};
use ledger_model::transition::{
    AnswerKind, ClaimHolder, ClaimReply, ConcludeReply, FirstDoubt, LONGER_THAN_ANY_LIMIT,
    LoadedRecord, RecordedAnswer, RequestRecord, Reserved, Subject, Time,
};
use rules::FailedReason;
use uuid::Uuid;

use super::History;
use crate::state::ledger::{ClaimAnswer, Concluded, Reservation, read_event};

/// Times may differ by this much, in milliseconds: the model's clock is read before Redis'.
const TOLERANCE: Time = 10_000;

/// What the first request is about, as its record says it.
const FIRST_SUBJECT: &str = r#"["acme","B-1",null]"#;

impl History {
    /// The record in Redis; none where there is no key.
    pub(super) async fn observed(&self) -> Option<RequestRecord> {
        let key = self.ledgers[0].keys.request(self.request);
        let store = &self.ledgers[0].store;
        let fields: BTreeMap<String, String> =
            store.query(redis::cmd("HGETALL").arg(&key)).await.unwrap();
        if fields.is_empty() {
            return None;
        }
        let expires_at: Time = store.query(redis::cmd("PEXPIRETIME").arg(&key)).await.unwrap();
        let number = |name: &str| fields.get(name).map_or(0, |text| text.parse::<i64>().unwrap());
        let holder = fields.get("owner").map(|owner| ClaimHolder {
            owner: self.owner_id(owner),
            until: number("until"),
            process: self.process_id(&fields["alive"]),
            attempt: u32::try_from(number("round")).unwrap(),
            reserved: match fields["announced"].as_str() {
                "yes" => Reserved::Yes,
                "no" => Reserved::No,
                "full" => Reserved::Full,
                other => panic!("announced: {other}"),
            },
            in_flight: fields.get("slot").is_some_and(|slot| !slot.is_empty()),
        });
        let first = FirstDoubt { at: number("doubt_at"), seen: number("doubt_seen") };
        let taken_at = fields.get("taken_at");
        let taken_at = taken_at.map(|at| chrono::DateTime::parse_from_rfc3339(at).unwrap());
        Some(RequestRecord {
            subject: subject(&fields["subject"]),
            holder,
            released: self.released(&fields),
            taken_at: taken_at.map(|at| at.timestamp_millis()),
            attempts: number("attempts"),
            doubts: number("doubts"),
            first_doubt: (first.at != 0).then_some(first),
            failures: u32::try_from(number("failures")).unwrap(),
            not_before: number("not_before"),
            rehearsal: number("rehearsal") == 1,
            terminal: fields.get("terminal").map(|it| answer(&read_event(it.as_bytes()).unwrap())),
            dead_lettered: number("dead_lettered") == 1,
            terminal_published: number("terminal_published") == 1,
            expires_at,
        })
    }

    fn released(&self, fields: &BTreeMap<String, String>) -> Vec<u8> {
        let released = fields.get("released").map_or("", String::as_str);
        let mut released: Vec<_> =
            released.split_whitespace().map(|it| self.owner_id(it)).collect();
        released.sort_unstable();
        released
    }

    fn owner_id(&self, text: &str) -> u8 {
        let id: Uuid = text.parse().unwrap();
        u8::try_from(self.owners.iter().position(|owner| owner.id == id).unwrap()).unwrap()
    }

    fn process_id(&self, key: &str) -> u8 {
        let place = self.ledgers.iter().position(|ledger| ledger.heartbeat.key() == key);
        u8::try_from(place.unwrap()).unwrap()
    }
}

fn subject(text: &str) -> Subject {
    Subject::from(text != FIRST_SUBJECT)
}

/// A terminal event.
pub(super) fn answer(event: &Outbound) -> RecordedAnswer {
    let (kind, attempts) = match &event.data {
        OutboundData::Opened(data) => (AnswerKind::Opened, data.attempts),
        OutboundData::OpenRejected(data) => (AnswerKind::Rejected, data.attempts),
        OutboundData::OpenFailed(data) if data.reason == FailedReason::OutcomeUnknown => {
            (AnswerKind::OutcomeUnknown, data.attempts)
        }
        OutboundData::OpenFailed(data) => (AnswerKind::Failed, data.attempts),
        other => panic!("no answer: {other:?}"),
    };
    RecordedAnswer { kind, attempts: attempts.into() }
}

/// The answer to a claim.
pub(super) fn claim_reply(reply: &ClaimAnswer) -> ClaimReply {
    let millis = |duration: std::time::Duration| Time::try_from(duration.as_millis()).unwrap();
    match reply {
        ClaimAnswer::Conflict(first) => ClaimReply::Conflict(subject(first)),
        ClaimAnswer::Concluded(outcome) => ClaimReply::Known {
            answer: answer(&outcome.terminal),
            dead_lettered: outcome.dead_lettered,
            claimed_elsewhere: outcome.claimed_elsewhere,
            terminal_published: outcome.terminal_published,
        },
        // Its claims rest on the file.
        ClaimAnswer::Stale => panic!("no integration is stored"),
        ClaimAnswer::Busy(left) => ClaimReply::Busy(millis(*left)),
        ClaimAnswer::Claimed(claim) => ClaimReply::Granted(LoadedRecord {
            taken_at: claim.taken_at.timestamp_millis(),
            attempts: claim.attempts.into(),
            doubts: claim.doubt.commands.into(),
            since_first: millis(claim.doubt.since_first),
            failures: claim.failures,
            wait: millis(claim.wait),
            reserved: match claim.reservation {
                Reservation::Reserved => Reserved::Yes,
                Reservation::NotReserved => Reserved::No,
                Reservation::Full => Reserved::Full,
            },
            rehearsal: claim.rehearsal,
        }),
    }
}

/// The answer to a conclusion.
pub(super) fn conclude_reply(reply: &Concluded) -> ConcludeReply {
    match reply {
        Concluded::Recorded(outcome) => ConcludeReply::Recorded {
            answer: answer(&outcome.terminal),
            dead_lettered: outcome.dead_lettered,
            terminal_published: outcome.terminal_published,
        },
        Concluded::ClaimedElsewhere => ConcludeReply::ClaimedElsewhere,
    }
}

/// The model's record, with the observed times where they are near enough.
pub(super) fn with_times_of(
    observed: Option<&RequestRecord>,
    model: &RequestRecord,
) -> RequestRecord {
    let mut model = model.clone();
    let Some(observed) = observed else { return model };
    align(&mut model.expires_at, observed.expires_at);
    align(&mut model.not_before, observed.not_before);
    if let (Some(model), Some(observed)) = (&mut model.taken_at, observed.taken_at) {
        align(model, observed);
    }
    if let (Some(model), Some(observed)) = (&mut model.first_doubt, observed.first_doubt) {
        align(&mut model.at, observed.at);
        align(&mut model.seen, observed.seen);
    }
    if let (Some(model), Some(observed)) = (&mut model.holder, &observed.holder) {
        align(&mut model.until, observed.until);
    }
    model
}

/// The model's reply, with the observed times where they are near enough.
pub(super) fn reply_with_times_of(observed: ClaimReply, model: ClaimReply) -> ClaimReply {
    match (observed, model) {
        (ClaimReply::Busy(observed), ClaimReply::Busy(mut left)) => {
            align(&mut left, observed);
            ClaimReply::Busy(left)
        }
        (ClaimReply::Granted(observed), ClaimReply::Granted(mut loaded)) => {
            align(&mut loaded.taken_at, observed.taken_at);
            align(&mut loaded.wait, observed.wait);
            if loaded.since_first != LONGER_THAN_ANY_LIMIT {
                align(&mut loaded.since_first, observed.since_first);
            }
            ClaimReply::Granted(loaded)
        }
        (_, model) => model,
    }
}

/// Zero means none, and is not near to any time of a clock.
fn align(model: &mut Time, observed: Time) {
    if (*model - observed).abs() < TOLERANCE {
        *model = observed;
    }
}
