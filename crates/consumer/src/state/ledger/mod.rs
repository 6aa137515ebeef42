//! The ledger: which worker acts on a request, which commands were sent for it, and its outcome.
//!
//! There is one Redis record per request. Every change is a Lua script, so that workers on any machine
//! see the same; all durations are measured on Redis' clock.

mod claim;
mod claim_owner;
mod expiry;
mod follow_up;
mod in_flight_limits;
mod outcome;
mod request_key;

use std::{sync::Arc, time::Duration, time::Instant};

use chrono::Utc;
use deadpool_redis::redis::{Script, Value};
use events::OutboundData;
use uuid::Uuid;

use super::{
    bookings::kept_until,
    failure::Failure,
    heartbeat::Heartbeat,
    keys::Keys,
    store::{Replication, Store, StoreError, millis},
};
use crate::settings::RetentionSettings;

use claim::read_claim_answer;
pub(crate) use claim::{Claim, ClaimAnswer, LastCommand, LastResult, PlannedCommand, Reservation};
pub(crate) use claim_owner::ClaimOwner;
use expiry::{Expiries, kept_until_settled};
pub(crate) use in_flight_limits::InFlightLimits;
pub(crate) use outcome::{
    AuditLine, CheckInOfBooking, Concluded, Conclusion, RecordedOutcome, read_event, write_event,
};
use outcome::{read_concluded, to_record};
pub(crate) use request_key::RequestKey;

/// The settings of the ledger.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LedgerSettings {
    /// How long a claim lasts.
    pub(crate) lease: Duration,
    pub(crate) limits: InFlightLimits,
    pub(crate) retention: RetentionSettings,
}

/// What the next owner of a released claim must know.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resumption {
    /// Failed attempts so far.
    pub(crate) failures: u32,
    /// The time until a command may be sent.
    pub(crate) wait: Duration,
}

/// The ledger in Redis.
#[derive(Debug)]
pub(crate) struct Ledger {
    store: Arc<Store>,
    keys: Keys,
    key_prefix: String,
    heartbeat: Arc<Heartbeat>,
    settings: LedgerSettings,
    expiries: Expiries,
    claim: Script,
    mark: Script,
    conclude: Script,
    release: Script,
}

impl Ledger {
    pub(crate) fn new(
        store: Arc<Store>,
        key_prefix: &str,
        heartbeat: Arc<Heartbeat>,
        settings: LedgerSettings,
    ) -> Self {
        Self {
            store,
            keys: Keys::new(key_prefix),
            key_prefix: key_prefix.to_owned(),
            heartbeat,
            settings,
            expiries: Expiries::default(),
            claim: script(include_str!("claim.lua")),
            mark: Script::new(include_str!("mark.lua")),
            conclude: script(include_str!("conclude.lua")),
            release: script(include_str!("release.lua")),
        }
    }

    /// Claims a request, and reserves the planned command where it may be sent: a reserved command
    /// counts as written.
    pub(crate) async fn claim(
        &self,
        request: RequestKey<'_>,
        owner: &ClaimOwner,
        planned: PlannedCommand<'_>,
        last: LastResult<'_>,
    ) -> Result<ClaimAnswer, StoreError> {
        let (asked_at, now) = (Instant::now(), Utc::now());
        let LedgerSettings { lease, limits, retention } = self.settings;
        let integration_id = request.integration_id;
        let (iq_id, lock_id) =
            planned.target.map_or(("", Uuid::nil()), |target| (target.iq_id, target.lock_id));
        let answer: Value = self
            .store
            .run_replicated(
                self.claim
                    .key(self.keys.request(request.key))
                    .key(self.keys.booking(integration_id, request.booking_id))
                    .key(salto::activation::activations_key(&self.key_prefix, integration_id))
                    .key(self.keys.pause(integration_id))
                    .key(self.keys.otp_status(integration_id))
                    .key(self.keys.in_flight(integration_id))
                    .key(self.keys.in_flight_to(integration_id, iq_id))
                    .key(self.keys.rejection(integration_id, iq_id))
                    .key(self.keys.moved_locks(integration_id))
                    .key(salto::clock_corrections_key(&self.key_prefix, planned.environment))
                    .key(self.keys.in_flight_at(integration_id, lock_id))
                    .key(self.keys.integration_versions())
                    .arg(owner.id.to_string())
                    .arg(owner.attempt)
                    .arg(u8::from(planned.follows_at_once))
                    .arg(last.command.as_arg())
                    .arg(last.failure.map(Failure::to_record).unwrap_or_default())
                    .arg(millis(lease))
                    .arg(now.to_rfc3339())
                    .arg(kept_until_settled(now, request.expires_at, retention.outcomes))
                    .arg(u8::from(owner.is_redelivered()))
                    .arg(self.heartbeat.key())
                    .arg(iq_id)
                    .arg(limits.per_iq)
                    .arg(limits.per_integration)
                    .arg(u8::from(planned.rehearsal))
                    .arg(owner.granted)
                    .arg(request.subject()?)
                    .arg(now.timestamp_millis())
                    .arg(request.expires_at.timestamp_millis())
                    .arg(planned.settings.as_arg())
                    .arg(integration_id),
                // The command rests on its reservation.
                Replication::required_if(planned.follows_at_once),
            )
            .await?;
        read_claim_answer(answer, asked_at)
    }

    /// Until when no other worker can claim a request: the end of the claim's lease, or of the
    /// heartbeat without which a redelivered message is free for others.
    pub(crate) fn claim_valid_until(&self, claim: &Claim) -> Instant {
        let lease_ends = claim.asked_at + self.settings.lease;
        self.heartbeat.alive_until(claim.asked_at).min(lease_ends)
    }

    /// Records an outcome and its audit line. Answers the recorded outcome, which is another one where
    /// another worker has recorded one before.
    pub(crate) async fn conclude(
        &self,
        request: RequestKey<'_>,
        owner: &ClaimOwner,
        conclusion: Conclusion<'_>,
    ) -> Result<Concluded, StoreError> {
        let now = Utc::now();
        let Conclusion { terminal, check_in, audit, dead_lettered, awaited } = conclusion;
        let opened = matches!(terminal.data, OutboundData::Opened(_));
        let retention = self.settings.retention;
        let (integration_id, booking_id) = (request.integration_id, request.booking_id);
        let mark = self.keys.check_in_mark(terminal.rehearsal, integration_id, booking_id);
        let (line, line_kept) = match audit {
            AuditLine::None => ("", String::new()),
            AuditLine::Stream(line) => (line.as_str(), millis(retention.audit).to_string()),
            AuditLine::Keep(line) => (line.as_str(), String::new()),
        };
        let (check_in, mark_until) = match check_in {
            Some(CheckInOfBooking { event, booking_ends_at }) => {
                (to_record(event)?, kept_until(now, booking_ends_at, retention.bookings))
            }
            None => (String::new(), 0),
        };
        let recorded: Value = self
            .store
            .run_replicated(
                self.conclude
                    .key(self.keys.request(request.key))
                    .key(mark)
                    .key(self.keys.in_flight(integration_id))
                    .key(self.keys.audit())
                    .key(self.keys.unconfirmed(integration_id))
                    .key(self.keys.confirming())
                    .arg(to_record(terminal)?)
                    .arg(check_in)
                    .arg(kept_until_settled(now, request.expires_at, retention.outcomes))
                    .arg(mark_until)
                    .arg(line)
                    .arg(line_kept)
                    .arg(owner.id.to_string())
                    .arg(owner.attempt)
                    .arg(u8::from(opened))
                    .arg(request.subject()?)
                    .arg(u8::from(dead_lettered))
                    .arg(owner.doubts)
                    .arg(awaited.map_or("", |awaited| awaited.member.as_str()))
                    .arg(awaited.map_or(0, |awaited| awaited.sent_at))
                    .arg(integration_id),
                // The door is open, or not: that must not be kept from the guest until a replica is back.
                Replication::Wanted,
            )
            .await?;
        read_concluded(recorded)
    }

    /// Releases a claim: another worker may claim the request at once, and goes on after so many
    /// failures and after so long; or publishes its outcome.
    pub(crate) async fn release(
        &self,
        request: RequestKey<'_>,
        owner: &ClaimOwner,
        last: LastResult<'_>,
        resumption: Resumption,
    ) -> Result<(), StoreError> {
        self.store
            .run(
                self.release
                    .key(self.keys.request(request.key))
                    .key(self.keys.in_flight(request.integration_id))
                    .arg(owner.id.to_string())
                    .arg(last.command.as_arg())
                    .arg(last.failure.map(Failure::to_record).unwrap_or_default())
                    .arg(resumption.failures)
                    .arg(millis(resumption.wait))
                    .arg(owner.granted),
            )
            .await
    }
}

/// A script, after what the scripts share.
fn script(code: &str) -> Script {
    Script::new(&[include_str!("shared.lua"), code].concat())
}

#[cfg(test)]
mod tests;
