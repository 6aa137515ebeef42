//! `postern iq set-pin`: gives an activated IQ another PIN.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use consumer::Settings;
use salto::{ActivationState, activation::Stored};
use secrecy::SecretString;
use serde::Serialize;

use super::{Target, attempts::Attempts, new_pin, tally::Tally};
use crate::cli::{
    args::Printing,
    confirm::Confirm,
    failure::Failure,
    output::{Output, note},
    typed,
};

const WARNING: &str = "\
warning: moving the PIN has been seen to leave Salto's cloud and the IQ in disagreement about it, and
then no door behind this IQ opens until Salto has reset the user's activation there. The PIN from the
activation is as good; set another one only where you must. While it is moved, for a second or so,
open commands to this IQ may fail.";

/// Arguments of `iq set-pin`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
The new PIN is stored before Salto hears of it, and proven afterwards; until then the old one is kept \
too. After an interruption run the same command again: it finds out which of both counts, and goes \
on; it needs no PIN then.

Moving the PIN has been seen to leave Salto's cloud and the IQ in disagreement about it. The PIN from \
the activation is as good.

Examples:
  postern iq set-pin --integration acme --iq 0f7b2c1e-…
  postern iq set-pin --integration acme --iq 0f7b2c1e-… --pin-file /run/secrets/new-pin --yes")]
pub(in crate::cli) struct SetPin {
    #[command(flatten)]
    target: Target,
    /// Read the new PIN from this file instead of standard input; one trailing newline is cut.
    #[arg(long, value_name = "PATH")]
    pin_file: Option<PathBuf>,
    #[command(flatten)]
    confirm: Confirm,
    /// Try also while the user is blocked, or where one more rejection could block it.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    printing: Printing,
}

#[derive(Serialize)]
struct Moved<'a> {
    integration_id: &'a str,
    iq_id: &'a str,
    state: &'static str,
    /// False: it was the PIN already.
    changed: bool,
}

/// Warns, asks, moves.
pub(super) async fn run(set: SetPin, settings: &Settings) -> Result<(), Failure> {
    set.confirm.check()?;
    let at = set.target.find_to_store(settings).await?;
    let stored = at.access.activations.get(at.integration_id, &at.iq).await;
    let stored = stored.context("the stored activation cannot be read")?;
    let stored = to_move(stored)?;
    note(WARNING);
    if !set.confirm.ask("Set the PIN?")? {
        note("the PIN stays as it is");
        return Ok(());
    }
    let wanted = wanted(&set, &stored).await?;
    let attempts = Attempts::begin(at.tally(set.force)).await?;
    let changed = move_to(&attempts, &stored, &wanted).await;
    attempts.end().await;
    let changed = changed?;
    let (integration_id, iq_id) = (at.integration_id, at.iq.as_str());
    let moved = Moved { integration_id, iq_id, state: "activated", changed };
    Output::new(set.printing).one(&moved, || {
        if changed { "the PIN is set, and Salto accepts it" } else { "this is the PIN already" }
            .to_owned()
    })
}

/// Moves the PIN, unless somebody else has changed the activation since it was looked at.
async fn move_to(
    attempts: &Attempts<'_>,
    seen: &Stored,
    wanted: &SecretString,
) -> anyhow::Result<bool> {
    let Tally { access, iq, .. } = &attempts.tally;
    let stored = access.activations.get(access.site.integration_id(), iq).await?;
    match stored {
        Some(stored) if stored.sealed() == seen.sealed() => {
            new_pin::set(attempts, stored, wanted).await
        }
        Some(_) | None => bail!(
            "somebody else changed this IQ's activation a moment ago; look at `postern iq list`, \
             and run it again"
        ),
    }
}

/// The activation whose PIN can be moved.
fn to_move(stored: Option<Stored>) -> anyhow::Result<Stored> {
    const NOT_HERE: &str = "the IQ is not activated here: run `postern iq activate`, or `postern iq \
                            adopt` where you know its secret and PIN";
    let stored = stored.context(NOT_HERE)?;
    match stored.activation.state {
        ActivationState::Activated | ActivationState::Degraded => Ok(stored),
        ActivationState::NotActivated => bail!(NOT_HERE),
        ActivationState::PendingPin => {
            bail!("the IQ is not activated yet: run `postern iq activate` again first")
        }
        ActivationState::ReactivationRequired => bail!(
            "the stored secret and PIN count no more: restore the IQ in Salto KS, then run `postern \
             iq activate`"
        ),
    }
}

/// The PIN that is given, else the one of the move that was interrupted.
async fn wanted(set: &SetPin, stored: &Stored) -> anyhow::Result<SecretString> {
    let pin = match (&set.pin_file, &stored.activation.new_pin) {
        (None, Some(pin)) => {
            note("going on with the PIN of the run that was interrupted");
            pin.clone()
        }
        (file, _) => typed::take_surely("new PIN", "once more", file.as_deref()).await?,
    };
    typed::checked_pin(pin)
}
