//! Opening one connection to the broker.

use std::error::Error;
use std::time::Duration;

use events::limits;
use lapin::protocol::{AMQPErrorKind, AMQPHardError};
use lapin::{Connection, ConnectionProperties, ErrorKind};

use super::broker_url::{self, InvalidUrl};
use super::process_name::ProcessName;

/// How much longer the client's own thread may take to connect, so that a caller learns of the timeout first.
const THREAD_GRACE: Duration = Duration::from_secs(1);

/// The reason for which there is no connection. No variant shows the URL's password.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL cannot be used. Another attempt does not help.
    #[error("the broker's URL cannot be used: {0}")]
    Url(#[from] InvalidUrl),
    /// The broker refuses this user: the user or the password is wrong, or the virtual host is missing
    /// or not allowed for the user. Another attempt does not help before an operator has acted.
    #[error(
        "the broker at {address} refuses user {user:?} on virtual host {virtual_host:?}: {reason}"
    )]
    Refused {
        /// Host and port.
        address: String,
        /// The user named in the URL.
        user: String,
        /// The virtual host named in the URL.
        virtual_host: String,
        /// The broker's message, beginning with its code (`ACCESS_REFUSED`, `NOT_ALLOWED`).
        reason: String,
    },
    /// There was no answer of a broker, the connection was lost, or TLS failed.
    #[error("no connection to the broker at {address}")]
    Unreachable {
        /// Host and port.
        address: String,
        /// The cause.
        source: lapin::Error,
    },
    /// The connection was not ready within the time.
    #[error("the broker at {address} was not ready within {timeout:?}")]
    Timeout {
        /// Host and port.
        address: String,
        /// The time.
        timeout: Duration,
    },
    /// None of several nodes could be used, each for its own reason.
    #[error("no node of the broker can be used: {}", one_line(.0))]
    NoNode(Vec<ConnectError>),
}

impl ConnectError {
    /// Whether a later attempt can succeed without an operator's action.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Url(_) | Self::Refused { .. } => false,
            Self::Unreachable { .. } | Self::Timeout { .. } => true,
            Self::NoNode(errors) => errors.iter().any(Self::may_pass),
        }
    }
}

/// Errors with their causes.
fn one_line(errors: &[ConnectError]) -> String {
    let text = |error: &ConnectError| match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    errors.iter().map(text).collect::<Vec<_>>().join("; ")
}

/// Connects to the broker named by `url` (`amqp://…` or `amqps://…`), as `connection_name` with host and process
/// id in the broker's list of connections. A lost connection does not reconnect by itself.
///
/// Where the URL does not set them, the heartbeat is 5 seconds (a frozen broker is noticed within
/// 10) and `frame_max` 128 KiB. A smaller frame saves memory (the client keeps buffers of 64 frames),
/// but a message whose headers are larger than a frame then ends the connection that receives it.
///
/// `amqps` is TLS by rustls. The server's certificate is checked against the platform's roots;
/// where the broker has a private authority, name its PEM file in `SSL_CERT_FILE`. Callers need
/// not install a cryptography provider.
///
/// What the broker sends passes a filter ([`amqp_stream::FrameFilter`]), because any publisher can write names
/// and headers that would end the connection or the process. A body of more than 1 MiB is left out.
///
/// # Errors
/// See [`ConnectError`]. A peer that accepts the connection and stays silent occupies a thread for a second
/// more than the timeout.
pub async fn connect(
    url: &str,
    connection_name: &str,
    timeout: Duration,
) -> Result<Connection, ConnectError> {
    let uri = broker_url::parse(url)?;
    let address = format!("{}:{}", uri.authority.host, uri.authority.port);
    let user = uri.authority.userinfo.username.clone();
    let virtual_host = uri.vhost.clone();
    let ProcessName { host, pid } = ProcessName::current();
    let name = format!("{connection_name} ({host}, pid {pid})");
    let properties = ConnectionProperties::default().with_connection_name(name.into());

    let body_max = u64::try_from(limits::BODY).unwrap_or(u64::MAX);
    let connecting = amqp_stream::connect(uri, properties, body_max, timeout + THREAD_GRACE);
    match tokio::time::timeout(timeout, connecting).await {
        Err(_) => Err(ConnectError::Timeout { address, timeout }),
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error)) => Err(match refusal(&error) {
            Some(reason) => ConnectError::Refused { address, user, virtual_host, reason },
            None => ConnectError::Unreachable { address, source: error },
        }),
    }
}

/// The broker's message, if it closed the connection because of the user or the virtual host.
fn refusal(error: &lapin::Error) -> Option<String> {
    let ErrorKind::ProtocolError(error) = error.kind() else { return None };
    let refused = match error.kind() {
        AMQPErrorKind::Soft(soft) => *soft == lapin::protocol::AMQPSoftError::ACCESSREFUSED,
        AMQPErrorKind::Hard(hard) => *hard == AMQPHardError::NOTALLOWED,
    };
    refused.then(|| error.get_message().to_string())
}
