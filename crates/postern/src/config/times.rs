//! `[opening]` and `[retention]`: how long everything may take and is kept.

use std::time::Duration;

use consumer::{OpeningSettings, RetentionSettings};

use super::{
    defaults,
    reader::Section,
    value::{duration, in_words, integer},
};

/// A door is asked for by somebody who stands before it.
const LONGEST_REQUEST: Duration = Duration::from_secs(600);
/// Beyond it a second command would be a second opening.
const LONGEST_RESEND: Duration = Duration::from_secs(60);
/// More would be no limit.
const MOST_IN_FLIGHT: u32 = 1_000;
/// The finest unit; what must not be nothing is at least this.
const SHORTEST: Duration = Duration::from_millis(1);
/// A year.
const LONGEST_RETENTION: Duration = Duration::from_secs(365 * 24 * 3600);
/// An hour, and ten years as humantime counts them.
const SHORTEST_AUDIT: Duration = Duration::from_secs(3600);
const LONGEST_AUDIT: Duration = Duration::from_secs(10 * 31_557_600);

pub(super) fn opening(mut section: Section<'_>) -> OpeningSettings {
    let opening = OpeningSettings {
        request_ttl: section.or("request_ttl", defaults::REQUEST_TTL, |node| {
            duration(node, SHORTEST..=LONGEST_REQUEST)
        }),
        booking_wait: section.or("booking_wait", defaults::BOOKING_WAIT, |node| {
            duration(node, Duration::ZERO..=LONGEST_REQUEST)
        }),
        command_timeout: section.or("command_timeout", defaults::COMMAND_TIMEOUT, |node| {
            duration(node, SHORTEST..=LONGEST_REQUEST)
        }),
        resend_window: section.or("resend_window", defaults::RESEND_WINDOW, |node| {
            duration(node, Duration::ZERO..=LONGEST_RESEND)
        }),
        in_flight_per_iq: section.or("in_flight_per_iq", defaults::IN_FLIGHT_PER_IQ, |node| {
            integer(node, 1..=MOST_IN_FLIGHT)
        }),
        in_flight_per_integration: section.or(
            "in_flight_per_integration",
            defaults::IN_FLIGHT_PER_INTEGRATION,
            |node| integer(node, 1..=MOST_IN_FLIGHT),
        ),
    };
    if section.sound() {
        compare(&mut section, &opening);
    }
    section.finish();
    opening
}

/// A claim must outlive its command, and a request must outlive a dead worker's claim.
fn compare(section: &mut Section<'_>, opening: &OpeningSettings) {
    let ttl = in_words(opening.request_ttl);
    if opening.booking_wait > opening.request_ttl {
        section.wrong("booking_wait", format!("must be at most request_ttl ({ttl})"));
    }
    let lease = consumer::claim_lease(opening.command_timeout);
    if lease >= opening.request_ttl {
        let (lease, slack) =
            (in_words(lease), in_words(lease.saturating_sub(opening.command_timeout)));
        let what = format!(
            "must be more than {slack} shorter than request_ttl ({ttl}): a command is claimed \
             for {lease}, and where its worker dies another must find the request still alive"
        );
        section.wrong("command_timeout", what);
    }
}

pub(super) fn retention(mut section: Section<'_>) -> RetentionSettings {
    let mut kept = |key, default| {
        section.or(key, default, |node| duration(node, Duration::from_secs(1)..=LONGEST_RETENTION))
    };
    let retention = RetentionSettings {
        outcomes: kept("outcomes", defaults::RETAIN_OUTCOMES),
        bookings: kept("bookings", defaults::RETAIN_BOOKINGS),
        audit: section.or("audit", defaults::RETAIN_AUDIT, |node| {
            duration(node, SHORTEST_AUDIT..=LONGEST_AUDIT)
        }),
    };
    section.finish();
    retention
}
