//! The names of postern's records in Redis.

mod console;
mod key_part;

use salto::key_pattern;
use uuid::Uuid;

use self::key_part::{decode, encode};

/// Makes keys below one prefix.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    prefix: String,
}

impl Keys {
    pub(crate) fn new(prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into() }
    }

    /// What all keys begin with.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The ledger's record of a request.
    pub(crate) fn request(&self, request: Uuid) -> String {
        format!("{}request:{request}", self.prefix)
    }

    /// The newest state of a booking.
    pub(crate) fn booking(&self, integration_id: &str, booking_id: &str) -> String {
        format!("{}booking:{}:{}", self.prefix, encode(integration_id), encode(booking_id))
    }

    /// The pattern of all bookings' keys, for `SCAN`.
    pub(crate) fn bookings(&self) -> String {
        key_pattern(&self.prefix, "booking:")
    }

    /// What comes before the id in [`Self::request`], for scripts.
    pub(crate) fn request_prefix(&self) -> String {
        format!("{}request:", self.prefix)
    }

    /// The pattern of all requests' keys, for `SCAN`.
    pub(crate) fn requests(&self) -> String {
        key_pattern(&self.prefix, "request:")
    }

    /// The integration and the booking that a key of [`Self::booking`] names.
    pub(crate) fn read_booking(&self, key: &str) -> Option<(String, String)> {
        let (integration, booking) =
            key.strip_prefix(&self.prefix)?.strip_prefix("booking:")?.split_once(':')?;
        Some((decode(integration)?, decode(booking)?))
    }

    /// The mark of a booking's first opening.
    pub(crate) fn check_in(&self, integration_id: &str, booking_id: &str) -> String {
        format!("{}check-in:{}:{}", self.prefix, encode(integration_id), encode(booking_id))
    }

    /// The mark of a booking's first rehearsed opening.
    pub(crate) fn rehearsed_check_in(&self, integration_id: &str, booking_id: &str) -> String {
        let (integration, booking) = (encode(integration_id), encode(booking_id));
        format!("{}rehearsed-check-in:{integration}:{booking}", self.prefix)
    }

    /// The mark that an opening sets: after a rehearsed one, the real first opening is still to come.
    pub(crate) fn check_in_mark(
        &self,
        rehearsal: bool,
        integration: &str,
        booking: &str,
    ) -> String {
        match rehearsal {
            true => self.rehearsed_check_in(integration, booking),
            false => self.check_in(integration, booking),
        }
    }

    /// Exists while Salto has asked for no calls for an integration.
    pub(crate) fn pause(&self, integration_id: &str) -> String {
        format!("{}pause:{}", self.prefix, encode(integration_id))
    }

    /// By IQ: the consecutive OTP rejections, and until when the IQ is blocked.
    pub(crate) fn otp_status(&self, integration_id: &str) -> String {
        format!("{}guard:{}", self.prefix, encode(integration_id))
    }

    /// Exists while a worker looks for the cause of a rejected OTP at the IQ.
    pub(crate) fn rejection(&self, integration_id: &str, iq_id: &str) -> String {
        format!("{}rejection:{}:{}", self.prefix, encode(integration_id), encode(iq_id))
    }

    /// By lock: the IQ that a worker has found it at, where that was another one before.
    pub(crate) fn moved_locks(&self, integration_id: &str) -> String {
        format!("{}moved:{}", self.prefix, encode(integration_id))
    }

    /// The lease of an operator's command that sends one-time passwords to the IQ.
    pub(crate) fn operator_lease(&self, integration_id: &str, iq_id: &str) -> String {
        format!("{}turn:{}:{}", self.prefix, encode(integration_id), encode(iq_id))
    }

    /// By IQ: the last state other than `activated` that an event has reported.
    pub(crate) fn reported_iq_states(&self, integration_id: &str) -> String {
        format!("{}told:{}", self.prefix, encode(integration_id))
    }

    /// By IQ: the last error.
    pub(crate) fn last_errors(&self, integration_id: &str) -> String {
        format!("{}trouble:{}", self.prefix, encode(integration_id))
    }

    /// The integration's commands in flight to Salto.
    pub(crate) fn in_flight(&self, integration_id: &str) -> String {
        format!("{}in-flight:{}", self.prefix, encode(integration_id))
    }

    /// The commands in flight to one IQ.
    pub(crate) fn in_flight_to(&self, integration_id: &str, iq_id: &str) -> String {
        format!("{}in-flight:{}:{}", self.prefix, encode(integration_id), encode(iq_id))
    }

    /// The command in flight to a lock.
    pub(crate) fn in_flight_at(&self, integration_id: &str, lock_id: Uuid) -> String {
        format!("{}in-flight-at:{}:{lock_id}", self.prefix, encode(integration_id))
    }

    /// Exists while the last check of the integration's IQs is recent.
    pub(crate) fn iq_check(&self, integration_id: &str) -> String {
        format!("{}looked-at:{}", self.prefix, encode(integration_id))
    }

    /// The notices that wait to be published.
    pub(crate) fn notices(&self) -> String {
        format!("{}attention", self.prefix)
    }

    /// The notices that one call has taken out, until its worker must have seen the reply.
    pub(crate) fn taken_notices(&self, call: Uuid) -> String {
        format!("{}attention-taken:{call}", self.prefix)
    }

    /// The confirmations of openings that wait to be published.
    pub(crate) fn confirmed_events(&self) -> String {
        format!("{}confirmed", self.prefix)
    }

    /// The integrations with openings that wait for their confirmation, or rows that wait for an opening.
    pub(crate) fn confirming(&self) -> String {
        format!("{}confirming", self.prefix)
    }

    /// The openings that wait for their confirmation.
    pub(crate) fn unconfirmed(&self, integration_id: &str) -> String {
        format!("{}unconfirmed:{}", self.prefix, encode(integration_id))
    }

    /// The rows of Salto's log of entries that belong to no opening yet.
    pub(crate) fn entry_rows(&self, integration_id: &str) -> String {
        format!("{}entry-rows:{}", self.prefix, encode(integration_id))
    }

    /// The ids of the rows that were seen.
    pub(crate) fn known_entry_rows(&self, integration_id: &str) -> String {
        format!("{}entry-rows-known:{}", self.prefix, encode(integration_id))
    }

    /// When Salto's log of entries was asked for confirmations.
    pub(crate) fn entries_asked(&self, integration_id: &str) -> String {
        format!("{}entries-asked:{}", self.prefix, encode(integration_id))
    }

    /// The lease of the worker that listens to the site's event stream.
    pub(crate) fn stream_lease(&self, integration_id: &str) -> String {
        format!("{}stream-lease:{}", self.prefix, encode(integration_id))
    }

    /// The lease of the worker that publishes notices.
    pub(crate) fn notice_lease(&self) -> String {
        format!("{}notices", self.prefix)
    }

    /// Exists while the last check for early warnings is recent.
    pub(crate) fn warning_check(&self) -> String {
        format!("{}warning-check", self.prefix)
    }

    /// An integration's bookings by their start.
    pub(crate) fn booking_starts(&self, integration_id: &str) -> String {
        format!("{}booking-starts:{}", self.prefix, encode(integration_id))
    }

    /// By booking: what was told last about its risk.
    pub(crate) fn risks_told(&self, integration_id: &str) -> String {
        format!("{}at-risk:{}", self.prefix, encode(integration_id))
    }

    /// What all doors of an integration depend on: the state seen, and the state told last.
    pub(crate) fn condition(&self, integration_id: &str) -> String {
        format!("{}condition:{}", self.prefix, encode(integration_id))
    }

    /// By integration: since when its credentials are rejected.
    pub(crate) fn rejected_since(&self) -> String {
        format!("{}rejected-since", self.prefix)
    }

    /// The routing keys of events that no queue takes.
    pub(crate) fn unrouted(&self) -> String {
        format!("{}unrouted", self.prefix)
    }

    /// Written before replicas are waited for; its value means nothing.
    pub(crate) fn replication(&self) -> String {
        format!("{}replication", self.prefix)
    }

    /// The audit's stream.
    pub(crate) fn audit(&self) -> String {
        format!("{}audit", self.prefix)
    }

    /// By id: the documents of the integrations that are stored.
    pub(crate) fn integrations(&self) -> String {
        format!("{}integrations", self.prefix)
    }

    /// By id: the versions of the integrations that are stored; the newest one under the empty id.
    pub(crate) fn integration_versions(&self) -> String {
        format!("{}integration-versions", self.prefix)
    }

    /// By id: the sealed passwords of the integrations that are stored.
    pub(crate) fn integration_passwords(&self) -> String {
        format!("{}integration-passwords", self.prefix)
    }

    /// A worker's heartbeat.
    pub(crate) fn heartbeat(&self, worker: Uuid) -> String {
        format!("{}worker:{worker}", self.prefix)
    }
}

#[cfg(test)]
mod tests;
