//! `postern lock open`: an operator opens a door once.

use clap::Args;
use consumer::Settings;
use operations::{
    connections::site_access,
    opening::{EndedOpening, OpenedBy, OpeningOutcome, OpeningResult, Reason, TestOpening},
    text::named,
};

use crate::cli::{
    arguments::{
        confirmation::Confirmation, integration::IntegrationArgument, output_format::OutputFlag,
    },
    failure::CommandFailure,
    operator::operator,
    terminal::{
        observer::TerminalObserver,
        output::{Output, print_note},
    },
};

/// Arguments of `lock open`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Sends one open command, as for a guest: with the stored secret and PIN, not while Salto has asked for a \
pause, not while the user is blocked, and not where two or more one-time passwords were rejected in a row \
(--force allows the last two). Nothing is tried a second time. A door opens for everybody who stands at \
it: only an opening shows that the IQ has the secret and PIN that Salto's cloud has checked.

The audit gets a line with the user of the operating system and the reason.

Exit status: 0 where Salto accepts the command, else 1.

Examples:
  postern lock open room-12 --integration acme --reason 'proof after set-pin'
  postern lock open a5091d73-d7ea-4eb7-b883-0a4d241584ca --integration acme --reason 'guest locked out' --yes")]
pub(crate) struct OpenArguments {
    /// The id of the lock, or its name at Salto where that is unique.
    #[arg(value_name = "LOCK")]
    lock: String,
    #[command(flatten)]
    integration: IntegrationArgument,
    /// Why the door is opened, for the audit.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    confirm: Confirmation,
    /// Open even while the user is blocked, or where one more rejection could block it.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    output: OutputFlag,
}

/// Asks for confirmation, and opens the door.
pub(super) async fn run(
    arguments: OpenArguments,
    settings: &Settings,
) -> Result<(), CommandFailure> {
    arguments.confirm.require_an_answer()?;
    let reason = Reason::new(&arguments.reason)
        .ok_or_else(|| CommandFailure::Usage(format!("--reason {}", Reason::RULE)))?;
    let integration_id = &arguments.integration.integration_id;
    let access = site_access::open(settings, integration_id, &TerminalObserver).await?;
    let opening = TestOpening::prepare(&access, settings, &arguments.lock).await?;
    let shown = named(opening.lock_name(), opening.lock_id());
    let question = format!("This opens the door {shown} for everybody. Open it?");
    if !arguments.confirm.ask(&question)? {
        print_note("the door was not opened");
        return Err(CommandFailure::AlreadyReported);
    }
    let operator = operator();
    let by = OpenedBy { operator: &operator, reason, force: arguments.force };
    let EndedOpening { result, audited } = opening.open(by).await?;
    Output::new(arguments.output).print(&result, || text(&result))?;
    audited?;
    match result.outcome {
        OpeningOutcome::Opened => Ok(()),
        OpeningOutcome::Failed | OpeningOutcome::Unknown => Err(CommandFailure::AlreadyReported),
    }
}

fn text(result: &OpeningResult) -> String {
    let error = result.detail.as_deref().unwrap_or_default();
    match result.outcome {
        OpeningOutcome::Opened => "Salto accepted the command: the door opens now".to_owned(),
        OpeningOutcome::Unknown => format!(
            "it is not known whether the door opened: {error}; look at the door, and do not only repeat"
        ),
        OpeningOutcome::Failed => format!("the door did not open: {error}"),
    }
}
