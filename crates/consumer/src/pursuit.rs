//! One delivery of an open request, followed until it has its answer.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use events::{Event, OpenRequest};
use uuid::Uuid;

use crate::{
    failure::Failure,
    ledger::{Claimed, LastCommand, Owner, RequestRef},
    line::Line,
};

/// How long a delivery waits in its place, all its waits together. What waits longer is parked.
pub(crate) const IN_PLACE: Duration = Duration::from_secs(1);

/// What a request waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// Its booking becomes known.
    Booking,
    /// Another command may be tried.
    NextTry,
    /// What a command needs has come from Salto.
    Prepared,
    /// It is its turn at the IQ.
    Turn,
    /// Whoever else acts on it is done.
    Elsewhere,
    /// Somebody listens to the answer.
    Listener,
    /// The answer's audit line can be written.
    Audit,
}

impl Until {
    /// As metrics name it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Booking => "booking",
            Self::NextTry => "next-try",
            Self::Prepared => "prepared",
            Self::Turn => "turn",
            Self::Elsewhere => "elsewhere",
            Self::Listener => "listener",
            Self::Audit => "audit",
        }
    }
}

/// A wait as short as this costs no more than being parked.
const IN_PASSING: Duration = Duration::from_millis(100);

/// What a worker remembers of a request between its claims.
#[derive(Debug)]
pub(crate) struct Pursuit {
    pub(crate) request: Event<OpenRequest>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) owner: Owner,
    /// What became of the command announced with the last claim.
    pub(crate) last: LastCommand,
    /// Why the last attempt failed.
    pub(crate) cause: Option<Failure>,
    /// Failed attempts, by all workers.
    pub(crate) failures: u32,
    /// No command before this instant.
    pub(crate) not_before: Instant,
    /// The lock that the last decision named.
    pub(crate) lock: Option<Uuid>,
    /// Whether it is rehearsed, as the ledger has it.
    pub(crate) rehearsal: bool,
    /// Waits in place so far.
    pub(crate) waited: Duration,
    /// The commands in doubt when Salto's log was asked last.
    pub(crate) log_asked_at: u32,
    key: Uuid,
}

impl Pursuit {
    pub(crate) fn new(request: Event<OpenRequest>, redelivered: bool, ttl: Duration) -> Self {
        Self {
            expires_at: request.expires_at(ttl),
            owner: Owner::new(redelivered),
            last: LastCommand::Standing,
            cause: None,
            failures: 0,
            not_before: Instant::now(),
            lock: None,
            rehearsal: false,
            waited: Duration::ZERO,
            log_asked_at: 0,
            key: events::request_key(&request.source, &request.id),
            request,
        }
    }

    /// The request as the ledger names it.
    pub(crate) fn reference(&self) -> RequestRef<'_> {
        RequestRef {
            key: self.key,
            integration_id: &self.request.data.integration_id,
            booking_id: &self.request.data.booking_id,
            expires_at: self.expires_at,
        }
    }

    /// What the next claim must say of the last command.
    pub(crate) fn news(&self) -> (LastCommand, Option<&Failure>) {
        (self.last, self.cause.as_ref())
    }

    /// The time until a command may be sent; zero when it may.
    pub(crate) fn waiting(&self) -> Duration {
        self.not_before.saturating_duration_since(Instant::now())
    }

    /// For how long it may wait for something in place.
    pub(crate) fn patience(&self, line: &Line) -> Duration {
        if line.is_roomy() { IN_PLACE.saturating_sub(self.waited) } else { Duration::ZERO }
            .max(IN_PASSING)
    }

    /// Takes over what the ledger knows from other workers.
    pub(crate) fn go_on_from(&mut self, claimed: &Claimed) {
        self.rehearsal = claimed.rehearsal;
        self.failures = self.failures.max(claimed.failures);
        self.not_before = self.not_before.max(claimed.asked_at + claimed.wait);
    }

    /// Whether a wait holds a place that nobody else wants, and not for long.
    pub(crate) fn may_wait_in_place(&self, line: &Line, wait: Duration) -> bool {
        wait.is_zero() || (self.waited + wait <= IN_PLACE && line.is_roomy())
    }

    /// The time until the request expires; zero when it has.
    pub(crate) fn remaining(&self) -> Duration {
        (self.expires_at - Utc::now()).to_std().unwrap_or_default()
    }
}
