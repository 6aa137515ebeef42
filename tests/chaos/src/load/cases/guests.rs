//! Requests of guests: one or several, duplicates, too late, before their booking is known.

use super::super::case_inputs::{Expiry, RequestContent, RequestedDoor, Stay};
use super::super::writer::{SOURCES, Writer};
use super::{DOOR_REUSE_GAP, expiry, request, single};
use crate::fixtures::BOOKING_WAIT_SECONDS;
use rand::RngExt;

pub(super) fn guest(writer: &mut Writer<'_>, integration: &'static str, at: i64) -> Option<()> {
    let lead = writer.between(200..3000);
    let stay = single(writer, integration, at, lead + 25_000)?;
    let revision = writer.rng.random_bool(0.7).then_some(1);
    let status = ["confirmed", "paid"][writer.rng.random_range(0..2)];
    writer.status(&stay, at, status, revision);
    let expiry = expiry(writer);
    request(writer, "guest", &stay, at + lead, expiry);
    Some(())
}

pub(super) fn family(writer: &mut Writer<'_>, integration: &'static str, at: i64) -> Option<()> {
    let stay = writer.stay(integration, 3, at, at + 2000 + 25_000 + DOOR_REUSE_GAP)?;
    writer.status(&stay, at, "paid", Some(3));
    for door in stay.doors.clone() {
        let (later, expiry) = (writer.between(300..2000), expiry(writer));
        writer.request("family", &stay, RequestedDoor::Named(&door), at + later, expiry);
    }
    Some(())
}

pub(super) fn second_request(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
    let stay = single(writer, integration, at, 1000 + 6000 + DOOR_REUSE_GAP + 12_000)?;
    writer.status(&stay, at, "confirmed", Some(1));
    request(writer, "first request", &stay, at + 1000, Expiry::Millis(6000));
    request(
        writer,
        "second request",
        &stay,
        at + 1000 + 6000 + DOOR_REUSE_GAP,
        Expiry::Millis(12_000),
    );
    Some(())
}

pub(super) fn booking_checked_in(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
    let status = writer.fixtures.integration(integration).check_in_status.unwrap_or("paid");
    let stay = single(writer, integration, at, 1000 + 5000 + DOOR_REUSE_GAP + 10_000)?;
    writer.status(&stay, at, "paid", Some(1));
    request(writer, "before check-in", &stay, at + 1000, Expiry::Millis(5000));
    writer.status(&stay, at + 4000, status, Some(2));
    request(
        writer,
        "after check-in",
        &stay,
        at + 1000 + 5000 + DOOR_REUSE_GAP,
        Expiry::Millis(10_000),
    );
    Some(())
}

pub(super) fn request_before_booking(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
    let stay = single(writer, integration, at, 20_000)?;
    request(writer, "request before booking", &stay, at, Expiry::Millis(20_000));
    let late = writer.between(20..BOOKING_WAIT_SECONDS * 1000 + 2000);
    writer.status(&stay, at + late, "confirmed", Some(1));
    Some(())
}

pub(super) fn unknown_booking(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
    let booking = writer.name("unknown");
    let stay = Stay { integration, booking, doors: Vec::new(), starts: at, ends: at + 1 };
    let expiry = expiry(writer);
    writer.request("unknown booking", &stay, RequestedDoor::None, at, expiry);
    Some(())
}

pub(super) fn expires_soon(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
    let stay = single(writer, integration, at, 4000)?;
    writer.status(&stay, at, "paid", Some(1));
    let millis = writer.between(30..1500);
    request(writer, "expires soon", &stay, at + 800, Expiry::Millis(millis));
    Some(())
}

pub(super) fn expired(writer: &mut Writer<'_>, integration: &'static str, at: i64) -> Option<()> {
    let stay = single(writer, integration, at, 4000)?;
    writer.status(&stay, at, "paid", Some(1));
    request(writer, "expired", &stay, at + 800, Expiry::Millis(-500));
    Some(())
}

pub(super) fn duplicate_request(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
    let stay = single(writer, integration, at, 1000 + 12_000)?;
    writer.status(&stay, at, "paid", Some(1));
    let door = stay.doors[0].clone();
    let request = writer.request(
        "duplicate request",
        &stay,
        RequestedDoor::Named(&door),
        at + 1000,
        Expiry::Millis(12_000),
    );
    let soon = writer.between(1..300);
    writer.copy(&request, at + 1000 + soon);
    if writer.rng.random_bool(0.5) {
        let later = writer.between(1000..11_000);
        writer.copy(&request, at + 1000 + later);
    }
    Some(())
}

pub(super) fn same_id_other_source(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
    let stay = writer.stay(integration, 2, at, at + 12_000 + DOOR_REUSE_GAP)?;
    writer.status(&stay, at, "paid", Some(1));
    let id = writer.name("r");
    for (source, door) in SOURCES.into_iter().zip(stay.doors.clone()) {
        let expiry = Expiry::Millis(10_000);
        let content = RequestContent {
            source,
            id: &id,
            case: "same id, other source",
            stay: &stay,
            door: RequestedDoor::Named(&door),
        };
        writer.request_with_id(&content, at + 900, expiry);
    }
    Some(())
}
