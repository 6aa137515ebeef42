//! The WebSocket connection to the hub.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::StatusCode;
use reqwest::header::AUTHORIZATION;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use url::Url;

use super::hub_protocol;
use super::negotiation::{Endpoint, refusal};
use crate::error::{CallError, Cause};
use crate::http::client::tls;

/// The time limit of connecting, from the first packet to the answer to the handshake.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How often the client sends a ping, as SignalR's own clients do.
const PING_EVERY: Duration = Duration::from_secs(15);
/// A server that sent nothing for so long is lost, as for SignalR's own clients.
const SILENCE: Duration = Duration::from_secs(30);
/// The limit of a message's length. A row has about 1 kB.
const MESSAGE_LIMIT: usize = 1 << 20;

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// A connection after its handshake.
pub(super) struct Connection {
    socket: WebSocketStream<Box<dyn Io>>,
    ping_at: Instant,
    lost_at: Instant,
}

impl Connection {
    /// Connects, and speaks the handshake.
    pub(super) async fn open(endpoint: Endpoint) -> Result<Self, CallError> {
        let opening = async {
            let mut connection = Self::upgraded(endpoint).await?;
            connection.send(hub_protocol::handshake()).await?;
            let answer = connection.text().await?;
            let answer = hub_protocol::records(&answer).next().unwrap_or_default();
            match hub_protocol::read_handshake(answer) {
                Ok(()) => Ok(connection),
                Err(detail) => Err(unavailable(detail)),
            }
        };
        timeout(CONNECT_TIMEOUT, opening)
            .await
            .unwrap_or_else(|_| Err(unavailable("the event stream did not answer in time")))
    }

    async fn upgraded(Endpoint { mut url, authorization }: Endpoint) -> Result<Self, CallError> {
        let io = connect(&url).await?;
        let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
        url.set_scheme(scheme).map_err(|()| unavailable("the address cannot be used"))?;
        let request = url.as_str().into_client_request();
        let mut request: Request = request.map_err(|error| web_socket_error(&error))?;
        request.headers_mut().insert(AUTHORIZATION, authorization);
        let limits = WebSocketConfig::default()
            .max_message_size(Some(MESSAGE_LIMIT))
            .max_frame_size(Some(MESSAGE_LIMIT));
        let connected = client_async_with_config(request, io, Some(limits)).await;
        let (socket, _) = connected.map_err(|error| web_socket_error(&error))?;
        let now = Instant::now();
        Ok(Self { socket, ping_at: now + PING_EVERY, lost_at: now + SILENCE })
    }

    /// The next text that the server sends. Meanwhile the connection is kept alive.
    pub(super) async fn text(&mut self) -> Result<String, CallError> {
        loop {
            tokio::select! {
                message = self.socket.next() => {
                    self.lost_at = Instant::now() + SILENCE;
                    match message {
                        Some(Ok(Message::Text(text))) => return Ok(text.as_str().to_owned()),
                        Some(Ok(Message::Close(_))) | None => {
                            return Err(unavailable("the server has closed the connection"));
                        }
                        // The library answers pings by itself.
                        Some(Ok(_)) => {}
                        Some(Err(error)) => return Err(web_socket_error(&error)),
                    }
                }
                () = sleep_until(self.ping_at) => {
                    self.ping_at = Instant::now() + PING_EVERY;
                    self.send(hub_protocol::ping()).await?;
                }
                () = sleep_until(self.lost_at) => {
                    return Err(unavailable("the server has been silent for too long"));
                }
            }
        }
    }

    async fn send(&mut self, text: String) -> Result<(), CallError> {
        let sent = timeout(CONNECT_TIMEOUT, self.socket.send(Message::text(text))).await;
        let sent = sent.map_err(|_| unavailable("the server does not read"))?;
        sent.map_err(|error| web_socket_error(&error))
    }
}

async fn connect(url: &Url) -> Result<Box<dyn Io>, CallError> {
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return Err(unavailable("the address names no host"));
    };
    let host = host.trim_matches(['[', ']']).to_owned();
    let no_connection = |error: &std::io::Error| unavailable(format!("no connection: {error}"));
    let tcp = TcpStream::connect((host.as_str(), port)).await;
    let tcp = tcp.map_err(|error| no_connection(&error))?;
    tcp.set_nodelay(true).map_err(|error| no_connection(&error))?;
    if url.scheme() != "https" {
        return Ok(Box::new(tcp));
    }
    let name = ServerName::try_from(host).map_err(|_| unavailable("the host has no valid name"))?;
    let tls = tls().map_err(|error| unavailable(format!("TLS cannot be set up: {error}")))?;
    let connecting = TlsConnector::from(Arc::new(tls)).connect(name, tcp).await;
    Ok(Box::new(connecting.map_err(|error| no_connection(&error))?))
}

fn web_socket_error(error: &Error) -> CallError {
    match error {
        Error::Http(response) => {
            let status = StatusCode::from_u16(response.status().as_u16());
            let refused = status.ok().and_then(|status| refusal(status).err());
            refused.unwrap_or_else(|| unavailable("the connection was not upgraded"))
        }
        other => unavailable(format!("the event stream failed: {other}")),
    }
}

fn unavailable(detail: impl Into<std::borrow::Cow<'static, str>>) -> CallError {
    CallError::new(Cause::Unavailable, detail)
}
