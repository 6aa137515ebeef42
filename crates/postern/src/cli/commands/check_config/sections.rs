//! The settings of the sections outside `[salto]` and `[[integrations]]`.

use std::{path::Path, time::Duration};

use consumer::{AuditSink, BrokerSettings, RedisSettings, Routing, Settings};
use redis_pool::RedisServer;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use url::Url;

/// What is shown instead of a secret.
pub(super) const SET: &str = "set";

/// The sections, by their names in the file.
#[derive(Serialize)]
pub(super) struct Sections<'a> {
    broker: BrokerSection,
    redis: RedisSection<'a>,
    secrets: SecretsSection,
    opening: OpeningSection,
    retention: RetentionSection,
    audit: AuditSection<'a>,
    http: HttpSection,
}

#[derive(Serialize)]
struct BrokerSection {
    url: Option<String>,
    urls: Option<Vec<String>>,
    prefetch: u16,
    routing: &'static str,
}

#[derive(Serialize)]
struct RedisSection<'a> {
    url: Option<String>,
    sentinels: Option<Vec<String>>,
    master: Option<&'a str>,
    username: Option<&'a str>,
    password: Option<&'static str>,
    sentinel_password: Option<&'static str>,
    tls: Option<bool>,
    database: Option<u16>,
    wait_for_replicas: u16,
    key_prefix: &'a str,
}

#[derive(Serialize)]
struct SecretsSection {
    key: &'static str,
    old_keys: Vec<&'static str>,
}

#[derive(Serialize)]
struct OpeningSection {
    request_ttl: String,
    booking_wait: String,
    command_timeout: String,
    resend_window: String,
    in_flight_per_iq: u32,
    in_flight_per_integration: u32,
}

#[derive(Serialize)]
struct RetentionSection {
    outcomes: String,
    bookings: String,
    audit: String,
}

#[derive(Serialize)]
struct AuditSection<'a> {
    to: &'static str,
    directory: Option<&'a Path>,
}

#[derive(Serialize)]
struct HttpSection {
    listen: String,
}

impl<'a> Sections<'a> {
    pub(super) fn of(settings: &'a Settings) -> Self {
        let Settings { broker, redis, opening, retention, audit, http_listen, .. } = settings;
        Self {
            broker: BrokerSection::of(broker),
            redis: RedisSection::of(redis),
            secrets: SecretsSection {
                key: SET,
                old_keys: settings.secrets.old_keys.iter().map(|_| SET).collect(),
            },
            opening: OpeningSection {
                request_ttl: text(opening.request_ttl),
                booking_wait: text(opening.booking_wait),
                command_timeout: text(opening.command_timeout),
                resend_window: text(opening.resend_window),
                in_flight_per_iq: opening.in_flight_per_iq,
                in_flight_per_integration: opening.in_flight_per_integration,
            },
            retention: RetentionSection {
                outcomes: text(retention.outcomes),
                bookings: text(retention.bookings),
                audit: text(retention.audit),
            },
            audit: AuditSection {
                to: sink_name(audit),
                directory: match audit {
                    AuditSink::Directory(directory) => Some(directory),
                    AuditSink::Redis | AuditSink::Stdout | AuditSink::Off => None,
                },
            },
            http: HttpSection { listen: http_listen.to_string() },
        }
    }
}

impl BrokerSection {
    fn of(broker: &BrokerSettings) -> Self {
        let urls: Vec<String> = broker.nodes.urls().iter().map(without_credentials).collect();
        let (url, urls) = match urls.as_slice() {
            [only] => (Some(only.clone()), None),
            _ => (None, Some(urls)),
        };
        let routing = match broker.routing {
            Routing::Any => "any",
            Routing::Strict => "strict",
        };
        Self { url, urls, prefetch: broker.prefetch, routing }
    }
}

impl<'a> RedisSection<'a> {
    fn of(redis: &'a RedisSettings) -> Self {
        let (url, sentinels) = match &redis.server {
            RedisServer::Url(url) => (Some(without_credentials(url)), None),
            RedisServer::Sentinels(sentinels) => (None, Some(sentinels)),
        };
        Self {
            url,
            sentinels: sentinels.map(|it| it.addresses.iter().map(ToString::to_string).collect()),
            master: sentinels.map(|it| it.master.as_str()),
            username: sentinels.and_then(|it| it.username.as_deref()),
            password: sentinels.and_then(|it| it.password.as_ref().map(|_| SET)),
            sentinel_password: sentinels.and_then(|it| it.sentinel_password.as_ref().map(|_| SET)),
            tls: sentinels.map(|it| it.tls),
            database: sentinels.map(|it| it.database),
            wait_for_replicas: redis.wait_for_replicas,
            key_prefix: redis.key_prefix.as_str(),
        }
    }
}

/// The value of `to` in `[audit]`.
pub(super) const fn sink_name(sink: &AuditSink) -> &'static str {
    match sink {
        AuditSink::Redis => "redis",
        AuditSink::Directory(_) => "file",
        AuditSink::Stdout => "stdout",
        AuditSink::Off => "off",
    }
}

pub(super) fn text(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

/// The URL without user, password and query, which may be secrets.
fn without_credentials(url: &SecretString) -> String {
    let removed = Url::parse(url.expose_secret()).ok().and_then(|mut url| {
        url.set_username("").ok()?;
        url.set_password(None).ok()?;
        url.set_query(None);
        url.set_fragment(None);
        Some(url.to_string())
    });
    removed.unwrap_or_else(|| SET.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_its_credentials() {
        let shown = |url: &str| without_credentials(&url.into());
        assert_eq!(shown("amqp://user:pass@host:5672/%2f?a=b"), "amqp://host:5672/%2f");
        assert_eq!(shown("redis://:pass@host/0"), "redis://host/0");
        assert_eq!(shown("pass"), "set");
    }
}
