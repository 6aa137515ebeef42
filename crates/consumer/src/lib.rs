//! RabbitMQ, inward: takes booking statuses and open requests, and sees each through to its end.
//!
//! The way of an open request reads top to bottom in [`message`]:
//! decode → claim → decide → open → conclude → audit → report → settle, one file each; [`round`] puts
//! decide and open together, and [`after`] says what follows where it did not open. A booking status
//! takes the same road with fewer stops, in [`booking_status`].
//!
//! - [`run`] is the worker; [`settings`] is what it must be told.
//! - [`session`] keeps it subscribed: two connections, built anew as a whole when anything fails.
//! - [`ledger`] knows in Redis who acts on a request and what came of it; [`bookings`] the newest
//!   state of every booking; [`store`] is the connection to Redis.
//! - [`audit`] is the line that every decision leaves, where it goes, and how it is read.
//! - [`lookup`] tells commands what is known, and changes nothing but the pauses that Salto asks them
//!   for.
//! - What must wait for longer than it may hold a place is parked ([`park`]); [`turns`] says whose
//!   turn it is at an IQ, and the ledger how many commands are on their way over all workers.
//! - [`guard`] keeps an IQ from being asked with passwords that Salto rejects, [`watch`] sees when one
//!   needs a restore, [`attention`] tells the booking system of it; [`entry_log`] asks Salto what came
//!   of a command without an answer; [`trouble`] keeps what went wrong at an IQ last; [`suspects`] are
//!   messages that may kill their worker.
//! - [`health`] and [`metrics`] tell the operator.

mod after;
mod attention;
pub mod audit;
mod booking_status;
mod bookings;
mod claim;
mod conclude;
mod dead_letter;
mod decide;
mod decode;
mod directory;
mod entry_log;
mod failpoint;
mod failure;
mod feed;
mod guard;
mod health;
mod intake;
mod keys;
mod ledger;
mod line;
mod lookup;
mod message;
mod metrics;
mod open;
mod park;
mod pursuit;
mod report;
mod round;
mod session;
mod settings;
mod store;
mod suspects;
mod trouble;
mod turns;
mod vigil;
mod watch;
mod worker;

pub use guard::{Guard, Standing, Subject, Verdict};
pub use lookup::{ClaimRecord, KnownBooking, Lookup, RequestRecord};
pub use settings::{
    AuditSink, BrokerSettings, IntegrationSettings, Mode, OpeningSettings, RedisSettings,
    Rehearsal, RetentionSettings, Settings, claim_lease,
};
pub use store::{Store, StoreError};
pub use trouble::{Trouble, Troubles};
pub use worker::{RunError, run};
