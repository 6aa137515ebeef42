//! The audit: one line per decision, which alone proves the request's reference, the rule, the door and
//! the time; one per confirmation of an opening by Salto's own record; one per change of an integration that is stored
//! in Redis; and one per other action of a person, such as signing in at the console.
//!
//! - [`AuditEntry`] is a line. With `[audit] to = "redis"` the ledger writes it together with the outcome, so
//!   it is in the stream exactly once.
//! - For the other sinks the ledger keeps the line with the outcome until a worker has written it. A
//!   worker that dies in between loses no line and may write it twice, with one id.
//!   [`AuditWriter`] writes it, and [`DailyFiles`] are the files.
//! - `postern audit` reads [`AuditStream`] and [`DailyFiles`].

mod action;
mod change_entry;
mod criteria;
mod daily_files;
mod entry;
mod integration_change;
mod operator;
mod outcome;
mod stream;
mod writer;

pub use action::Action;
pub use criteria::AuditCriteria;
pub use daily_files::DailyFiles;
pub use entry::{AuditEntry, Inputs, TiedState};
pub use integration_change::{ChangeAction, IntegrationChangeLine, SettingChange};
pub use operator::{OperatorAudit, OperatorAuditError, OperatorOpening};
pub use outcome::AuditOutcome;
pub use stream::{AuditLines, AuditPosition, AuditStream};
pub use writer::AuditWriteError;
pub(crate) use writer::AuditWriter;
