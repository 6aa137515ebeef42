//! The nodes of RabbitMQ: which of them answer, and their versions.

use std::time::Duration;

use futures_util::future;
use lapin::Connection;
use operations::{
    checks::{Check, Deadline, Finding},
    connections::advice,
};
use publisher::{BrokerNodes, server_version};
use secrecy::{ExposeSecret, SecretString};

const NO_LIMIT: Duration = Duration::from_secs(60);

/// How long a node of a cluster may take to answer: the checks of the others need time too.
const NODE_LIMIT: Duration = Duration::from_secs(3);

/// The findings about the nodes, and a connection to one that answers.
pub(super) struct ConnectedNodes {
    pub(super) findings: Vec<Finding>,
    pub(super) connection: Option<Connection>,
}

/// Connects to all nodes.
pub(super) async fn connect(nodes: &BrokerNodes, deadline: Deadline) -> ConnectedNodes {
    let (subjects, limit) = match nodes.addresses() {
        one if one.len() == 1 => (vec!["RabbitMQ".to_owned()], NO_LIMIT),
        several => (several, NODE_LIMIT),
    };
    let checks = nodes.urls().iter().map(|url| connect_one(url, limit, deadline));
    let connected = future::join_all(checks).await;
    let one_answers = connected.iter().any(|node| node.connection.is_ok());
    let (mut findings, mut used) = (Vec::new(), None);
    for (subject, node) in subjects.iter().zip(connected) {
        let version = Check::new("rabbitmq.version", subject);
        let check = Check::new("rabbitmq.connection", subject);
        match node.connection {
            Ok(connection) => {
                findings.push(check.ok("reachable"));
                findings.push(supported(version, node.version.as_deref()));
                used.get_or_insert(connection);
            }
            Err(NoConnection { detail, advice }) if one_answers => findings.push(
                check.warning(detail, format!("{advice}; workers use the other nodes meanwhile")),
            ),
            Err(NoConnection { detail, advice }) => findings.push(check.broken(detail, advice)),
        }
    }
    ConnectedNodes { findings, connection: used }
}

/// A node, after the attempt to connect.
struct CheckedNode {
    connection: Result<Connection, NoConnection>,
    version: Option<String>,
}

/// Why there is no connection to a node, and what to do about it.
struct NoConnection {
    detail: String,
    advice: &'static str,
}

async fn connect_one(url: &SecretString, limit: Duration, deadline: Deadline) -> CheckedNode {
    let url = url.expose_secret();
    // The deadline is a limit of these calls too.
    let (connected, version) = future::join(
        deadline.within(publisher::connect(url, "postern doctor", limit)),
        deadline.within(server_version(url, limit)),
    )
    .await;
    let connection = match connected {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error)) => Err(NoConnection {
            detail: with_cause(&error),
            advice: advice::for_connect_error(&error),
        }),
        Err(exceeded) => {
            Err(NoConnection { detail: exceeded.to_string(), advice: advice::BROKER_UNUSABLE })
        }
    };
    CheckedNode { connection, version: version.ok().flatten() }
}

/// An error with its cause.
pub(super) fn with_cause(error: &(dyn std::error::Error + 'static)) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// postern supports 3.10 to 4.x (docs/contract.md, RabbitMQ).
fn supported(check: Check<'_>, version: Option<&str>) -> Finding {
    let Some(version) = version else {
        return check.note("it does not show its version; 3.10 to 4.x are supported");
    };
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().ok());
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(major), Some(minor)) if (major, minor) < (3, 10) => {
            check.broken(format!("{version} is too old"), "upgrade RabbitMQ to 3.10 to 4.x")
        }
        (Some(3 | 4), Some(_)) => check.ok(version),
        (_, _) => check.note(format!("{version}; tested versions are 3.10 to 4.x")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use operations::checks::Level;

    #[test]
    fn versions_from_3_10_to_4_are_supported() {
        let check = Check::new("rabbitmq.version", "RabbitMQ");
        for (version, level) in [
            ("3.9.29", Level::Broken),
            ("3.10.8", Level::Ok),
            ("3.13.7", Level::Ok),
            ("4.0.5", Level::Ok),
            ("4.1.0-beta.1", Level::Ok),
            ("5.0.0", Level::Note),
            ("unknown", Level::Note),
        ] {
            assert_eq!(supported(check, Some(version)).level, level, "{version}");
        }
        assert_eq!(supported(check, None).level, Level::Note);
    }
}
