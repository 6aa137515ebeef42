//! The grant `access_code`: a guest's app exchanges what a pod member has given it. [S1] What the
//! parameter is called and how the client authenticates is a decision.

use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::client::Credentials;
use super::error::OAuthError;
use super::form::Form;
use crate::cloud::{Grant, Holder, Live, Presented};

/// The only scope that such a token has; it may be asked for or left out.
const SCOPE: &str = "digital_key";

/// The client may come any way. A code is spent by its first presentation, whoever the client is: the
/// guest's app need not be the pod member's (a decision).
pub(super) fn by_access_code(
    live: &mut Live,
    headers: &HeaderMap,
    form: &Form,
    now: DateTime<Utc>,
) -> Result<Grant, OAuthError> {
    let client_id = Credentials::read(headers, form)?.client(&live.world)?.id.clone();
    if form.get("scope").is_some_and(|scope| scope != SCOPE) {
        return Err(OAuthError::scope());
    }
    let Some(code) = form.get("access_code") else {
        return Err(OAuthError::request("access_code is missing"));
    };
    let refused = OAuthError::grant("the access code is unknown, spent or expired");
    let invitation = match live.access_codes.present(code, |_| true, now) {
        Presented::Granted(invitation) => invitation,
        Presented::Reused(_) => {
            live.records.reused += 1;
            return Err(refused);
        }
        Presented::Unknown => return Err(refused),
    };
    Ok(Grant {
        username: invitation.invited_by,
        client_id,
        scope: SCOPE.to_owned(),
        family: Uuid::new_v4(),
        holder: Holder::Guest { site: invitation.site },
    })
}
