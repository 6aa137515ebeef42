//! `postern iq forget`: removes the stored activation of an IQ.

use anyhow::{Context, anyhow};
use clap::Args;
use consumer::Settings;
use operations::connections::site_access;
use salto::activation::Stored;

use super::target::{ChangedActivation, IqArguments};
use crate::cli::{
    arguments::{confirmation::Confirmation, output_format::OutputFlag},
    failure::CommandFailure,
    terminal::{
        observer::TerminalObserver,
        output::{Output, print_note},
        text::join_or_none,
    },
};

/// Arguments of `iq forget`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Salto gives out the secret of an IQ only once. After this command, the doors of the IQ cannot be opened \
until Salto has reset the user's activation there and `postern iq activate` was run again, or until \
`postern iq adopt` has stored a secret and PIN that are known from another program. Nothing is changed \
at Salto.

For IQs that were replaced, or after such a reset. Salto is not asked, so --iq must be the id.

Examples:
  postern iq forget --integration acme --iq 0f7b2c1e-…
  postern iq forget --integration acme --iq 0f7b2c1e-… --yes")]
pub(crate) struct ForgetArguments {
    #[command(flatten)]
    target: IqArguments,
    #[command(flatten)]
    confirm: Confirmation,
    #[command(flatten)]
    output: OutputFlag,
}

/// Asks for confirmation, and removes the activation.
pub(super) async fn run(
    arguments: ForgetArguments,
    settings: &Settings,
) -> Result<(), CommandFailure> {
    arguments.confirm.require_an_answer()?;
    let integration_id = arguments.target.integration_id();
    let access = site_access::open_stored(settings, integration_id, &TerminalObserver).await?;
    let stored = access.activations.list(integration_id).await;
    let stored = stored.context("the stored activations cannot be read")?;
    let (iq, stored) = find(stored, &arguments.target.iq)?;
    print_note(&format!(
        "warning: IQ {iq} is {}. Salto gives out its secret only once: without a reset at Salto, its \
         doors can never be opened again, unless secret and PIN are known from another program.",
        stored.activation.state.code().replace('_', " ")
    ));
    if !arguments.confirm.ask("Remove the secret and the PIN?")? {
        print_note("nothing was removed");
        return Ok(());
    }
    let removed = access.activations.remove(integration_id, &iq, &stored).await;
    if !removed.context("the activation cannot be removed")? {
        return Err(CommandFailure::message(
            "another command changed this IQ's activation at the same time, and nothing was removed; \
             check `postern iq list`, and run this command again",
        ));
    }
    access
        .last_errors
        .forget(consumer::IqRef { integration_id, iq_id: &iq })
        .await
        .context("the last error of the IQ cannot be removed")?;
    let state = "not_activated";
    let changed = ChangedActivation { integration_id, iq_id: &iq, iq_name: None, state };
    Output::new(arguments.output)
        .print(&changed, || "secret and PIN are removed: the IQ is not activated here".to_owned())
}

/// The stored record of the IQ, which need not be in Salto's list.
fn find(stored: Vec<(String, Stored)>, wanted: &str) -> anyhow::Result<(String, Stored)> {
    let existing: Vec<String> = stored.iter().map(|(iq, _)| iq.clone()).collect();
    stored.into_iter().find(|(iq, _)| iq.eq_ignore_ascii_case(wanted)).ok_or_else(|| {
        let existing = join_or_none(&existing);
        anyhow!("nothing is stored for IQ {wanted:?}; there are records of: {existing}")
    })
}
