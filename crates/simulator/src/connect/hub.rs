//! The hub of the event stream: SignalR over WebSocket (`docs/salto-ks.md`, The event stream).

use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::hub_session::{self, Subscription};
use super::{caller, rights};
use crate::cloud::Cloud;
use crate::wire::{Refusal, json_answer};

#[derive(Deserialize)]
pub(super) struct HubQuery {
    site_id: String,
    user_id: Option<Uuid>,
    access_token: Option<String>,
    /// The connection that was negotiated.
    id: Option<Uuid>,
}

pub(super) async fn negotiate(
    State(cloud): State<Arc<Cloud>>,
    Query(query): Query<HubQuery>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    subscription(&cloud, &query, &headers)?;
    let connection = Uuid::new_v4();
    cloud.state().hub_connections.insert(connection);
    let answer = json!({
        "negotiateVersion": 1,
        "connectionId": Uuid::new_v4(),
        "connectionToken": connection,
        "availableTransports": [
            {"transport": "WebSockets", "transferFormats": ["Text", "Binary"]},
        ],
    });
    Ok(json_answer(StatusCode::OK, &answer))
}

pub(super) async fn connect(
    State(cloud): State<Arc<Cloud>>,
    Query(query): Query<HubQuery>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Refusal> {
    let subscription = subscription(&cloud, &query, &headers)?;
    if query.id.is_some_and(|id| !cloud.state().hub_connections.remove(&id)) {
        return Err(Refusal::SiteNotFound);
    }
    Ok(upgrade.on_upgrade(|socket| hub_session::run(cloud, socket, subscription)))
}

/// What the caller may listen to.
fn subscription(
    cloud: &Cloud,
    query: &HubQuery,
    headers: &HeaderMap,
) -> Result<Subscription, Refusal> {
    let state = cloud.state();
    let token = query.access_token.as_deref();
    let (user, token) = caller::user_of_stream(cloud, &state, headers, token)?;
    let site = rights::site(&state, &user, &query.site_id)?.id;
    let own = query.user_id == Some(caller::user_id(&user));
    if !own && !rights::may_stream_all(&state, &user) {
        return Err(Refusal::Forbidden);
    }
    let next = state.records.entries.get(&site).map_or(0, Vec::len);
    Ok(Subscription { site, user_id: query.user_id, token, next })
}
