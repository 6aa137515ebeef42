//! Who calls.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::caller::Caller;

/// The caller, and what it may do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    /// The name of the user or of the token.
    name: String,
    /// `viewer`, `operator` or `admin`.
    role: &'static str,
    /// The integrations; null where it is all of them.
    integrations: Option<Vec<String>>,
    /// What scripts send in the header `X-CSRF-Token`; null for a token.
    csrf: Option<String>,
}

pub(crate) async fn get(caller: Caller) -> Json<Me> {
    Json(Me {
        role: caller.grant.role.code(),
        integrations: caller.grant.integrations.map(|ids| ids.into_iter().collect()),
        csrf: caller.session.map(|session| session.csrf),
        name: caller.name,
    })
}
