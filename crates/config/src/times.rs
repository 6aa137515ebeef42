//! `[opening]` and `[retention]`: time limits and retention times.

use std::time::Duration;

use consumer::{OpeningSettings, RetentionSettings};

use super::{
    defaults,
    reader::Section,
    value::{duration, duration_text, integer},
};

/// A guest waits at the door, so a request does not live longer.
const LONGEST_REQUEST: Duration = Duration::from_secs(600);
/// Later, a second command would be a second opening.
const LONGEST_RESEND: Duration = Duration::from_secs(60);
/// A larger number would be no limit.
const MOST_IN_FLIGHT: u32 = 1_000;
/// The smallest duration that is not zero.
const SHORTEST: Duration = Duration::from_millis(1);
/// A year.
const LONGEST_RETENTION: Duration = Duration::from_secs(365 * 24 * 3600);
/// One hour, and ten years of 365.25 days.
const SHORTEST_AUDIT: Duration = Duration::from_secs(3600);
const LONGEST_AUDIT: Duration = Duration::from_secs(10 * 31_557_600);

pub(super) fn opening(mut section: Section<'_>) -> OpeningSettings {
    let opening = OpeningSettings {
        request_ttl: section.with_default("request_ttl", defaults::REQUEST_TTL, |node| {
            duration(node, SHORTEST..=LONGEST_REQUEST)
        }),
        booking_wait: section.with_default("booking_wait", defaults::BOOKING_WAIT, |node| {
            duration(node, Duration::ZERO..=LONGEST_REQUEST)
        }),
        command_timeout: section.with_default(
            "command_timeout",
            defaults::COMMAND_TIMEOUT,
            |node| duration(node, SHORTEST..=LONGEST_REQUEST),
        ),
        resend_window: section.with_default("resend_window", defaults::RESEND_WINDOW, |node| {
            duration(node, Duration::ZERO..=LONGEST_RESEND)
        }),
        in_flight_per_iq: section.with_default(
            "in_flight_per_iq",
            defaults::IN_FLIGHT_PER_IQ,
            |node| integer(node, 1..=MOST_IN_FLIGHT),
        ),
        in_flight_per_integration: section.with_default(
            "in_flight_per_integration",
            defaults::IN_FLIGHT_PER_INTEGRATION,
            |node| integer(node, 1..=MOST_IN_FLIGHT),
        ),
    };
    if section.is_valid() {
        compare(&mut section, &opening);
    }
    section.finish();
    opening
}

/// Compares the settings: a claim must be longer than its command, and a request must be longer than the
/// claim of a dead worker.
fn compare(section: &mut Section<'_>, opening: &OpeningSettings) {
    let ttl = duration_text(opening.request_ttl);
    if opening.booking_wait > opening.request_ttl {
        section
            .add_mistake_with_value("booking_wait", format!("must be at most request_ttl ({ttl})"));
    }
    let lease = consumer::claim_lease(opening.command_timeout);
    if lease >= opening.request_ttl {
        let (lease, slack) =
            (duration_text(lease), duration_text(lease.saturating_sub(opening.command_timeout)));
        let what = format!(
            "must be more than {slack} shorter than request_ttl ({ttl}): a claim lasts {lease}, and \
             another worker must be able to continue the request of a dead one before it expires"
        );
        section.add_mistake_with_value("command_timeout", what);
    }
}

pub(super) fn retention(mut section: Section<'_>) -> RetentionSettings {
    let mut retention_time = |key, default| {
        section.with_default(key, default, |node| {
            duration(node, Duration::from_secs(1)..=LONGEST_RETENTION)
        })
    };
    let retention = RetentionSettings {
        outcomes: retention_time("outcomes", defaults::RETAIN_OUTCOMES),
        bookings: retention_time("bookings", defaults::RETAIN_BOOKINGS),
        audit: section.with_default("audit", defaults::RETAIN_AUDIT, |node| {
            duration(node, SHORTEST_AUDIT..=LONGEST_AUDIT)
        }),
    };
    section.finish();
    retention
}
