//! `postern iq list`: the IQs of a site, and how far their activation is.

use anyhow::Context;
use chrono::{DateTime, Utc};
use consumer::{LastError, Settings};
use serde::Serialize;

use super::{View, next_step, views};
use crate::cli::{
    args::List,
    failure::Failure,
    output::{Output, local, yes_or_no},
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
    /// When our activation's state changed last.
    state_since: Option<DateTime<Utc>>,
    /// Whether Salto's list has it.
    at_salto: bool,
    /// Whether this user is activated there, as Salto has it.
    activated_at_salto: Option<bool>,
    activated_at_salto_since: Option<DateTime<Utc>>,
    /// A change of the PIN was begun and is not known to have ended.
    setting_pin: bool,
    /// One-time passwords that Salto rejected in a row.
    rejected_in_a_row: u32,
    /// Nothing is sent to it until then.
    blocked_until: Option<DateTime<Utc>>,
    /// What went wrong there last, whether or not it has gone right since.
    last_error: Option<LastError>,
    /// What to do, in words.
    next: Option<String>,
}

/// Asks Salto, looks in Redis, and prints.
pub(super) async fn run(list: List, settings: &Settings) -> Result<(), Failure> {
    let access = site_access::open(settings, &list.integration.integration_id).await?;
    let id = list.integration.integration_id.as_str();
    let views = views(&access).await?.into_iter();
    let last_errors = access.last_errors.by_iq(id).await;
    let mut last_errors = last_errors.context("the IQs' last errors cannot be read")?;
    let rows: Vec<Row> = views
        .map(|view| {
            let last_error = last_errors.remove(&view.id);
            Row::of(id, view, last_error)
        })
        .collect();
    let header = [
        "ID",
        "NAME",
        "ONLINE",
        "OTP",
        "RESTORE REQUIRED",
        "AT SALTO",
        "STATE",
        "SINCE",
        "REJECTED",
        "BLOCKED UNTIL",
        "LAST ERROR",
        "NEXT",
    ];
    Output::new(list.printing).all(&rows, header, Row::cells)
}

impl Row {
    fn of(integration_id: &str, view: View, last_error: Option<LastError>) -> Self {
        let next = next_step(integration_id, &view);
        let at_salto = view.listed.is_some();
        let (mut name, mut online, mut otp_enabled, mut restore_required) = Default::default();
        if let Some(listed) = view.listed {
            name = listed.customer_reference;
            online = listed.online;
            otp_enabled = listed.otp_enabled;
            restore_required = listed.restore_required;
        }
        Self {
            id: view.id,
            name,
            online,
            otp_enabled,
            restore_required,
            state: view.state.code(),
            state_since: view.since,
            at_salto,
            activated_at_salto: view.activated_at_salto,
            activated_at_salto_since: view.activated_at_salto_since,
            setting_pin: view.sets_pin,
            rejected_in_a_row: view.standing.rejected_in_a_row,
            blocked_until: view.standing.blocked_until,
            last_error,
            next,
        }
    }

    fn cells(&self) -> [String; 12] {
        let at_salto = match (self.at_salto, self.activated_at_salto) {
            (false, _) => "gone",
            (true, Some(true)) => "activated",
            (true, Some(false)) => "not activated",
            (true, None) => "",
        };
        let rejected = self.rejected_in_a_row;
        [
            self.id.clone(),
            self.name.clone().unwrap_or_default(),
            yes_or_no(self.online),
            yes_or_no(self.otp_enabled),
            yes_or_no(self.restore_required),
            at_salto.to_owned(),
            self.state.replace('_', " "),
            local(self.state_since),
            if rejected > 0 { rejected.to_string() } else { String::new() },
            local(self.blocked_until),
            self.last_error
                .as_ref()
                .map_or_else(String::new, |it| format!("{} at {}", it.reason, local(Some(it.at)))),
            self.next.clone().unwrap_or_default(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use consumer::OtpStatus;
    use salto::ActivationState;

    use super::*;

    #[test]
    fn a_row_has_salto_s_view_and_ours() {
        let iq = serde_json::json!({"id": "q1", "customer_reference": "Cellar", "online": false});
        let time = "2026-08-25T07:25:00Z".parse().unwrap();
        let row = Row::of(
            "acme",
            View {
                id: "q1".into(),
                listed: Some(serde_json::from_value(iq).unwrap()),
                activated_at_salto: Some(false),
                activated_at_salto_since: None,
                state: ActivationState::PendingPin,
                since: Some(time),
                sets_pin: false,
                standing: OtpStatus { rejected_in_a_row: 2, blocked_until: Some(time) },
            },
            Some(LastError { reason: "iq_offline".into(), detail: "no gateway".into(), at: time }),
        );
        let cells = row.cells();
        assert_eq!(cells[..6], ["q1", "Cellar", "no", "", "", "not activated"]);
        let at = local(Some(time));
        let last_error = format!("iq_offline at {at}");
        assert_eq!(cells[6..11], ["pending pin", &at, "2", &at, &last_error]);
        assert_eq!(serde_json::to_value(&row).unwrap()["state"], "pending_pin");
    }
}
