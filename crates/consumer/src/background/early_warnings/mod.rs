//! Early warnings: the state of what all doors of an integration depend on, and bookings that begin soon
//! and whose doors could not be opened (docs/contract.md, Notices). The worker that publishes notices checks
//! them, from lists of Salto that it reads now and then, and from what Redis holds.

mod accounts;
mod at_risk;
mod condition;
mod risk_reasons;
mod site_states;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use chrono::Utc;
use events::IntegrationState;
use futures_util::{StreamExt, stream};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use self::{
    condition::Observation,
    site_states::{SiteState, SiteStates},
};
use crate::{
    failpoint, integrations::registry::Integration, operator::metrics, state::store::StoreError,
    worker::Worker,
};

/// How often the checks are made.
const EVERY: Duration = Duration::from_secs(60);

/// How often a worker looks whether the next check is due and its own.
const TICK: Duration = Duration::from_secs(1);

/// Salto's lists are read again after so many checks.
const LISTS_FOR: u32 = 5;

/// Stored bookings that earlier versions of postern have left out of those by their start are looked for so
/// often: such versions may still run beside this one.
const LEFT_OUT_EVERY: Duration = Duration::from_secs(6 * 3600);

/// Integrations checked at once: one whose calls hang must not delay the others.
const AT_ONCE: usize = 8;

/// Makes the checks while this worker publishes notices. A worker that has just started leaves them to the
/// others first.
pub(crate) async fn watch(worker: Arc<Worker>) {
    let every = failpoint::interval("POSTERN_WARNING_INTERVAL", EVERY);
    sleep(every).await;
    let mut watch = Watch {
        worker,
        every,
        sites: SiteStates::default(),
        added: None,
        rejection: false,
        shown: BTreeSet::new(),
    };
    let mut ticks = interval(every.min(TICK));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = watch.check_if_due().await {
            tracing::debug!(%error, "early warnings not checked");
        }
    }
}

struct Watch {
    worker: Arc<Worker>,
    every: Duration,
    sites: SiteStates,
    /// When bookings that were left out were looked for.
    added: Option<Instant>,
    /// Whether an account is rejected, which is not told yet: first the other accounts are looked at.
    rejection: bool,
    /// The integrations whose bookings at risk are shown as a metric.
    shown: BTreeSet<String>,
}

/// An integration, and what a check has found about it.
struct Checked {
    integration: Arc<Integration>,
    site: Option<Arc<SiteState>>,
    observation: Observation,
    /// Whether its environment has other accounts.
    has_neighbours: bool,
}

impl Watch {
    async fn check_if_due(&mut self) -> Result<(), StoreError> {
        if !self.worker.notices.has_lease() {
            std::mem::take(&mut self.shown).iter().for_each(|id| metrics::bookings_at_risk(id, 0));
            return Ok(());
        }
        if !self.worker.warning_checks.is_due().await? {
            return Ok(());
        }
        if self.added.is_none_or(|added| added.elapsed() >= LEFT_OUT_EVERY) {
            self.worker.booking_starts.add_stored(Utc::now()).await?;
            self.added = Some(Instant::now());
        }
        self.check().await?;
        self.worker.warning_checks.record(self.every).await
    }

    async fn check(&mut self) -> Result<(), StoreError> {
        let mut all = self.worker.integrations.all();
        all.retain(|integration| integration.rules.active);
        self.sites.retain(&all);
        let (worker, sites) = (&self.worker, &self.sites);
        let max_age = if self.rejection { Duration::ZERO } else { self.every * LISTS_FOR };
        let looks = stream::iter(all).map(async |integration| {
            let look = sites.look(worker, &integration, max_age).await;
            let observation = condition::observe(&look);
            Checked { integration, site: look.site, observation, has_neighbours: false }
        });
        let mut checked: Vec<Checked> = looks.buffer_unordered(AT_ONCE).collect().await;
        accounts::recognise_outages(worker, &mut checked).await?;
        self.rejection = false;
        for it in &checked {
            let state = condition::tell(worker, it, self.every).await?;
            self.rejection |= state != IntegrationState::CredentialsRejected
                && it.observation.state() == Some(IntegrationState::CredentialsRejected);
            let at_risk = at_risk::check(worker, it, state, self.every).await?;
            let id = it.integration.rules.id.as_str();
            if at_risk > 0 || self.shown.contains(id) {
                metrics::bookings_at_risk(id, at_risk);
                self.shown.insert(id.to_owned());
            }
        }
        let ids: BTreeSet<_> = checked.iter().map(|it| it.integration.rules.id.as_str()).collect();
        self.shown.retain(|id| {
            let is_checked = ids.contains(id.as_str());
            if !is_checked {
                metrics::bookings_at_risk(id, 0);
            }
            is_checked
        });
        Ok(())
    }
}
