//! `postern iq list`: the IQs of a site, and the state of their activation.

use consumer::Settings;
use operations::{
    connections::site_access,
    iqs::{IqReport, iq_reports},
};

use crate::cli::{
    arguments::integration::SiteListArguments,
    failure::CommandFailure,
    terminal::{
        observer::TerminalObserver,
        output::Output,
        text::{time_text, yes_or_no},
    },
};

/// Prints what Salto's list and the stored records say.
pub(super) async fn run(
    arguments: SiteListArguments,
    settings: &Settings,
) -> Result<(), CommandFailure> {
    let access =
        site_access::open(settings, &arguments.integration.integration_id, &TerminalObserver)
            .await?;
    let rows = iq_reports(&access).await?;
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
    Output::new(arguments.output).print_all(&rows, header, cells)
}

fn cells(iq: &IqReport) -> [String; 12] {
    let at_salto = match (iq.at_salto, iq.activated_at_salto) {
        (false, _) => "gone",
        (true, Some(true)) => "activated",
        (true, Some(false)) => "not activated",
        (true, None) => "",
    };
    let rejected = iq.rejected_in_a_row;
    [
        iq.id.clone(),
        iq.name.clone().unwrap_or_default(),
        yes_or_no(iq.online),
        yes_or_no(iq.otp_enabled),
        yes_or_no(iq.restore_required),
        at_salto.to_owned(),
        iq.state.replace('_', " "),
        time_text(iq.state_since),
        if rejected > 0 { rejected.to_string() } else { String::new() },
        time_text(iq.blocked_until),
        iq.last_error
            .as_ref()
            .map_or_else(String::new, |it| format!("{} at {}", it.reason, time_text(Some(it.at)))),
        iq.next.clone().unwrap_or_default(),
    ]
}

#[cfg(test)]
mod tests {
    use consumer::{LastError, OtpStatus};
    use operations::iqs::IqOverview;
    use salto::ActivationState;

    use super::*;

    #[test]
    fn a_row_has_values_from_salto_and_stored_ones() {
        let listed =
            serde_json::json!({"id": "q1", "customer_reference": "Cellar", "online": false});
        let time = "2026-08-25T07:25:00Z".parse().unwrap();
        let row = IqReport::of(
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
        let cells = cells(&row);
        assert_eq!(cells[..6], ["q1", "Cellar", "no", "", "", "not activated"]);
        let at = time_text(Some(time));
        let last_error = format!("iq_offline at {at}");
        assert_eq!(cells[6..11], ["pending pin", &at, "2", &at, &last_error]);
        assert_eq!(serde_json::to_value(&row).unwrap()["state"], "pending_pin");
    }
}
