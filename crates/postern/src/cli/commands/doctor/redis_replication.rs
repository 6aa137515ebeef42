//! The sentinels and the replicas of Redis: whether a failover would happen, and what it could lose.

use consumer::RedisSettings;
use operations::checks::{Check, Deadline, Finding};
use redis_pool::{KnownMaster, RedisServer, SentinelAnswer, ask_sentinels};

const SENTINEL: &str = "redis.sentinel";
const REPLICAS: Check<'_> = Check::new("redis.replicas", "Redis");
const MIN_REPLICAS: Check<'_> = Check::new("redis.min_replicas", "Redis");

/// With two, no majority is left once one of them is lost.
const FEWEST_SENTINELS: u32 = 3;

/// Asks each sentinel which master it knows.
pub(super) async fn check_sentinels(settings: &RedisSettings, deadline: Deadline) -> Vec<Finding> {
    let RedisServer::Sentinels(sentinels) = &settings.server else { return Vec::new() };
    match deadline.within(ask_sentinels(sentinels)).await {
        Ok(answers) => sentinel_findings(&answers),
        Err(exceeded) => vec![Check::new(SENTINEL, "all").warning(
            exceeded.to_string(),
            "check that the sentinels run and that redis.sentinels are their addresses",
        )],
    }
}

fn sentinel_findings(answers: &[SentinelAnswer]) -> Vec<Finding> {
    let first = answers.iter().find_map(|answer| answer.master.as_ref().ok());
    let finding = |answer: &SentinelAnswer| {
        let subject = answer.sentinel.to_string();
        let check = Check::new(SENTINEL, &subject);
        match &answer.master {
            Ok(master) => known(check, master, first),
            Err(error) => check.warning(
                error.to_string(),
                "start this sentinel again, and check redis.sentinels, redis.master and redis.sentinel_password",
            ),
        }
    };
    answers.iter().map(finding).collect()
}

fn known(check: Check<'_>, master: &KnownMaster, first: Option<&KnownMaster>) -> Finding {
    let KnownMaster { address, is_up, sentinels, quorum } = master;
    let detail =
        format!("the master is {address}; sentinels that know it: {sentinels}, quorum: {quorum}");
    if !is_up {
        return check.warning(
            format!("{detail}; it does not answer"),
            "wait for the failover, or start the master again",
        );
    }
    if first.is_some_and(|first| first.address != *address) {
        return check.warning(
            format!("{detail}; another sentinel names another master"),
            "wait for the end of a failover; if it lasts, compare the configuration of the sentinels",
        );
    }
    if *sentinels < FEWEST_SENTINELS {
        return check
            .warning(detail, "run three sentinels: with fewer, losing one prevents a failover");
    }
    check.ok(detail)
}

/// The findings about replicas, where a failover is possible: by `INFO replication`, and by the setting
/// `min-replicas-to-write`.
pub(super) fn check_replicas(
    settings: &RedisSettings,
    info: Option<&str>,
    min_replicas: Option<&str>,
) -> Vec<Finding> {
    let wanted = u32::from(settings.wait_for_replicas);
    match &settings.server {
        RedisServer::Url(_) if wanted == 0 => Vec::new(),
        RedisServer::Url(_) | RedisServer::Sentinels(_) => {
            vec![replicas(connected(info), wanted), min_replicas_finding(min_replicas)]
        }
    }
}

/// The number of replicas that are connected to the master.
fn connected(info: Option<&str>) -> Option<u32> {
    let value = |line: &str| line.trim().strip_prefix("connected_slaves:")?.parse().ok();
    info?.lines().find_map(value)
}

fn replicas(connected: Option<u32>, wanted: u32) -> Finding {
    let Some(connected) = connected else {
        return REPLICAS.note("Redis does not show its replicas to this user");
    };
    let detail = format!("connected: {connected}, waited for: {wanted}");
    let next = "start the replicas again, or add one; or lower redis.wait_for_replicas, by which a failover may lose \
                the reservation of a command";
    if connected < wanted {
        return REPLICAS.broken(format!("{detail}: no command is sent"), next);
    }
    if connected == 0 {
        return REPLICAS.warning(format!("{detail}: there is nothing to fail over to"), next);
    }
    if connected == wanted {
        return REPLICAS
            .warning(format!("{detail}: without one more, no command would be sent"), next);
    }
    REPLICAS.ok(detail)
}

fn min_replicas_finding(value: Option<&str>) -> Finding {
    match value.map(str::parse::<u32>) {
        Some(Ok(0)) => MIN_REPLICAS.warning(
            "min-replicas-to-write is 0: a master that is cut off from its replicas goes on taking writes, which \
             the failover loses",
            "set min-replicas-to-write to 1 and min-replicas-max-lag to 10 at each server, in its configuration \
             file too",
        ),
        Some(Ok(replicas)) => MIN_REPLICAS.ok(format!("min-replicas-to-write is {replicas}")),
        Some(Err(_)) | None => MIN_REPLICAS.note(
            "Redis does not show its configuration; check that min-replicas-to-write is at least 1",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use operations::checks::Level;

    #[test]
    fn too_few_replicas_stop_commands_and_just_enough_are_a_warning() {
        let level = |connected, wanted| replicas(Some(connected), wanted).level;
        assert_eq!(level(0, 1), Level::Broken);
        assert_eq!(level(1, 1), Level::Warning);
        assert_eq!(level(2, 1), Level::Ok);
        assert_eq!(level(0, 0), Level::Warning);
        assert_eq!(level(1, 0), Level::Ok);
        assert_eq!(
            replicas(connected(Some("role:master\r\nconnected_slaves:2\r\n")), 1).level,
            Level::Ok
        );
        assert_eq!(replicas(connected(Some("role:master")), 1).level, Level::Note);
        assert_eq!(min_replicas_finding(Some("0")).level, Level::Warning);
        assert_eq!(min_replicas_finding(Some("1")).level, Level::Ok);
    }

    #[test]
    fn a_sentinel_that_differs_or_has_too_few_others_is_a_warning() {
        let master = |address: &str, is_up, sentinels| KnownMaster {
            address: address.to_owned(),
            is_up,
            sentinels,
            quorum: 2,
        };
        let first = master("a:1", true, 3);
        let level = |it: &KnownMaster| known(Check::new(SENTINEL, "s"), it, Some(&first)).level;
        assert_eq!(level(&first), Level::Ok);
        assert_eq!(level(&master("b:1", true, 3)), Level::Warning);
        assert_eq!(level(&master("a:1", false, 3)), Level::Warning);
        assert_eq!(level(&master("a:1", true, 2)), Level::Warning);
    }
}
