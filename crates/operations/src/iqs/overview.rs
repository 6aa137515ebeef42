//! An overview of an IQ: what Salto's list says, and what postern has stored.

use std::collections::HashMap;

use anyhow::Context;
use chrono::{DateTime, Utc};
use consumer::OtpStatus;
use salto::{ActivatedIq, Activation, ActivationState, IqInfo};

use crate::connections::site_access::SiteAccess;

/// What is known about an IQ.
#[derive(Debug, Clone)]
pub struct IqOverview {
    /// The id as Salto spells it.
    pub id: String,
    /// The IQ in Salto's list; nothing where it is not in it.
    pub listed: Option<IqInfo>,
    /// Whether the system user is activated at the IQ according to Salto.
    pub activated_at_salto: Option<bool>,
    /// Since when it is.
    pub activated_at_salto_since: Option<DateTime<Utc>>,
    /// The state of the stored activation.
    pub state: ActivationState,
    /// Since when it is in this state.
    pub since: Option<DateTime<Utc>>,
    /// A change of the PIN was started and has no known result.
    pub pin_change_pending: bool,
    /// Consecutive OTP rejections, and the block of the IQ.
    pub otp_status: OtpStatus,
}

/// The IQs in the order of Salto's list, then those that only postern has stored.
///
/// # Errors
/// Salto does not list them, or Redis does not answer.
pub async fn iq_overviews(access: &SiteAccess<'_>) -> anyhow::Result<Vec<IqOverview>> {
    let integration_id = access.site.integration_id();
    let listed =
        access.with_advice(access.site.iqs().await).await.context("the IQs cannot be listed")?;
    let activated = match access.site.activated_iqs().await {
        Ok(activated) => Some(activated),
        Err(error) => {
            access.share_pause(&error).await;
            access.observer.note(&format!(
                "note: Salto does not say at which IQs the user is activated: {error}"
            ));
            None
        }
    };
    let stored = access.activations.list(integration_id).await;
    let stored = stored.context("the stored activations cannot be read")?;
    let otp_statuses = access.otp_guard.statuses(integration_id).await;
    let otp_statuses = otp_statuses.context("the rejected one-time passwords cannot be read")?;
    let stored = stored.into_iter().map(|(iq, stored)| (iq, stored.activation)).collect();
    Ok(merge(listed, activated.as_deref(), &stored, &otp_statuses))
}

/// The overview of one IQ. `None`: neither Salto nor postern has it.
///
/// # Errors
/// As for [`iq_overviews`].
pub async fn iq_overview(access: &SiteAccess<'_>, iq: &str) -> anyhow::Result<Option<IqOverview>> {
    Ok(iq_overviews(access).await?.into_iter().find(|overview| overview.id == iq))
}

/// Merges Salto's lists with the stored records. `activated` is nothing where Salto did not say it; an IQ is in
/// that list once its PIN was requested (docs/salto-ks.md, Activation states).
pub fn merge(
    listed: Vec<IqInfo>,
    activated: Option<&[ActivatedIq]>,
    stored: &HashMap<String, Activation>,
    otp_statuses: &HashMap<String, OtpStatus>,
) -> Vec<IqOverview> {
    let overview = |id: String, listed: Option<IqInfo>| {
        let stored = stored.get(&id);
        let is_it = |iq: &&ActivatedIq| iq.iq_id.eq_ignore_ascii_case(&id);
        let at_salto = activated.map(|activated| activated.iter().find(is_it));
        IqOverview {
            listed,
            activated_at_salto: at_salto.and_then(|iq| iq.map_or(Some(false), |iq| iq.activated)),
            activated_at_salto_since: at_salto.flatten().and_then(|iq| iq.activation_date),
            state: stored.map_or(ActivationState::NotActivated, |stored| stored.state),
            since: stored.map(|stored| stored.changed_at),
            pin_change_pending: stored.is_some_and(|stored| stored.new_pin.is_some()),
            otp_status: otp_statuses.get(&id).copied().unwrap_or_default(),
            id,
        }
    };
    let is_listed = |id: &&String| listed.iter().any(|iq| iq.id == **id);
    let mut unlisted: Vec<_> = stored.keys().filter(|id| !is_listed(id)).cloned().collect();
    unlisted.sort();
    let mut overviews: Vec<_> =
        listed.into_iter().map(|iq| overview(iq.id.clone(), Some(iq))).collect();
    overviews.extend(unlisted.into_iter().map(|id| overview(id, None)));
    overviews
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn listed_iqs_come_first_and_iqs_that_are_only_stored_come_last() {
        let listed =
            ["q2", "q1"].map(|id| serde_json::from_str(&json!({"id": id}).to_string()).unwrap());
        let activated =
            [ActivatedIq { iq_id: "Q1".into(), activated: Some(true), activation_date: None }];
        let activation = || Activation::proven("ABCDEFGHIJKLMNOP".into(), "0601".into());
        let stored = ["q1", "gone"].map(|id| (id.to_owned(), activation()));
        let otp_status = OtpStatus { rejected_in_a_row: 2, blocked_until: None };
        let otp_statuses = HashMap::from([("q2".to_owned(), otp_status)]);
        let overviews =
            merge(listed.into(), Some(&activated), &HashMap::from(stored), &otp_statuses);
        let merged: Vec<_> = overviews
            .iter()
            .map(|it| {
                let listed = it.listed.is_some();
                (it.id.as_str(), listed, it.state.code(), it.activated_at_salto)
            })
            .collect();
        assert_eq!(
            merged,
            [
                ("q2", true, "not_activated", Some(false)),
                ("q1", true, "activated", Some(true)),
                ("gone", false, "activated", Some(false)),
            ]
        );
        assert_eq!(overviews[0].otp_status, otp_status);
    }
}
