//! The grant `access_code`: a guest's app exchanges the access code that a pod member has passed on
//! (`docs/salto-ks.md`, Tokens). The name of the parameter and the authentication of the client are
//! decisions of the simulator.

use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::credentials::Credentials;
use super::form::Form;
use super::oauth_error::OAuthError;
use crate::cloud::{CloudState, Grant, Holder, Redeemed};

/// The only scope of such a token. A request may name it or leave the scope out.
const SCOPE: &str = "digital_key";

/// The client may authenticate in any way. Any client may present the code, because the guest's app may
/// be another client than the pod member's (a decision of the simulator).
pub(super) fn access_code_grant(
    state: &mut CloudState,
    headers: &HeaderMap,
    form: &Form,
    now: DateTime<Utc>,
) -> Result<Grant, OAuthError> {
    let client_id = Credentials::read(headers, form)?.client(&state.world)?.id.clone();
    if form.get("scope").is_some_and(|scope| scope != SCOPE) {
        return Err(OAuthError::invalid_scope());
    }
    let Some(code) = form.get("access_code") else {
        return Err(OAuthError::invalid_request("access_code is missing"));
    };
    let refused = OAuthError::invalid_grant("the access code is unknown, spent or expired");
    let invitation = match state.access_codes.redeem(code, |_| true, now) {
        Redeemed::Granted(invitation) => invitation,
        Redeemed::Reused(_) => {
            state.records.reused += 1;
            return Err(refused);
        }
        Redeemed::Unknown => return Err(refused),
    };
    Ok(Grant {
        username: invitation.invited_by,
        client_id,
        scope: SCOPE.to_owned(),
        family: Uuid::new_v4(),
        holder: Holder::Guest { site: invitation.site },
    })
}
