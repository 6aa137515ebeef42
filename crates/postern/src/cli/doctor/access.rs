//! What the checks share: Redis with what is kept in it, and the way to Salto.

use std::sync::Arc;

use anyhow::Context;
use consumer::{IntegrationSettings, Lookup, OtpGuard, Settings, Store};
use deadpool_redis::Pool;
use salto::{
    ActivationStore, Breakers, Http, RedisTokenCache, SaltoClock, Site, TokenCache, seal::Sealer,
};
use secrecy::ExposeSecret;

pub(in crate::cli) struct Access<'a> {
    settings: &'a Settings,
    pub(in crate::cli) sealer: Arc<Sealer>,
    pub(in crate::cli) redis: Pool,
    pub(in crate::cli) lookup: Lookup,
    pub(in crate::cli) guard: OtpGuard,
    pub(in crate::cli) activations: ActivationStore,
    pub(in crate::cli) http: Http,
    tokens: Arc<dyn TokenCache>,
}

impl<'a> Access<'a> {
    /// Connects to nothing yet.
    pub(in crate::cli) fn new(settings: &'a Settings) -> anyhow::Result<Self> {
        let prefix = settings.redis.key_prefix.as_str();
        let store = Arc::new(Store::new(&settings.redis).context("redis.url cannot be used")?);
        let redis = store.pool();
        let sealer = Arc::new(Sealer::new(settings.secrets_key.expose_secret()));
        Ok(Self {
            settings,
            lookup: Lookup::through(Arc::clone(&store), prefix),
            guard: OtpGuard::new(store, prefix, Arc::clone(&sealer)),
            activations: ActivationStore::new(redis.clone(), prefix, Arc::clone(&sealer)),
            tokens: Arc::new(RedisTokenCache::new(redis.clone(), prefix, Arc::clone(&sealer))),
            http: Http::new()?,
            sealer,
            redis,
        })
    }

    pub(in crate::cli) fn key_prefix(&self) -> &'a str {
        &self.settings.redis.key_prefix
    }

    /// The integration's way to Salto, with the tokens that all workers share. What goes wrong on it
    /// says nothing of another integration's.
    pub(in crate::cli) fn site(&self, integration: &IntegrationSettings) -> Option<Site> {
        let name = integration.environment.as_str();
        let environment = self.settings.environments.get(name)?;
        Some(Site::new(
            &integration.rules.id,
            self.http.clone(),
            Arc::clone(environment),
            Arc::new(SaltoClock::new(name)),
            Arc::new(Breakers::new(name)),
            integration.account.clone(),
            Arc::clone(&self.tokens),
        ))
    }
}
