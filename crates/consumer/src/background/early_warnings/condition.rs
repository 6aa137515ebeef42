//! The state of what all doors of an integration depend on: what is seen, and when it is told.

use std::time::Duration;

use chrono::{DateTime, Utc};
use events::{IntegrationAttention, IntegrationState, Outbound, OutboundData};
use salto::{CallError, Cause, SystemUser};
use uuid::Uuid;

use super::{Checked, site_states::Look};
use crate::{
    failpoint,
    state::{conditions::SeenState, store::StoreError},
    worker::Worker,
};

/// Salto's own page about outages (docs/salto-ks.md, What else stands between a command and a door).
pub(super) const STATUS_PAGE: &str = "https://status.saltoks.com";

/// An integration whose state was told so often within [`LATELY`] must keep its next state for longer.
const FLAPPING: u32 = 4;

/// The number of checks over which changes are counted.
const LATELY: u32 = 60;

/// What a check has seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Observation {
    /// A state, with an explanation for people.
    State(IntegrationState, String),
    /// Nothing that tells a state.
    Unknown,
}

impl Observation {
    /// The state that was seen.
    pub(super) const fn state(&self) -> Option<IntegrationState> {
        match self {
            Self::State(state, _) => Some(*state),
            Self::Unknown => None,
        }
    }
}

/// The state that a look at the site shows.
pub(super) fn observe(look: &Look) -> Observation {
    match &look.answer {
        None => Observation::Unknown,
        Some(Ok(())) => of_user(look.site.as_ref().and_then(|site| site.user.as_ref())),
        Some(Err(error)) => of_error(error),
    }
}

fn of_user(user: Option<&SystemUser>) -> Observation {
    let is_suspended = |user: &SystemUser| {
        let state = user.subscription_state.as_deref();
        state.is_some_and(|state| state.eq_ignore_ascii_case("suspended"))
    };
    let (state, detail) = match user {
        Some(user) if is_suspended(user) => (
            IntegrationState::UserSuspended,
            "the system user's own seat is suspended, so that it opens nothing: renew it in Salto",
        ),
        Some(user) if user.blocked == Some(true) => (
            IntegrationState::UserBlocked,
            "the system user is blocked at the site: unblock it in Salto",
        ),
        Some(user) if user.remote_access == Some(false) => (
            IntegrationState::RemoteAccessOff,
            "the system user may not open doors remotely: switch remote access on for it in Salto",
        ),
        Some(_) | None => {
            (IntegrationState::Ok, "Salto answers, and accepts the account and its user")
        }
    };
    Observation::State(state, detail.to_owned())
}

fn of_error(error: &CallError) -> Observation {
    match error.cause {
        Cause::CredentialsRejected => Observation::State(
            IntegrationState::CredentialsRejected,
            format!("{error}: correct the account at Salto or in the configuration"),
        ),
        Cause::NotSignedIn => Observation::State(
            IntegrationState::CredentialsRejected,
            format!("{error}: run `postern login`"),
        ),
        Cause::TokenRejected
        | Cause::TokenUnusable
        | Cause::Unavailable
        | Cause::BreakerOpen
        | Cause::Unanswered => Observation::State(
            IntegrationState::SaltoUnavailable,
            format!("{error}; {STATUS_PAGE} has Salto's own reports"),
        ),
        // Salto answers, and accepts the token.
        Cause::Forbidden
        | Cause::LockNotFound
        | Cause::SiteNotFound
        | Cause::IqNotFound
        | Cause::AlreadyActivated
        | Cause::NotActivated
        | Cause::OtpInvalid
        | Cause::OtpMistimed
        | Cause::LockMoved
        | Cause::OtpBlocked
        | Cause::IqOffline
        | Cause::IqRefused => of_user(None),
        Cause::RateLimited | Cause::Expired | Cause::Withdrawn | Cause::Cache => {
            Observation::Unknown
        }
    }
}

/// How long a state must be seen before it is told. What Salto says for certain is told at once; an outage
/// must outlast the retries of a request, and its end must last. Where the environment has other accounts
/// (`has_neighbours`), these are looked at before one counts as rejected. An integration whose state changes
/// again and again is told about less often.
fn hold(state: IntegrationState, has_neighbours: bool, changes: u32, every: Duration) -> Duration {
    if changes >= FLAPPING {
        return every * 10;
    }
    match state {
        IntegrationState::CredentialsRejected if has_neighbours => every * 2,
        IntegrationState::CredentialsRejected
        | IntegrationState::UserSuspended
        | IntegrationState::UserBlocked
        | IntegrationState::RemoteAccessOff => Duration::ZERO,
        IntegrationState::SaltoUnavailable => every * 2,
        IntegrationState::Ok => every,
    }
}

/// Tells a change of the state, where it is due. Answers the state that is told now.
pub(super) async fn tell(
    worker: &Worker,
    checked: &Checked,
    every: Duration,
) -> Result<IntegrationState, StoreError> {
    let integration_id = checked.integration.rules.id.as_str();
    let Observation::State(state, detail) = &checked.observation else {
        return Ok(worker.conditions.told(integration_id).await?.unwrap_or(IntegrationState::Ok));
    };
    let lately = every * LATELY;
    let SeenState { told, since, seen_for, changes } =
        worker.conditions.see(integration_id, *state, lately).await?;
    let before = told.unwrap_or(IntegrationState::Ok);
    if before == *state || seen_for < hold(*state, checked.has_neighbours, changes, every) {
        return Ok(before);
    }
    let notice = notice(checked, *state, detail, since);
    if !worker.conditions.tell(integration_id, told, *state, &notice, lately).await? {
        return Ok(before);
    }
    failpoint::reach("after-attention");
    worker.notices.notify();
    let (from, to) = (before.code(), state.code());
    match state {
        IntegrationState::Ok => {
            tracing::info!(integration_id, from, to, detail, "integration state changed");
        }
        IntegrationState::CredentialsRejected
        | IntegrationState::UserSuspended
        | IntegrationState::UserBlocked
        | IntegrationState::RemoteAccessOff
        | IntegrationState::SaltoUnavailable => {
            let next_step =
                "see the runbook for this state; `postern doctor` shows the present one";
            tracing::warn!(
                integration_id,
                from,
                to,
                detail,
                next_step,
                "integration state changed"
            );
        }
    }
    Ok(*state)
}

fn notice(
    checked: &Checked,
    state: IntegrationState,
    detail: &str,
    since: DateTime<Utc>,
) -> Outbound {
    Outbound {
        id: Uuid::new_v4(),
        time: Utc::now(),
        traceparent: None,
        rehearsal: checked.integration.mode.rehearses(),
        data: OutboundData::IntegrationAttention(IntegrationAttention {
            integration_id: checked.integration.rules.id.clone(),
            state,
            detail: detail.to_owned(),
            since,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state_of(user: &SystemUser) -> IntegrationState {
        match of_user(Some(user)) {
            Observation::State(state, _) => state,
            Observation::Unknown => panic!("a user tells a state"),
        }
    }

    #[test]
    fn the_rights_of_the_user_tell_the_state() {
        let user = || SystemUser {
            roles: None,
            remote_access: Some(true),
            blocked: Some(false),
            subscription_state: Some("subscribed".into()),
        };
        assert_eq!(state_of(&user()), IntegrationState::Ok);
        let suspended = SystemUser { subscription_state: Some("Suspended".into()), ..user() };
        assert_eq!(state_of(&suspended), IntegrationState::UserSuspended);
        let blocked = SystemUser { blocked: Some(true), ..user() };
        assert_eq!(state_of(&blocked), IntegrationState::UserBlocked);
        let local = SystemUser { remote_access: Some(false), ..user() };
        assert_eq!(state_of(&local), IntegrationState::RemoteAccessOff);
    }

    #[test]
    fn what_is_certain_is_told_at_once_and_a_flapping_state_seldom() {
        let every = Duration::from_secs(60);
        let rejected = IntegrationState::CredentialsRejected;
        assert_eq!(hold(rejected, false, 0, every), Duration::ZERO);
        assert_eq!(hold(rejected, true, 0, every), every * 2, "the other accounts come first");
        assert_eq!(hold(IntegrationState::SaltoUnavailable, false, 3, every), every * 2);
        assert_eq!(hold(IntegrationState::Ok, false, 3, every), every);
        for state in IntegrationState::ALL {
            assert_eq!(hold(*state, false, FLAPPING, every), every * 10);
        }
    }
}
