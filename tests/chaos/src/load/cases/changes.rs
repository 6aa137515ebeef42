//! Changes of bookings: cancellations, moves, statuses out of order; and windows that begin and end.

use super::super::case_inputs::{Expiry, RequestedDoor};
use super::super::writer::Writer;
use super::{DOOR_REUSE_GAP, expiry, request, single};
use crate::fixtures::MINUTES_BEFORE;
use rand::RngExt;

pub(super) fn cancelled_just_now(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
    let stay = single(writer, integration, at, 15_000)?;
    writer.status(&stay, at, "paid", Some(7));
    let cancelled = at + writer.between(500..2500);
    writer.status(&stay, cancelled, "cancelled", Some(8));
    request(writer, "cancelled just now", &stay, at + 1500, Expiry::Millis(13_000));
    Some(())
}

/// The cancellation is on its way while the request is handled.
pub(super) fn cancellation_races(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
    let lead = writer.between(300..1500);
    let stay = single(writer, integration, at, lead + 12_000)?;
    writer.status(&stay, at, "paid", Some(1));
    request(writer, "cancellation races", &stay, at + lead, Expiry::Millis(12_000));
    let cancelled = at + lead + writer.between(0..1500);
    writer.status(&stay, cancelled, "cancelled", Some(2));
    Some(())
}

/// Two states with the same second and no revision, in any order: the door opens only where both allow it. Half of
/// the ties are superseded.
pub(super) fn tied(writer: &mut Writer<'_>, integration: &'static str, at: i64) -> Option<()> {
    let later = writer.between(600..5000);
    let stay = single(writer, integration, at, later + 8000)?;
    let second = writer.second_of(at);
    let pair = [
        ["paid", "cancelled"],
        ["cancelled", "paid"],
        ["cancelled", "confirmed"],
        ["paid", "confirmed"],
    ][writer.rng.random_range(0..4)];
    let apart = writer.between(0..400);
    writer.status_with_time(&stay, at, second, pair[0], None);
    writer.status_with_time(&stay, at + apart, second, pair[1], None);
    if writer.rng.random_bool(0.5) {
        let superseded = at + writer.between(0..6000);
        writer.status_with_time(&stay, superseded, second + 1000, "paid", None);
    }
    request(writer, "tied states", &stay, at + later, Expiry::Millis(8000));
    Some(())
}

pub(super) fn cancelled_long_ago(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
    let later = writer.between(16_000..22_000);
    let stay = single(writer, integration, at, later + 8000)?;
    writer.status(&stay, at, "paid", Some(1));
    writer.status(&stay, at + 400, "cancelled", Some(2));
    request(writer, "cancelled long ago", &stay, at + later, Expiry::Millis(8000));
    Some(())
}

pub(super) fn cancellation_first(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
    let later = writer.between(14_000..20_000);
    let stay = single(writer, integration, at, later + 8000)?;
    for (after, status, revision) in [(0, "cancelled", 3), (300, "paid", 2), (700, "confirmed", 1)]
    {
        writer.status(&stay, at + after, status, Some(revision));
    }
    request(writer, "cancellation first", &stay, at + later, Expiry::Millis(8000));
    Some(())
}

pub(super) fn late_old_cancellation(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
    let stay = single(writer, integration, at, 15_000)?;
    writer.status(&stay, at, "paid", Some(12));
    writer.status(&stay, at + 300, "cancelled", Some(11));
    let expiry = expiry(writer);
    let later = writer.between(500..3000);
    let expiry = match expiry {
        Expiry::Millis(millis) => Expiry::Millis(millis.min(12_000)),
        Expiry::Default => Expiry::Millis(12_000),
    };
    request(writer, "late old cancellation", &stay, at + later, expiry);
    Some(())
}

pub(super) fn order_by_time(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
    let later = writer.between(14_000..20_000);
    let stay = single(writer, integration, at, later + 8000)?;
    // Without revisions the later `time` counts, in any order of arrival.
    writer.status(&stay, at, "cancelled", None);
    writer.status_with_time(&stay, at + 400, at - 4600, "paid", None);
    request(writer, "order by time", &stay, at + later, Expiry::Millis(8000));
    Some(())
}

pub(super) fn too_early(writer: &mut Writer<'_>, integration: &'static str, at: i64) -> Option<()> {
    let mut stay = single(writer, integration, at, 10_000)?;
    stay.starts = at + 3_600_000;
    stay.ends = at + 7_200_000;
    writer.status(&stay, at, "confirmed", Some(1));
    request(writer, "too early", &stay, at + 800, Expiry::Millis(9000));
    Some(())
}

pub(super) fn window_begins(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
    let mut stay = single(writer, integration, at, 2000 + 3000 + DOOR_REUSE_GAP + 10_000)?;
    let opens = at + 4000;
    stay.starts = opens + MINUTES_BEFORE * 60_000;
    stay.ends = stay.starts + 3_600_000;
    writer.status(&stay, at, "confirmed", Some(1));
    // The request expires before or shortly after the window begins.
    let first = at + writer.between(500..2000);
    request(writer, "before its window", &stay, first, Expiry::Millis(3000));
    request(
        writer,
        "within its window",
        &stay,
        at + 2000 + 3000 + DOOR_REUSE_GAP,
        Expiry::Millis(10_000),
    );
    Some(())
}

pub(super) fn window_ends(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
    let mut stay = single(writer, integration, at, 1500 + 10_000 + DOOR_REUSE_GAP + 6000)?;
    stay.ends = at + 5000;
    writer.status(&stay, at, "paid", Some(1));
    request(writer, "window ends", &stay, at + 1500, Expiry::Millis(10_000));
    request(
        writer,
        "window has ended",
        &stay,
        at + 1500 + 10_000 + DOOR_REUSE_GAP,
        Expiry::Millis(6000),
    );
    Some(())
}

pub(super) fn moved_to_another_door(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
    let later = writer.between(14_000..18_000);
    let both = writer.stay(integration, 2, at, at + later + 8000 + DOOR_REUSE_GAP)?;
    let (mut before, mut after) = (both.clone(), both.clone());
    before.doors.truncate(1);
    after.doors.remove(0);
    writer.status(&before, at, "paid", Some(1));
    writer.status(&after, at + 500, "paid", Some(2));
    let (old, new) = (before.doors[0].clone(), after.doors[0].clone());
    writer.request(
        "moved away",
        &before,
        RequestedDoor::Named(&old),
        at + later,
        Expiry::Millis(8000),
    );
    writer.request(
        "moved here",
        &after,
        RequestedDoor::Named(&new),
        at + later,
        Expiry::Millis(8000),
    );
    Some(())
}
