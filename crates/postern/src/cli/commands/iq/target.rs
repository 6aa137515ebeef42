//! The IQ that a command is about.

use anyhow::{Context, anyhow};
use clap::Args;
use consumer::Settings;
use operations::connections::{
    redis_durability,
    site_access::{self, SiteAccess},
};
use salto::IqInfo;
use serde::Serialize;

use crate::cli::{
    arguments::{integration::IntegrationArgument, output_format::OutputFlag},
    failure::CommandFailure,
    terminal::{observer::TerminalObserver, output::Output},
};

/// The flags `--integration` and `--iq`.
#[derive(Debug, Args)]
pub(super) struct IqArguments {
    #[command(flatten)]
    integration: IntegrationArgument,
    /// The id of the IQ, as `postern iq list` shows it, or its name at Salto where that is unique.
    #[arg(long, value_name = "IQ")]
    pub(super) iq: String,
}

/// An IQ of the integration's site.
pub(super) struct TargetIq<'a> {
    pub(super) integration_id: &'a str,
    pub(super) access: SiteAccess<'a>,
    /// Its id as Salto spells it: workers look its secret up by this spelling.
    pub(super) iq: String,
    /// Its name at Salto.
    pub(super) iq_name: Option<String>,
}

/// The result of a command that changed the activation of an IQ.
#[derive(Serialize)]
pub(super) struct ChangedActivation<'a> {
    pub(super) integration_id: &'a str,
    pub(super) iq_id: &'a str,
    pub(super) iq_name: Option<&'a str>,
    /// The state after the command.
    pub(super) state: &'static str,
}

impl IqArguments {
    pub(super) fn integration_id(&self) -> &str {
        &self.integration.integration_id
    }

    /// Finds the IQ at Salto.
    pub(super) async fn find<'a>(
        &'a self,
        settings: &'a Settings,
    ) -> Result<TargetIq<'a>, CommandFailure> {
        let access = site_access::open(settings, self.integration_id(), &TerminalObserver).await?;
        self.find_with(access).await
    }

    /// As [`Self::find`], for commands that store what Salto gives out only once: warns where Redis
    /// could lose it.
    pub(super) async fn find_to_store<'a>(
        &'a self,
        settings: &'a Settings,
    ) -> Result<TargetIq<'a>, CommandFailure> {
        let access = site_access::open(settings, self.integration_id(), &TerminalObserver).await?;
        redis_durability::warn_if_not_durable(&access.redis, access.observer).await;
        self.find_with(access).await
    }

    async fn find_with<'a>(
        &'a self,
        access: SiteAccess<'a>,
    ) -> Result<TargetIq<'a>, CommandFailure> {
        let iqs = access
            .with_advice(access.site.iqs().await)
            .await
            .context("the site's IQs cannot be read")?;
        let IqInfo { id, customer_reference, .. } = find_iq(iqs, &self.iq)?;
        let integration_id = self.integration_id();
        Ok(TargetIq { integration_id, access, iq: id, iq_name: customer_reference })
    }
}

impl TargetIq<'_> {
    /// Prints the state of the activation after the command.
    pub(super) fn print_state(
        &self,
        flag: OutputFlag,
        state: &'static str,
        text: &str,
    ) -> Result<(), CommandFailure> {
        let changed = ChangedActivation {
            integration_id: self.integration_id,
            iq_id: &self.iq,
            iq_name: self.iq_name.as_deref(),
            state,
        };
        Output::new(flag).print(&changed, || text.to_owned())
    }
}

/// The IQ with this id or, where none has it, the only one with this name.
fn find_iq(mut iqs: Vec<IqInfo>, wanted: &str) -> anyhow::Result<IqInfo> {
    let named = |iq: &IqInfo| iq.customer_reference.as_deref() == Some(wanted);
    let by_id = iqs.iter().position(|iq| iq.id.eq_ignore_ascii_case(wanted));
    let count = iqs.iter().filter(|iq| named(iq)).count();
    if let Some(found) = by_id.or_else(|| iqs.iter().position(named).filter(|_| count == 1)) {
        return Ok(iqs.swap_remove(found));
    }
    let name = |iq: &IqInfo| iq.customer_reference.clone().unwrap_or("no name".to_owned());
    let existing: Vec<_> = iqs.iter().map(|iq| format!("{} ({})", iq.id, name(iq))).collect();
    let existing = existing.join(", ");
    Err(match (iqs.len(), count) {
        (0, _) => anyhow!("the site has no IQ; add one to it in Salto"),
        (_, 0) => anyhow!("the site has no IQ {wanted:?}; give one of these ids: {existing}"),
        (_, _) => anyhow!("{count} IQs are named {wanted:?}; give one of these ids: {existing}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_iq_is_found_by_its_id_or_by_a_unique_name() {
        let iqs = || -> Vec<IqInfo> {
            let iq =
                |id, name: Option<&str>| serde_json::json!({"id": id, "customer_reference": name});
            let iqs = [
                iq("Q1", Some("Cellar")),
                iq("Q2", Some("Roof")),
                iq("Q3", Some("Roof")),
                iq("Q4", Some("Q1")),
                iq("Q5", None),
            ];
            iqs.into_iter().map(|iq| serde_json::from_str(&iq.to_string()).unwrap()).collect()
        };
        let found = |wanted| find_iq(iqs(), wanted).map(|iq| iq.id).map_err(|it| it.to_string());
        assert_eq!(found("q2").as_deref(), Ok("Q2"));
        assert_eq!(found("Cellar").as_deref(), Ok("Q1"));
        assert_eq!(found("Q1").as_deref(), Ok("Q1"), "an id comes before a name");
        let error = found("Roof").unwrap_err();
        assert!(error.starts_with("2 IQs are named \"Roof\"; give one of these ids: "), "{error}");
        let error = found("Attic").unwrap_err();
        assert!(error.contains("Q5 (no name)"), "{error}");
        assert!(find_iq(Vec::new(), "Q1").unwrap_err().to_string().contains("no IQ; add one"));
    }
}
