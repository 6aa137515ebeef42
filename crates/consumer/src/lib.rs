//! RabbitMQ, inward: takes booking statuses and open requests from their queues and settles each of them.
//!
//! - [`request`] is the path of an open request: decode → claim → decide → open → conclude → audit →
//!   report → settle, one file each. [`booking`] is the shorter path of a booking status.
//! - [`state`] is everything in Redis, with the Lua scripts: the ledger, bookings, the OTP guard.
//! - [`integrations`] are the configured integrations, and what this worker keeps per IQ in memory.
//! - [`broker`] is RabbitMQ: subscriptions, receivers, publishing, dead letters, the poison guard.
//! - [`background`] runs beside the messages: heartbeat, restores of IQs, clocks, early warnings, notices.
//! - [`audit`] is the line that each decision leaves, where it goes, and how it is read.
//! - [`operator`] is what people see: health, metrics, log lines, and the records that commands read.
//! - [`run`] is the [`process`], which keeps the session with RabbitMQ; [`settings`] are its settings, and
//!   [`worker`] is everything that handling a message may use.
//!
//! Steps use state, integrations and broker; none of those knows a step.

pub mod audit;
mod background;
mod booking;
mod broker;
mod failpoint;
mod integrations;
mod jitter;
mod operator;
mod process;
mod request;
mod secret_keys;
mod settings;
mod state;
mod worker;

pub use integrations::{
    door_check::{DoorProblem, ProblemReason, door_problems, doors},
    lock_availability::LockAvailability,
    lock_names::{LockNames, UnresolvedName},
    stored::ReadIntegration,
};
pub use operator::health::Readiness;
pub use operator::key_rotation::rotate_secrets;
pub use operator::lookup::{
    BookingRecord, ClaimRecord, Contents, KeyKind, Lookup, RedisMemory, RequestRecord,
    StoredBooking,
};
pub use process::{Reload, RunError, run};
pub use secret_keys::{SecretKey, SecretKeys};
pub use settings::{
    AuditSink, BrokerSettings, ConfirmOpenings, IntegrationSettings, Mode, OpeningSettings,
    RedisSettings, Rehearsal, RetentionSettings, Routing, Settings, claim_lease,
};
pub use state::{
    bookings::BookingStored,
    integration_records::{
        ChangeStored, IntegrationChange, IntegrationDocument, IntegrationRecord,
        IntegrationRecords, IntegrationVersions, PasswordChange, StoredPassword, StoredRecords,
        VersionedRecord,
    },
    iq_ref::IqRef,
    last_errors::{LastError, LastErrors},
    otp_guard::{OtpGuard, OtpStatus, OtpSubject, OtpVerdict},
    sessions::{Session, Sessions},
    sign_ins::SignIns,
    store::{RecordError, RedisUrlError, Store, StoreError},
    unrouted::UnroutedKey,
};
