//! RabbitMQ: there, as postern needs it, and worked on.

use std::time::Duration;

use consumer::Settings;
use events::names;
use publisher::{
    ConnectError, QueueState, TopologyItem, TopologyItemState, inspect, server_version,
};
use secrecy::ExposeSecret;

use super::deadline::Deadline;
use super::finding::{About, Finding};
use crate::cli::advice;

const CONNECTION: About<'_> = About("rabbitmq.connection", "RabbitMQ");
const VERSION: About<'_> = About("rabbitmq.version", "RabbitMQ");
const TOPOLOGY: &str = "rabbitmq.topology";

const FOREVER: Duration = Duration::from_secs(60);

/// So many waiting messages are no passing burst any more.
const BACKLOG: u32 = 100;

pub(super) async fn check(settings: &Settings, deadline: Deadline) -> Vec<Finding> {
    let url = settings.broker.url.expose_secret();
    // The deadline comes first.
    let connecting = publisher::connect(url, "postern doctor", FOREVER);
    let (connected, version) = futures_util::future::join(
        deadline.within(connecting),
        deadline.within(server_version(url, FOREVER)),
    )
    .await;
    let version = version.ok().flatten();
    let connection = match connected {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => return vec![unreachable(&error)],
        Err(late) => return vec![CONNECTION.broken(late.to_string(), advice::BROKER)],
    };
    let mut findings = vec![CONNECTION.ok("reachable"), supported(version.as_deref())];
    match deadline.within(inspect(&connection)).await {
        Ok(parts) => findings.extend(judge(&parts)),
        Err(late) => {
            let about = About(TOPOLOGY, "RabbitMQ");
            findings.push(about.broken(
                late.to_string(),
                "see RabbitMQ's log: it lets clients in and does not serve them",
            ));
        }
    }
    let _ = deadline.within(connection.close(200, "done".into())).await;
    findings
}

fn unreachable(error: &ConnectError) -> Finding {
    CONNECTION.broken(in_full(error), advice::connecting(error))
}

fn in_full(error: &(dyn std::error::Error + 'static)) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// postern works with 3.10 to 4.x.
fn supported(version: Option<&str>) -> Finding {
    let Some(version) = version else {
        return VERSION.note("it does not tell its version; 3.10 to 4.x are supported");
    };
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().ok());
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(major), Some(minor)) if (major, minor) < (3, 10) => {
            VERSION.broken(format!("{version} is too old"), "upgrade RabbitMQ to 3.10 to 4.x")
        }
        (Some(3 | 4), Some(_)) => VERSION.ok(version),
        (_, _) => VERSION.note(format!("{version}; tried are 3.10 to 4.x")),
    }
}

fn judge(parts: &[TopologyItem]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = parts.iter().filter_map(trouble).collect();
    findings.extend(missing(parts));
    if findings.is_empty() {
        let all = format!("{} exchanges and queues are as postern needs them", parts.len());
        findings.push(About(TOPOLOGY, "RabbitMQ").ok(all));
    }
    let state = |name| parts.iter().find(|part| part.name == name).and_then(state);
    for queue in [names::OPEN_REQUESTS_QUEUE, names::BOOKING_STATUS_QUEUE] {
        if let Some(state) = state(queue) {
            findings.extend([consumers(queue, state), backlog(queue, state)]);
        }
    }
    findings.extend(state(names::DEAD_LETTERS_QUEUE).map(dead_letters));
    let waiting = names::OPEN_REQUEST_RETRIES.iter().filter_map(|(name, _)| state(name));
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
    let about = About(TOPOLOGY, "RabbitMQ");
    let next = "start a worker: it declares what is missing";
    match names.len() {
        0 => None,
        all if all == parts.len() => {
            Some(about.broken("no exchange or queue of postern's is there yet", next))
        }
        _ => Some(about.broken(format!("missing: {}", names.join(", ")), next)),
    }
}

fn trouble(part: &TopologyItem) -> Option<Finding> {
    let about = About(TOPOLOGY, part.name);
    match &part.state {
        TopologyItemState::Present(_) | TopologyItemState::Missing => None,
        TopologyItemState::Unusable(error) if error.may_pass() => {
            Some(about.broken(in_full(error), "see RabbitMQ's log"))
        }
        TopologyItemState::Unusable(error) => Some(about.broken(
            in_full(error),
            "move its messages away and delete it, or mend the user's permissions; then start a worker",
        )),
    }
}

fn consumers(queue: &str, state: QueueState) -> Finding {
    let about = About("rabbitmq.consumers", queue);
    match state.consumers {
        0 => about.broken(
            "no worker takes messages from it",
            "start `postern worker`; if one runs, look at its log and its /readyz",
        ),
        count => about.ok(format!("workers that take from it: {count}")),
    }
}

fn backlog(queue: &str, state: QueueState) -> Finding {
    let about = About("rabbitmq.backlog", queue);
    match (state.ready, state.consumers) {
        (0, _) => about.ok("nothing waits in it"),
        (ready, 0) => about.broken(
            format!("{ready} messages wait and nobody takes them"),
            "start `postern worker`: open requests expire meanwhile",
        ),
        (ready, _) if ready >= BACKLOG => about.warning(
            format!("{ready} messages wait"),
            "look whether Salto or Redis is slow (the worker's log), or start more workers",
        ),
        (ready, _) => about.note(format!("{ready} messages wait")),
    }
}

fn dead_letters(state: QueueState) -> Finding {
    let about = About("rabbitmq.dead_letters", names::DEAD_LETTERS_QUEUE);
    match state.ready {
        0 => about.ok("none"),
        count => about.warning(
            format!("{count} messages could not be worked on"),
            "`postern dlq list` says why; then replay or drop them",
        ),
    }
}

fn retries(waiting: u32) -> Finding {
    let about = About("rabbitmq.retries", "postern.retry.*");
    match waiting {
        0 => about.ok("no request waits to be tried again"),
        count => about.note(format!("{count} requests wait to be tried again, by themselves")),
    }
}

#[cfg(test)]
mod tests {
    use publisher::TopologyKind;

    use super::super::finding::Level;
    use super::*;

    #[test]
    fn versions_from_3_10_to_4_are_supported() {
        for (version, level) in [
            ("3.9.29", Level::Broken),
            ("3.10.8", Level::Ok),
            ("3.13.7", Level::Ok),
            ("4.0.5", Level::Ok),
            ("4.1.0-beta.1", Level::Ok),
            ("5.0.0", Level::Note),
            ("unheard of", Level::Note),
        ] {
            assert_eq!(supported(Some(version)).level, level, "{version}");
        }
        assert_eq!(supported(None).level, Level::Note);
    }

    #[test]
    fn a_backlog_is_as_bad_as_its_size_and_as_nobody_working_on_it() {
        let level = |ready, consumers| backlog("q", QueueState { ready, consumers }).level;
        assert_eq!(level(0, 0), Level::Ok);
        assert_eq!(level(1, 0), Level::Broken);
        assert_eq!(level(BACKLOG - 1, 1), Level::Note);
        assert_eq!(level(BACKLOG, 1), Level::Warning);
    }

    #[test]
    fn what_is_missing_is_told_by_name() {
        let part = |kind, name, state| TopologyItem { kind, name, state };
        let state = Some(QueueState { ready: 3, consumers: 1 });
        let findings = judge(&[
            part(TopologyKind::Exchange, names::INBOUND_EXCHANGE, TopologyItemState::Missing),
            part(TopologyKind::Queue, names::DEAD_LETTERS_QUEUE, TopologyItemState::Present(state)),
        ]);
        assert_eq!(findings[0].detail, "missing: postern.inbound");
        let told: Vec<_> =
            findings.iter().map(|it| (it.check, it.subject.as_str(), it.level)).collect();
        assert_eq!(
            told,
            [
                (TOPOLOGY, "RabbitMQ", Level::Broken),
                ("rabbitmq.dead_letters", names::DEAD_LETTERS_QUEUE, Level::Warning),
            ]
        );
    }
}
