//! One delivery of an open request, followed until it has its answer.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use events::{Event, OpenRequest};
use uuid::Uuid;

use crate::{
    failure::Failure,
    ledger::{LastCommand, Owner, RequestRef},
};

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
    /// Failed attempts by this worker.
    pub(crate) failures: u32,
    /// No command before this instant.
    pub(crate) not_before: Instant,
    /// The lock that the last decision named.
    pub(crate) lock: Option<Uuid>,
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

    /// The time until the request expires; zero when it has.
    pub(crate) fn remaining(&self) -> Duration {
        (self.expires_at - Utc::now()).to_std().unwrap_or_default()
    }
}
