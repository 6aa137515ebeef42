//! Redis: its connection, version, latency and durability.

use std::collections::HashMap;
use std::time::Duration;

use consumer::RedisSettings;
use deadpool_redis::redis::{FromRedisValue, RedisError, cmd};
use futures_util::future;
use operations::{
    checks::{Check, Deadline, Finding},
    connections::{advice, shared_connections::SharedConnections},
};
use redis_pool::{Connection, Pool};
use salto::{KeyCheckError, check_key};
use tokio::time::Instant;

use super::redis_replication;

const CONNECTION: Check<'_> = Check::new("redis.connection", "Redis");
const VERSION: Check<'_> = Check::new("redis.version", "Redis");
const LATENCY: Check<'_> = Check::new("redis.latency", "Redis");
const APPENDONLY: Check<'_> = Check::new("redis.appendonly", "Redis");
const POLICY: Check<'_> = Check::new("redis.maxmemory_policy", "Redis");
const KEY: Check<'_> = Check::new("redis.secrets_key", "Redis");

/// A longer round trip delays openings noticeably: an open request takes two.
const SLOW: Duration = Duration::from_millis(20);
const PINGS: usize = 5;

/// The findings about Redis.
pub(super) struct RedisFindings {
    pub(super) findings: Vec<Finding>,
    /// Whether Redis answers and the encrypted data in it can be used.
    pub(super) usable: bool,
}

/// Checks Redis, and that `secrets.key` is the key of its data.
pub(super) async fn check(
    connections: &SharedConnections<'_>,
    deadline: Deadline,
) -> RedisFindings {
    let (redis, settings) = (&connections.redis, connections.redis_settings());
    let mut findings = Vec::new();
    let (sentinels, checked) = future::join(
        redis_replication::check_sentinels(settings, deadline),
        deadline.within(check_server(redis, settings, &mut findings)),
    )
    .await;
    findings.extend(sentinels);
    let error = match checked {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error),
        Err(exceeded) => Some(exceeded.to_string()),
    };
    if let Some(error) = error {
        findings.push(CONNECTION.broken(error, advice::REDIS_UNUSABLE));
        return RedisFindings { findings, usable: false };
    }
    let key = match deadline
        .within(check_key(redis, connections.key_prefix(), &connections.sealer))
        .await
    {
        Ok(Ok(())) => KEY.ok("decrypts the stored data"),
        Ok(Err(error @ KeyCheckError::WrongKey)) => KEY.broken(
            error.to_string(),
            "find the key that was used before; workers do not start without it",
        ),
        Ok(Err(KeyCheckError::Redis(error))) => {
            KEY.broken(error.to_string(), "check the log of Redis, and the permissions of its user")
        }
        Err(exceeded) => KEY.broken(exceeded.to_string(), "check the log of Redis"),
    };
    let usable = key.next.is_none();
    findings.push(key);
    RedisFindings { findings, usable }
}

async fn check_server(
    redis: &Pool,
    settings: &RedisSettings,
    findings: &mut Vec<Finding>,
) -> Result<(), String> {
    let mut connection = redis.get().await.map_err(|error| error.to_string())?;
    let mut times = Vec::with_capacity(PINGS);
    for _ in 0..PINGS {
        let sent = Instant::now();
        let pong: Result<String, _> = cmd("PING").query_async(&mut *connection).await;
        pong.map_err(|error| error.to_string())?;
        times.push(sent.elapsed());
    }
    times.sort_unstable();
    let server = info(&mut connection, "server").await;
    findings.push(CONNECTION.ok("reachable"));
    findings.push(supported(server.as_deref().unwrap_or_default()));
    findings.push(latency(times[PINGS / 2]));
    findings.push(append_only(setting(&mut connection, "appendonly").await.as_deref()));
    findings.push(policy(setting(&mut connection, "maxmemory-policy").await.as_deref()));
    let replication = info(&mut connection, "replication").await.ok();
    let min_replicas = setting(&mut connection, "min-replicas-to-write").await;
    findings.extend(redis_replication::check_replicas(
        settings,
        replication.as_deref(),
        min_replicas.as_deref(),
    ));
    Ok(())
}

async fn info(connection: &mut Connection, section: &str) -> Result<String, RedisError> {
    cmd("INFO").arg(section).query_async(&mut **connection).await
}

/// A setting of Redis; nothing where the user may not read it, or Redis does not have it (some
/// hosted ones).
async fn setting(connection: &mut Connection, name: &str) -> Option<String> {
    let answer = cmd("CONFIG").arg("GET").arg(name).query_async(&mut **connection).await.ok()?;
    HashMap::<String, String>::from_redis_value(answer).ok()?.remove(name)
}

/// Redis must be 6.2 or later, and not a cluster: some scripts use keys of several slots.
fn supported(info: &str) -> Finding {
    let value = |name: &str| {
        info.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(':'))
    };
    if value("redis_mode") == Some("cluster") {
        return VERSION
            .broken("it is a cluster", "use a single Redis, with a replica if necessary");
    }
    let Some(version) = value("redis_version") else {
        return VERSION.note("it does not show its version; 6.2 and later are supported");
    };
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().ok());
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(major), Some(minor)) if (major, minor) < (6, 2) => {
            VERSION.broken(format!("{version} is too old"), "upgrade Redis to 6.2 or later")
        }
        (_, _) => VERSION.ok(version),
    }
}

fn latency(median: Duration) -> Finding {
    let detail = format!("{:.1} ms a round trip", median.as_secs_f64() * 1000.0);
    if median < SLOW {
        LATENCY.ok(detail)
    } else {
        LATENCY.warning(detail, "run Redis closer to the workers, or find the cause of its load")
    }
}

fn append_only(value: Option<&str>) -> Finding {
    match value {
        Some("yes") => APPENDONLY.ok("yes"),
        Some(_) => APPENDONLY.warning(
            "no: its data is lost when it restarts, and Salto gives out the secret of an IQ only once",
            "set appendonly to yes, in its configuration file too",
        ),
        None => {
            APPENDONLY.note("Redis does not show its configuration; check that appendonly is yes")
        }
    }
}

fn policy(value: Option<&str>) -> Finding {
    match value {
        Some("noeviction") => POLICY.ok("noeviction"),
        Some(other) => POLICY.warning(
            format!("{other}: it may evict IQ secrets, and requests that could then open twice"),
            "set maxmemory-policy to noeviction, in its configuration file too",
        ),
        None => POLICY.note(
            "Redis does not show its configuration; check that maxmemory-policy is noeviction",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use operations::checks::Level;

    #[test]
    fn old_servers_and_clusters_are_not_supported() {
        let level = |info: &str| supported(info).level;
        assert_eq!(level("# Server\r\nredis_version:6.0.16\r\n"), Level::Broken);
        assert_eq!(level("redis_version:6.2.0\r\nredis_mode:standalone\r\n"), Level::Ok);
        assert_eq!(level("redis_version:7.2.0\r\nredis_mode:cluster\r\n"), Level::Broken);
        assert_eq!(level("server_name:other\r\n"), Level::Note);
    }

    #[test]
    fn a_redis_that_may_lose_data_or_is_slow_is_a_warning() {
        assert_eq!(append_only(Some("no")).level, Level::Warning);
        assert_eq!(policy(Some("allkeys-lru")).level, Level::Warning);
        assert_eq!(append_only(None).level, Level::Note);
        assert_eq!(latency(SLOW).level, Level::Warning);
        assert_eq!(latency(SLOW / 2).level, Level::Ok);
    }
}
