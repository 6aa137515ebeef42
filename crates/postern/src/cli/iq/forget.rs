//! `postern iq forget`: removes what postern keeps of an IQ's activation.

use anyhow::{Context, anyhow};
use clap::Args;
use consumer::Settings;
use salto::activation::Stored;

use super::{Now, Target};
use crate::cli::{
    args::Printing,
    confirm::Confirm,
    failure::Failure,
    output::{Output, names, note},
    site_access,
};

/// Arguments of `iq forget`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Salto gives an IQ's secret out only once. After this, doors behind the IQ stay shut until Salto has \
reset the user's activation there and `postern iq activate` was run again, or until secret and PIN \
are taken over from elsewhere with `postern iq adopt`. Nothing is changed at Salto.

For IQs that were replaced, or after such a reset.

Examples:
  postern iq forget --integration acme --iq 0f7b2c1e-…
  postern iq forget --integration acme --iq 0f7b2c1e-… --yes")]
pub(in crate::cli) struct Forget {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    confirm: Confirm,
    #[command(flatten)]
    printing: Printing,
}

/// Asks and removes.
pub(super) async fn run(forget: Forget, settings: &Settings) -> Result<(), Failure> {
    forget.confirm.check()?;
    let integration_id = forget.target.integration_id();
    let access = site_access::at_rest(settings, integration_id).await?;
    let stored = access.activations.list(integration_id).await;
    let stored = stored.context("the stored activations cannot be read")?;
    let (iq, stored) = find(stored, &forget.target.iq)?;
    note(&format!(
        "warning: IQ {iq} is {}. Salto gives its secret out only once: without a reset on Salto's \
         side, doors behind it stay shut for good unless secret and PIN are known from elsewhere.",
        stored.activation.state.code().replace('_', " ")
    ));
    if !forget.confirm.ask("Forget the secret and the PIN?")? {
        note("nothing was removed");
        return Ok(());
    }
    let removed = access.activations.remove(integration_id, &iq, &stored).await;
    if !removed.context("the activation cannot be removed")? {
        return Err(Failure::plain(
            "somebody else changed this IQ's activation at the same time, and nothing was removed; \
             look at `postern iq list`, and run it again",
        ));
    }
    access
        .last_errors
        .forget(consumer::IqRef { integration_id, iq_id: &iq })
        .await
        .context("its last error is still kept")?;
    let now = Now { integration_id, iq_id: &iq, state: "not_activated" };
    Output::new(forget.printing).one(&now, || "forgotten: the IQ is not activated here".to_owned())
}

/// The record of that IQ, whether or not Salto's list has it.
fn find(stored: Vec<(String, Stored)>, wanted: &str) -> anyhow::Result<(String, Stored)> {
    let known: Vec<String> = stored.iter().map(|(iq, _)| iq.clone()).collect();
    stored.into_iter().find(|(iq, _)| iq.eq_ignore_ascii_case(wanted)).ok_or_else(|| {
        let known = names(&known);
        anyhow!("nothing is stored of an IQ {wanted:?}; stored are: {known}")
    })
}
