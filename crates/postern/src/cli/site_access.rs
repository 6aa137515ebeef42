//! An integration's way to Salto, with the tokens and activations that Redis holds.

use std::sync::Arc;

use anyhow::{Context, anyhow};
use consumer::{Guard, IntegrationSettings, Settings, Store};
use deadpool_redis::Pool;
use salto::{
    ActivationStore, Breakers, Http, RedisTokenCache, SaltoClock, Site, TokenCache, check_key,
    seal::Sealer,
};
use secrecy::ExposeSecret;

use super::failure::Failure;

/// What commands about an integration's site use.
pub(super) struct SiteAccess<'a> {
    pub(super) integration: &'a IntegrationSettings,
    pub(super) site: Site,
    pub(super) activations: ActivationStore,
    pub(super) guard: Arc<Guard>,
    pub(super) redis: Pool,
}

/// Prepares the way: the integration must be configured, Redis must answer, and `secrets.key` must
/// be the one its secrets were encrypted with.
pub(super) async fn open<'a>(
    settings: &'a Settings,
    integration_id: &str,
) -> Result<SiteAccess<'a>, Failure> {
    let integration = find(settings, integration_id)?;
    Ok(connect(settings, integration).await?)
}

/// The integration of that id, or all of them.
pub(super) fn chosen<'a>(
    settings: &'a Settings,
    integration_id: Option<&str>,
) -> Result<Vec<&'a IntegrationSettings>, Failure> {
    match integration_id {
        Some(id) => Ok(vec![find(settings, id)?]),
        None => Ok(settings.integrations.iter().collect()),
    }
}

fn find<'a>(settings: &'a Settings, id: &str) -> Result<&'a IntegrationSettings, Failure> {
    let found = settings.integrations.iter().find(|integration| integration.rules.id == id);
    found.ok_or_else(|| {
        let known: Vec<&str> =
            settings.integrations.iter().map(|known| known.rules.id.as_str()).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        Failure::Usage(format!("no integration {id:?} is configured; configured: {known}"))
    })
}

/// The way of one integration, which is among the settings'.
///
/// # Errors
/// As for [`open`].
pub(super) async fn connect<'a>(
    settings: &'a Settings,
    integration: &'a IntegrationSettings,
) -> anyhow::Result<SiteAccess<'a>> {
    let prefix = &settings.redis.key_prefix;
    let store = Arc::new(Store::new(&settings.redis).context("redis.url cannot be used")?);
    let redis = store.pool();
    let sealer = Arc::new(Sealer::new(settings.secrets_key.expose_secret()));
    check_key(&redis, prefix, &sealer).await?;

    let name = integration.environment.as_str();
    let environment = settings.environments.get(name);
    let environment = environment.ok_or_else(|| anyhow!("no environment {name:?}"))?;
    let cache: Arc<dyn TokenCache> =
        Arc::new(RedisTokenCache::new(redis.clone(), prefix, Arc::clone(&sealer)));
    let site = Site::new(
        &integration.rules.id,
        Http::new()?,
        Arc::clone(environment),
        Arc::new(SaltoClock::new(name)),
        Arc::new(Breakers::new(name)),
        integration.account.clone(),
        cache,
    );
    let guard = Arc::new(Guard::new(store, prefix, Arc::clone(&sealer)));
    let activations = ActivationStore::new(redis.clone(), prefix, sealer);
    Ok(SiteAccess { integration, site, activations, guard, redis })
}
