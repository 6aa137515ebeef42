use super::*;

fn iq(id: &str, state: ActivationState, error: Option<(&str, i64)>) -> Iq {
    let error = error.map(|(reason, minutes)| LastError {
        reason: reason.to_owned(),
        detail: "the IQ said no".to_owned(),
        at: Utc::now() - TimeDelta::minutes(minutes),
    });
    Iq { id: id.to_owned(), state, last_error: error }
}

fn health(mode: Mode, stored: &Stored, iqs: Vec<Iq>) -> Health {
    Health::from("acme", mode, stored, iqs, Utc::now())
}

fn told(state: IntegrationState) -> Stored {
    Stored { told: Some(state), ..Stored::default() }
}

#[test]
fn an_error_after_which_doors_may_have_opened_needs_no_action() {
    let iqs = vec![
        iq("q1", ActivationState::Activated, Some(("iq_offline", 5))),
        iq("q2", ActivationState::Activated, Some(("timeout", 61))),
    ];
    let health = health(Mode::Live, &told(IntegrationState::Ok), iqs);
    assert_eq!(health.state, State::Good);
    assert!(health.text.starts_with("Doors open. The last error was 5 min ago, at the IQ q1"));
    assert!(health.next_step.is_empty());
}

#[test]
fn an_iq_whose_doors_stay_shut_needs_action() {
    let activated = || iq("q1", ActivationState::Activated, None);
    let asked =
        |minutes| iq("q2", ActivationState::NotActivated, Some(("iq_not_activated", minutes)));
    let of = |iqs| health(Mode::Live, &Stored::default(), iqs);
    assert_eq!(of(vec![activated()]).state, State::Good);
    assert_eq!(
        of(vec![activated(), asked(61)]).state,
        State::Good,
        "no recent command was meant for its doors"
    );
    for iqs in [
        vec![],
        vec![asked(61)],
        vec![activated(), asked(5)],
        vec![activated(), iq("q2", ActivationState::PendingPin, None)],
        vec![activated(), iq("q2", ActivationState::Degraded, None)],
        vec![activated(), iq("q2", ActivationState::ReactivationRequired, None)],
    ] {
        let health = of(iqs);
        assert_eq!(health.state, State::NeedsAction, "{}", health.text);
        assert!(health.next_step.contains("postern iq list --integration acme"));
    }
}

#[test]
fn what_keeps_all_doors_shut_comes_first() {
    let iqs = || vec![iq("q1", ActivationState::Activated, None)];
    for state in IntegrationState::ALL {
        let health = health(Mode::Live, &told(*state), iqs());
        let is_good = *state == IntegrationState::Ok;
        assert_eq!(health.state == State::Good, is_good, "{}", health.text);
        assert_eq!(health.next_step.is_empty(), is_good);
        assert_eq!(health.account_works, *state != IntegrationState::CredentialsRejected);
    }
    let paused = Stored { pause: Duration::from_millis(200), ..Stored::default() };
    assert!(health(Mode::Live, &paused, iqs()).text.contains("for 1 s more"));
    for (mode, state) in [(Mode::Off, State::Off), (Mode::Rehearses, State::Off)] {
        assert_eq!(health(mode, &Stored::default(), iqs()).state, state);
    }
    let rejected = told(IntegrationState::CredentialsRejected);
    assert_eq!(health(Mode::Rehearses, &rejected, iqs()).state, State::NeedsAction);
    assert_eq!(health(Mode::Off, &rejected, iqs()).state, State::Off);
}
