//! Step 5: record the outcome before it is published.

use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};
use events::{
    CheckIn, OpenFailed, OpenRejected, Opened, Outbound, OutboundData, RequestRef, Role, event_id,
};
use tokio::time::timeout;

use super::{
    awaited_opening::awaited_opening, claim::ClaimedRequest, context::Context, outcome::Outcome,
    request_state::RequestState,
};
use crate::{
    audit::{AuditEntry, Inputs, TiedState},
    broker::session_handle::Unstored,
    failpoint,
    operator::{settled, trace_spans},
    settings::AuditSink,
    state::{
        ledger::{AuditLine, CheckInOfBooking, Claim, Concluded, Conclusion},
        store::RecordError,
    },
};

/// How long the permits for a command are kept while its outcome is recorded.
const PERMITS_KEPT: Duration = Duration::from_secs(1);

/// Records the outcome, and keeps the permits of lock and IQ meanwhile, though not for long: where the record is
/// damaged, other requests do not wait for it.
pub(super) async fn conclude_with_permits(
    context: Context<'_>,
    state: &RequestState,
    claimed: &mut ClaimedRequest,
    outcome: Outcome,
    attempts: u32,
) -> Result<Concluded, Unstored> {
    let (claim, permits) = claimed.parts();
    let concluded = conclude(context, state, claim, outcome, attempts);
    tokio::pin!(concluded);
    match timeout(PERMITS_KEPT, &mut concluded).await {
        Ok(concluded) => concluded,
        Err(_) => {
            *permits = None;
            concluded.await
        }
    }
}

/// Records the outcome. Answers the recorded outcome, which may be another worker's.
async fn conclude(
    context: Context<'_>,
    state: &RequestState,
    claim: &Claim,
    outcome: Outcome,
    attempts: u32,
) -> Result<Concluded, Unstored> {
    let Context { worker, session, place } = context;
    let check_in = check_in(state, &outcome);
    let sent_at = outcome.command_sent_at();
    let terminal = terminal(state, outcome, attempts);
    let awaited = awaited_opening(worker, state, claim, &terminal, sent_at);
    let awaited = awaited.map_err(Unstored::Record)?;
    let audit =
        audit_line(worker.audit.sink(), &terminal, state, claim).map_err(Unstored::Record)?;
    let record = || {
        let check_in = check_in
            .as_ref()
            .map(|(event, ends_at)| CheckInOfBooking { event, booking_ends_at: *ends_at });
        let (terminal, audit) = (&terminal, &audit);
        let awaited = awaited.as_ref();
        let conclusion = Conclusion { terminal, check_in, audit, dead_lettered: false, awaited };
        worker.ledger.conclude(state.key(), &state.owner, conclusion)
    };
    // Only this worker knows the result of a command; any other outcome can be found again.
    let mut recorded = if attempts > 0 {
        session.retry_until_done(place, record).await?
    } else {
        session.retry_until_stopped(record).await?
    };
    match &mut recorded {
        Concluded::Recorded(outcome) => {
            // Another worker's answer has another time.
            outcome.recorded_before = outcome.terminal.time != terminal.time;
            if !outcome.recorded_before {
                settled::recorded(&terminal, worker.integrations.known(state.integration_id()));
            }
            let event_type = outcome.terminal.event_type();
            tracing::debug!(%event_type, attempts, "outcome recorded");
        }
        Concluded::ClaimedElsewhere => {
            tracing::info!(attempts, "outcome not recorded: another owner has the claim");
        }
    }
    failpoint::reach("after-conclude");
    Ok(recorded)
}

/// Records again the answer that a dead letter has kept, where the ledger does not know it any more: a
/// replay gives the same answer, whenever it comes (docs/contract.md, invariant 1).
pub(super) async fn restore(
    context: Context<'_>,
    state: &RequestState,
    terminal: &Outbound,
) -> Result<Concluded, Unstored> {
    let record = || {
        let audit = &AuditLine::None;
        let conclusion =
            Conclusion { terminal, check_in: None, audit, dead_lettered: true, awaited: None };
        context.worker.ledger.conclude(state.key(), &state.owner, conclusion)
    };
    context.session.retry_until_stopped(record).await
}

/// The audit line of an outcome, for that sink.
fn audit_line(
    sink: &AuditSink,
    terminal: &Outbound,
    state: &RequestState,
    claim: &Claim,
) -> Result<AuditLine, RecordError> {
    let booking = claim.booking.as_ref();
    let asked = state.request.data.object_id.clone();
    let asked = asked.or_else(|| booking?.only_object().map(str::to_owned));
    let inputs = Inputs {
        booking_status: booking.and_then(|it| it.agreed(|state| state.status.clone())),
        booking_revision: claim.booking_revision,
        starts_at: booking.and_then(|it| it.agreed(|state| state.starts_at)),
        ends_at: booking.and_then(|it| it.agreed(|state| state.ends_at)),
        tied: booking.map(TiedState::of).unwrap_or_default(),
        taken_at: claim.taken_at.trunc_subsecs(6),
        expires_at: state.expires_at,
    };
    let Some(entry) = AuditEntry::new(terminal, asked, inputs) else { return Ok(AuditLine::None) };
    let line =
        || serde_json::to_string(&entry).map_err(|error| RecordError::new(error.to_string()));
    Ok(match sink {
        AuditSink::Redis => AuditLine::Stream(line()?),
        AuditSink::Directory(_) | AuditSink::Stdout => AuditLine::Keep(line()?),
        AuditSink::Off => AuditLine::None,
    })
}

fn terminal(state: &RequestState, outcome: Outcome, attempts: u32) -> Outbound {
    let request = RequestRef::from(&state.request);
    let data = match outcome {
        Outcome::Opened { opening, lock_id, iq_id, opened_at, .. } => {
            OutboundData::Opened(Opened {
                request,
                object_id: opening.object_id,
                lock_id,
                iq_id,
                opened_at,
                record_in_field: opening.record_in_field,
                attempts,
            })
        }
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
            class: failure.class,
            detail: failure.detail,
            attempts,
            lock_id,
            iq_id,
        }),
    };
    outbound(state, Role::Terminal, data)
}

/// The check-in of an opening, and the booking's end. The ledger publishes only a booking's first one.
fn check_in(state: &RequestState, outcome: &Outcome) -> Option<(Outbound, DateTime<Utc>)> {
    let Outcome::Opened { opening, opened_at, booking_ends_at, .. } = outcome else { return None };
    let data = OutboundData::CheckIn(CheckIn {
        request: RequestRef::from(&state.request),
        status: opening.check_in_status.clone()?,
        opened_at: *opened_at,
    });
    Some((outbound(state, Role::CheckIn, data), *booking_ends_at))
}

fn outbound(state: &RequestState, role: Role, data: OutboundData) -> Outbound {
    let request = &state.request;
    let mut event = Outbound {
        id: event_id(&request.source, &request.id, role),
        // As it is recorded.
        time: Utc::now().trunc_subsecs(6),
        traceparent: request.traceparent.clone(),
        rehearsal: state.rehearsal,
        data,
    };
    event.traceparent = trace_spans::create(&event);
    event
}

/// For tests of the ledger: the audit line of a request as this step makes it.
#[cfg(test)]
pub(crate) fn audit_line_of(
    sink: &AuditSink,
    request: events::Event<events::OpenRequest>,
    terminal: &Outbound,
    claim: &Claim,
) -> AuditLine {
    let state = RequestState::new(request, false, Duration::from_secs(60));
    audit_line(sink, terminal, &state, claim).unwrap()
}
