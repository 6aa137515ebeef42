//! A connection to the broker, with everything declared, for commands that use it once.

use std::time::Duration;

use anyhow::{Context, anyhow};
use consumer::Settings;
use lapin::Connection;
use secrecy::ExposeSecret;

use super::{advice, failure::chain};

/// For connecting, and for a confirm.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Connects and declares the topology, so that commands work before the first worker ran.
pub(super) async fn connect(settings: &Settings, name: &str) -> anyhow::Result<Connection> {
    let url = settings.broker.url.expose_secret();
    let connection = publisher::connect(url, name, PATIENCE).await.map_err(|error| {
        let next = advice::connecting(&error);
        anyhow!("{}; {next}", chain(&error.into()))
    })?;
    match tokio::time::timeout(PATIENCE, publisher::declare(&connection)).await {
        Ok(declared) => declared.context("the broker's exchanges and queues do not stand")?,
        Err(_) => return Err(anyhow!("the broker did not answer within {PATIENCE:?}")),
    }
    Ok(connection)
}
