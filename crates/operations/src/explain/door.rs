//! The IQ of a lock and its state, read from Salto within a time limit.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use consumer::{IntegrationSettings, LockAvailability};
use futures_util::future;
use rules::{LockRef, RiskReason};
use salto::{ActivationState, check_key};
use serde::Serialize;
use utoipa::ToSchema;

use crate::connections::{advice, pause, shared_connections::SharedConnections};

/// The time limit of all calls to Salto.
const TIMEOUT: Duration = Duration::from_secs(6);

/// The state of the IQ of a lock.
#[derive(Debug, Serialize, ToSchema)]
pub struct DoorState {
    /// The name of the lock at Salto.
    pub lock_name: Option<String>,
    /// The IQ of the lock; none where the site has no such lock, or it has no IQ.
    pub iq_id: Option<String>,
    /// The name of the IQ at Salto.
    pub iq_name: Option<String>,
    /// The state of the stored activation.
    pub state: Option<&'static str>,
    /// Whether the IQ needs a restore, according to Salto's list.
    pub restore_required: Option<bool>,
    /// One-time passwords rejected in a row.
    pub rejected_in_a_row: u32,
    /// Until when Salto has blocked the user at the IQ.
    pub blocked_until: Option<DateTime<Utc>>,
    /// The reason why a command would fail now, as far as it can be known.
    #[schema(value_type = Option<String>)]
    pub obstacle: Option<RiskReason>,
}

/// Reads the state of the lock's IQ.
///
/// # Errors
/// The reason why it cannot be read now, as text.
pub(super) async fn read(
    connections: &SharedConnections<'_>,
    integration: &IntegrationSettings,
    lock: &LockRef,
) -> Result<DoorState, String> {
    let reading =
        tokio::time::timeout(TIMEOUT, read_without_limit(connections, integration, lock)).await;
    reading.unwrap_or_else(|_| Err(format!("no answer within {} s", TIMEOUT.as_secs())))
}

async fn read_without_limit(
    connections: &SharedConnections<'_>,
    integration: &IntegrationSettings,
    lock: &LockRef,
) -> Result<DoorState, String> {
    let id = integration.rules.id.as_str();
    check_key(&connections.redis, connections.key_prefix(), &connections.sealer)
        .await
        .map_err(text)?;
    let site = connections.site(integration).ok_or("the environment is not configured")?;
    let (lock_list, iqs) = match future::try_join(site.locks(), site.iqs()).await {
        Ok(lists) => lists,
        Err(error) => {
            pause::share(&connections.lookup, id, &error, connections.observer).await;
            return Err(format!(
                "{}; {}",
                advice::call_error_text(&error),
                advice::for_call_error(&error)
            ));
        }
    };
    let stored = connections.activations.list(id).await.map_err(text)?;
    let otp_statuses = connections.otp_guard.statuses(id).await.map_err(text)?;
    let activations: HashMap<_, _> =
        stored.into_iter().map(|(iq, stored)| (iq, stored.activation)).collect();
    let locks = LockAvailability::new(&lock_list, &iqs, &activations, &otp_statuses);
    let lock_id = locks.resolve(lock).ok();
    let iq_id = lock_id.and_then(|lock| locks.iq_of(lock));
    let in_list = lock_list.iter().find(|listed| Some(listed.id) == lock_id);
    let listed_iq = iqs.iter().find(|listed| Some(listed.id.as_str()) == iq_id);
    let state = iq_id.map(|iq| {
        let activation = activations.get(iq);
        activation.map_or(ActivationState::NotActivated, |it| it.state).code()
    });
    let otp_status = iq_id.and_then(|iq| otp_statuses.get(iq)).copied().unwrap_or_default();
    Ok(DoorState {
        lock_name: in_list.and_then(|lock| lock.customer_reference.clone()),
        iq_id: iq_id.map(str::to_owned),
        iq_name: listed_iq.and_then(|iq| iq.customer_reference.clone()),
        state,
        restore_required: listed_iq.and_then(|iq| iq.restore_required),
        rejected_in_a_row: otp_status.rejected_in_a_row,
        blocked_until: otp_status.blocked_until.filter(|until| *until > Utc::now()),
        obstacle: locks.obstacle(lock),
    })
}

fn text(error: impl ToString) -> String {
    error.to_string()
}
