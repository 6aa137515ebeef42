//! Integrations that are stored in Redis, besides those of the file.
//!
//! [`StoredIntegrations`] lists, reads, checks, changes and removes them, for commands and for a console. A
//! [`Document`] is one integration as its author has written it; the file's own reader checks it. Passwords are
//! stored encrypted and never given out. [`read_stored`] is how a worker reads what is stored, and [`complete`]
//! adds it to the settings of a command.

mod change;
mod change_audit;
mod changes;
mod complete;
mod document;
mod draft;
mod error;
mod known;
mod reading;
mod store;
mod toml_text;

pub use change::{AppliedChange, RemovedIntegration};
pub use complete::{StoredInUse, UnusedIntegration, complete};
pub use document::{Document, SecretForms};
pub use error::{ChangeError, StoredVersion};
pub use known::{IntegrationOrigin, IntegrationProblem, KnownIntegration};
pub use reading::read_stored;
pub use store::StoredIntegrations;
