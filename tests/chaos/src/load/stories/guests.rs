//! Guests who ask: once, again, twice, too late, before anybody knows of them.

use super::super::writer::{Life, SOURCES, Stay, Writer};
use super::{REST, ask, life, single};
use crate::town::BOOKING_WAIT_SECONDS;
use rand::RngExt;

pub(super) fn guest(writer: &mut Writer<'_>, integration: &'static str, at: i64) -> Option<()> {
    let lead = writer.between(200..3000);
    let stay = single(writer, integration, at, lead + 25_000)?;
    let revision = writer.rng.random_bool(0.7).then_some(1);
    let status = ["confirmed", "paid"][writer.rng.random_range(0..2)];
    writer.status(&stay, (at, 0), status, revision);
    let life = life(writer);
    ask(writer, "guest", &stay, at + lead, life);
    Some(())
}

pub(super) fn family(writer: &mut Writer<'_>, integration: &'static str, at: i64) -> Option<()> {
    let stay = writer.stay(integration, 3, (at, at + 2000 + 25_000 + REST))?;
    writer.status(&stay, (at, 0), "paid", Some(3));
    for door in stay.doors.clone() {
        let (later, life) = (writer.between(300..2000), life(writer));
        writer.ask("family", &stay, (Some(&door), true), at + later, life);
    }
    Some(())
}

pub(super) fn guest_comes_again(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
    let stay = single(writer, integration, at, 1000 + 6000 + REST + 12_000)?;
    writer.status(&stay, (at, 0), "confirmed", Some(1));
    ask(writer, "first time", &stay, at + 1000, Life::Millis(6000));
    ask(writer, "second time", &stay, at + 1000 + 6000 + REST, Life::Millis(12_000));
    Some(())
}

pub(super) fn booking_checked_in(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
    let status = writer.town.integration(integration).check_in_status.unwrap_or("paid");
    let stay = single(writer, integration, at, 1000 + 5000 + REST + 10_000)?;
    writer.status(&stay, (at, 0), "paid", Some(1));
    ask(writer, "before check-in", &stay, at + 1000, Life::Millis(5000));
    writer.status(&stay, (at + 4000, 0), status, Some(2));
    ask(writer, "after check-in", &stay, at + 1000 + 5000 + REST, Life::Millis(10_000));
    Some(())
}

pub(super) fn request_overtakes(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
    let stay = single(writer, integration, at, 20_000)?;
    ask(writer, "overtakes its booking", &stay, at, Life::Millis(20_000));
    let late = writer.between(20..BOOKING_WAIT_SECONDS * 1000 + 2000);
    writer.status(&stay, (at + late, 0), "confirmed", Some(1));
    Some(())
}

pub(super) fn booking_never_comes(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
    let booking = writer.name("nobody");
    let stay = Stay { integration, booking, doors: Vec::new(), starts: at, ends: at + 1 };
    let life = life(writer);
    writer.ask("unknown booking", &stay, (None, false), at, life);
    Some(())
}

pub(super) fn expires_soon(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
    let stay = single(writer, integration, at, 4000)?;
    writer.status(&stay, (at, 0), "paid", Some(1));
    let millis = writer.between(30..1500);
    ask(writer, "expires soon", &stay, at + 800, Life::Millis(millis));
    Some(())
}

pub(super) fn expired(writer: &mut Writer<'_>, integration: &'static str, at: i64) -> Option<()> {
    let stay = single(writer, integration, at, 4000)?;
    writer.status(&stay, (at, 0), "paid", Some(1));
    ask(writer, "expired", &stay, at + 800, Life::Millis(-500));
    Some(())
}

pub(super) fn asks_twice(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
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

pub(super) fn same_id_of_another(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
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
