//! Step 5: make the outcome durable, before anybody hears of it.

use chrono::{DateTime, Utc};
use events::{
    CheckIn, OpenFailed, OpenRejected, Opened, Outbound, OutboundData, RequestRef, Role, event_id,
};
use rules::{Opening, Rejection};
use uuid::Uuid;

use crate::{
    audit::{Due, Entry},
    failpoint,
    failure::Failure,
    ledger::{Claimed, Known},
    line::{Line, Unstored},
    pursuit::Pursuit,
    worker::Worker,
};

/// What a request came to.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Salto accepted the command.
    Opened {
        opening: Opening,
        iq_id: String,
        opened_at: DateTime<Utc>,
        booking_ends: DateTime<Utc>,
    },
    /// The rules say no.
    Rejected(Rejection),
    /// The rules said yes, and the door could not be opened.
    Failed { failure: Failure, lock_id: Option<Uuid>, iq_id: Option<String> },
}

/// Records the outcome; the answer is the one that stands, which another worker's may be.
pub(crate) async fn conclude(
    worker: &Worker,
    line: &Line,
    (pursuit, claimed): (&Pursuit, &Claimed),
    (outcome, attempts): (Outcome, u32),
) -> Result<Known, Unstored> {
    let booking_ends = match &outcome {
        Outcome::Opened { booking_ends, .. } => Some(*booking_ends),
        Outcome::Rejected(_) | Outcome::Failed { .. } => None,
    };
    let check_in = check_in(pursuit, &outcome).zip(booking_ends);
    let terminal = terminal(pursuit, outcome, attempts);
    let due = Due::new(worker.audit.sink(), Entry::of(&terminal, pursuit, claimed));
    let record = || {
        let check_in = check_in.as_ref().map(|(event, ends_at)| (event, *ends_at));
        worker.ledger.conclude(pursuit.reference(), &terminal, check_in, &due)
    };
    // What came of a command is known here alone; anything else can be found out again.
    let known =
        if attempts > 0 { line.persist(record).await? } else { line.insist(record).await? };
    failpoint::reach("after-conclude");
    Ok(known)
}

fn terminal(pursuit: &Pursuit, outcome: Outcome, attempts: u32) -> Outbound {
    let request = RequestRef::from(&pursuit.request);
    let data = match outcome {
        Outcome::Opened { opening, iq_id, opened_at, .. } => OutboundData::Opened(Opened {
            request,
            object_id: opening.object_id,
            lock_id: opening.lock_id,
            iq_id,
            opened_at,
            record_in_field: opening.record_in_field,
            attempts,
        }),
        Outcome::Rejected(rejection) => OutboundData::OpenRejected(OpenRejected {
            request,
            reason: rejection.reason,
            detail: rejection.detail,
            opens_at: rejection.opens_at,
            attempts,
        }),
        Outcome::Failed { failure, lock_id, iq_id } => OutboundData::OpenFailed(OpenFailed {
            request,
            reason: failure.reason,
            class: failure.reason.class(),
            detail: failure.detail,
            attempts,
            lock_id,
            iq_id,
        }),
    };
    outbound(pursuit, Role::Terminal, data)
}

/// The check-in of an opening; the ledger lets only a booking's first one through.
fn check_in(pursuit: &Pursuit, outcome: &Outcome) -> Option<Outbound> {
    let Outcome::Opened { opening, opened_at, .. } = outcome else { return None };
    let data = OutboundData::CheckIn(CheckIn {
        request: RequestRef::from(&pursuit.request),
        status: opening.check_in_status.clone()?,
        opened_at: *opened_at,
    });
    Some(outbound(pursuit, Role::CheckIn, data))
}

fn outbound(pursuit: &Pursuit, role: Role, data: OutboundData) -> Outbound {
    let request = &pursuit.request;
    Outbound {
        id: event_id(&request.source, &request.id, role),
        time: Utc::now(),
        traceparent: request.traceparent.clone(),
        rehearsal: pursuit.rehearsal,
        data,
    }
}
