//! The ledger's scripts in a real Redis.

mod audit_lines;
mod claims;
mod expiry;
mod fences;
mod histories;
mod in_flight;
mod lost_replies;
mod outcomes;
mod stored_settings;

use chrono::TimeDelta;
use deadpool_redis::redis;
use events::{OpenRejected, Outbound, OutboundData, Role, event_id};
use rules::{FailedReason, RejectedReason};

use super::{claim::CommandTarget, *};
use crate::{
    audit::AuditEntry,
    request::audit_line_of,
    settings::AuditSink,
    state::{integration_records::SettingsVersion, pauses::Pauses, store::testing::redis},
};

const LEASE: Duration = Duration::from_secs(30);
const MINUTE: Duration = Duration::from_secs(60);
const RETENTION: RetentionSettings =
    RetentionSettings { outcomes: MINUTE, bookings: MINUTE, audit: MINUTE };

const NO_WAIT: Resumption = Resumption { failures: 0, wait: Duration::ZERO };
/// The lock of requests that tell nothing else.
const LOCK: Uuid = Uuid::from_u128(1);
const LIMITS: InFlightLimits = InFlightLimits { per_iq: 2, per_integration: 3 };

struct Fixture {
    ledger: Ledger,
    pauses: Pauses,
    request: Uuid,
}

impl Fixture {
    fn new(lease: Duration) -> Self {
        let (store, prefix) = redis();
        let keys = Keys::new(&prefix);
        let heartbeat = Arc::new(Heartbeat::new(Arc::clone(&store), &keys, Uuid::new_v4()));
        let pauses = Pauses::new(Arc::clone(&store), keys);
        let settings = LedgerSettings { lease, limits: LIMITS, retention: RETENTION };
        let ledger = Ledger::new(store, &prefix, heartbeat, settings);
        Self { ledger, pauses, request: Uuid::new_v4() }
    }

    async fn conclude(
        &self,
        key: RequestKey<'_>,
        owner: &ClaimOwner,
        conclusion: Conclusion<'_>,
    ) -> RecordedOutcome {
        match self.ledger.conclude(key, owner, conclusion).await.unwrap() {
            Concluded::Recorded(outcome) => *outcome,
            Concluded::ClaimedElsewhere => panic!("claimed by another owner"),
        }
    }

    async fn concluded(
        &self,
        key: RequestKey<'_>,
        owner: &ClaimOwner,
        detail: &str,
    ) -> RecordedOutcome {
        self.conclude(key, owner, conclusion(&self.terminal(detail))).await
    }

    /// The time that is left of a request's record.
    async fn lifetime(&self, key: RequestKey<'_>) -> Duration {
        let mut ask = redis::cmd("PTTL");
        ask.arg(self.ledger.keys.request(key.key));
        Duration::from_millis(self.ledger.store.query::<u64>(&ask).await.unwrap())
    }

    /// Sets a field of a request's record.
    async fn set(&self, key: RequestKey<'_>, field: &str, value: i64) {
        let mut set = redis::cmd("HSET");
        set.arg(self.ledger.keys.request(key.key)).arg(field).arg(value);
        self.ledger.store.query::<()>(&set).await.unwrap();
    }

    fn key(&self) -> RequestKey<'_> {
        RequestKey {
            key: self.request,
            integration_id: "acme",
            booking_id: "B-1",
            object_id: None,
            expires_at: Utc::now() + TimeDelta::seconds(60),
        }
    }

    /// With a known booking.
    async fn booked(lease: Duration) -> Self {
        let fixture = Self::new(lease);
        let key = fixture.ledger.keys.booking("acme", "B-1");
        let record = r#"{"status":"paid","object_ids":["room"],"starts_at":"2026-01-01T00:00:00Z","ends_at":"2036-01-01T00:00:00Z"}"#;
        let mut set = redis::cmd("HSET");
        set.arg(key).arg("record").arg(record);
        fixture.ledger.store.query::<()>(&set).await.unwrap();
        fixture
    }

    async fn claim(&self, owner: &mut ClaimOwner, sending: bool, last: LastCommand) -> ClaimAnswer {
        owner.next_attempt();
        self.ledger
            .claim(self.key(), owner, to_iq(sending), LastResult { command: last, failure: None })
            .await
            .unwrap()
    }

    async fn claimed(&self, owner: &mut ClaimOwner, sending: bool, last: LastCommand) -> Claim {
        match self.claim(owner, sending, last).await {
            ClaimAnswer::Claimed(claimed) => {
                owner.grant(&claimed);
                *claimed
            }
            other => panic!("not claimed: {other:?}"),
        }
    }

    fn terminal(&self, detail: &str) -> Outbound {
        Outbound {
            id: event_id("/test", &self.request.to_string(), Role::Terminal),
            time: Utc::now(),
            traceparent: None,
            rehearsal: false,
            data: OutboundData::OpenRejected(OpenRejected {
                request: events::RequestRef {
                    integration_id: "acme".into(),
                    booking_id: "B-1".into(),
                    requested_by: None,
                    request_id: self.request.to_string(),
                    request_source: "/test".into(),
                },
                reason: RejectedReason::TooLate,
                detail: detail.into(),
                opens_at: None,
                attempts: 0,
            }),
        }
    }
}

/// A conclusion with this event alone.
fn conclusion(terminal: &Outbound) -> Conclusion<'_> {
    Conclusion {
        terminal,
        check_in: None,
        audit: &AuditLine::None,
        dead_lettered: false,
        awaited: None,
    }
}

fn to_iq(follows_at_once: bool) -> PlannedCommand<'static> {
    PlannedCommand {
        target: Some(CommandTarget { iq_id: "iq-1", lock_id: LOCK }),
        environment: "acceptance",
        follows_at_once,
        settings: SettingsVersion::OfFile,
        rehearsal: false,
    }
}

fn detail(outcome: &RecordedOutcome) -> &str {
    match &outcome.terminal.data {
        OutboundData::OpenRejected(data) => &data.detail,
        other => panic!("another event: {other:?}"),
    }
}
