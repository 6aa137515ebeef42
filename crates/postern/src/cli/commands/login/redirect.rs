//! The server on loopback to which Salto's login page redirects the browser.

use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use axum::{
    Router,
    extract::State,
    http::{Method, StatusCode, Uri},
    response::{IntoResponse, Redirect, Response},
};
use salto::RedirectUri;
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};

use url::Url;
use uuid::Uuid;

use super::page::page;

/// The time limit for the delivery of the last page.
const LAST_PAGE_TIMEOUT: Duration = Duration::from_secs(2);

/// The server at the redirect URI.
pub(super) struct RedirectServer {
    address: Url,
    first_page: Arc<FirstPage>,
    requests: mpsc::Receiver<RedirectRequest>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<std::io::Result<()>>,
}

/// A request of the browser to the redirect URI.
pub(super) struct RedirectRequest {
    /// The query of the address.
    pub(super) query: String,
    pub(super) reply: BrowserReply,
}

/// The reply to the browser, which waits for it.
pub(super) struct BrowserReply(oneshot::Sender<Response>);

/// A page on loopback that leads to the login page, once. A browser is started with its address, so that
/// the `state` of the login page's address is not in the list of processes.
#[derive(Default)]
struct FirstPage(Mutex<Option<FirstPageTarget>>);

struct FirstPageTarget {
    path: String,
    login_page: Url,
}

#[derive(Clone)]
struct ServerState {
    path: String,
    first_page: Arc<FirstPage>,
    requests: mpsc::Sender<RedirectRequest>,
}

impl RedirectServer {
    /// Listens at the redirect URI.
    ///
    /// # Errors
    /// The address is in use.
    pub(super) async fn start(at: &RedirectUri) -> anyhow::Result<Self> {
        let url = at.url();
        let error = || {
            format!(
                "cannot listen at {at}, the address in redirect_uri; another program, or another \
                 `postern login`, may listen there",
                at = at.as_str()
            )
        };
        let addresses = url.socket_addrs(|| None).with_context(error)?;
        let listener = TcpListener::bind(&*addresses).await.with_context(error)?;
        let (requests, received) = mpsc::channel(1);
        let first_page = Arc::new(FirstPage::default());
        let router = Router::new().fallback(receive).with_state(ServerState {
            path: url.path().to_owned(),
            first_page: Arc::clone(&first_page),
            requests,
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            axum::serve(listener, router).with_graceful_shutdown(stopped).await
        });
        Ok(Self { address: url.clone(), first_page, requests: received, stop, serving })
    }

    /// An address of this server that leads to the login page, once.
    pub(super) fn first_page(&self, login_page: &Url) -> Url {
        let path = format!("/{}", Uuid::new_v4().simple());
        let mut address = self.address.clone();
        address.set_query(None);
        address.set_path(&path);
        self.first_page.set(FirstPageTarget { path, login_page: login_page.clone() });
        address
    }

    /// The next request; nothing where the server has ended.
    pub(super) async fn next(&mut self) -> Option<RedirectRequest> {
        self.requests.recv().await
    }

    /// Waits for the delivery of the last page, and ends the server.
    pub(super) async fn end(self) {
        let Self { requests, stop, mut serving, address: _, first_page: _ } = self;
        drop(requests);
        let _ = stop.send(());
        if timeout(LAST_PAGE_TIMEOUT, &mut serving).await.is_err() {
            serving.abort();
        }
    }
}

impl FirstPage {
    fn set(&self, target: FirstPageTarget) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(target);
    }

    /// The login page's address, where this is the first page's path; nothing at the second time.
    fn take(&self, path: &str) -> Option<Url> {
        let mut target = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        target.take_if(|target| target.path == path).map(|target| target.login_page)
    }
}

impl BrowserReply {
    /// Shows that the sign-in succeeded, and that it is to be confirmed.
    pub(super) fn succeed(self, account: Option<&str>) {
        let who = account.map(|name| format!(" as {name}")).unwrap_or_default();
        let text =
            format!("You are signed in{who}. Go on in the terminal; you can close this page.");
        self.show(page(StatusCode::OK, "Signed in", &text));
    }

    /// Shows the reason why the sign-in failed.
    pub(super) fn fail(self, reason: &impl Display) {
        let text = format!("{reason}.");
        self.show(page(StatusCode::BAD_REQUEST, "Not signed in", &text));
    }

    fn show(self, page: Response) {
        // A browser that has closed the connection gets no page.
        let _ = self.0.send(page);
    }
}

/// Receives a request of the browser. A code is valid once, so only a GET of the right path is
/// accepted, and one request at a time.
async fn receive(State(server): State<ServerState>, method: Method, uri: Uri) -> Response {
    if let Some(login_page) = server.first_page.take(uri.path()) {
        return Redirect::to(login_page.as_str()).into_response();
    }
    if uri.path() != server.path {
        return page(
            StatusCode::NOT_FOUND,
            "Not found",
            "This is not the address of the redirect URI.",
        );
    }
    if method != Method::GET {
        return page(
            StatusCode::METHOD_NOT_ALLOWED,
            "Method not allowed",
            "Only GET is allowed here.",
        );
    }
    let (reply, page_to_show) = oneshot::channel();
    let query = uri.query().unwrap_or_default().to_owned();
    let ended = || page(StatusCode::GONE, "Too late", "This sign-in has ended.");
    match server.requests.send(RedirectRequest { query, reply: BrowserReply(reply) }).await {
        Ok(()) => page_to_show.await.unwrap_or_else(|_| ended()),
        Err(_) => ended(),
    }
}
