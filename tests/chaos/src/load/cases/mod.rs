//! The test cases: what guests, booking systems and faulty programs do.

mod changes;
mod guests;
mod refused;

use super::case_inputs::{Expiry, RequestedDoor, Stay};
use super::invalid;
use super::writer::Writer;
use crate::fixtures::{OPENING_INTEGRATIONS, WRONG_SECRET};
use rand::RngExt;

/// Publishes the messages of a case, the first at about this time; none if no door is free.
type Case = fn(&mut Writer<'_>, &'static str, i64) -> Option<()>;

/// The cases with their weights.
const CASES: [(u32, Case); 27] = [
    (30, guests::guest),
    (6, guests::family),
    (8, guests::second_request),
    (6, guests::booking_checked_in),
    (8, guests::request_before_booking),
    (3, guests::unknown_booking),
    (4, changes::cancelled_just_now),
    (10, changes::cancellation_races),
    (6, changes::tied),
    (4, changes::cancelled_long_ago),
    (5, changes::cancellation_first),
    (5, changes::late_old_cancellation),
    (4, changes::order_by_time),
    (4, changes::too_early),
    (5, changes::window_begins),
    (5, changes::window_ends),
    (4, changes::moved_to_another_door),
    (3, refused::other_object),
    (3, refused::ambiguous),
    (2, refused::no_lock),
    (3, refused::id_conflict),
    (4, guests::expires_soon),
    (4, guests::expired),
    (8, guests::duplicate_request),
    (3, guests::same_id_other_source),
    (3, refused::inactive_integration),
    (2, refused::unknown_integration),
];

/// Publishes random cases, with this rate of requests per second.
pub(super) fn mixed(writer: &mut Writer<'_>, end: i64, rate: f64) {
    let total: u32 = CASES.iter().map(|(weight, _)| weight).sum();
    let mut last_wrong_secret = 0;
    loop {
        let at = (writer.requests() as f64 / rate * 1000.0) as i64;
        if at >= end {
            return;
        }
        let mut number = writer.rng.random_range(0..total);
        let case = CASES.iter().find(|(weight, _)| {
            let found = number < *weight;
            number = number.saturating_sub(*weight);
            found
        });
        let before = writer.requests();
        let (_, case) = case.expect("the number is less than the total");
        let integration =
            OPENING_INTEGRATIONS[writer.rng.random_range(0..OPENING_INTEGRATIONS.len())];
        case(writer, integration, at);
        if writer.requests() == before {
            // No door was free: a request that needs no door advances the time.
            let _ = guests::unknown_booking(writer, integration, at);
        }
        if writer.rng.random_bool(0.08) {
            invalid::publish(writer, at);
        }
        if at - last_wrong_secret > 1000 {
            last_wrong_secret = at;
            let _ = refused::wrong_secret(writer, WRONG_SECRET, at);
        }
    }
}

/// Publishes guests with a booking, with one request each.
pub(super) fn steady(
    writer: &mut Writer<'_>,
    end: i64,
    rate: f64,
    seconds_to_live: i64,
    integrations: &[&'static str],
) {
    let life = seconds_to_live * 1000;
    // The bookings are stored before the first requests.
    let first = 2000;
    loop {
        let at = first + (writer.requests() as f64 / rate * 1000.0) as i64;
        if at >= end {
            return;
        }
        let integration = integrations[writer.requests() as usize % integrations.len()];
        let stay = writer.stay(integration, 1, at, at + life + 3000);
        let stay = stay.expect("there is a door for every guest");
        writer.status(&stay, at - first, "paid", Some(1));
        let door = stay.doors[0].clone();
        writer.request("guest", &stay, RequestedDoor::OnlyOne(&door), at, Expiry::Millis(life));
    }
}

/// From the expiry of a request until its door is reserved again.
const DOOR_REUSE_GAP: i64 = 3000;

fn expiry(writer: &mut Writer<'_>) -> Expiry {
    match writer.between(0..10) {
        0 => Expiry::Default,
        1..4 => Expiry::Millis(writer.between(2000..6000)),
        _ => Expiry::Millis(writer.between(8000..25_000)),
    }
}

/// A booking of one door, which is reserved for this time from `at`.
fn single(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
    reserved: i64,
) -> Option<Stay> {
    writer.stay(integration, 1, at, at + reserved + DOOR_REUSE_GAP)
}

/// Publishes a request for the booking's only door; some requests name it.
fn request(writer: &mut Writer<'_>, case: &str, stay: &Stay, at: i64, expiry: Expiry) {
    let door = &stay.doors[0];
    let named = writer.rng.random_bool(0.3);
    let door = if named { RequestedDoor::Named(door) } else { RequestedDoor::OnlyOne(door) };
    writer.request(case, stay, door, at, expiry);
}

#[cfg(test)]
mod tests {
    use super::*;
    use rules::RejectedReason;

    /// A case with requests that are rejected for this reason.
    fn rejected_for(reason: RejectedReason) -> Case {
        match reason {
            RejectedReason::IntegrationUnknown => refused::unknown_integration,
            RejectedReason::IntegrationInactive => refused::inactive_integration,
            RejectedReason::BookingUnknown => guests::unknown_booking,
            RejectedReason::StatusNotAllowed => changes::cancelled_long_ago,
            RejectedReason::TooEarly => changes::too_early,
            RejectedReason::TooLate => changes::window_ends,
            RejectedReason::ObjectNotInBooking => refused::other_object,
            RejectedReason::ObjectAmbiguous => refused::ambiguous,
            RejectedReason::NoLockMapped => refused::no_lock,
            RejectedReason::RequestExpired => guests::expired,
        }
    }

    #[test]
    fn every_rejected_reason_has_a_case() {
        for reason in RejectedReason::ALL {
            let wanted = rejected_for(*reason);
            let is_wanted = |(_, case): &(u32, Case)| std::ptr::fn_addr_eq(*case, wanted);
            assert!(CASES.iter().any(is_wanted), "no case is rejected for {reason}");
        }
    }
}
