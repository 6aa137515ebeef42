//! The stories: what guests, booking systems and broken programs do.

mod changes;
mod guests;
mod refused;

use super::garbage;
use super::writer::{Life, Stay, Writer};
use crate::town::{DEFAULTED, SOUR};
use rand::RngExt;

/// Publishes a story's messages, beginning about then; nothing where no door is free.
type Story = fn(&mut Writer<'_>, &'static str, i64) -> Option<()>;

/// Each with how often it is told.
const STORIES: [(u32, Story); 24] = [
    (30, guests::guest),
    (6, guests::family),
    (8, guests::guest_comes_again),
    (6, guests::booking_checked_in),
    (8, guests::request_overtakes),
    (3, guests::booking_never_comes),
    (4, changes::cancelled_just_now),
    (4, changes::cancelled_long_ago),
    (5, changes::cancellation_comes_first),
    (5, changes::old_cancellation_comes_late),
    (4, changes::order_by_time),
    (4, changes::too_early),
    (5, changes::window_begins),
    (5, changes::window_ends),
    (4, changes::moved_to_another_door),
    (3, refused::other_object),
    (3, refused::ambiguous),
    (2, refused::no_lock),
    (4, guests::expires_soon),
    (4, guests::expired),
    (8, guests::asks_twice),
    (3, guests::same_id_of_another),
    (3, refused::switched_off),
    (2, refused::unknown_integration),
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
            let _ = guests::booking_never_comes(writer, integration, at);
        }
        if writer.rng.random_bool(0.08) {
            garbage::publish(writer, at);
        }
        if at - last_sour > 1000 {
            last_sour = at;
            let _ = refused::sour(writer, SOUR, at);
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
