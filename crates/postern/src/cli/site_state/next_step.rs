//! The next step for an IQ, as text.

use chrono::SecondsFormat;
use salto::ActivationState;

use super::iq_overview::IqOverview;

/// The next step, where there is one. The most severe problem comes first.
pub(crate) fn next_step(integration_id: &str, iq: &IqOverview) -> Option<String> {
    let step = |text: &str| Some(text.to_owned());
    // The complete command, ready to be copied.
    let command =
        |name: &str| format!("`postern iq {name} --integration {integration_id} --iq {}`", iq.id);
    let Some(listed) = &iq.listed else {
        return step(
            "no longer in Salto's list: if the IQ was replaced, activate the new one, then run \
             `postern iq forget` for this one",
        );
    };
    if iq.state == ActivationState::ReactivationRequired {
        return step(
            "Salto required a restore, and the secret and PIN are no longer valid: restore the IQ in \
             Salto KS, then `postern iq activate`",
        );
    }
    if listed.restore_required == Some(true) {
        return step(
            "Salto requires a restore, and the secret and PIN are no longer valid: restore the IQ in \
             Salto KS, then `postern iq forget` and `postern iq activate`",
        );
    }
    if let Some(until) = iq.otp_status.blocked_until {
        let until = until.to_rfc3339_opts(SecondsFormat::Secs, true);
        return Some(format!(
            "Salto has blocked the user at this IQ, and no command is sent until {until}: find the \
             cause (clock? PIN changed? user activated in Salto's app?), wait, then run `postern iq \
             probe`"
        ));
    }
    match iq.state {
        ActivationState::NotActivated if iq.activated_at_salto == Some(true) => step(
            "activated at Salto and not here: run `postern iq adopt` if you know secret and PIN; else \
             have Salto reset the user's activation at this IQ, then run `postern iq activate`",
        ),
        ActivationState::NotActivated => Some(command("activate")),
        ActivationState::PendingPin => {
            let activate = command("activate");
            Some(format!("the secret is stored: run {activate} again, and enter the PIN"))
        }
        ActivationState::Degraded => step(
            "one-time passwords are rejected: check the clock, and whether the PIN was changed or the \
             user was activated in Salto's app; `postern iq probe --force` tries once more; \
             `postern iq adopt` stores a known secret and PIN",
        ),
        ActivationState::Activated | ActivationState::ReactivationRequired => {
            next_step_of_activated(iq, command)
        }
    }
}

/// The next step for an activated IQ.
fn next_step_of_activated(iq: &IqOverview, command: impl Fn(&str) -> String) -> Option<String> {
    let offline = iq.listed.as_ref().and_then(|listed| listed.online) == Some(false);
    if iq.pin_change_pending {
        Some(format!("a change of the PIN was interrupted: {} continues it", command("set-pin")))
    } else if iq.activated_at_salto == Some(false) {
        Some(format!("according to Salto the user is not activated here: run {}", command("probe")))
    } else if iq.otp_status.rejected_in_a_row > 0 {
        Some(format!("the last one-time password was rejected: run {}", command("probe")))
    } else if offline {
        let text =
            "shown as offline: check its power and network (the list lags by up to half an hour)";
        Some(text.to_owned())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use consumer::OtpStatus;
    use serde_json::json;

    use super::*;

    fn iq(state: ActivationState) -> IqOverview {
        IqOverview {
            id: "q1".into(),
            listed: Some(serde_json::from_value(json!({"id": "q1", "online": true})).unwrap()),
            activated_at_salto: None,
            activated_at_salto_since: None,
            state,
            since: None,
            pin_change_pending: false,
            otp_status: OtpStatus::default(),
        }
    }

    #[track_caller]
    fn next_step_contains(iq: &IqOverview, text: &str) {
        let next = next_step("acme", iq).unwrap_or_default();
        assert!(next.contains(text), "{next}");
    }

    #[test]
    fn every_state_but_a_working_one_has_a_next_step() {
        next_step_contains(&iq(ActivationState::NotActivated), "iq activate");
        next_step_contains(&iq(ActivationState::PendingPin), "iq activate");
        next_step_contains(&iq(ActivationState::Degraded), "iq probe");
        next_step_contains(&iq(ActivationState::ReactivationRequired), "restore");
        assert_eq!(next_step("acme", &iq(ActivationState::Activated)), None);
        let adopt =
            IqOverview { activated_at_salto: Some(true), ..iq(ActivationState::NotActivated) };
        next_step_contains(&adopt, "iq adopt");
    }

    #[test]
    fn the_most_severe_problem_is_shown() {
        let activated = || iq(ActivationState::Activated);
        let rejected = OtpStatus { rejected_in_a_row: 1, blocked_until: None };
        let blocked = OtpStatus { rejected_in_a_row: 1, blocked_until: Some(Utc::now()) };
        next_step_contains(&IqOverview { otp_status: rejected, ..activated() }, "was rejected");
        next_step_contains(
            &IqOverview { otp_status: rejected, pin_change_pending: true, ..activated() },
            "iq set-pin",
        );
        next_step_contains(
            &IqOverview { otp_status: blocked, pin_change_pending: true, ..activated() },
            "blocked",
        );
        next_step_contains(
            &IqOverview { activated_at_salto: Some(false), ..activated() },
            "not activated here",
        );
        next_step_contains(
            &IqOverview { otp_status: blocked, listed: None, ..activated() },
            "iq forget",
        );
        let listed = |it| serde_json::from_value(it).unwrap();
        let offline = listed(json!({"id": "q1", "online": false}));
        next_step_contains(
            &IqOverview { listed: Some(offline), ..activated() },
            "power and network",
        );
        let restore = listed(json!({"id": "q1", "restore_required": true}));
        next_step_contains(
            &IqOverview { listed: Some(restore), otp_status: blocked, ..activated() },
            "restore",
        );
    }
}
