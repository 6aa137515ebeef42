//! Several accounts that Salto rejects at once: an outage of its identity provider, and not as many wrong
//! passwords.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use events::IntegrationState;

use super::{
    Checked,
    condition::{Observation, STATUS_PAGE},
};
use crate::{integrations::registry::Integration, state::store::StoreError, worker::Worker};

/// Rejections that begin within so long of each other belong together. Tokens end at different times, so that
/// an outage is not noticed at the same moment for all accounts.
const TOGETHER: TimeDelta = TimeDelta::minutes(15);

/// Turns the rejections of several accounts of an environment into an outage.
pub(super) async fn recognise_outages(
    worker: &Worker,
    checked: &mut [Checked],
) -> Result<(), StoreError> {
    let (mut rejected, mut accepted) = (Vec::new(), Vec::new());
    for it in &*checked {
        let id = it.integration.rules.id.as_str();
        match it.observation {
            Observation::State(IntegrationState::CredentialsRejected, _) => rejected.push(id),
            Observation::State(IntegrationState::SaltoUnavailable, _) | Observation::Unknown => {}
            Observation::State(
                IntegrationState::UserSuspended
                | IntegrationState::UserBlocked
                | IntegrationState::RemoteAccessOff
                | IntegrationState::Ok,
                _,
            ) => accepted.push(id),
        }
    }
    let since = worker.conditions.rejections(&rejected, &accepted).await?;
    let rejected: Vec<Rejection> = checked.iter().filter_map(|it| rejection(it, &since)).collect();
    let all: Vec<Arc<Integration>> = checked.iter().map(|it| Arc::clone(&it.integration)).collect();
    for it in checked {
        it.has_neighbours = all.iter().any(|other| are_neighbours(&it.integration, other));
        let Some(own) = rejection(it, &since) else { continue };
        if rejected.iter().any(|other| own.is_together_with(other))
            && let Observation::State(state, detail) = &mut it.observation
        {
            *state = IntegrationState::SaltoUnavailable;
            *detail = format!(
                "Salto rejects several accounts at once ({detail}): probably an outage, see \
                 {STATUS_PAGE}; where there is none, check the accounts and the environment's client"
            );
        }
    }
    Ok(())
}

/// An account that is rejected.
struct Rejection {
    integration: Arc<Integration>,
    since: DateTime<Utc>,
}

fn rejection(checked: &Checked, since: &HashMap<String, DateTime<Utc>>) -> Option<Rejection> {
    let Observation::State(IntegrationState::CredentialsRejected, _) = checked.observation else {
        return None;
    };
    let since = *since.get(&checked.integration.rules.id)?;
    Some(Rejection { integration: Arc::clone(&checked.integration), since })
}

impl Rejection {
    fn is_together_with(&self, other: &Self) -> bool {
        are_neighbours(&self.integration, &other.integration)
            && (self.since - other.since).abs() <= TOGETHER
    }
}

/// Whether these integrations have different accounts of one environment.
fn are_neighbours(one: &Integration, two: &Integration) -> bool {
    one.rules.id != two.rules.id
        && (one.username().is_none() || one.username() != two.username())
        && one.environment_name() == two.environment_name()
}
