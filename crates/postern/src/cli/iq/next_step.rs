//! What to do next about an IQ, in words.

use chrono::SecondsFormat;
use salto::ActivationState;

use super::View;

/// What to do, where there is something to do. The worst comes first.
pub(in crate::cli) fn next_step(integration_id: &str, view: &View) -> Option<String> {
    let said = |text: &str| Some(text.to_owned());
    // To be typed as it stands.
    let command =
        |name: &str| format!("`postern iq {name} --integration {integration_id} --iq {}`", view.id);
    let Some(listed) = &view.listed else {
        return said(
            "Salto's list has it no longer: if it was replaced, activate the new one, then run \
             `postern iq forget` for this one",
        );
    };
    if view.state == ActivationState::ReactivationRequired {
        return said(
            "Salto asked for a restore, and the secret and PIN count no more: restore the IQ in \
             Salto KS, then `postern iq activate`",
        );
    }
    if listed.restore_required == Some(true) {
        return said(
            "Salto asks for a restore, and the secret and PIN count no more: restore the IQ in \
             Salto KS, then `postern iq forget` and `postern iq activate`",
        );
    }
    if let Some(until) = view.standing.blocked_until {
        let until = until.to_rfc3339_opts(SecondsFormat::Secs, true);
        return Some(format!(
            "Salto has blocked the user here and nothing is sent until {until}: find out why \
             (clock? PIN changed? user activated in Salto's app?), wait, then `postern iq probe`"
        ));
    }
    match view.state {
        ActivationState::NotActivated if view.activated_at_salto == Some(true) => said(
            "activated at Salto and not here: `postern iq adopt` if you know secret and PIN; else \
             have Salto reset the user's activation at this IQ, then `postern iq activate`",
        ),
        ActivationState::NotActivated => Some(command("activate")),
        ActivationState::PendingPin => {
            let activate = command("activate");
            Some(format!("the secret is stored: {activate} again, and give it the PIN"))
        }
        ActivationState::Degraded => said(
            "one-time passwords are rejected: check the clock, and whether somebody has changed the \
             PIN or activated the user in Salto's app; `postern iq probe --force` tries once more; \
             `postern iq adopt` takes a known secret and PIN",
        ),
        ActivationState::Activated | ActivationState::ReactivationRequired => {
            working(view, command)
        }
    }
}

/// What is to be said of an activated IQ.
fn working(view: &View, command: impl Fn(&str) -> String) -> Option<String> {
    let offline = view.listed.as_ref().and_then(|listed| listed.online) == Some(false);
    if view.sets_pin {
        Some(format!("a change of the PIN was interrupted: {} goes on with it", command("set-pin")))
    } else if view.activated_at_salto == Some(false) {
        Some(format!("Salto says that the user is not activated here: {}", command("probe")))
    } else if view.standing.rejected_in_a_row > 0 {
        Some(format!("a one-time password was rejected last: {}", command("probe")))
    } else if offline {
        let text =
            "shown as offline: see to its power and network (the list lags by up to half an hour)";
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

    fn view(state: ActivationState) -> View {
        View {
            id: "q1".into(),
            listed: Some(serde_json::from_value(json!({"id": "q1", "online": true})).unwrap()),
            activated_at_salto: None,
            activated_at_salto_since: None,
            state,
            since: None,
            sets_pin: false,
            standing: OtpStatus::default(),
        }
    }

    #[track_caller]
    fn says(view: &View, words: &str) {
        let next = next_step("acme", view).unwrap_or_default();
        assert!(next.contains(words), "{next}");
    }

    #[test]
    fn every_state_but_a_working_one_says_what_to_do() {
        says(&view(ActivationState::NotActivated), "iq activate");
        says(&view(ActivationState::PendingPin), "iq activate");
        says(&view(ActivationState::Degraded), "iq probe");
        says(&view(ActivationState::ReactivationRequired), "restore");
        assert_eq!(next_step("acme", &view(ActivationState::Activated)), None);
        let adopt = View { activated_at_salto: Some(true), ..view(ActivationState::NotActivated) };
        says(&adopt, "iq adopt");
    }

    #[test]
    fn what_is_worst_is_said() {
        let activated = || view(ActivationState::Activated);
        let rejected = OtpStatus { rejected_in_a_row: 1, blocked_until: None };
        let blocked = OtpStatus { rejected_in_a_row: 1, blocked_until: Some(Utc::now()) };
        says(&View { standing: rejected, ..activated() }, "rejected last");
        says(&View { standing: rejected, sets_pin: true, ..activated() }, "iq set-pin");
        says(&View { standing: blocked, sets_pin: true, ..activated() }, "blocked");
        says(&View { activated_at_salto: Some(false), ..activated() }, "not activated here");
        says(&View { standing: blocked, listed: None, ..activated() }, "iq forget");
        let iq = |more| serde_json::from_value(more).unwrap();
        let offline = iq(json!({"id": "q1", "online": false}));
        says(&View { listed: Some(offline), ..activated() }, "power and network");
        let restore = iq(json!({"id": "q1", "restore_required": true}));
        says(&View { listed: Some(restore), standing: blocked, ..activated() }, "restore");
    }
}
