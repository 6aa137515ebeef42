//! Bookings that change: cancelled, moved, told out of order; and windows that begin and end.

use super::super::writer::{Life, Writer};
use super::{REST, ask, life, single};
use crate::town::MINUTES_BEFORE;

pub(super) fn cancelled_just_now(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
    let stay = single(writer, integration, at, 15_000)?;
    writer.status(&stay, (at, 0), "paid", Some(7));
    let cancelled = at + writer.between(500..2500);
    writer.status(&stay, (cancelled, 0), "cancelled", Some(8));
    ask(writer, "cancelled just now", &stay, at + 1500, Life::Millis(13_000));
    Some(())
}

pub(super) fn cancelled_long_ago(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
    let later = writer.between(16_000..22_000);
    let stay = single(writer, integration, at, later + 8000)?;
    writer.status(&stay, (at, 0), "paid", Some(1));
    writer.status(&stay, (at + 400, 0), "cancelled", Some(2));
    ask(writer, "cancelled long ago", &stay, at + later, Life::Millis(8000));
    Some(())
}

pub(super) fn cancellation_comes_first(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
    let later = writer.between(14_000..20_000);
    let stay = single(writer, integration, at, later + 8000)?;
    for (after, status, revision) in [(0, "cancelled", 3), (300, "paid", 2), (700, "confirmed", 1)]
    {
        writer.status(&stay, (at + after, 0), status, Some(revision));
    }
    ask(writer, "cancellation came first", &stay, at + later, Life::Millis(8000));
    Some(())
}

pub(super) fn old_cancellation_comes_late(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
    let stay = single(writer, integration, at, 15_000)?;
    writer.status(&stay, (at, 0), "paid", Some(12));
    writer.status(&stay, (at + 300, 0), "cancelled", Some(11));
    let life = life(writer);
    let later = writer.between(500..3000);
    let life = match life {
        Life::Millis(millis) => Life::Millis(millis.min(12_000)),
        Life::Default => Life::Millis(12_000),
    };
    ask(writer, "old cancellation came late", &stay, at + later, life);
    Some(())
}

pub(super) fn order_by_time(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
    let later = writer.between(14_000..20_000);
    let stay = single(writer, integration, at, later + 8000)?;
    // No revisions: what was said later counts, whichever comes first.
    writer.status(&stay, (at, 0), "cancelled", None);
    writer.status(&stay, (at + 400, -5000), "paid", None);
    ask(writer, "order by time", &stay, at + later, Life::Millis(8000));
    Some(())
}

pub(super) fn too_early(writer: &mut Writer<'_>, integration: &'static str, at: i64) -> Option<()> {
    let mut stay = single(writer, integration, at, 10_000)?;
    stay.starts = at + 3_600_000;
    stay.ends = at + 7_200_000;
    writer.status(&stay, (at, 0), "confirmed", Some(1));
    ask(writer, "too early", &stay, at + 800, Life::Millis(9000));
    Some(())
}

pub(super) fn window_begins(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
    let mut stay = single(writer, integration, at, 2000 + 3000 + REST + 10_000)?;
    let opens = at + 4000;
    stay.starts = opens + MINUTES_BEFORE * 60_000;
    stay.ends = stay.starts + 3_600_000;
    writer.status(&stay, (at, 0), "confirmed", Some(1));
    // It ends before the door opens, or a moment after.
    let first = at + writer.between(500..2000);
    ask(writer, "before its window", &stay, first, Life::Millis(3000));
    ask(writer, "within its window", &stay, at + 2000 + 3000 + REST, Life::Millis(10_000));
    Some(())
}

pub(super) fn window_ends(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
    let mut stay = single(writer, integration, at, 1500 + 10_000 + REST + 6000)?;
    stay.ends = at + 5000;
    writer.status(&stay, (at, 0), "paid", Some(1));
    ask(writer, "window ends", &stay, at + 1500, Life::Millis(10_000));
    ask(writer, "window has ended", &stay, at + 1500 + 10_000 + REST, Life::Millis(6000));
    Some(())
}

pub(super) fn moved_to_another_door(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
    let later = writer.between(14_000..18_000);
    let both = writer.stay(integration, 2, (at, at + later + 8000 + REST))?;
    let (mut before, mut after) = (both.clone(), both.clone());
    before.doors.truncate(1);
    after.doors.remove(0);
    writer.status(&before, (at, 0), "paid", Some(1));
    writer.status(&after, (at + 500, 0), "paid", Some(2));
    let (old, new) = (before.doors[0].clone(), after.doors[0].clone());
    writer.ask("moved away", &before, (Some(&old), true), at + later, Life::Millis(8000));
    writer.ask("moved here", &after, (Some(&new), true), at + later, Life::Millis(8000));
    Some(())
}
