//! Digital Key for Guests: a pod member requests an access code, and the guest who has exchanged it
//! creates a digital key (`docs/salto-ks.md`, Tokens). Salto publishes neither paths nor bodies; those
//! here are decisions of the simulator.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use chrono::Utc;
use serde_json::json;
use uuid::Uuid;

use super::json_body::JsonBody;
use super::{caller, rights};
use crate::cloud::{CODE_LIFETIME, Cloud, GuestInvitation};
use crate::records::DigitalKey;
use crate::wire::{Refusal, json_answer};

/// `POST /v1.2/sites/{id}/access_codes`
pub(super) async fn create_access_code(
    State(cloud): State<Arc<Cloud>>,
    Path(site): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let now = cloud.clock.now();
    let mut state = cloud.state();
    let user = caller::user(&cloud, &state, &headers)?;
    let site = rights::site(&state, &user, &site)?.id;
    if !rights::may_invite(&state, &user) {
        return Err(Refusal::Forbidden);
    }
    JsonBody::parse(&headers, &body)?;
    let code = state.access_codes.issue(GuestInvitation { invited_by: user, site }, now);
    let answer = json!({"access_code": code, "expires_in": CODE_LIFETIME.num_seconds()});
    Ok(json_answer(StatusCode::CREATED, &answer))
}

/// `POST /v1.2/digital_keys`: the token is revoked afterwards, so that one code makes one key.
pub(super) async fn create_digital_key(
    State(cloud): State<Arc<Cloud>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let mut state = cloud.state();
    let guest = caller::guest(&cloud, &state, &headers)?;
    let request = JsonBody::parse(&headers, &body)?.into_value();
    let id = Uuid::new_v4();
    let key = DigitalKey {
        created_at: Utc::now(),
        id,
        site_id: guest.site,
        invited_by: guest.invited_by,
        request,
    };
    state.records.digital_keys.push(key);
    state.tokens.revoke_family(guest.token_family);
    let answer = json!({"id": id, "site_id": guest.site});
    Ok(json_answer(StatusCode::CREATED, &answer))
}
