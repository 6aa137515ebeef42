//! Events that no queue takes: the answers of requests wait for a listener.

use consumer::UnroutedKey;
use operations::{
    checks::{Check, Deadline, Finding},
    connections::shared_connections::SharedConnections,
};

use crate::cli::terminal::text::time_text;

const NAME: &str = "rabbitmq.listeners";

/// The number of routing keys that are shown.
const MOST: usize = 20;

/// A finding for each routing key that no queue takes, as the workers have seen in the last minute.
pub(super) async fn check(connections: &SharedConnections<'_>, deadline: Deadline) -> Vec<Finding> {
    let check = Check::new(NAME, "postern.outbound");
    match deadline.within(connections.lookup.unrouted_keys()).await {
        Ok(Ok(unrouted)) => findings(&unrouted),
        Ok(Err(error)) => vec![check.broken(error.to_string(), "check the log of Redis")],
        Err(exceeded) => vec![check.broken(exceeded.to_string(), "check the log of Redis")],
    }
}

fn findings(unrouted: &[UnroutedKey]) -> Vec<Finding> {
    let check = Check::new(NAME, "postern.outbound");
    if unrouted.is_empty() {
        return vec![check.ok("no event waits for a queue")];
    }
    let next = "bind a queue of the booking system to postern.outbound for this routing key, or make room in \
                a full one: what waits is published then";
    let shown = unrouted.iter().take(MOST).map(|UnroutedKey { routing_key, since, .. }| {
        let since = time_text(Some(*since));
        let detail = format!("no queue takes these events since {since}; their requests wait");
        Check::new(NAME, routing_key).broken(detail, next)
    });
    let mut findings: Vec<Finding> = shown.collect();
    if unrouted.len() > MOST {
        let more = unrouted.len() - MOST;
        findings.push(check.broken(format!("no queue takes {more} more routing keys"), next));
    }
    findings
}

#[cfg(test)]
mod tests {
    use chrono::Utc;

    use super::*;
    use operations::checks::Level;

    #[test]
    fn each_routing_key_is_a_finding_up_to_a_limit() {
        assert_eq!(findings(&[])[0].level, Level::Ok);
        let key = |number: usize| UnroutedKey {
            routing_key: format!("lock.opened.{number}"),
            since: Utc::now(),
            last_at: Utc::now(),
        };
        let keys: Vec<_> = (0..MOST + 3).map(key).collect();
        let found = findings(&keys[..MOST]);
        assert_eq!((found.len(), &*found[0].subject), (MOST, "lock.opened.0"));
        assert!(found.iter().all(|finding| finding.level == Level::Broken));
        let found = findings(&keys);
        assert_eq!(found.len(), MOST + 1);
        assert_eq!(found[MOST].detail, "no queue takes 3 more routing keys");
    }
}
