//! The HTTP server: both hosts, the control API and the page at one address.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn_with_state, map_response_with_state};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::booking_system::{BookingSystem, BookingSystemSettings};
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
        Self::start_with(listen, world, printer, None).await
    }

    /// As [`Simulator::start`], with a booking system whose guests ring at the doors.
    ///
    /// # Errors
    /// As [`Simulator::start`]. The broker is first connected to at the first booking or ring.
    pub async fn start_with(
        listen: SocketAddr,
        world: World,
        printer: Printer,
        booking_system: Option<BookingSystemSettings>,
    ) -> Result<Self, StartError> {
        world.check()?;
        let listener =
            TcpListener::bind(listen).await.map_err(|error| StartError::Listen(listen, error))?;
        let address = listener.local_addr().map_err(|error| StartError::Listen(listen, error))?;
        let cloud = Arc::new(Cloud::new(world, printer));
        let app = app(&Arc::new(BookingSystem::new(cloud, booking_system)));
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

fn app(booking_system: &Arc<BookingSystem>) -> Router {
    let cloud = Arc::clone(&booking_system.cloud);
    let for_people = page::routes()
        .merge(control::booking_system_routes())
        .with_state(Arc::clone(booking_system));
    let of_salto = identity::routes().merge(connect::routes()).with_state(Arc::clone(&cloud));
    control::routes()
        .with_state(Arc::clone(&cloud))
        .merge(for_people)
        .layer(from_fn_with_state(Arc::clone(&cloud), control::announce_changes))
        .merge(of_salto)
        .fallback(connect::not_found)
        .layer(from_fn_with_state(Arc::clone(&cloud), inject_faults))
        .layer(map_response_with_state(Arc::clone(&cloud), add_error_body))
        .layer(map_response_with_state(cloud, add_date))
}
