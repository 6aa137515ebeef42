//! Does Redis keep what is stored in it? A lost IQ secret means a reset on Salto's side.

use std::collections::HashMap;

use deadpool_redis::{Pool, redis::cmd};

use super::output::note;

/// Warns on standard error where Redis loses data over a restart, or evicts it.
pub(super) async fn warn_where_not(redis: &Pool) {
    match (setting(redis, "appendonly").await, setting(redis, "maxmemory-policy").await) {
        (Some(append), Some(policy)) => {
            if append != "yes" {
                note(
                    "warning: Redis has appendonly off; if it restarts, the IQ's secret is lost \
                     for good. Set appendonly to yes.",
                );
            }
            if policy != "noeviction" {
                note(&format!(
                    "warning: Redis has maxmemory-policy {policy} and may evict the IQ's secret. \
                     Set it to noeviction."
                ));
            }
        }
        _ => note(
            "note: Redis does not show its configuration to this user; see that appendonly is yes \
             and maxmemory-policy is noeviction",
        ),
    }
}

/// Nothing where the user may not ask, or Redis has no such setting (some hosted ones).
async fn setting(redis: &Pool, name: &str) -> Option<String> {
    let mut connection = redis.get().await.ok()?;
    let answer = cmd("CONFIG").arg("GET").arg(name).query_async(&mut connection).await;
    answer.ok().and_then(|mut settings: HashMap<String, String>| settings.remove(name))
}
