//! An IQ as Salto and postern see it.

use std::collections::HashMap;

use anyhow::Context;
use chrono::{DateTime, Utc};
use consumer::OtpStatus;
use salto::{ActivatedIq, Activation, ActivationState, IqInfo};

use crate::cli::{output::note, site_access::SiteAccess};

/// What is known of an IQ.
#[derive(Debug)]
pub(in crate::cli) struct View {
    pub(in crate::cli) id: String,
    /// What Salto's list says; nothing where the IQ is not in it.
    pub(in crate::cli) listed: Option<IqInfo>,
    /// Whether this user is activated there, as far as Salto says so, and since when.
    pub(in crate::cli) activated_at_salto: Option<bool>,
    pub(in crate::cli) activated_at_salto_since: Option<DateTime<Utc>>,
    /// Where our activation stands, and since when.
    pub(in crate::cli) state: ActivationState,
    pub(in crate::cli) since: Option<DateTime<Utc>>,
    /// A change of the PIN was begun and is not known to have ended.
    pub(in crate::cli) sets_pin: bool,
    /// How one-time passwords fare.
    pub(in crate::cli) standing: OtpStatus,
}

/// The site's IQs as Salto lists them, then those that only we know of.
pub(in crate::cli) async fn views(access: &SiteAccess<'_>) -> anyhow::Result<Vec<View>> {
    let integration_id = access.site.integration_id();
    let listed = access.hear(access.site.iqs().await).await.context("the IQs cannot be listed")?;
    let at_salto = match access.site.activated_iqs().await {
        Ok(at_salto) => at_salto,
        Err(error) => {
            access.share_pause(&error).await;
            note(&format!("note: Salto does not say where the user is activated: {error}"));
            Vec::new()
        }
    };
    let stored = access.activations.list(integration_id).await;
    let stored = stored.context("the stored activations cannot be read")?;
    let standings = access.guard.statuses(integration_id).await;
    let standings = standings.context("the rejected one-time passwords cannot be read")?;
    let stored = stored.into_iter().map(|(iq, stored)| (iq, stored.activation)).collect();
    Ok(merge(listed, &at_salto, stored, &standings))
}

fn merge(
    listed: Vec<IqInfo>,
    at_salto: &[ActivatedIq],
    mut stored: HashMap<String, Activation>,
    standings: &HashMap<String, OtpStatus>,
) -> Vec<View> {
    let view = |id: String, listed: Option<IqInfo>, stored: Option<Activation>| {
        let at_salto = at_salto.iter().find(|iq| iq.iq_id.eq_ignore_ascii_case(&id));
        View {
            listed,
            activated_at_salto: at_salto.and_then(|iq| iq.activated),
            activated_at_salto_since: at_salto.and_then(|iq| iq.activation_date),
            state: stored.as_ref().map_or(ActivationState::NotActivated, |stored| stored.state),
            since: stored.as_ref().map(|stored| stored.changed_at),
            sets_pin: stored.is_some_and(|stored| stored.new_pin.is_some()),
            standing: standings.get(&id).copied().unwrap_or_default(),
            id,
        }
    };
    let mut views = Vec::new();
    for iq in listed {
        let ours = stored.remove(&iq.id);
        views.push(view(iq.id.clone(), Some(iq), ours));
    }
    let mut gone: Vec<_> = stored.into_iter().collect();
    gone.sort_by(|(a, _), (b, _)| a.cmp(b));
    views.extend(gone.into_iter().map(|(id, ours)| view(id, None, Some(ours))));
    views
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_salto_lists_comes_first_and_what_only_we_know_of_last() {
        let listed = ["q2", "q1"].map(|id| serde_json::from_value(json!({"id": id})).unwrap());
        let at_salto =
            [ActivatedIq { iq_id: "Q1".into(), activated: Some(true), activation_date: None }];
        let ours = || Activation::proven("ABCDEFGHIJKLMNOP".into(), "0601".into());
        let stored = ["q1", "gone"].map(|id| (id.to_owned(), ours()));
        let standing = OtpStatus { rejected_in_a_row: 2, blocked_until: None };
        let standings = HashMap::from([("q2".to_owned(), standing)]);
        let views = merge(listed.into(), &at_salto, HashMap::from(stored), &standings);
        let told: Vec<_> = views
            .iter()
            .map(|view| {
                let listed = view.listed.is_some();
                (view.id.as_str(), listed, view.state.code(), view.activated_at_salto)
            })
            .collect();
        assert_eq!(
            told,
            [
                ("q2", true, "not_activated", None),
                ("q1", true, "activated", Some(true)),
                ("gone", false, "activated", None),
            ]
        );
        assert_eq!(views[0].standing, standing);
    }
}
