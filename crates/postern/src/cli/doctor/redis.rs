//! Redis: there, quick, and keeping what it is given.

use std::collections::HashMap;
use std::time::Duration;

use deadpool_redis::redis::{FromRedisValue, RedisError, cmd};
use deadpool_redis::{Connection, Pool};
use salto::{KeyCheckError, check_key, seal::Sealer};
use tokio::time::Instant;

use super::deadline::Deadline;
use super::finding::{About, Finding};
use crate::cli::advice;

const CONNECTION: About<'_> = About("redis.connection", "Redis");
const VERSION: About<'_> = About("redis.version", "Redis");
const LATENCY: About<'_> = About("redis.latency", "Redis");
const APPENDONLY: About<'_> = About("redis.appendonly", "Redis");
const POLICY: About<'_> = About("redis.maxmemory_policy", "Redis");
const KEY: About<'_> = About("redis.secrets_key", "Redis");

/// An open request takes two round trips: beyond this each is felt.
const SLOW: Duration = Duration::from_millis(20);
const PINGS: usize = 5;

/// Looks at Redis. Whether what is encrypted in it can be used.
pub(super) async fn check(
    redis: &Pool,
    (key_prefix, sealer): (&str, &Sealer),
    deadline: Deadline,
) -> (Vec<Finding>, bool) {
    let mut findings = Vec::new();
    let looked = deadline.within(look(redis, &mut findings)).await;
    let away = match looked {
        Ok(Ok(())) => None,
        Ok(Err(what)) => Some(what),
        Err(late) => Some(late.to_string()),
    };
    if let Some(what) = away {
        findings.push(CONNECTION.broken(what, advice::REDIS));
        return (findings, false);
    }
    let key = match deadline.within(check_key(redis, key_prefix, sealer)).await {
        Ok(Ok(())) => KEY.ok("opens what is stored"),
        Ok(Err(error @ KeyCheckError::WrongKey)) => KEY.broken(
            error.to_string(),
            "find the key that was used before; workers do not start without it",
        ),
        Ok(Err(KeyCheckError::Redis(error))) => {
            KEY.broken(error.to_string(), "see Redis' log, and what its user may do")
        }
        Err(late) => KEY.broken(late.to_string(), "see Redis' log"),
    };
    let fits = key.next.is_none();
    findings.push(key);
    (findings, fits)
}

async fn look(redis: &Pool, findings: &mut Vec<Finding>) -> Result<(), String> {
    let mut connection = redis.get().await.map_err(|error| error.to_string())?;
    let mut times = Vec::with_capacity(PINGS);
    for _ in 0..PINGS {
        let asked = Instant::now();
        let pong: Result<String, _> = cmd("PING").query_async(&mut connection).await;
        pong.map_err(|error| error.to_string())?;
        times.push(asked.elapsed());
    }
    times.sort_unstable();
    let server = info(&mut connection, "server").await;
    findings.push(CONNECTION.ok("reachable"));
    findings.push(supported(server.as_deref().unwrap_or_default()));
    findings.push(latency(times[PINGS / 2]));
    findings.push(append_only(setting(&mut connection, "appendonly").await.as_deref()));
    findings.push(policy(setting(&mut connection, "maxmemory-policy").await.as_deref()));
    Ok(())
}

async fn info(connection: &mut Connection, section: &str) -> Result<String, RedisError> {
    cmd("INFO").arg(section).query_async(connection).await
}

/// Nothing where the user may not ask, or Redis has no such setting (some hosted ones).
async fn setting(connection: &mut Connection, name: &str) -> Option<String> {
    let answer = cmd("CONFIG").arg("GET").arg(name).query_async(connection).await.ok()?;
    HashMap::<String, String>::from_redis_value(answer).ok()?.remove(name)
}

/// 6.2 or later, and no cluster: some scripts name keys of several slots.
fn supported(info: &str) -> Finding {
    let value = |name: &str| {
        info.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(':'))
    };
    if value("redis_mode") == Some("cluster") {
        return VERSION.broken("it is a cluster", "use a single Redis, with a replica if need be");
    }
    let Some(version) = value("redis_version") else {
        return VERSION.note("it does not tell its version; 6.2 and later are supported");
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
        LATENCY.warning(detail, "run Redis nearer to the workers, or find out what keeps it busy")
    }
}

fn append_only(value: Option<&str>) -> Finding {
    match value {
        Some("yes") => APPENDONLY.ok("yes"),
        Some(_) => APPENDONLY.warning(
            "no: what it holds is lost when it restarts, and Salto gives an IQ's secret only once",
            "set appendonly yes, in its file too",
        ),
        None => {
            APPENDONLY.note("Redis does not show its configuration; see that appendonly is yes")
        }
    }
}

fn policy(value: Option<&str>) -> Finding {
    match value {
        Some("noeviction") => POLICY.ok("noeviction"),
        Some(other) => POLICY.warning(
            format!("{other}: it may evict IQ secrets, and requests that could then open twice"),
            "set maxmemory-policy noeviction, in its file too",
        ),
        None => POLICY
            .note("Redis does not show its configuration; see that maxmemory-policy is noeviction"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn old_servers_and_clusters_are_not_supported() {
        let level = |info: &str| supported(info).level;
        assert_eq!(level("# Server\r\nredis_version:6.0.16\r\n"), Level::Broken);
        assert_eq!(level("redis_version:6.2.0\r\nredis_mode:standalone\r\n"), Level::Ok);
        assert_eq!(level("redis_version:7.2.0\r\nredis_mode:cluster\r\n"), Level::Broken);
        assert_eq!(level("server_name:other\r\n"), Level::Note);
    }

    #[test]
    fn a_redis_that_forgets_or_is_slow_is_warned_of() {
        assert_eq!(append_only(Some("no")).level, Level::Warning);
        assert_eq!(policy(Some("allkeys-lru")).level, Level::Warning);
        assert_eq!(append_only(None).level, Level::Note);
        assert_eq!(latency(SLOW).level, Level::Warning);
        assert_eq!(latency(SLOW / 2).level, Level::Ok);
    }
}
