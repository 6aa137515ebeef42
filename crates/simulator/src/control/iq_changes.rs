//! `PATCH /control/iqs/{id}`.

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
use crate::otp::OtpScheme;
use crate::wire::json_answer;
use crate::world::{Activation, Iq, UserKey};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IqChange {
    online: Option<bool>,
    restore_required: Option<bool>,
    secret: Option<String>,
    pin: Option<String>,
    otp_scheme: Option<OtpScheme>,
    other_keys: Option<Vec<UserKey>>,
    otp_enabled: Option<bool>,
    pin_in_body: Option<bool>,
    activated_for: Option<Vec<Activation>>,
    #[serde(default)]
    unblock: bool,
}

impl IqChange {
    fn apply(self, iq: &mut Iq) {
        set_if_given(&mut iq.online, self.online);
        set_if_given(&mut iq.restore_required, self.restore_required);
        set_if_given(&mut iq.secret, self.secret);
        set_if_given(&mut iq.pin, self.pin);
        set_if_given(&mut iq.otp_scheme, self.otp_scheme);
        set_if_given(&mut iq.other_keys, self.other_keys);
        set_if_given(&mut iq.otp_enabled, self.otp_enabled);
        set_if_given(&mut iq.pin_in_body, self.pin_in_body);
        set_if_given(&mut iq.activated_for, self.activated_for);
    }
}

pub(super) async fn change_iq(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, ControlError> {
    let iq = apply_iq_change(&cloud, &id, parse(&body)?)?;
    Ok(json_answer(StatusCode::OK, &iq))
}

/// Changes an IQ, and returns it as it is then.
pub(crate) fn apply_iq_change(
    cloud: &Cloud,
    id: &str,
    change: IqChange,
) -> Result<Iq, ControlError> {
    let unblock = change.unblock;
    let not_found = || ControlError::not_found("IQ", id);
    let iq_id: Uuid = id.parse().map_err(|_| not_found())?;
    let mut state = cloud.state();
    let mut world = state.world.clone();
    let mut iqs = world.sites.iter_mut().flat_map(|site| &mut site.iqs);
    change.apply(iqs.find(|iq| iq.id == iq_id).ok_or_else(not_found)?);
    replace_world(&mut state, world)?;
    if unblock {
        state.unblock_all(iq_id);
    }
    state.iq(iq_id).cloned().ok_or_else(not_found)
}
