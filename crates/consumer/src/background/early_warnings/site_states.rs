//! The lists of Salto that early warnings rest on, as this worker has read them last.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use salto::{BreakerScope, CallError, Cause, IqInfo, LockInfo, Site, SystemUser};
use tokio::time::Instant;

use crate::{integrations::registry::Integration, worker::Worker};

/// What Salto's lists said of a site.
#[derive(Debug)]
pub(super) struct SiteState {
    pub(super) locks: Vec<LockInfo>,
    pub(super) iqs: Vec<IqInfo>,
    /// None where Salto does not show it.
    pub(super) user: Option<SystemUser>,
}

/// A look at a site.
#[derive(Debug)]
pub(super) struct Look {
    /// The lists as they were read last.
    pub(super) site: Option<Arc<SiteState>>,
    /// Whether Salto answers now; none where it was not asked, because it wants no calls.
    pub(super) answer: Option<Result<(), CallError>>,
}

/// The lists by integration.
#[derive(Debug, Default)]
pub(super) struct SiteStates(Mutex<HashMap<String, CachedSite>>);

#[derive(Debug)]
struct CachedSite {
    site: Site,
    state: Arc<SiteState>,
    read_at: Instant,
}

impl SiteStates {
    /// Forgets the lists of other integrations, and of accounts that are no longer used.
    pub(super) fn retain(&self, integrations: &[Arc<Integration>]) {
        self.cached().retain(|id, cached| {
            integrations.iter().any(|it| it.rules.id == *id && it.site.is_same(&cached.site))
        });
    }

    /// Asks for a token, which this worker usually has, and reads lists that are older than `max_age`, or
    /// that were read before Salto began to fail.
    pub(super) async fn look(
        &self,
        worker: &Worker,
        integration: &Integration,
        max_age: Duration,
    ) -> Look {
        let id = integration.rules.id.as_str();
        let cached = self.cached().get(id).map(|it| (Arc::clone(&it.state), it.read_at));
        let is_fresh = cached.as_ref().is_some_and(|(_, read_at)| read_at.elapsed() < max_age)
            && !is_failing(worker, integration);
        let cached = cached.map(|(state, _)| state);
        if !worker.pauses.remaining(id).await.is_ok_and(|pause| pause.is_zero()) {
            return Look { site: cached, answer: None };
        }
        let answer = match integration.site.sign_in().await {
            Ok(()) if is_fresh => Ok(None),
            Ok(()) => read(&integration.site).await.map(Some),
            Err(error) => Err(error),
        };
        match answer {
            Ok(None) => Look { site: cached, answer: Some(Ok(())) },
            Ok(Some(state)) => {
                let (state, site) = (Arc::new(state), integration.site.clone());
                let read = CachedSite { site, state: Arc::clone(&state), read_at: Instant::now() };
                self.cached().insert(id.to_owned(), read);
                Look { site: Some(state), answer: Some(Ok(())) }
            }
            Err(error) => {
                tracing::debug!(integration_id = id, %error, "the site is not read");
                worker.share_pause(id, &error).await;
                Look { site: cached, answer: Some(Err(error)) }
            }
        }
    }

    fn cached(&self) -> MutexGuard<'_, HashMap<String, CachedSite>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether calls of this worker to the integration's environment fail.
fn is_failing(worker: &Worker, integration: &Integration) -> bool {
    let breakers = worker.integrations.breakers();
    let own = breakers.iter().find(|(name, _)| name == integration.environment_name());
    own.is_some_and(|(_, breakers)| {
        breakers.open().iter().any(|(_, scope, open)| *open > 0 && concerns_lists(*scope))
    })
}

/// Whether calls that read lists wait for a breaker of this scope.
const fn concerns_lists(scope: BreakerScope) -> bool {
    match scope {
        BreakerScope::Host | BreakerScope::Integration | BreakerScope::Call => true,
        BreakerScope::Iq | BreakerScope::Lock => false,
    }
}

async fn read(site: &Site) -> Result<SiteState, CallError> {
    let user = match site.system_user().await {
        Ok(user) => Some(user),
        Err(error) if error.cause == Cause::Forbidden => None,
        Err(error) => return Err(error),
    };
    Ok(SiteState { locks: site.locks().await?, iqs: site.iqs().await?, user })
}
