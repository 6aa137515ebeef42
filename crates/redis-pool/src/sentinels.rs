//! What each sentinel knows of the master.

use std::collections::HashMap;

use deadpool_redis::redis::{
    Client, IntoConnectionInfo, RedisConnectionInfo, RedisError, RedisResult, cmd,
};
use futures_util::future::join_all;
use secrecy::ExposeSecret;

use crate::manager::connection_config;
use crate::server::{SentinelAddress, SentinelSettings};

/// A sentinel, and what it knows of the master.
#[derive(Debug)]
pub struct SentinelAnswer {
    /// The sentinel.
    pub sentinel: SentinelAddress,
    /// Its answer; an error also where it knows no master of the name.
    pub master: Result<KnownMaster, RedisError>,
}

/// A master, as a sentinel knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownMaster {
    /// Host and port.
    pub address: String,
    /// Whether the sentinel reaches it.
    pub is_up: bool,
    /// Its sentinels, this one included.
    pub sentinels: u32,
    /// Sentinels that must agree before a failover.
    pub quorum: u32,
}

/// Asks each sentinel.
pub async fn ask_sentinels(settings: &SentinelSettings) -> Vec<SentinelAnswer> {
    let answers = settings.addresses.iter().map(async |sentinel| SentinelAnswer {
        sentinel: sentinel.clone(),
        master: ask(settings, sentinel).await,
    });
    join_all(answers).await
}

async fn ask(settings: &SentinelSettings, sentinel: &SentinelAddress) -> RedisResult<KnownMaster> {
    let mut sign_in = RedisConnectionInfo::default();
    if let Some(password) = &settings.sentinel_password {
        sign_in = sign_in.set_password(password.expose_secret());
    }
    let address = settings.connection_address(sentinel).into_connection_info()?;
    let client = Client::open(address.set_redis_settings(sign_in))?;
    let config = connection_config();
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    let mut master = cmd("SENTINEL");
    master.arg("MASTER").arg(&settings.master);
    Ok(read(&master.query_async(&mut connection).await?))
}

fn read(master: &HashMap<String, String>) -> KnownMaster {
    let text = |name: &str| master.get(name).map(String::as_str).unwrap_or_default();
    let number = |name: &str| text(name).parse().unwrap_or(0_u32);
    KnownMaster {
        address: format!("{}:{}", text("ip"), text("port")),
        is_up: !text("flags").split(',').any(|flag| flag.ends_with("_down")),
        sentinels: number("num-other-sentinels") + 1,
        quorum: number("quorum"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_master_that_is_down_shows_in_its_flags() {
        let master = |flags: &str| {
            let fields = [("ip", "10.0.0.1"), ("port", "6379"), ("num-other-sentinels", "2")];
            let fields = fields.into_iter().chain([("quorum", "2"), ("flags", flags)]);
            read(&fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
        };
        let known =
            KnownMaster { address: "10.0.0.1:6379".into(), is_up: true, sentinels: 3, quorum: 2 };
        assert_eq!(master("master"), known);
        assert!(!master("s_down,master,disconnected").is_up);
        assert!(!master("master,o_down,failover_in_progress").is_up);
    }
}
