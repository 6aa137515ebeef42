//! `postern iq`: the gateways between Salto's cloud and the locks, and what opens doors through them.
//!
//! Each command is a file of its own. [`view`] is an IQ as Salto and postern see it, [`mod@next_step`]
//! what is to be done about it. Whatever has Salto look at a one-time password goes through
//! [`attempts`], one person after the other ([`turn`]), and rejected ones are counted ([`tally`]);
//! secrets and PINs come in through [`typed`](super::typed).

mod activate;
mod adopt;
mod attempts;
mod forget;
mod list;
mod new_pin;
mod next_step;
mod probe;
mod set_pin;
mod tally;
mod turn;
mod view;

use anyhow::{Context, anyhow};
use clap::{Args, Subcommand};
use consumer::Settings;
use salto::IqInfo;
use serde::Serialize;

use self::tally::Tally;
pub(in crate::cli) use self::{
    next_step::next_step,
    view::{View, views},
};
use super::{
    args::{Integration, List, Printing},
    failure::Failure,
    output::Output,
    redis_keeps,
    site_access::{self, SiteAccess},
};

/// About IQs.
#[derive(Debug, Subcommand)]
pub(super) enum Iq {
    /// List the site's IQs, whether postern can open doors through them, and what to do next.
    ///
    /// Live from Salto, merged with what postern keeps. IQs that postern keeps an activation of and
    /// Salto's list does not have are shown too.
    List(List),
    /// Activate an IQ ("GET PIN"): get its secret and its PIN, so that doors behind it can be opened.
    Activate(activate::Activate),
    /// Give an activated IQ another PIN ("Set PIN").
    SetPin(set_pin::SetPin),
    /// Have Salto look at a one-time password, without touching a door.
    Probe(probe::Probe),
    /// Take over a secret and a PIN that are known from elsewhere.
    Adopt(adopt::Adopt),
    /// Remove the secret and the PIN that postern keeps of an IQ.
    Forget(forget::Forget),
}

/// For commands about one IQ.
#[derive(Debug, Args)]
struct Target {
    #[command(flatten)]
    integration: Integration,
    /// The IQ's id, as `postern iq list` shows it.
    #[arg(long, value_name = "IQ")]
    iq: String,
}

impl Target {
    fn integration_id(&self) -> &str {
        &self.integration.integration_id
    }
}

/// An IQ that a command is about.
struct AtIq<'a> {
    integration_id: &'a str,
    access: SiteAccess<'a>,
    /// Its id as Salto writes it.
    iq: String,
}

impl Target {
    /// Finds the IQ at Salto.
    async fn find<'a>(&'a self, settings: &'a Settings) -> Result<AtIq<'a>, Failure> {
        let access = site_access::open(settings, self.integration_id()).await?;
        self.find_with(access).await
    }

    /// As [`Self::find`], to store what Salto does not give twice: warns where Redis could lose it.
    async fn find_to_store<'a>(&'a self, settings: &'a Settings) -> Result<AtIq<'a>, Failure> {
        let access = site_access::open(settings, self.integration_id()).await?;
        redis_keeps::warn_where_not(&access.redis).await;
        self.find_with(access).await
    }

    async fn find_with<'a>(&'a self, access: SiteAccess<'a>) -> Result<AtIq<'a>, Failure> {
        let iq = find(&access, &self.iq).await?;
        Ok(AtIq { integration_id: self.integration_id(), access, iq })
    }
}

impl AtIq<'_> {
    fn tally(&self, force: bool) -> Tally<'_> {
        Tally { access: &self.access, iq: &self.iq, force }
    }

    /// Says that it is activated now.
    fn activated(&self, printing: Printing, words: &str) -> Result<(), Failure> {
        let now = Now { integration_id: self.integration_id, iq_id: &self.iq, state: "activated" };
        Output::new(printing).one(&now, || words.to_owned())
    }
}

/// How an IQ stands after a command that changed it.
#[derive(Serialize)]
struct Now<'a> {
    integration_id: &'a str,
    iq_id: &'a str,
    state: &'static str,
}

/// Does what the command line asks for.
pub(super) async fn run(iq: Iq, settings: &Settings) -> Result<(), Failure> {
    match iq {
        Iq::List(list) => list::run(list, settings).await,
        Iq::Activate(activate) => activate::run(activate, settings).await,
        Iq::SetPin(set_pin) => set_pin::run(set_pin, settings).await,
        Iq::Probe(probe) => probe::run(probe, settings).await,
        Iq::Adopt(adopt) => adopt::run(adopt, settings).await,
        Iq::Forget(forget) => forget::run(forget, settings).await,
    }
}

/// The IQ's id as Salto writes it, which is how the worker will look its secret up.
async fn find(access: &SiteAccess<'_>, wanted: &str) -> anyhow::Result<String> {
    let iqs =
        access.hear(access.site.iqs().await).await.context("the site's IQs cannot be read")?;
    let found = iqs.iter().find(|iq| iq.id.eq_ignore_ascii_case(wanted));
    found.map(|iq| iq.id.clone()).ok_or_else(|| {
        let name = |iq: &IqInfo| iq.customer_reference.clone().unwrap_or("no name".to_owned());
        let known: Vec<_> = iqs.iter().map(|iq| format!("{} ({})", iq.id, name(iq))).collect();
        if known.is_empty() {
            return anyhow!("the site has no IQ at all; have one added to it, in Salto");
        }
        anyhow!("the site has no IQ {wanted:?}; give an id, of: {}", known.join(", "))
    })
}
