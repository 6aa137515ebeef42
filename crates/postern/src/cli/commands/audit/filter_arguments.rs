//! The filter flags of `postern audit`.

use chrono::{DateTime, Utc};
use clap::{Args, builder::PossibleValuesParser};
use consumer::audit::{AuditCriteria, AuditOutcome};
use rules::{FailedReason, RejectedReason};

use crate::cli::arguments::time_argument::TimeArgument;

/// The filter flags.
#[derive(Debug, Args)]
#[command(next_help_heading = "Filters")]
pub(super) struct AuditFilterArguments {
    /// Only decisions for this integration.
    #[arg(long, value_name = "ID")]
    pub(super) integration: Option<String>,
    /// Only decisions for this booking.
    #[arg(long, value_name = "ID")]
    pub(super) booking: Option<String>,
    /// Only decisions for this object.
    #[arg(long, value_name = "ID")]
    pub(super) object: Option<String>,
    /// Only decisions for this lock.
    #[arg(long, value_name = "ID")]
    pub(super) lock: Option<String>,
    /// Only requests by this reference (requested_by).
    #[arg(long, value_name = "REFERENCE")]
    pub(super) requested_by: Option<String>,
    /// Only the request with this id.
    #[arg(long, value_name = "ID")]
    pub(super) request: Option<String>,
    /// Only decisions with this outcome.
    #[arg(long, value_parser = PossibleValuesParser::new(AuditOutcome::ALL.map(AuditOutcome::code)))]
    pub(super) outcome: Option<String>,
    /// Only decisions with this reason, such as too_early or iq_offline.
    #[arg(long, value_name = "REASON", value_parser = reasons(), hide_possible_values = true)]
    pub(super) reason: Option<String>,
    /// Only the lines of this action of people, such as sign-in.
    #[arg(long, value_name = "ACTION")]
    pub(super) action: Option<String>,
    /// Only the lines of this person: a user of the console, or of the operating system.
    #[arg(long, value_name = "NAME")]
    pub(super) operator: Option<String>,
    /// Only decisions at this time or later: -2h, or 2026-11-22T10:00:00Z.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(super) since: Option<TimeArgument>,
    /// Only decisions before this time.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(super) until: Option<TimeArgument>,
}

impl AuditFilterArguments {
    /// What they select, where the current time is `now`.
    pub(super) fn criteria(self, now: DateTime<Utc>) -> AuditCriteria {
        AuditCriteria {
            integration: self.integration,
            booking: self.booking,
            object: self.object,
            lock: self.lock,
            requested_by: self.requested_by,
            request: self.request,
            outcome: self.outcome,
            reason: self.reason,
            action: self.action,
            operator: self.operator,
            since: self.since.map(|time| time.at(now)),
            until: self.until.map(|time| time.at(now)),
        }
    }
}

fn reasons() -> PossibleValuesParser {
    let rejected = RejectedReason::ALL.iter().map(|reason| reason.code());
    PossibleValuesParser::new(rejected.chain(FailedReason::ALL.iter().map(|reason| reason.code())))
}
