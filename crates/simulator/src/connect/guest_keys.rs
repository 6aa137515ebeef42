//! Digital Key for Guests: a pod member asks for an access code, and whoever exchanged it creates a
//! key. [S1] Salto has published neither paths nor bodies: those here are decisions.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use chrono::Utc;
use serde_json::json;
use uuid::Uuid;

use super::bearer::{caller, guest};
use super::json_body::JsonBody;
use super::refusal::{Refusal, Verdict};
use super::rights;
use crate::answer::json_answer;
use crate::cloud::{CODE_LIFETIME, Cloud, DigitalKey, Invitation};

/// `POST /v1.2/sites/{id}/access_codes`
pub(super) async fn access_code(
    State(cloud): State<Arc<Cloud>>,
    Path(site): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let now = cloud.clock.now();
    let mut live = cloud.live();
    let user = caller(&cloud, &live, &headers)?;
    let site = rights::site(&live, &user, &site)?.id;
    if !rights::may_invite(&live, &user) {
        return Err(Verdict::Forbidden.into());
    }
    JsonBody::parse(&headers, &body)?;
    let code = live.access_codes.issue(Invitation { invited_by: user, site }, now);
    let answer = json!({"access_code": code, "expires_in": CODE_LIFETIME.num_seconds()});
    Ok(json_answer(StatusCode::CREATED, &answer))
}

/// `POST /v1.2/digital_keys`: the token ends with the key, so that one code makes one key.
pub(super) async fn digital_key(
    State(cloud): State<Arc<Cloud>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let mut live = cloud.live();
    let guest = guest(&cloud, &live, &headers)?;
    let request = JsonBody::parse(&headers, &body)?.into_value();
    let id = Uuid::new_v4();
    let key = DigitalKey {
        created_at: Utc::now(),
        id,
        site_id: guest.site,
        invited_by: guest.invited_by,
        request,
    };
    live.records.digital_keys.push(key);
    live.tokens.revoke_family(guest.family);
    let answer = json!({"id": id, "site_id": guest.site});
    Ok(json_answer(StatusCode::CREATED, &answer))
}
