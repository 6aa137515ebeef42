//! Which decisions are wanted.

use chrono::{DateTime, Utc};
use clap::{Args, builder::PossibleValuesParser};
use consumer::audit::{AuditOutcome, Entry};
use rules::{FailedReason, RejectedReason};

use crate::cli::moment::Moment;

/// Only decisions like this.
#[derive(Debug, Args)]
#[command(next_help_heading = "Filters")]
pub(super) struct Filters {
    /// Only of this integration.
    #[arg(long, value_name = "ID")]
    integration: Option<String>,
    /// Only by this booking.
    #[arg(long, value_name = "ID")]
    booking: Option<String>,
    /// Only for this object.
    #[arg(long, value_name = "ID")]
    object: Option<String>,
    /// Only for this lock.
    #[arg(long, value_name = "ID")]
    lock: Option<String>,
    /// Only where this one asked.
    #[arg(long, value_name = "REFERENCE")]
    requested_by: Option<String>,
    /// Only the request of this id.
    #[arg(long, value_name = "ID")]
    request: Option<String>,
    /// Only with this outcome.
    #[arg(long, value_parser = PossibleValuesParser::new(AuditOutcome::ALL.map(AuditOutcome::code)))]
    outcome: Option<String>,
    /// Only for this reason, such as too_early or iq_offline.
    #[arg(long, value_name = "REASON", value_parser = reasons(), hide_possible_values = true)]
    reason: Option<String>,
    /// Only at this time or later: -2h, or 2026-11-22T10:00:00Z.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    since: Option<Moment>,
    /// Only before this time.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    until: Option<Moment>,
}

fn reasons() -> PossibleValuesParser {
    let rejected = RejectedReason::ALL.iter().map(|reason| reason.code());
    PossibleValuesParser::new(rejected.chain(FailedReason::ALL.iter().map(|reason| reason.code())))
}

/// The filters, with their times.
#[derive(Debug)]
pub(super) struct Wanted {
    filters: Filters,
    since: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
}

impl Filters {
    /// What they mean, where now is `now`.
    pub(super) fn at(self, now: DateTime<Utc>) -> Wanted {
        let [since, until] = [self.since, self.until].map(|it| it.map(|moment| moment.at(now)));
        Wanted { filters: self, since, until }
    }
}

impl Wanted {
    /// From when, and until when.
    pub(super) const fn period(&self) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
        (self.since, self.until)
    }

    pub(super) fn admit(&self, entry: &Entry) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| Some(wanted) == found)
        };
        let of = &self.filters;
        let lock = entry.lock_id.map(|lock| lock.to_string());
        is(&of.integration, Some(&entry.integration_id))
            && is(&of.booking, Some(&entry.booking_id))
            && is(&of.object, entry.object_id.as_deref())
            && is(&of.lock.as_ref().map(|lock| lock.to_lowercase()), lock.as_deref())
            && is(&of.requested_by, entry.requested_by.as_deref())
            && is(&of.request, Some(&entry.request_id))
            && is(&of.outcome, Some(entry.outcome.code()))
            && is(&of.reason, entry.reason.as_deref())
            && self.since.is_none_or(|since| entry.at >= since)
            && self.until.is_none_or(|until| entry.at < until)
    }
}
