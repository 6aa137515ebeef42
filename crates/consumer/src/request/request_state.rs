//! The state of a request between its claims, for one delivery.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use events::{Event, OpenRequest, Outbound, Role};
use rules::Doubt;
use tracing::Span;
use uuid::Uuid;

use crate::{
    broker::places::SHORTER_THAN_PARKING,
    state::{
        failure::Failure,
        ledger::{
            Claim, ClaimOwner, LastCommand, LastResult, RecordedOutcome, RequestKey, Resumption,
        },
    },
    worker::IN_PLACE,
};

/// What a worker keeps of a request between its claims.
#[derive(Debug)]
pub(super) struct RequestState {
    pub(super) request: Event<OpenRequest>,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) owner: ClaimOwner,
    /// The result of the command that the last claim reserved.
    pub(super) last_command: LastCommand,
    /// Why the last attempt failed.
    pub(super) failure: Option<Failure>,
    /// Failed attempts, by all workers.
    pub(super) failures: u32,
    /// No command is sent before this instant.
    pub(super) not_before: Instant,
    /// The lock that the last decision named.
    pub(super) lock: Option<Uuid>,
    /// Whether the request is rehearsed, as the ledger has it.
    pub(super) rehearsal: bool,
    /// The sum of the waits in place.
    pub(super) waited_in_place: Duration,
    /// The number of commands in doubt when Salto's log was asked last.
    pub(super) doubt_at_last_log_query: u32,
    /// When the first of the commands in doubt was sent, by this machine's monotonic clock.
    in_doubt_since: Option<Instant>,
    /// The answer that the message carries: it was recorded before, and became a dead letter.
    pub(super) answer: Option<Outbound>,
    /// The queue that gets a copy of the answer.
    pub(super) reply_to: Option<String>,
    /// Whether the record of this id is the request's own.
    pub(super) owns_record: bool,
    /// Whether a copy of the message may exist: it was parked, replayed or delivered before.
    pub(super) perhaps_copied: bool,
    /// The span of this delivery.
    pub(super) span: Span,
    key: Uuid,
}

impl RequestState {
    pub(super) fn new(request: Event<OpenRequest>, redelivered: bool, ttl: Duration) -> Self {
        Self {
            expires_at: request.expires_at(ttl),
            owner: ClaimOwner::new(redelivered),
            last_command: LastCommand::NoneOrUnknown,
            failure: None,
            failures: 0,
            not_before: Instant::now(),
            lock: None,
            rehearsal: false,
            waited_in_place: Duration::ZERO,
            doubt_at_last_log_query: 0,
            in_doubt_since: None,
            answer: None,
            reply_to: None,
            owns_record: true,
            perhaps_copied: redelivered,
            span: Span::none(),
            key: events::request_key(&request.source, &request.id),
            request,
        }
    }

    /// The answer that the message carries, where the record of its id is another request's by now: its
    /// dead letter is made, and nothing is recorded.
    pub(super) fn carried_outcome(&mut self) -> Option<RecordedOutcome> {
        let terminal = self.answer.take()?;
        self.owns_record = false;
        Some(RecordedOutcome {
            terminal,
            check_in: None,
            dead_lettered: true,
            audit: None,
            terminal_published: false,
            confirmation_awaited: false,
            recorded_before: true,
            claimed_elsewhere: false,
        })
    }

    /// Whether this event is the terminal one of this request.
    pub(super) fn is_terminal(&self, event: &Outbound) -> bool {
        event.id == events::event_id(&self.request.source, &self.request.id, Role::Terminal)
    }

    pub(super) fn integration_id(&self) -> &str {
        &self.request.data.integration_id
    }

    /// The key of the request's record in the ledger.
    pub(super) fn key(&self) -> RequestKey<'_> {
        RequestKey {
            key: self.key,
            integration_id: &self.request.data.integration_id,
            booking_id: &self.request.data.booking_id,
            object_id: self.request.data.object_id.as_deref(),
            expires_at: self.expires_at,
        }
    }

    /// The result of the last command, for the next claim or the release.
    pub(super) fn last_result(&self) -> LastResult<'_> {
        LastResult { command: self.last_command, failure: self.failure.as_ref() }
    }

    /// What the next owner must know after a release.
    pub(super) fn resumption(&self) -> Resumption {
        Resumption { failures: self.failures, wait: self.delay() }
    }

    /// Takes over what the ledger knows from other workers.
    pub(super) fn update_from(&mut self, claim: &mut Claim) {
        self.remember_doubt(&mut claim.doubt, claim.asked_at);
        self.rehearsal = claim.rehearsal;
        self.failures = self.failures.max(claim.failures);
        self.not_before = self.not_before.max(claim.asked_at + claim.wait);
    }

    /// Once this worker has seen how long a command is in doubt, the time since then counts, whatever
    /// becomes of the other clocks.
    fn remember_doubt(&mut self, doubt: &mut Doubt, asked_at: Instant) {
        if doubt.commands == 0 {
            self.in_doubt_since = None;
            return;
        }
        let since = asked_at.checked_sub(doubt.since_first).unwrap_or(asked_at);
        let since = self.in_doubt_since.map_or(since, |earlier| earlier.min(since));
        self.in_doubt_since = Some(since);
        doubt.since_first = doubt.since_first.max(asked_at.saturating_duration_since(since));
    }

    /// The time until a command may be sent; zero when it may be sent now.
    pub(super) fn delay(&self) -> Duration {
        self.not_before.saturating_duration_since(Instant::now())
    }

    /// The time until the request expires; zero when it has expired.
    pub(super) fn remaining(&self) -> Duration {
        (self.expires_at - Utc::now()).to_std().unwrap_or_default()
    }

    /// The time since the event's own time; zero where the clocks differ.
    pub(super) fn age(&self) -> Duration {
        (Utc::now() - self.request.time).to_std().unwrap_or_default()
    }

    /// Whether a wait is short enough to happen in place.
    pub(super) fn may_wait_in_place(&self, wait: Duration) -> bool {
        self.waited_in_place + wait <= IN_PLACE
    }

    /// For how long the request may wait in place until something arrives; `waits`: whether it has the right
    /// to wait there for longer than parking takes.
    pub(super) fn wait_limit(&self, waits: bool) -> Duration {
        let limit =
            if waits { IN_PLACE.saturating_sub(self.waited_in_place) } else { Duration::ZERO };
        limit.max(SHORTER_THAN_PARKING)
    }
}
