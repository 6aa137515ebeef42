//! Requests that nobody can grant.

use super::super::writer::{Life, Stay, Writer};
use super::{REST, ask, single};
use crate::town::{DORMANT, Door};

pub(super) fn other_object(
    writer: &mut Writer<'_>,
    integration: &'static str,
    at: i64,
) -> Option<()> {
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

pub(super) fn ambiguous(writer: &mut Writer<'_>, integration: &'static str, at: i64) -> Option<()> {
    let stay = writer.stay(integration, 2, (at, at + 12_000 + REST))?;
    writer.status(&stay, (at, 0), "paid", None);
    writer.ask("does not say which", &stay, (None, false), at + 700, Life::Millis(10_000));
    Some(())
}

pub(super) fn no_lock(writer: &mut Writer<'_>, _: &'static str, at: i64) -> Option<()> {
    let mut stay = single(writer, "north-house", at, 10_000)?;
    stay.doors = vec![Door { object: "attic".to_owned(), lock: String::new(), iq: String::new() }];
    writer.status(&stay, (at, 0), "paid", Some(1));
    ask(writer, "no lock", &stay, at + 700, Life::Millis(9000));
    Some(())
}

pub(super) fn switched_off(writer: &mut Writer<'_>, _: &'static str, at: i64) -> Option<()> {
    let stay = single(writer, DORMANT, at, 9000)?;
    writer.status(&stay, (at, 0), "paid", Some(1));
    ask(writer, "switched off", &stay, at + 700, Life::Millis(8000));
    Some(())
}

pub(super) fn unknown_integration(writer: &mut Writer<'_>, _: &'static str, at: i64) -> Option<()> {
    let booking = writer.name("b");
    let integration = "nobodys-castle";
    let stay = Stay { integration, booking, doors: Vec::new(), starts: at, ends: at + 3_600_000 };
    writer.ask("unknown integration", &stay, (None, false), at, Life::Millis(9000));
    Some(())
}

pub(super) fn sour(writer: &mut Writer<'_>, integration: &'static str, at: i64) -> Option<()> {
    let stay = single(writer, integration, at, 9000)?;
    writer.status(&stay, (at, 0), "paid", Some(1));
    ask(writer, "sour", &stay, at + 800, Life::Millis(8000));
    Some(())
}
