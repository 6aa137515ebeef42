//! `postern iq list`: the IQs of a site, and how far their activation is.

use std::collections::HashMap;

use anyhow::Context;
use consumer::Settings;
use salto::{Activation, ActivationState, IqInfo};
use serde::Serialize;

use super::{
    args::List,
    failure::Failure,
    output::{Output, yes_or_no},
    site_access,
};

#[derive(Debug, Serialize)]
struct Row {
    id: String,
    name: Option<String>,
    /// As Salto's list has it, up to half an hour old.
    online: Option<bool>,
    otp_enabled: Option<bool>,
    /// True: the stored secret and PIN are dead.
    restore_required: Option<bool>,
    /// Our activation's.
    state: &'static str,
}

/// Asks Salto, looks the activations up in Redis, and prints.
pub(super) async fn list(list: List, settings: &Settings) -> Result<(), Failure> {
    let access = site_access::open(settings, &list.integration.integration_id).await?;
    let iqs = access.site.iqs().await.context("the IQs cannot be listed")?;
    let activations = access.activations.list(&list.integration.integration_id).await;
    let activations: HashMap<String, Activation> = activations
        .context("the activations cannot be read")?
        .into_iter()
        .map(|(iq, stored)| (iq, stored.activation))
        .collect();
    let row = |iq: IqInfo| {
        let state = activations.get(&iq.id).map(|activation| activation.state);
        Row::of(iq, state.unwrap_or(ActivationState::NotActivated))
    };
    let rows: Vec<Row> = iqs.into_iter().map(row).collect();
    let header = ["ID", "NAME", "ONLINE", "OTP", "RESTORE REQUIRED", "STATE"];
    Output::new(list.printing).all(&rows, header, Row::cells)
}

impl Row {
    fn of(iq: IqInfo, state: ActivationState) -> Self {
        Self {
            id: iq.id,
            name: iq.customer_reference,
            online: iq.online,
            otp_enabled: iq.otp_enabled,
            restore_required: iq.restore_required,
            state: state.code(),
        }
    }

    fn cells(&self) -> [String; 6] {
        [
            self.id.clone(),
            self.name.clone().unwrap_or_default(),
            yes_or_no(self.online),
            yes_or_no(self.otp_enabled),
            yes_or_no(self.restore_required),
            self.state.replace('_', " "),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_salto_s_view_and_ours() {
        let iq = serde_json::json!({"id": "q1", "customer_reference": "Cellar", "online": false});
        let row = Row::of(serde_json::from_value(iq).unwrap(), ActivationState::PendingPin);
        assert_eq!(row.cells(), ["q1", "Cellar", "no", "", "", "pending pin"]);
        assert_eq!(serde_json::to_value(&row).unwrap()["state"], "pending_pin");
    }
}
