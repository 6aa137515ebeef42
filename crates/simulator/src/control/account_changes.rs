//! `PATCH /control/accounts/{username}`.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use uuid::Uuid;

use super::request::{ControlError, parse};
use super::world::{replace_world, set_if_given};
use crate::cloud::Cloud;
use crate::wire::json_answer;
use crate::world::Account;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountChange {
    password: Option<String>,
    roles: Option<Vec<String>>,
    remote_access: Option<bool>,
    suspended: Option<bool>,
    blocked: Option<bool>,
    override_privacy_mode: Option<bool>,
    sites: Option<Vec<Uuid>>,
}

impl AccountChange {
    fn apply(self, account: &mut Account) {
        set_if_given(&mut account.password, self.password);
        set_if_given(&mut account.roles, self.roles);
        set_if_given(&mut account.remote_access, self.remote_access);
        set_if_given(&mut account.suspended, self.suspended);
        set_if_given(&mut account.blocked, self.blocked);
        set_if_given(&mut account.override_privacy_mode, self.override_privacy_mode);
        set_if_given(&mut account.sites, self.sites.map(Some));
    }
}

pub(super) async fn change_account(
    State(cloud): State<Arc<Cloud>>,
    Path(username): Path<String>,
    body: Bytes,
) -> Result<Response, ControlError> {
    let change: AccountChange = parse(&body)?;
    let not_found = || ControlError::not_found("account", &username);
    let mut state = cloud.state();
    let mut world = state.world.clone();
    let mut accounts = world.accounts.iter_mut();
    change.apply(accounts.find(|account| account.username == username).ok_or_else(not_found)?);
    replace_world(&mut state, world)?;
    let account = state.account(&username).ok_or_else(not_found)?;
    Ok(json_answer(StatusCode::OK, account))
}
