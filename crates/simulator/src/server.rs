//! The HTTP server: both hosts, the control API and the page at one address.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn_with_state, map_response_with_state};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::cloud::Cloud;
use crate::middleware::{add_date, add_error_body, inject_faults};
use crate::output::Printer;
use crate::wire::{BreakableListener, ConnectionControl};
use crate::world::{World, WorldError};
use crate::{connect, control, identity, page};

/// A running simulator. Dropping it stops the server.
pub struct Simulator {
    address: SocketAddr,
    serving: JoinHandle<io::Result<()>>,
}

/// Why a simulator cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The world contradicts itself.
    #[error(transparent)]
    World(#[from] WorldError),
    /// The simulator cannot listen on the address.
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
}

impl Simulator {
    /// Starts to serve `world` on `listen`. Port 0 takes a free port.
    ///
    /// # Errors
    /// The world has mistakes, or the address cannot be used.
    pub async fn start(
        listen: SocketAddr,
        world: World,
        printer: Printer,
    ) -> Result<Self, StartError> {
        world.check()?;
        let listener =
            TcpListener::bind(listen).await.map_err(|error| StartError::Listen(listen, error))?;
        let address = listener.local_addr().map_err(|error| StartError::Listen(listen, error))?;
        let app = app(Arc::new(Cloud::new(world, printer)));
        let service = app.into_make_service_with_connect_info::<ConnectionControl>();
        let serving =
            tokio::spawn(async move { axum::serve(BreakableListener(listener), service).await });
        Ok(Self { address, serving })
    }

    /// The URL that it listens on.
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
        .fallback(connect::not_found)
        .layer(from_fn_with_state(Arc::clone(&cloud), inject_faults))
        .layer(map_response_with_state(Arc::clone(&cloud), add_error_body))
        .layer(map_response_with_state(Arc::clone(&cloud), add_date))
        .with_state(cloud)
}
