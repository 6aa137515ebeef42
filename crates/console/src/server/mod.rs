//! Listening: TLS, limits, and the stop.

mod connection;
mod tls;

use std::{collections::VecDeque, io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use axum::{Router, extract::connect_info::ConnectInfo};
use config::Config;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::{
    app::{App, Console},
    app_error::AppError,
    current, feed, openapi,
    routing::{router::router, table::table},
};

/// Connections at a time. Where there are as many, the oldest is closed for a new one.
const MOST_CONNECTIONS: usize = 512;
/// How long answers that have begun may take at the stop.
const LONGEST_STOP: Duration = Duration::from_secs(5);
/// The pause after a failure of the system, such as a lack of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Why a console does not start.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Its settings cannot be used.
    #[error(transparent)]
    App(#[from] AppError),
    /// The API's document cannot be written.
    #[error("the API's document cannot be written: {0}")]
    Document(#[from] serde_json::Error),
    /// The address is not free, or not of this machine.
    #[error("console.listen: {0} cannot be listened to: {1}")]
    Listen(SocketAddr, #[source] io::Error),
    /// The certificate or its key cannot be used.
    #[error("console.{key}: {}: {what}", file.display())]
    Certificate {
        /// The setting.
        key: &'static str,
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        what: String,
    },
}

/// Serves until `stop`; then lets answers that have begun end, for 5 s at most.
///
/// # Errors
///
/// [`RunError`], where it does not start.
pub async fn run(config: Config, stop: CancellationToken) -> Result<(), RunError> {
    let console = &config.console;
    let acceptor = console.tls.as_ref().map(tls::acceptor).transpose()?;
    let listener = TcpListener::bind(console.listen).await;
    let listener = listener.map_err(|error| RunError::Listen(console.listen, error))?;
    let address = listener.local_addr().unwrap_or(console.listen);
    if console.users.is_empty() && console.tokens.is_empty() {
        tracing::warn!(
            "console: nobody can sign in: there are no [[console.users]] and no [[console.tokens]]"
        );
    }
    let (users, tokens) = (console.users.len(), console.tokens.len());
    let app = Console::new(config, openapi::document()?, stop.clone())?;
    let app = App::new(app);
    // Without Redis, those of the file are known at first.
    let _ = app.current.refresh().await;
    tokio::spawn(current::keep(Arc::clone(&app.current), stop.clone()));
    tokio::spawn(feed::run(Arc::clone(&app.feed), stop.clone()));
    let scheme = if acceptor.is_some() { "https" } else { "http" };
    tracing::info!(address = %format!("{scheme}://{address}"), users, tokens, "console ready");
    let server = Server { acceptor, router: router(&app, table()), stop };
    server.serve(listener).await;
    tracing::info!("console stopped");
    Ok(())
}

struct Server {
    acceptor: Option<TlsAcceptor>,
    router: Router,
    stop: CancellationToken,
}

impl Server {
    async fn serve(&self, listener: TcpListener) {
        let mut connections: VecDeque<JoinHandle<()>> = VecDeque::new();
        loop {
            let accepted = tokio::select! {
                () = self.stop.cancelled() => break,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    connections.retain(|connection| !connection.is_finished());
                    if connections.len() >= MOST_CONNECTIONS
                        && let Some(oldest) = connections.pop_front()
                    {
                        oldest.abort();
                        let _ = oldest.await;
                    }
                    connections.push_back(self.start(stream, peer));
                }
                Err(error) if is_of_the_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "console: no connection accepted");
                    sleep(PAUSE).await;
                }
            }
        }
        drop(listener);
        let ended = timeout(LONGEST_STOP, async {
            for connection in &mut connections {
                let _ = connection.await;
            }
        });
        if ended.await.is_err() {
            connections.iter().for_each(JoinHandle::abort);
        }
    }

    fn start(&self, stream: TcpStream, peer: SocketAddr) -> JoinHandle<()> {
        let (acceptor, stop) = (self.acceptor.clone(), self.stop.clone());
        let router = self.router.clone().layer(axum::Extension(ConnectInfo(peer)));
        tokio::spawn(async move {
            match acceptor {
                None => connection::serve(stream, router, stop).await,
                Some(acceptor) => {
                    let accepted = timeout(connection::LONGEST_HEAD_TIME, acceptor.accept(stream));
                    match accepted.await {
                        Ok(Ok(stream)) => connection::serve(stream, router, stop).await,
                        Ok(Err(error)) => tracing::debug!(%error, "console: TLS failed"),
                        Err(_) => tracing::debug!("console: TLS took too long"),
                    }
                }
            }
        })
    }
}

/// Whether the error is about the connection that was to be accepted, and no other.
fn is_of_the_connection(error: &io::Error) -> bool {
    [
        io::ErrorKind::ConnectionRefused,
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::ConnectionReset,
    ]
    .contains(&error.kind())
}
