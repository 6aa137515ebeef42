//! The IQ behind which a lock is, and how it stands: where Salto can be asked, and in little time.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use consumer::IntegrationSettings;
use futures_util::future;
use rules::FailedReason;
use salto::{ActivationState, check_key};
use serde::Serialize;
use uuid::Uuid;

use crate::cli::{
    advice,
    doctor::{Access, Doors},
    pause,
};

/// For all that Salto is asked.
const PATIENCE: Duration = Duration::from_secs(6);

/// How a lock's IQ stands.
#[derive(Debug, Serialize)]
pub(super) struct Door {
    pub(super) iq_id: Option<String>,
    /// Our activation's.
    pub(super) state: Option<&'static str>,
    /// As Salto's list has it.
    pub(super) restore_required: Option<bool>,
    pub(super) rejected_in_a_row: u32,
    pub(super) blocked_until: Option<DateTime<Utc>>,
    /// Why a command would fail now, as far as that can be known.
    pub(super) obstacle: Option<FailedReason>,
}

/// Looks at the lock's IQ.
///
/// # Errors
/// In words, why it cannot be known now.
pub(super) async fn look(
    access: &Access<'_>,
    integration: &IntegrationSettings,
    lock: Uuid,
) -> Result<Door, String> {
    let looking = tokio::time::timeout(PATIENCE, ask(access, integration, lock)).await;
    looking.unwrap_or_else(|_| Err(format!("no answer within {} s", PATIENCE.as_secs())))
}

async fn ask(
    access: &Access<'_>,
    integration: &IntegrationSettings,
    lock: Uuid,
) -> Result<Door, String> {
    let id = integration.rules.id.as_str();
    check_key(&access.redis, access.key_prefix(), &access.sealer).await.map_err(words)?;
    let site = access.site(integration).ok_or("the environment is not configured")?;
    let (locks, iqs) = match future::try_join(site.locks(), site.iqs()).await {
        Ok(lists) => lists,
        Err(error) => {
            pause::share(&access.lookup, id, &error).await;
            return Err(format!("{}; {}", advice::detail(&error), advice::after(&error)));
        }
    };
    let stored = access.activations.list(id).await.map_err(words)?;
    let fares = access.guard.statuses(id).await.map_err(words)?;
    let activations: HashMap<_, _> =
        stored.into_iter().map(|(iq, stored)| (iq, stored.activation)).collect();
    let doors = Doors::new(&locks, &iqs, &activations, &fares);
    let iq_id = doors.iq_of(lock);
    let state = iq_id.map(|iq| {
        let activation = activations.get(iq);
        activation.map_or(ActivationState::NotActivated, |it| it.state).code()
    });
    let restore = |iq| iqs.iter().find(|info| info.id == iq).and_then(|it| it.restore_required);
    let fare = iq_id.and_then(|iq| fares.get(iq)).copied().unwrap_or_default();
    Ok(Door {
        iq_id: iq_id.map(str::to_owned),
        state,
        restore_required: iq_id.and_then(restore),
        rejected_in_a_row: fare.rejected_in_a_row,
        blocked_until: fare.blocked_until.filter(|until| *until > Utc::now()),
        obstacle: doors.obstacle(lock),
    })
}

fn words(error: impl ToString) -> String {
    error.to_string()
}
