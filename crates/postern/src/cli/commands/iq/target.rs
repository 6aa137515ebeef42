//! The IQ that a command is about.

use clap::Args;
use consumer::Settings;
use operations::{connections::site_access, iqs::TargetIq};
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
        Ok(TargetIq::find(access, &self.iq).await?)
    }

    /// As [`Self::find`], for commands that store what Salto gives out only once: warns where Redis
    /// could lose it.
    pub(super) async fn find_to_store<'a>(
        &'a self,
        settings: &'a Settings,
    ) -> Result<TargetIq<'a>, CommandFailure> {
        let access = site_access::open(settings, self.integration_id(), &TerminalObserver).await?;
        Ok(TargetIq::find_to_store(access, &self.iq).await?)
    }
}

impl<'a> ChangedActivation<'a> {
    /// The result for an IQ that was found.
    pub(super) fn of(target: &'a TargetIq<'_>, state: &'static str) -> Self {
        Self {
            integration_id: target.integration_id,
            iq_id: &target.iq,
            iq_name: target.iq_name.as_deref(),
            state,
        }
    }

    /// Prints it.
    pub(super) fn print(&self, flag: OutputFlag, text: &str) -> Result<(), CommandFailure> {
        Output::new(flag).print(self, || text.to_owned())
    }
}
