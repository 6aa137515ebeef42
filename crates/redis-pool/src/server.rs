//! Where Redis is.

use std::fmt;

use deadpool_redis::redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use deadpool_redis::redis::{ConnectionAddr, RedisResult, TlsMode};
use secrecy::{ExposeSecret, SecretString};

/// Where Redis is.
#[derive(Debug, Clone)]
pub enum RedisServer {
    /// One server: `redis://` or `rediss://`, perhaps with a password.
    Url(SecretString),
    /// The master that these sentinels name.
    Sentinels(SentinelSettings),
}

/// The sentinels of a master, and how to sign in at both.
#[derive(Debug, Clone)]
pub struct SentinelSettings {
    /// The sentinels; at least one.
    pub addresses: Vec<SentinelAddress>,
    /// The name under which the sentinels know the master.
    pub master: String,
    /// Whether sentinels and servers are reached over TLS.
    pub tls: bool,
    /// The number of the database at the servers.
    pub database: u16,
    /// The user at the servers; nothing for the default user.
    pub username: Option<String>,
    /// Its password.
    pub password: Option<SecretString>,
    /// The password of the sentinels.
    pub sentinel_password: Option<SecretString>,
}

/// The address of a sentinel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentinelAddress {
    /// A name or an IP address, without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl fmt::Display for SentinelAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl SentinelSettings {
    /// The address of a sentinel, with TLS where it is used.
    pub(crate) fn connection_address(&self, sentinel: &SentinelAddress) -> ConnectionAddr {
        let SentinelAddress { host, port } = sentinel.clone();
        match self.tls {
            true => ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None },
            false => ConnectionAddr::Tcp(host, port),
        }
    }

    /// A client that asks the sentinels for the master.
    pub(crate) fn client(&self) -> RedisResult<SentinelClient> {
        let addresses = self.addresses.iter().map(|it| self.connection_address(it));
        let kind = SentinelServerType::Master;
        let mut builder = SentinelClientBuilder::new(addresses, &self.master, kind)?
            .set_client_to_redis_db(self.database.into());
        if self.tls {
            builder = builder.set_client_to_redis_tls_mode(TlsMode::Secure);
        }
        if let Some(username) = &self.username {
            builder = builder.set_client_to_redis_username(username);
        }
        if let Some(password) = &self.password {
            builder = builder.set_client_to_redis_password(password.expose_secret());
        }
        if let Some(password) = &self.sentinel_password {
            builder = builder.set_client_to_sentinel_password(password.expose_secret());
        }
        builder.build()
    }
}
