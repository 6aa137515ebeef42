//! The IQs of a site, and the state of their activation.

use anyhow::Context;
use chrono::{DateTime, Utc};
use consumer::LastError;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    next_step::next_step,
    overview::{IqOverview, iq_overviews},
};
use crate::connections::site_access::SiteAccess;

/// What is known about an IQ, with the next step. Members that are not known are null.
#[derive(Debug, Serialize, ToSchema)]
pub struct IqReport {
    /// The id.
    pub id: String,
    /// The name at Salto.
    pub name: Option<String>,
    /// Whether it is online according to Salto's list, which may be half an hour old.
    pub online: Option<bool>,
    /// Whether its doors need one-time passwords, according to Salto.
    pub otp_enabled: Option<bool>,
    /// Whether it needs a restore; then the stored secret and PIN are no longer valid.
    pub restore_required: Option<bool>,
    /// The state of the stored activation.
    pub state: &'static str,
    /// When this state began.
    pub state_since: Option<DateTime<Utc>>,
    /// Whether it is in Salto's list.
    pub at_salto: bool,
    /// Whether the system user is activated there according to Salto.
    pub activated_at_salto: Option<bool>,
    /// Since when it is.
    pub activated_at_salto_since: Option<DateTime<Utc>>,
    /// A change of the PIN was started and has no known result.
    pub setting_pin: bool,
    /// Consecutive rejections of one-time passwords.
    pub rejected_in_a_row: u32,
    /// No command is sent to it until then.
    pub blocked_until: Option<DateTime<Utc>>,
    /// The last error at the IQ, whether or not a command has succeeded since.
    #[schema(value_type = Option<Object>)]
    pub last_error: Option<LastError>,
    /// The next step, as text.
    pub next: Option<String>,
}

/// The IQs in the order of Salto's list, then those that only postern has stored.
///
/// # Errors
/// Salto does not list them, or Redis does not answer.
pub async fn iq_reports(access: &SiteAccess<'_>) -> anyhow::Result<Vec<IqReport>> {
    let id = access.site.integration_id();
    let overviews = iq_overviews(access).await?.into_iter();
    let last_errors = access.last_errors.by_iq(id).await;
    let mut last_errors = last_errors.context("the IQs' last errors cannot be read")?;
    let report = |iq: IqOverview| {
        let last_error = last_errors.remove(&iq.id);
        IqReport::of(id, iq, last_error)
    };
    Ok(overviews.map(report).collect())
}

impl IqReport {
    /// The report of an IQ.
    pub fn of(integration_id: &str, iq: IqOverview, last_error: Option<LastError>) -> Self {
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
}
