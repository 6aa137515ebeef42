//! `postern lock open`: an operator opens a door once.

use anyhow::{Context, anyhow};
use chrono::{TimeDelta, Utc};
use clap::Args;
use consumer::{IntegrationSettings, Settings, audit::OperatorOpening};
use operations::{
    connections::site_access::{self, SiteAccess},
    otp_attempts::{OtpAttempts, OtpResults},
    text::{named, rehearsal_text},
};
use rules::LockRef;
use salto::{Certainty, OpenError, PreparedLock};
use serde::Serialize;
use uuid::Uuid;

use super::{audit_line, opening::OperatorCommand, operator::operator};
use crate::cli::{
    arguments::{
        confirmation::Confirmation, integration::IntegrationArgument, output_format::OutputFlag,
    },
    failure::CommandFailure,
    terminal::{
        observer::TerminalObserver,
        output::{Output, print_note},
    },
};

/// The longest reason, in characters.
const LONGEST_REASON: usize = 200;

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

#[derive(Serialize)]
struct OpenResult<'a> {
    integration_id: &'a str,
    lock_id: Uuid,
    lock_name: Option<&'a str>,
    iq_id: &'a str,
    operator: &'a str,
    /// `opened`, `failed` (the door did not open), or `unknown`.
    outcome: &'static str,
    /// Why it did not open.
    detail: Option<String>,
}

/// Asks for confirmation, and opens the door.
pub(super) async fn run(
    arguments: OpenArguments,
    settings: &Settings,
) -> Result<(), CommandFailure> {
    arguments.confirm.require_an_answer()?;
    let reason = checked_reason(&arguments.reason)?;
    let access =
        site_access::open(settings, &arguments.integration.integration_id, &TerminalObserver)
            .await?;
    refuse_where_nothing_opens(access.integration)?;
    let prepared = prepare(&access, &arguments.lock).await?;
    // For the operator alone: without an answer, there is no name.
    let locks = access.site.locks().await.unwrap_or_default();
    let lock = locks.into_iter().find(|lock| lock.id == prepared.lock_id);
    let lock_name = lock.and_then(|lock| lock.customer_reference);
    let audit = audit_line::prepare(settings).await?;
    let shown = named(lock_name.as_deref(), prepared.lock_id);
    let question = format!("This opens the door {shown} for everybody. Open it?");
    if !arguments.confirm.ask(&question)? {
        print_note("the door was not opened");
        return Err(CommandFailure::AlreadyReported);
    }
    let (operator, confirmed_at) = (operator(), Utc::now());
    let timeout = settings.opening.command_timeout;
    let send_before = confirmed_at + TimeDelta::from_std(timeout).unwrap_or(TimeDelta::seconds(10));
    let results = OtpResults::new(&access, &prepared.iq_id, arguments.force);
    let attempts = OtpAttempts::begin(results).await?;
    let command =
        OperatorCommand { attempts: &attempts, prepared: &prepared, send_before, timeout };
    let answer = command.send().await;
    attempts.end().await;
    let answer = answer?;
    let opening = OperatorOpening {
        integration_id: access.site.integration_id(),
        prepared: &prepared,
        operator: &operator,
        reason,
        confirmed_at,
        expires_at: send_before,
    };
    let written = audit_line::write(&audit, &opening, answer.as_ref().map(|_| ())).await;
    print_result(arguments.output, lock_name.as_deref(), &opening, &answer)?;
    written?;
    if answer.is_ok() { Ok(()) } else { Err(CommandFailure::AlreadyReported) }
}

fn checked_reason(reason: &str) -> Result<&str, CommandFailure> {
    let reason = reason.trim();
    let length = reason.chars().count();
    if length == 0 || length > LONGEST_REASON || reason.chars().any(char::is_control) {
        return Err(CommandFailure::Usage(format!(
            "--reason must be 1 to {LONGEST_REASON} characters on one line"
        )));
    }
    Ok(reason)
}

/// Fails where the configuration says that no door of the integration opens.
fn refuse_where_nothing_opens(integration: &IntegrationSettings) -> anyhow::Result<()> {
    if !integration.rules.active {
        return Err(anyhow!("the integration is switched off (active = false): it opens no door"));
    }
    match rehearsal_text(integration.mode) {
        Some(rehearses) => Err(anyhow!("the integration opens no door, as it {rehearses}")),
        None => Ok(()),
    }
}

/// What a command to the lock needs, by its id or its name.
async fn prepare(access: &SiteAccess<'_>, lock: &str) -> anyhow::Result<PreparedLock> {
    let prepared = async {
        let lock_id = match LockRef::from(lock) {
            LockRef::Id(id) => id,
            LockRef::Name(name) => access.site.find_lock_named(&name).await?,
        };
        access.site.prepare(lock_id).await
    };
    access.with_advice(prepared.await).await.context("the lock cannot be opened")
}

fn print_result(
    output: OutputFlag,
    lock_name: Option<&str>,
    opening: &OperatorOpening<'_>,
    answer: &Result<(), OpenError>,
) -> Result<(), CommandFailure> {
    let (outcome, text) = match answer {
        Ok(()) => ("opened", "Salto accepted the command: the door opens now".to_owned()),
        Err(error) if error.certainty == Certainty::Unknown => (
            "unknown",
            format!(
                "it is not known whether the door opened: {error}; look at the door, and do not only repeat"
            ),
        ),
        Err(error) => ("failed", format!("the door did not open: {error}")),
    };
    let result = OpenResult {
        integration_id: opening.integration_id,
        lock_id: opening.prepared.lock_id,
        lock_name,
        iq_id: &opening.prepared.iq_id,
        operator: opening.operator,
        outcome,
        detail: answer.as_ref().err().map(ToString::to_string),
    };
    Output::new(output).print(&result, || text.clone())
}
