//! The next step for an IQ: one for each state, in every command that shows it.

use chrono::SecondsFormat;
use salto::ActivationState;

use super::overview::IqOverview;

/// How a user's activation at an IQ is undone at Salto (docs/salto-ks.md, The OTP).
pub const RESET_AT_SALTO: &str = "have the site's admin reset this user's PIN in Salto KS (Site → \
                                         Rights → Reset PIN), which touches nobody else";

/// Salto's advice where no PIN arrives (docs/salto-ks.md, Connect API).
pub const PIN_NOT_RECEIVED: &str = "where none arrives, see that the IQ is online, and have it sent \
                                           again a few times with --send-pin email or --send-pin sms";

/// What is wrong with an IQ, and the next step.
#[derive(Debug, PartialEq, Eq)]
pub struct NextStep {
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub next: String,
    /// Whether the doors of the IQ stay shut until then.
    pub doors_shut: bool,
}

/// The next step, where there is one. The most severe problem comes first.
pub fn next_step(integration_id: &str, iq: &IqOverview) -> Option<NextStep> {
    let commands = Commands { integration_id, iq_id: &iq.id };
    let Some(listed) = &iq.listed else {
        return Some(shut(
            "no longer in Salto's list",
            format!(
                "if the IQ was replaced, activate the new one, then run {}",
                commands.of("forget")
            ),
        ));
    };
    if listed.otp_enabled == Some(false) {
        return offline(iq);
    }
    if listed.restore_required == Some(true) {
        return Some(shut(
            "Salto requires a restore, and the stored secret and PIN are no longer valid",
            format!("restore the IQ in Salto KS, then run {}", commands.of("activate")),
        ));
    }
    if let (Some(until), false) = (iq.otp_status.blocked_until, is_started(iq.state)) {
        let until = until.to_rfc3339_opts(SecondsFormat::Secs, true);
        return Some(shut(
            format!("Salto has blocked the user at this IQ, and no command is sent until {until}"),
            format!(
                "find the cause meanwhile (clock? PIN changed? user activated in Salto's app?), wait, then \
                 run {}",
                commands.of("probe")
            ),
        ));
    }
    match iq.state {
        ActivationState::NotActivated | ActivationState::PendingPin => {
            Some(not_activated(iq, &commands))
        }
        ActivationState::Degraded | ActivationState::ReactivationRequired => {
            Some(rejected(iq, &commands))
        }
        ActivationState::Activated => activated(iq, &commands),
    }
}

/// Whether an activation has begun and is not finished: a block is then met by waiting and going on.
const fn is_started(state: ActivationState) -> bool {
    match state {
        ActivationState::PendingPin => true,
        ActivationState::NotActivated
        | ActivationState::Activated
        | ActivationState::Degraded
        | ActivationState::ReactivationRequired => false,
    }
}

/// The commands about an IQ, complete, to be copied.
struct Commands<'a> {
    integration_id: &'a str,
    iq_id: &'a str,
}

impl Commands<'_> {
    fn of(&self, name: &str) -> String {
        let Self { integration_id, iq_id } = self;
        format!("`postern iq {name} --integration {integration_id} --iq {iq_id}`")
    }

    /// The two ways to a secret and PIN of a user that is activated at Salto.
    fn adopt_or_reset(&self) -> String {
        format!(
            "run {} if you know secret and PIN; else {RESET_AT_SALTO}, then run {}",
            self.of("adopt"),
            self.of("activate")
        )
    }
}

fn shut(problem: impl Into<String>, next: impl Into<String>) -> NextStep {
    NextStep { problem: problem.into(), next: next.into(), doors_shut: true }
}

fn to_be_checked(problem: impl Into<String>, next: impl Into<String>) -> NextStep {
    NextStep { problem: problem.into(), next: next.into(), doors_shut: false }
}

fn not_activated(iq: &IqOverview, commands: &Commands<'_>) -> NextStep {
    if iq.state == ActivationState::PendingPin {
        let activate = commands.of("activate");
        let mut next =
            format!("run {activate} again, and enter the PIN that Salto sends; {PIN_NOT_RECEIVED}");
        if let Some(until) = iq.otp_status.blocked_until {
            let until = until.to_rfc3339_opts(SecondsFormat::Secs, true);
            next = format!("Salto has blocked the user: wait until {until}, then {next}");
        }
        return shut("the activation was started and waits for the PIN", next);
    }
    match iq.activated_at_salto {
        Some(true) => shut(
            "activated at Salto and not here: postern does not have the secret",
            commands.adopt_or_reset(),
        ),
        Some(false) | None => shut("not activated", commands.of("activate")),
    }
}

/// For an IQ whose stored secret or PIN Salto rejects.
fn rejected(iq: &IqOverview, commands: &Commands<'_>) -> NextStep {
    let rejections = iq.otp_status.rejected_in_a_row;
    let degraded = iq.state == ActivationState::Degraded;
    let problem = if degraded {
        format!("degraded: Salto rejected {rejections} one-time passwords in a row")
    } else {
        "Salto required a restore, and the stored secret and PIN are no longer valid".to_owned()
    };
    if iq.activated_at_salto == Some(false) {
        let next = format!("Salto has reset the activation: run {}", commands.of("activate"));
        return shut(problem, next);
    }
    if !degraded {
        return shut(problem, commands.adopt_or_reset());
    }
    let next = format!(
        "check the clock of this machine, and whether the PIN was changed or the user was activated in \
         Salto's app. Where the cause is removed, run {} once; otherwise {}",
        commands.of("probe --force"),
        commands.adopt_or_reset()
    );
    shut(problem, next)
}

fn activated(iq: &IqOverview, commands: &Commands<'_>) -> Option<NextStep> {
    let rejections = iq.otp_status.rejected_in_a_row;
    if iq.pin_change_pending {
        let next = format!("{} continues it", commands.of("set-pin"));
        Some(to_be_checked("a change of the PIN was interrupted", next))
    } else if iq.activated_at_salto == Some(false) {
        let next = format!("run {}, which asks Salto for a new secret", commands.of("activate"));
        Some(to_be_checked("according to Salto the user is not activated here", next))
    } else if rejections > 0 {
        let next = format!(
            "check the clock of this machine, and whether the PIN was changed or the user was activated in \
             Salto's app; then run {}, before Salto blocks the user",
            commands.of("probe")
        );
        Some(to_be_checked(
            format!("Salto rejected the last {rejections} one-time passwords"),
            next,
        ))
    } else {
        offline(iq)
    }
}

/// The list lags by half an hour and more, so that doors may open all the same.
fn offline(iq: &IqOverview) -> Option<NextStep> {
    let offline = iq.listed.as_ref().and_then(|listed| listed.online) == Some(false);
    offline.then(|| {
        to_be_checked(
            "offline according to Salto's list, which may be an hour old",
            "check the power and network of the IQ",
        )
    })
}

#[cfg(test)]
mod tests;
