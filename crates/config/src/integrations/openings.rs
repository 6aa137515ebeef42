//! How an integration opens doors: live or as a rehearsal, and whether openings are confirmed.

use consumer::{ConfirmOpenings, Mode, Rehearsal};
use salto::Environment;

use crate::{defaults, reader::Section, value::any_text};

/// The event stream needs an address.
pub(super) fn confirm(
    section: &mut Section<'_>,
    environment: Option<&Environment>,
) -> ConfirmOpenings {
    section.with_default("confirm_openings", defaults::CONFIRM_OPENINGS, |node| {
        let text = any_text(node)?;
        let known = ConfirmOpenings::ALL.into_iter().find(|it| it.code() == text);
        match (known, environment) {
            (None, _) => Err("must be \"off\", \"stream\" or \"entries\"".to_owned()),
            (Some(ConfirmOpenings::Stream), Some(Environment { events_url: None, name, .. })) => {
                Err(format!("needs events_url in [salto.environments.{name}]"))
            }
            (Some(known), _) => Ok(known),
        }
    })
}

/// `rehearse_with` is read for a live integration too, so that only `mode` has to be changed.
pub(super) fn mode(section: &mut Section<'_>) -> Mode {
    let rehearsal =
        section.with_default("rehearse_with", defaults::REHEARSAL, |node| match any_text(node)? {
            "probe" => Ok(Rehearsal::Probe),
            "nothing" => Ok(Rehearsal::Nothing),
            _ => Err("must be \"probe\" or \"nothing\"".to_owned()),
        });
    section.with_default("mode", defaults::MODE, |node| match any_text(node)? {
        "live" => Ok(Mode::Live),
        "rehearse" => Ok(Mode::Rehearsal(rehearsal)),
        _ => Err("must be \"live\" or \"rehearse\"".to_owned()),
    })
}
