//! The IQ that a command is about.

use anyhow::{Context, anyhow};
use clap::Args;
use consumer::Settings;
use salto::IqInfo;
use serde::Serialize;

use crate::cli::{
    arguments::{integration::IntegrationArgument, output_format::OutputFlag},
    connections::{
        redis_durability,
        site_access::{self, SiteAccess},
    },
    failure::CommandFailure,
    terminal::output::Output,
};

/// The flags `--integration` and `--iq`.
#[derive(Debug, Args)]
pub(super) struct IqArguments {
    #[command(flatten)]
    integration: IntegrationArgument,
    /// The id of the IQ, as `postern iq list` shows it.
    #[arg(long, value_name = "IQ")]
    pub(super) iq: String,
}

/// An IQ of the integration's site.
pub(super) struct TargetIq<'a> {
    pub(super) integration_id: &'a str,
    pub(super) access: SiteAccess<'a>,
    /// Its id as Salto spells it.
    pub(super) iq: String,
}

/// The result of a command that changed the activation of an IQ.
#[derive(Serialize)]
pub(super) struct ChangedActivation<'a> {
    pub(super) integration_id: &'a str,
    pub(super) iq_id: &'a str,
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
        let access = site_access::open(settings, self.integration_id()).await?;
        self.find_with(access).await
    }

    /// As [`Self::find`], for commands that store what Salto gives out only once: warns where Redis
    /// could lose it.
    pub(super) async fn find_to_store<'a>(
        &'a self,
        settings: &'a Settings,
    ) -> Result<TargetIq<'a>, CommandFailure> {
        let access = site_access::open(settings, self.integration_id()).await?;
        redis_durability::warn_if_not_durable(&access.redis).await;
        self.find_with(access).await
    }

    async fn find_with<'a>(
        &'a self,
        access: SiteAccess<'a>,
    ) -> Result<TargetIq<'a>, CommandFailure> {
        let iq = iq_id_at_salto(&access, &self.iq).await?;
        Ok(TargetIq { integration_id: self.integration_id(), access, iq })
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
        let changed =
            ChangedActivation { integration_id: self.integration_id, iq_id: &self.iq, state };
        Output::new(flag).print(&changed, || text.to_owned())
    }
}

/// The id of the IQ as Salto spells it: workers look its secret up by this spelling.
async fn iq_id_at_salto(access: &SiteAccess<'_>, wanted: &str) -> anyhow::Result<String> {
    let iqs = access
        .with_advice(access.site.iqs().await)
        .await
        .context("the site's IQs cannot be read")?;
    let found = iqs.iter().find(|iq| iq.id.eq_ignore_ascii_case(wanted));
    found.map(|iq| iq.id.clone()).ok_or_else(|| {
        let name = |iq: &IqInfo| iq.customer_reference.clone().unwrap_or("no name".to_owned());
        let existing: Vec<_> = iqs.iter().map(|iq| format!("{} ({})", iq.id, name(iq))).collect();
        if existing.is_empty() {
            return anyhow!("the site has no IQ; add one to it in Salto");
        }
        anyhow!("the site has no IQ {wanted:?}; give one of these ids: {}", existing.join(", "))
    })
}
