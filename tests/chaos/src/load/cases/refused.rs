//! Requests that are rejected or fail.

use super::super::case_inputs::{Expiry, RequestedDoor, Stay};
use super::super::writer::Writer;
use super::{DOOR_REUSE_GAP, request, single};
use crate::fixtures::{Door, INACTIVE};

pub(super) fn other_object(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
    let both = writer.stay(integration, 2, at, at + 12_000 + DOOR_REUSE_GAP)?;
    let mut stay = both.clone();
    stay.doors.truncate(1);
    writer.status(&stay, at, "paid", Some(1));
    writer.request(
        "object not in booking",
        &stay,
        RequestedDoor::Named(&both.doors[1]),
        at + 700,
        Expiry::Millis(10_000),
    );
    Some(())
}

pub(super) fn ambiguous(writer: &mut Writer<'_>, integration: &'static str, at: i64) -> Option<()> {
    let stay = writer.stay(integration, 2, at, at + 12_000 + DOOR_REUSE_GAP)?;
    writer.status(&stay, at, "paid", None);
    writer.request(
        "ambiguous object",
        &stay,
        RequestedDoor::None,
        at + 700,
        Expiry::Millis(10_000),
    );
    Some(())
}

pub(super) fn no_lock(writer: &mut Writer<'_>, _: &'static str, at: i64) -> Option<()> {
    let mut stay = single(writer, "north-house", at, 10_000)?;
    stay.doors = vec![Door { object: "attic".to_owned(), lock: String::new(), iq: String::new() }];
    writer.status(&stay, at, "paid", Some(1));
    request(writer, "no lock", &stay, at + 700, Expiry::Millis(9000));
    Some(())
}

/// Another request has the source and id of the first one.
pub(super) fn id_conflict(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
    let stay = single(writer, integration, at, 700 + 12_000)?;
    writer.status(&stay, at, "paid", Some(1));
    let door = RequestedDoor::Named(&stay.doors[0]);
    let first = writer.request("id conflict", &stay, door, at + 700, Expiry::Millis(12_000));
    let later = writer.between(1500..8000);
    writer.id_conflict(&first, at + 700 + later);
    Some(())
}

pub(super) fn inactive_integration(
    writer: &mut Writer<'_>,
    _: &'static str,
    at: i64,
) -> Option<()> {
    let stay = single(writer, INACTIVE, at, 9000)?;
    writer.status(&stay, at, "paid", Some(1));
    request(writer, "inactive integration", &stay, at + 700, Expiry::Millis(8000));
    Some(())
}

pub(super) fn unknown_integration(writer: &mut Writer<'_>, _: &'static str, at: i64) -> Option<()> {
    let booking = writer.name("b");
    let integration = "unknown-house";
    let stay = Stay { integration, booking, doors: Vec::new(), starts: at, ends: at + 3_600_000 };
    writer.request("unknown integration", &stay, RequestedDoor::None, at, Expiry::Millis(9000));
    Some(())
}

pub(super) fn wrong_secret(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
    let stay = single(writer, integration, at, 9000)?;
    writer.status(&stay, at, "paid", Some(1));
    request(writer, "wrong secret", &stay, at + 800, Expiry::Millis(8000));
    Some(())
}
