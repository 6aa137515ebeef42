//! Where Salto's login page sends the browser back to: a server on loopback, as long as it takes.

use std::fmt::Display;
use std::time::Duration;

use anyhow::Context;
use axum::{
    Router,
    extract::State,
    http::{Method, StatusCode, Uri},
    response::Response,
};
use salto::RedirectUri;
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};

use super::page::page;

/// The last page is on its way no longer than this.
const LAST_PAGE: Duration = Duration::from_secs(2);

/// Listens at the redirect URI.
pub(super) struct Listener {
    visits: mpsc::Receiver<Visit>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<std::io::Result<()>>,
}

/// The browser is there.
pub(super) struct Visit {
    /// Of the address that it was sent to.
    pub(super) query: String,
    /// What it is to show.
    pub(super) reply: Reply,
}

/// The browser, waiting for what to show.
pub(super) struct Reply(oneshot::Sender<Response>);

#[derive(Clone)]
struct Door {
    path: String,
    visits: mpsc::Sender<Visit>,
}

impl Listener {
    /// # Errors
    /// Somebody else listens there.
    pub(super) async fn start(at: &RedirectUri) -> anyhow::Result<Self> {
        let url = at.url();
        let why = || {
            format!(
                "cannot listen at {at}, where redirect_uri sends the browser; does another program, \
                 or another `postern login`?",
                at = at.as_str()
            )
        };
        let addresses = url.socket_addrs(|| None).with_context(why)?;
        let listener = TcpListener::bind(&*addresses).await.with_context(why)?;
        let (visits, received) = mpsc::channel(1);
        let router =
            Router::new().fallback(visit).with_state(Door { path: url.path().to_owned(), visits });
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            axum::serve(listener, router).with_graceful_shutdown(stopped).await
        });
        Ok(Self { visits: received, stop, serving })
    }

    /// The next visit; nothing where the server is gone.
    pub(super) async fn visit(&mut self) -> Option<Visit> {
        self.visits.recv().await
    }

    /// Lets the last page out, and ends.
    pub(super) async fn end(self) {
        let Self { visits, stop, mut serving } = self;
        drop(visits);
        let _ = stop.send(());
        if timeout(LAST_PAGE, &mut serving).await.is_err() {
            serving.abort();
        }
    }
}

impl Reply {
    /// It worked.
    pub(super) fn done(self, integration: &str) {
        let text = format!("{integration} now opens doors as you. You can close this page.");
        self.show(page(StatusCode::OK, "Signed in", &text));
    }

    /// It did not, for this reason.
    pub(super) fn refuse(self, why: &impl Display) {
        let text = format!("{why}.");
        self.show(page(StatusCode::BAD_REQUEST, "Not signed in", &text));
    }

    fn show(self, page: Response) {
        // A browser that has left sees nothing.
        let _ = self.0.send(page);
    }
}

/// Codes are good once: they are taken by a whole GET of the right path only, one visit at a time.
async fn visit(State(door): State<Door>, method: Method, uri: Uri) -> Response {
    if uri.path() != door.path {
        return page(StatusCode::NOT_FOUND, "Nothing here", "This is not where Salto leads to.");
    }
    if method != Method::GET {
        return page(StatusCode::METHOD_NOT_ALLOWED, "Not this way", "Only GET is served here.");
    }
    let (reply, page_to_show) = oneshot::channel();
    let query = uri.query().unwrap_or_default().to_owned();
    let over = || page(StatusCode::GONE, "Too late", "This sign-in is over.");
    match door.visits.send(Visit { query, reply: Reply(reply) }).await {
        Ok(()) => page_to_show.await.unwrap_or_else(|_| over()),
        Err(_) => over(),
    }
}
