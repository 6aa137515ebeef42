//! `postern iq list`: the IQs of a site, and the state of their activation.

use anyhow::Context;
use chrono::{DateTime, Utc};
use consumer::{LastError, Settings};
use operations::connections::site_access;
use serde::Serialize;

use crate::cli::{
    arguments::integration::SiteListArguments,
    failure::CommandFailure,
    site_state::{
        iq_overview::{IqOverview, iq_overviews},
        next_step::next_step,
    },
    terminal::{
        observer::TerminalObserver,
        output::Output,
        text::{time_text, yes_or_no},
    },
};

#[derive(Debug, Serialize)]
struct IqRow {
    id: String,
    name: Option<String>,
    /// According to Salto's list, which may be half an hour old.
    online: Option<bool>,
    otp_enabled: Option<bool>,
    /// True: the stored secret and PIN are no longer valid.
    restore_required: Option<bool>,
    /// The state of the stored activation.
    state: &'static str,
    /// When this state began.
    state_since: Option<DateTime<Utc>>,
    /// Whether it is in Salto's list.
    at_salto: bool,
    /// Whether the system user is activated there according to Salto.
    activated_at_salto: Option<bool>,
    activated_at_salto_since: Option<DateTime<Utc>>,
    /// A change of the PIN was started and has no known result.
    setting_pin: bool,
    /// Consecutive rejections of one-time passwords.
    rejected_in_a_row: u32,
    /// No command is sent to it until then.
    blocked_until: Option<DateTime<Utc>>,
    /// The last error at the IQ, whether or not a command has succeeded since.
    last_error: Option<LastError>,
    /// The next step, as text.
    next: Option<String>,
}

/// Merges Salto's list with the stored records, and prints the rows.
pub(super) async fn run(
    arguments: SiteListArguments,
    settings: &Settings,
) -> Result<(), CommandFailure> {
    let access =
        site_access::open(settings, &arguments.integration.integration_id, &TerminalObserver)
            .await?;
    let id = arguments.integration.integration_id.as_str();
    let overviews = iq_overviews(&access).await?.into_iter();
    let last_errors = access.last_errors.by_iq(id).await;
    let mut last_errors = last_errors.context("the IQs' last errors cannot be read")?;
    let rows: Vec<IqRow> = overviews
        .map(|iq| {
            let last_error = last_errors.remove(&iq.id);
            IqRow::of(id, iq, last_error)
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
    Output::new(arguments.output).print_all(&rows, header, IqRow::cells)
}

impl IqRow {
    fn of(integration_id: &str, iq: IqOverview, last_error: Option<LastError>) -> Self {
        let next = next_step(integration_id, &iq).map(|step| step.next);
        let at_salto = iq.listed.is_some();
        let (mut name, mut online, mut otp_enabled, mut restore_required) = Default::default();
        if let Some(listed) = iq.listed {
            name = listed.customer_reference;
            online = listed.online;
            otp_enabled = listed.otp_enabled;
            restore_required = listed.restore_required;
        }
        Self {
            id: iq.id,
            name,
            online,
            otp_enabled,
            restore_required,
            state: iq.state.code(),
            state_since: iq.since,
            at_salto,
            activated_at_salto: iq.activated_at_salto,
            activated_at_salto_since: iq.activated_at_salto_since,
            setting_pin: iq.pin_change_pending,
            rejected_in_a_row: iq.otp_status.rejected_in_a_row,
            blocked_until: iq.otp_status.blocked_until,
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
            time_text(self.state_since),
            if rejected > 0 { rejected.to_string() } else { String::new() },
            time_text(self.blocked_until),
            self.last_error.as_ref().map_or_else(String::new, |it| {
                format!("{} at {}", it.reason, time_text(Some(it.at)))
            }),
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
    fn a_row_has_values_from_salto_and_stored_ones() {
        let listed =
            serde_json::json!({"id": "q1", "customer_reference": "Cellar", "online": false});
        let time = "2026-08-25T07:25:00Z".parse().unwrap();
        let row = IqRow::of(
            "acme",
            IqOverview {
                id: "q1".into(),
                listed: Some(serde_json::from_str(&listed.to_string()).unwrap()),
                activated_at_salto: Some(false),
                activated_at_salto_since: None,
                state: ActivationState::PendingPin,
                since: Some(time),
                pin_change_pending: false,
                otp_status: OtpStatus { rejected_in_a_row: 2, blocked_until: Some(time) },
            },
            Some(LastError { reason: "iq_offline".into(), detail: "no gateway".into(), at: time }),
        );
        let cells = row.cells();
        assert_eq!(cells[..6], ["q1", "Cellar", "no", "", "", "not activated"]);
        let at = time_text(Some(time));
        let last_error = format!("iq_offline at {at}");
        assert_eq!(cells[6..11], ["pending pin", &at, "2", &at, &last_error]);
        assert_eq!(serde_json::to_value(&row).unwrap()["state"], "pending_pin");
    }
}
