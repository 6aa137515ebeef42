//! RabbitMQ: its topology, consumers and waiting messages, and whether it takes
//! messages.

use consumer::Settings;
use events::names;
use operations::checks::{Check, Deadline, Finding};
use publisher::{QueueState, TopologyItem, TopologyItemState, inspect};

use super::{
    broker_nodes::{self, ConnectedNodes, with_cause},
    publishing,
};

const TOPOLOGY: &str = "rabbitmq.topology";

/// More waiting messages than in a short burst.
const BACKLOG: u32 = 100;

pub(super) async fn check(settings: &Settings, deadline: Deadline) -> Vec<Finding> {
    let ConnectedNodes { mut findings, connection } =
        broker_nodes::connect(&settings.broker.nodes, deadline).await;
    let Some(connection) = connection else { return findings };
    match deadline.within(inspect(&connection)).await {
        Ok(parts) => findings.extend(topology_findings(&parts)),
        Err(exceeded) => {
            let check = Check::new(TOPOLOGY, "RabbitMQ");
            findings.push(check.broken(
                exceeded.to_string(),
                "check the log of RabbitMQ: it accepts connections and does not serve them",
            ));
        }
    }
    findings.push(publishing::check(connection, deadline).await);
    findings
}

fn topology_findings(parts: &[TopologyItem]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = parts.iter().filter_map(error_finding).collect();
    findings.extend(missing(parts));
    if findings.is_empty() {
        let all = format!("{} exchanges and queues are as postern needs them", parts.len());
        findings.push(Check::new(TOPOLOGY, "RabbitMQ").ok(all));
    }
    let state = |name| parts.iter().find(|part| part.name == name).and_then(state);
    for queue in [names::OPEN_REQUESTS_QUEUE, names::BOOKING_STATUS_QUEUE] {
        if let Some(state) = state(queue) {
            findings.extend([consumers(queue, state), backlog(queue, state)]);
        }
    }
    findings.extend(state(names::DEAD_LETTERS_QUEUE).map(dead_letters));
    let waiting = names::retry_queues().filter_map(|queue| state(queue.name));
    findings.extend(waiting.map(|state| state.ready).reduce(|a, b| a + b).map(retries));
    findings
}

fn state(part: &TopologyItem) -> Option<QueueState> {
    match &part.state {
        TopologyItemState::Present(state) => *state,
        TopologyItemState::Missing | TopologyItemState::Unusable(_) => None,
    }
}

fn missing(parts: &[TopologyItem]) -> Option<Finding> {
    let is_missing = |part: &&TopologyItem| matches!(part.state, TopologyItemState::Missing);
    let names: Vec<&str> = parts.iter().filter(is_missing).map(|part| part.name).collect();
    let check = Check::new(TOPOLOGY, "RabbitMQ");
    let next = "start a worker: it declares what is missing";
    match names.len() {
        0 => None,
        all if all == parts.len() => {
            Some(check.broken("the exchanges and queues of postern do not exist yet", next))
        }
        _ => Some(check.broken(format!("missing: {}", names.join(", ")), next)),
    }
}

fn error_finding(part: &TopologyItem) -> Option<Finding> {
    let check = Check::new(TOPOLOGY, part.name);
    match &part.state {
        TopologyItemState::Present(_) | TopologyItemState::Missing => None,
        TopologyItemState::Unusable(error) if error.may_pass() => {
            Some(check.broken(with_cause(error), "check the log of RabbitMQ"))
        }
        TopologyItemState::Unusable(error) => Some(check.broken(
            with_cause(error),
            "move its messages away and delete it, or correct the user's permissions; then start a worker",
        )),
    }
}

fn consumers(queue: &str, state: QueueState) -> Finding {
    let check = Check::new("rabbitmq.consumers", queue);
    match state.consumers {
        0 => check.broken(
            "no worker takes messages from it",
            "start `postern worker`; if one runs, check its log and its /readyz",
        ),
        count => check.ok(format!("workers that take from it: {count}")),
    }
}

fn backlog(queue: &str, state: QueueState) -> Finding {
    let check = Check::new("rabbitmq.backlog", queue);
    match (state.ready, state.consumers) {
        (0, _) => check.ok("no messages wait"),
        (ready, 0) => check.broken(
            format!("{ready} messages wait and no worker takes them"),
            "start `postern worker`: open requests expire meanwhile",
        ),
        (ready, _) if ready >= BACKLOG => check.warning(
            format!("{ready} messages wait"),
            "check whether Salto or Redis is slow (in the worker's log), or start more workers",
        ),
        (ready, _) => check.note(format!("{ready} messages wait")),
    }
}

fn dead_letters(state: QueueState) -> Finding {
    let check = Check::new("rabbitmq.dead_letters", names::DEAD_LETTERS_QUEUE);
    match state.ready {
        0 => check.ok("none"),
        count => check.warning(
            format!("{count} messages could not be processed"),
            "run `postern dlq list`, which shows the reasons and the predicted results of replays: replay \
             those that will apply, and drop the others",
        ),
    }
}

fn retries(waiting: u32) -> Finding {
    let check = Check::new("rabbitmq.retries", "postern.retry.*");
    match waiting {
        0 => check.ok("no message waits for a retry"),
        count => check.note(format!("{count} messages wait for an automatic retry")),
    }
}

#[cfg(test)]
mod tests {
    use publisher::TopologyKind;

    use super::*;
    use operations::checks::Level;

    #[test]
    fn the_level_of_a_backlog_depends_on_its_size_and_on_consumers() {
        let level = |ready, consumers| backlog("q", QueueState { ready, consumers }).level;
        assert_eq!(level(0, 0), Level::Ok);
        assert_eq!(level(1, 0), Level::Broken);
        assert_eq!(level(BACKLOG - 1, 1), Level::Note);
        assert_eq!(level(BACKLOG, 1), Level::Warning);
    }

    #[test]
    fn missing_parts_are_named() {
        let part = |kind, name, state| TopologyItem { kind, name, state };
        let state = Some(QueueState { ready: 3, consumers: 1 });
        let findings = topology_findings(&[
            part(TopologyKind::Exchange, names::INBOUND_EXCHANGE, TopologyItemState::Missing),
            part(TopologyKind::Queue, names::DEAD_LETTERS_QUEUE, TopologyItemState::Present(state)),
        ]);
        assert_eq!(findings[0].detail, "missing: postern.inbound");
        let found: Vec<_> =
            findings.iter().map(|it| (it.check, it.subject.as_str(), it.level)).collect();
        assert_eq!(
            found,
            [
                (TOPOLOGY, "RabbitMQ", Level::Broken),
                ("rabbitmq.dead_letters", names::DEAD_LETTERS_QUEUE, Level::Warning),
            ]
        );
    }
}
