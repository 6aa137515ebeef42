//! `postern iq forget`: removes the stored activation of an IQ.

use clap::Args;
use consumer::Settings;
use operations::{activation::StoredActivation, connections::site_access};

use super::target::{ChangedActivation, IqArguments};
use crate::cli::{
    arguments::{confirmation::Confirmation, output_format::OutputFlag},
    failure::CommandFailure,
    terminal::{observer::TerminalObserver, output::print_note},
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
    let stored = StoredActivation::find(&access, &arguments.target.iq).await?;
    let iq = stored.iq.as_str();
    print_note(&format!(
        "warning: IQ {iq} is {}. Salto gives out its secret only once: without a reset at Salto, its \
         doors can never be opened again, unless secret and PIN are known from another program.",
        stored.state().code().replace('_', " ")
    ));
    if !arguments.confirm.ask("Remove the secret and the PIN?")? {
        print_note("nothing was removed");
        return Ok(());
    }
    stored.remove().await?;
    let state = "not_activated";
    ChangedActivation { integration_id, iq_id: iq, iq_name: None, state }
        .print(arguments.output, "secret and PIN are removed: the IQ is not activated here")
}
