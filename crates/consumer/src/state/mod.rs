//! State in Redis: the connection, the names of the keys, and one file per kind of record, with its
//! Lua scripts beside it.

pub(crate) mod booking_starts;
pub(crate) mod bookings;
pub(crate) mod conditions;
pub(crate) mod confirmations;
pub(crate) mod event_outbox;
pub(crate) mod failure;
pub(crate) mod heartbeat;
pub(crate) mod integration_records;
pub(crate) mod iq_checks;
pub(crate) mod iq_ref;
pub(crate) mod keys;
pub(crate) mod last_errors;
pub(crate) mod ledger;
pub(crate) mod moved_locks;
pub(crate) mod notice_outbox;
pub(crate) mod otp_guard;
pub(crate) mod pauses;
pub(crate) mod risks_told;
pub(crate) mod sessions;
pub(crate) mod sign_ins;
pub(crate) mod store;
pub(crate) mod stream_lease;
pub(crate) mod unrouted;
pub(crate) mod warning_checks;
mod write_id;
