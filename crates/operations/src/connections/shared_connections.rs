//! Connections that the checks of all integrations share: Redis with its data, and Salto.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use consumer::{IntegrationSettings, LastErrors, Lookup, OtpGuard, RedisSettings, Settings, Store};
use redis_pool::Pool;
use salto::{
    ActivationStore, Breakers, Http, RedisTokenCache, SaltoClock, Site, TokenCache, seal::Sealer,
};

use crate::Observer;

/// Shared connections.
pub struct SharedConnections<'a> {
    settings: &'a Settings,
    /// Seals and opens what is stored encrypted.
    pub sealer: Arc<Sealer>,
    /// The connections to Redis.
    pub redis: Pool,
    /// Reads what the workers have stored.
    pub lookup: Lookup,
    /// The results of one-time passwords.
    pub otp_guard: Arc<OtpGuard>,
    /// The last error of each IQ.
    pub last_errors: LastErrors,
    /// The stored activations.
    pub activations: ActivationStore,
    /// The HTTP client for Salto.
    pub http: Http,
    /// Who is told of warnings.
    pub observer: &'a dyn Observer,
    tokens: Arc<dyn TokenCache>,
}

impl<'a> SharedConnections<'a> {
    /// Prepares the connections; nothing is connected yet.
    ///
    /// # Errors
    /// The address of Redis, or the certificates of this machine, cannot be used.
    pub fn new(settings: &'a Settings, observer: &'a dyn Observer) -> anyhow::Result<Self> {
        let prefix = settings.redis.key_prefix.as_str();
        let store = Arc::new(
            Store::new(&settings.redis).context("redis.url or redis.sentinels cannot be used")?,
        );
        let redis = store.pool();
        let sealer = settings.secrets.sealer();
        Ok(Self {
            settings,
            lookup: Lookup::through(Arc::clone(&store), prefix),
            last_errors: LastErrors::new(Arc::clone(&store), prefix),
            otp_guard: Arc::new(OtpGuard::new(store, prefix, Arc::clone(&sealer))),
            activations: ActivationStore::new(redis.clone(), prefix, Arc::clone(&sealer)),
            tokens: Arc::new(RedisTokenCache::new(redis.clone(), prefix, Arc::clone(&sealer))),
            http: Http::new()?,
            sealer,
            redis,
            observer,
        })
    }

    /// How the keys in Redis begin.
    pub fn key_prefix(&self) -> &'a str {
        &self.settings.redis.key_prefix
    }

    /// The settings of Redis.
    pub fn redis_settings(&self) -> &'a RedisSettings {
        &self.settings.redis
    }

    /// For so long a command whose result is unknown may be sent again.
    pub fn resend_window(&self) -> Duration {
        self.settings.opening.resend_window
    }

    /// The site of an integration, with the tokens that all workers share. Its clock and its circuit
    /// breakers are its own, so that its errors do not affect another integration. Nothing where its
    /// environment is not configured.
    pub fn site(&self, integration: &IntegrationSettings) -> Option<Site> {
        let name = integration.environment.as_str();
        let environment = self.settings.environments.get(name)?;
        let site = Site::new(
            &integration.rules.id,
            self.http.clone(),
            Arc::clone(environment),
            Arc::new(SaltoClock::new(name)),
            Arc::new(Breakers::new(name)),
            integration.account.clone(),
            Arc::clone(&self.tokens),
        );
        if self.observer.retries_rejected_credentials() {
            site.retry_rejected_credentials();
        }
        Some(site)
    }
}
