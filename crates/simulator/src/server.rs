//! The HTTP server: both hosts, the control API and the page on one address.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::middleware::{from_fn_with_state, map_response_with_state};
use axum::response::Response;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::announce::Announcer;
use crate::clock::http_date;
use crate::cloud::Cloud;
use crate::faults::{FaultyListener, Switch, gate};
use crate::world::{World, WorldError};
use crate::{connect, control, identity, page};

/// A running simulator; dropping it ends it.
pub struct Simulator {
    address: SocketAddr,
    serving: JoinHandle<io::Result<()>>,
}

/// Why a simulator does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The world contradicts itself.
    #[error(transparent)]
    World(#[from] WorldError),
    /// The address cannot be listened on.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, #[source] io::Error),
}

impl Simulator {
    /// Starts to serve `world` on `listen`; port 0 takes a free one.
    ///
    /// # Errors
    /// A world with mistakes, or an address that cannot be had.
    pub async fn start(
        listen: SocketAddr,
        world: World,
        announcer: Announcer,
    ) -> Result<Self, StartError> {
        world.check()?;
        let listener =
            TcpListener::bind(listen).await.map_err(|error| StartError::Listen(listen, error))?;
        let address = listener.local_addr().map_err(|error| StartError::Listen(listen, error))?;
        let app = app(Arc::new(Cloud::new(world, announcer)));
        let service = app.into_make_service_with_connect_info::<Switch>();
        let serving =
            tokio::spawn(async move { axum::serve(FaultyListener(listener), service).await });
        Ok(Self { address, serving })
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn app(cloud: Arc<Cloud>) -> Router {
    Router::new()
        .merge(identity::routes())
        .merge(connect::routes())
        .merge(control::routes())
        .route("/", get(page::page))
        .fallback(connect::nothing_here)
        .layer(from_fn_with_state(Arc::clone(&cloud), gate))
        .layer(map_response_with_state(Arc::clone(&cloud), connect::render))
        .layer(map_response_with_state(Arc::clone(&cloud), date))
        .with_state(cloud)
}

/// Every answer tells the simulator's time.
async fn date(State(cloud): State<Arc<Cloud>>, mut response: Response) -> Response {
    if let Ok(value) = HeaderValue::from_str(&http_date(cloud.clock.now())) {
        response.headers_mut().insert(header::DATE, value);
    }
    response
}
