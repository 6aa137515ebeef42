//! The stories: what guests, booking systems and broken programs do.

use super::garbage;
use super::writer::{Life, SOURCES, Stay, Writer};
use crate::town::{BOOKING_WAIT_SECONDS, DEFAULTED, DORMANT, Door, MINUTES_BEFORE, SOUR};
use rand::RngExt;

/// Publishes a story's messages, beginning about then; nothing where no door is free.
type Story = fn(&mut Writer<'_>, &'static str, i64) -> Option<()>;

/// Each with how often it is told.
const STORIES: [(u32, Story); 24] = [
    (30, guest),
    (6, family),
    (8, guest_comes_again),
    (6, booking_checked_in),
    (8, request_overtakes),
    (3, booking_never_comes),
    (4, cancelled_just_now),
    (4, cancelled_long_ago),
    (5, cancellation_comes_first),
    (5, old_cancellation_comes_late),
    (4, order_by_time),
    (4, too_early),
    (5, window_begins),
    (5, window_ends),
    (4, moved_to_another_door),
    (3, other_object),
    (3, ambiguous),
    (2, no_lock),
    (4, expires_soon),
    (4, expired),
    (8, asks_twice),
    (3, same_id_of_another),
    (3, switched_off),
    (2, unknown_integration),
];

/// All kinds of them, until so many requests a second are there.
pub(super) fn wild(writer: &mut Writer<'_>, end: i64, rate: f64) {
    let all: u32 = STORIES.iter().map(|(weight, _)| weight).sum();
    let mut last_sour = 0;
    loop {
        let at = (writer.requests() as f64 / rate * 1000.0) as i64;
        if at >= end {
            return;
        }
        let mut dice = writer.rng.random_range(0..all);
        let story = STORIES.iter().find(|(weight, _)| {
            let it = dice < *weight;
            dice = dice.saturating_sub(*weight);
            it
        });
        let before = writer.requests();
        let (_, story) = story.expect("the dice show less than the sum");
        let integration = ["north-house", "south-house", DEFAULTED][writer.rng.random_range(0..3)];
        story(writer, integration, at);
        if writer.requests() == before {
            // No door was free: a request that needs none keeps the time going.
            let _ = booking_never_comes(writer, integration, at);
        }
        if writer.rng.random_bool(0.08) {
            garbage::publish(writer, at);
        }
        if at - last_sour > 1000 {
            last_sour = at;
            let _ = sour(writer, SOUR, at);
        }
    }
}

/// Guests with a booking, each asking once.
pub(super) fn steady(writer: &mut Writer<'_>, end: i64, rate: f64, seconds_to_live: i64) {
    let life = seconds_to_live * 1000;
    // The bookings are known when the first guests come.
    let first = 2000;
    loop {
        let at = first + (writer.requests() as f64 / rate * 1000.0) as i64;
        if at >= end {
            return;
        }
        let integrations = ["north-house", "south-house", DEFAULTED];
        let integration = integrations[(writer.requests() % 3) as usize];
        let stay = writer.stay(integration, 1, (at, at + life + 3000));
        let stay = stay.expect("the town has a door for every guest");
        writer.status(&stay, (at - first, 0), "paid", Some(1));
        let door = stay.doors[0].clone();
        writer.ask("guest", &stay, (Some(&door), false), at, Life::Millis(life));
    }
}

/// From the end of a request's life until its door is somebody else's.
const REST: i64 = 3000;

fn life(writer: &mut Writer<'_>) -> Life {
    match writer.between(0..10) {
        0 => Life::Default,
        1..4 => Life::Millis(writer.between(2000..6000)),
        _ => Life::Millis(writer.between(8000..25_000)),
    }
}

/// A stay of one door, held for so long from `at`.
fn single(writer: &mut Writer<'_>, integration: &'static str, at: i64, held: i64) -> Option<Stay> {
    writer.stay(integration, 1, (at, at + held + REST))
}

/// Asks for the stay's only door, named now and then.
fn ask(writer: &mut Writer<'_>, story: &str, stay: &Stay, at: i64, life: Life) {
    let named = writer.rng.random_bool(0.3);
    writer.ask(story, stay, (Some(&stay.doors[0].clone()), named), at, life);
}

fn guest(writer: &mut Writer<'_>, integration: &'static str, at: i64) -> Option<()> {
    let lead = writer.between(200..3000);
    let stay = single(writer, integration, at, lead + 25_000)?;
    let revision = writer.rng.random_bool(0.7).then_some(1);
    let status = ["confirmed", "paid"][writer.rng.random_range(0..2)];
    writer.status(&stay, (at, 0), status, revision);
    let life = life(writer);
    ask(writer, "guest", &stay, at + lead, life);
    Some(())
}

fn family(writer: &mut Writer<'_>, integration: &'static str, at: i64) -> Option<()> {
    let stay = writer.stay(integration, 3, (at, at + 2000 + 25_000 + REST))?;
    writer.status(&stay, (at, 0), "paid", Some(3));
    for door in stay.doors.clone() {
        let (later, life) = (writer.between(300..2000), life(writer));
        writer.ask("family", &stay, (Some(&door), true), at + later, life);
    }
    Some(())
}

fn guest_comes_again(writer: &mut Writer<'_>, integration: &'static str, at: i64) -> Option<()> {
    let stay = single(writer, integration, at, 1000 + 6000 + REST + 12_000)?;
    writer.status(&stay, (at, 0), "confirmed", Some(1));
    ask(writer, "first time", &stay, at + 1000, Life::Millis(6000));
    ask(writer, "second time", &stay, at + 1000 + 6000 + REST, Life::Millis(12_000));
    Some(())
}

fn booking_checked_in(writer: &mut Writer<'_>, integration: &'static str, at: i64) -> Option<()> {
    let status = writer.town.integration(integration).check_in_status.unwrap_or("paid");
    let stay = single(writer, integration, at, 1000 + 5000 + REST + 10_000)?;
    writer.status(&stay, (at, 0), "paid", Some(1));
    ask(writer, "before check-in", &stay, at + 1000, Life::Millis(5000));
    writer.status(&stay, (at + 4000, 0), status, Some(2));
    ask(writer, "after check-in", &stay, at + 1000 + 5000 + REST, Life::Millis(10_000));
    Some(())
}

fn request_overtakes(writer: &mut Writer<'_>, integration: &'static str, at: i64) -> Option<()> {
    let stay = single(writer, integration, at, 20_000)?;
    ask(writer, "overtakes its booking", &stay, at, Life::Millis(20_000));
    let late = writer.between(20..BOOKING_WAIT_SECONDS * 1000 + 2000);
    writer.status(&stay, (at + late, 0), "confirmed", Some(1));
    Some(())
}

fn booking_never_comes(writer: &mut Writer<'_>, integration: &'static str, at: i64) -> Option<()> {
    let booking = writer.name("nobody");
    let stay = Stay { integration, booking, doors: Vec::new(), starts: at, ends: at + 1 };
    let life = life(writer);
    writer.ask("unknown booking", &stay, (None, false), at, life);
    Some(())
}

fn cancelled_just_now(writer: &mut Writer<'_>, integration: &'static str, at: i64) -> Option<()> {
    let stay = single(writer, integration, at, 15_000)?;
    writer.status(&stay, (at, 0), "paid", Some(7));
    let cancelled = at + writer.between(500..2500);
    writer.status(&stay, (cancelled, 0), "cancelled", Some(8));
    ask(writer, "cancelled just now", &stay, at + 1500, Life::Millis(13_000));
    Some(())
}

fn cancelled_long_ago(writer: &mut Writer<'_>, integration: &'static str, at: i64) -> Option<()> {
    let later = writer.between(16_000..22_000);
    let stay = single(writer, integration, at, later + 8000)?;
    writer.status(&stay, (at, 0), "paid", Some(1));
    writer.status(&stay, (at + 400, 0), "cancelled", Some(2));
    ask(writer, "cancelled long ago", &stay, at + later, Life::Millis(8000));
    Some(())
}

fn cancellation_comes_first(
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

fn old_cancellation_comes_late(
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

fn order_by_time(writer: &mut Writer<'_>, integration: &'static str, at: i64) -> Option<()> {
    let later = writer.between(14_000..20_000);
    let stay = single(writer, integration, at, later + 8000)?;
    // No revisions: what was said later counts, whichever comes first.
    writer.status(&stay, (at, 0), "cancelled", None);
    writer.status(&stay, (at + 400, -5000), "paid", None);
    ask(writer, "order by time", &stay, at + later, Life::Millis(8000));
    Some(())
}

fn too_early(writer: &mut Writer<'_>, integration: &'static str, at: i64) -> Option<()> {
    let mut stay = single(writer, integration, at, 10_000)?;
    stay.starts = at + 3_600_000;
    stay.ends = at + 7_200_000;
    writer.status(&stay, (at, 0), "confirmed", Some(1));
    ask(writer, "too early", &stay, at + 800, Life::Millis(9000));
    Some(())
}

fn window_begins(writer: &mut Writer<'_>, integration: &'static str, at: i64) -> Option<()> {
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

fn window_ends(writer: &mut Writer<'_>, integration: &'static str, at: i64) -> Option<()> {
    let mut stay = single(writer, integration, at, 1500 + 10_000 + REST + 6000)?;
    stay.ends = at + 5000;
    writer.status(&stay, (at, 0), "paid", Some(1));
    ask(writer, "window ends", &stay, at + 1500, Life::Millis(10_000));
    ask(writer, "window has ended", &stay, at + 1500 + 10_000 + REST, Life::Millis(6000));
    Some(())
}

fn moved_to_another_door(
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

fn other_object(writer: &mut Writer<'_>, integration: &'static str, at: i64) -> Option<()> {
    let both = writer.stay(integration, 2, (at, at + 12_000 + REST))?;
    let mut stay = both.clone();
    stay.doors.truncate(1);
    writer.status(&stay, (at, 0), "paid", Some(1));
    writer.ask(
        "another's door",
        &stay,
        (Some(&both.doors[1]), true),
        at + 700,
        Life::Millis(10_000),
    );
    Some(())
}

fn ambiguous(writer: &mut Writer<'_>, integration: &'static str, at: i64) -> Option<()> {
    let stay = writer.stay(integration, 2, (at, at + 12_000 + REST))?;
    writer.status(&stay, (at, 0), "paid", None);
    writer.ask("does not say which", &stay, (None, false), at + 700, Life::Millis(10_000));
    Some(())
}

fn no_lock(writer: &mut Writer<'_>, _: &'static str, at: i64) -> Option<()> {
    let mut stay = single(writer, "north-house", at, 10_000)?;
    stay.doors = vec![Door { object: "attic".to_owned(), lock: String::new(), iq: String::new() }];
    writer.status(&stay, (at, 0), "paid", Some(1));
    ask(writer, "no lock", &stay, at + 700, Life::Millis(9000));
    Some(())
}

fn expires_soon(writer: &mut Writer<'_>, integration: &'static str, at: i64) -> Option<()> {
    let stay = single(writer, integration, at, 4000)?;
    writer.status(&stay, (at, 0), "paid", Some(1));
    let millis = writer.between(30..1500);
    ask(writer, "expires soon", &stay, at + 800, Life::Millis(millis));
    Some(())
}

fn expired(writer: &mut Writer<'_>, integration: &'static str, at: i64) -> Option<()> {
    let stay = single(writer, integration, at, 4000)?;
    writer.status(&stay, (at, 0), "paid", Some(1));
    ask(writer, "expired", &stay, at + 800, Life::Millis(-500));
    Some(())
}

fn asks_twice(writer: &mut Writer<'_>, integration: &'static str, at: i64) -> Option<()> {
    let stay = single(writer, integration, at, 1000 + 12_000)?;
    writer.status(&stay, (at, 0), "paid", Some(1));
    let door = stay.doors[0].clone();
    let request =
        writer.ask("asks twice", &stay, (Some(&door), true), at + 1000, Life::Millis(12_000));
    let soon = writer.between(1..300);
    writer.again(&request, at + 1000 + soon);
    if writer.rng.random_bool(0.5) {
        let later = writer.between(1000..11_000);
        writer.again(&request, at + 1000 + later);
    }
    Some(())
}

fn same_id_of_another(writer: &mut Writer<'_>, integration: &'static str, at: i64) -> Option<()> {
    let stay = writer.stay(integration, 2, (at, at + 12_000 + REST))?;
    writer.status(&stay, (at, 0), "paid", Some(1));
    let id = writer.name("r");
    for (source, door) in SOURCES.into_iter().zip(stay.doors.clone()) {
        let life = Life::Millis(10_000);
        writer.ask_as(
            (source, &id),
            "same id, other source",
            &stay,
            (Some(&door), true),
            at + 900,
            life,
        );
    }
    Some(())
}

fn switched_off(writer: &mut Writer<'_>, _: &'static str, at: i64) -> Option<()> {
    let stay = single(writer, DORMANT, at, 9000)?;
    writer.status(&stay, (at, 0), "paid", Some(1));
    ask(writer, "switched off", &stay, at + 700, Life::Millis(8000));
    Some(())
}

fn unknown_integration(writer: &mut Writer<'_>, _: &'static str, at: i64) -> Option<()> {
    let booking = writer.name("b");
    let integration = "nobodys-castle";
    let stay = Stay { integration, booking, doors: Vec::new(), starts: at, ends: at + 3_600_000 };
    writer.ask("unknown integration", &stay, (None, false), at, Life::Millis(9000));
    Some(())
}

fn sour(writer: &mut Writer<'_>, integration: &'static str, at: i64) -> Option<()> {
    let stay = single(writer, integration, at, 9000)?;
    writer.status(&stay, (at, 0), "paid", Some(1));
    ask(writer, "sour", &stay, at + 800, Life::Millis(8000));
    Some(())
}
