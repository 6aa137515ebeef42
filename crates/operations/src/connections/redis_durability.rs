//! The check that Redis keeps its data. A lost IQ secret requires a reset at Salto.

use std::collections::HashMap;

use deadpool_redis::redis::cmd;
use redis_pool::Pool;

use crate::Observer;

/// Warns where Redis loses data at a restart, or may evict it.
pub async fn warn_if_not_durable(redis: &Pool, observer: &dyn Observer) {
    match (setting(redis, "appendonly").await, setting(redis, "maxmemory-policy").await) {
        (Some(append), Some(policy)) => {
            if append != "yes" {
                observer.note(
                    "warning: Redis has appendonly off; if it restarts, the IQ's secret is lost \
                     permanently. Set appendonly to yes.",
                );
            }
            if policy != "noeviction" {
                observer.note(&format!(
                    "warning: Redis has maxmemory-policy {policy} and may evict the IQ's secret. \
                     Set it to noeviction."
                ));
            }
        }
        _ => observer.note(
            "note: Redis does not show its configuration to this user; check that appendonly is yes \
             and maxmemory-policy is noeviction",
        ),
    }
}

/// A setting of Redis; nothing where the user may not read it, or Redis does not have it (some
/// hosted ones).
async fn setting(redis: &Pool, name: &str) -> Option<String> {
    let mut connection = redis.get().await.ok()?;
    let answer = cmd("CONFIG").arg("GET").arg(name).query_async(&mut *connection).await;
    answer.ok().and_then(|mut settings: HashMap<String, String>| settings.remove(name))
}
