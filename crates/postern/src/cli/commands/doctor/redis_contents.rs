//! What Redis is filled with, and how much memory is left.

use std::cmp::Reverse;

use consumer::{Contents, RedisMemory, Settings, StoreError};
use operations::{
    checks::{Check, Deadline, DeadlineExceeded, Finding},
    connections::shared_connections::SharedConnections,
};

const CONTENTS: Check<'_> = Check::new("redis.contents", "Redis");
const MEMORY: Check<'_> = Check::new("redis.memory", "Redis");
const UNKNOWN: Check<'_> = Check::new("redis.unknown_bookings", "Redis");

/// A use of the memory in percent from which on it is a warning.
const NEAR_THE_LIMIT: u64 = 80;

/// The findings, where Redis answers.
pub(super) async fn check(
    settings: &Settings,
    connections: &SharedConnections<'_>,
    deadline: Deadline,
) -> Vec<Finding> {
    let is_known = |id: &str| settings.integrations.iter().any(|it| it.rules.id == id);
    let lookup = &connections.lookup;
    let mut findings = Vec::new();
    match deadline.within(lookup.contents(is_known)).await {
        Ok(Ok(contents)) => {
            findings.push(CONTENTS.ok(description(&contents)));
            findings.extend(unknown(&contents));
        }
        error => findings.push(unread(CONTENTS, error)),
    }
    findings.push(match deadline.within(lookup.memory()).await {
        Ok(Ok(memory)) => memory_finding(memory),
        error => unread(MEMORY, error),
    });
    findings
}

/// A Redis user may lack the permission for these commands, which workers do not need.
fn unread<T>(check: Check<'_>, result: Result<Result<T, StoreError>, DeadlineExceeded>) -> Finding {
    match result {
        Ok(Ok(_)) => check.ok("read"),
        Ok(Err(error)) => check.note(format!("not read: {error}")),
        Err(exceeded) => check.note(format!("not read: {exceeded}")),
    }
}

/// The kinds of keys, the largest first.
fn description(contents: &Contents) -> String {
    let mut kinds: Vec<_> = contents.kinds.iter().collect();
    kinds.sort_by_key(|(_, kind)| Reverse(kind.bytes()));
    let bytes = kinds.iter().map(|(_, kind)| kind.bytes()).fold(0, u64::saturating_add);
    let keys: u64 = kinds.iter().map(|(_, kind)| kind.keys).sum();
    let kinds: Vec<String> = kinds
        .iter()
        .map(|(name, kind)| format!("{name} {} ({})", kind.keys, size(kind.bytes())))
        .collect();
    let counted = if contents.is_complete { "keys" } else { "keys counted, there are more" };
    match kinds.is_empty() {
        true => "empty".to_owned(),
        false => format!("{keys} {counted}, some {}: {}", size(bytes), kinds.join(", ")),
    }
}

fn unknown(contents: &Contents) -> Option<Finding> {
    let named: Vec<&str> = contents.unknown_integrations.iter().map(String::as_str).collect();
    (contents.unknown_bookings > 0).then(|| {
        UNKNOWN.note(format!(
            "{} bookings are of integrations that are not configured, and are kept until their end: {}",
            contents.unknown_bookings,
            named.join(", ")
        ))
    })
}

fn memory_finding(memory: RedisMemory) -> Finding {
    let RedisMemory { used, limit } = memory;
    let Some(limit) = limit else {
        return MEMORY.ok(format!("{} used; maxmemory is not set", size(used)));
    };
    let detail = format!("{} of {} used", size(used), size(limit));
    if u128::from(used) * 100 < u128::from(limit) * u128::from(NEAR_THE_LIMIT) {
        return MEMORY.ok(detail);
    }
    MEMORY.warning(
        format!("{detail}: at the limit, messages wait and no door opens"),
        "raise maxmemory; redis.contents says which keys need the memory (docs/runbook.md)",
    )
}

/// A number of bytes, with one decimal place.
fn size(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..1_000_000 => (1_000, "kB"),
        1_000_000..1_000_000_000 => (1_000_000, "MB"),
        _ => (1_000_000_000, "GB"),
    };
    let tenths = bytes / (unit / 10);
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use operations::checks::Level;

    #[test]
    fn a_redis_that_is_nearly_full_is_a_warning() {
        let level = |used, limit| memory_finding(RedisMemory { used, limit }).level;
        assert_eq!(level(79, Some(100)), Level::Ok);
        assert_eq!(level(80, Some(100)), Level::Warning);
        assert_eq!(level(u64::MAX, None), Level::Ok);
    }

    #[test]
    fn sizes_have_one_decimal_place() {
        let sizes = [size(0), size(999_999), size(1_550_000), size(1 << 30)];
        assert_eq!(sizes, ["0.0 kB", "999.9 kB", "1.5 MB", "1.0 GB"]);
    }
}
