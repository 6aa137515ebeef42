//! A worker that is killed at a failpoint, and the results after another worker has taken over.

use end_to_end::broker::{Bus, DeadLetter, Event, OutboundListener};
use end_to_end::deadline::SOON;
use end_to_end::inbound::{booking_status, open_request};
use end_to_end::setup::Setup;
use end_to_end::simulator::{IQ_GROUND_FLOOR, OpenCommand};
use end_to_end::worker::Worker;
use serde_json::{Value, json};
use std::os::unix::process::ExitStatusExt;
/// A worker that will be killed, and its request.
pub(super) struct Crash {
    point: &'static str,
    pub(super) setup: Setup,
    bus: Bus,
    outbound: OutboundListener,
    first: Worker,
    pub(super) request: Value,
    /// The number of openings before the request.
    pub(super) openings: usize,
}

/// The results after another worker has finished the request `R-1`.
pub(super) struct CrashResult {
    pub(super) terminal: Event,
    /// How often the terminal event was published.
    pub(super) published: usize,
    pub(super) check_ins: usize,
    pub(super) openings: usize,
    pub(super) commands: Vec<OpenCommand>,
    pub(super) dead_letters: Vec<DeadLetter>,
}

impl Crash {
    /// `warm`: the first worker has a token and the list of locks, so that its claim reserves the command.
    pub(super) async fn prepare(point: &'static str, warm: bool, resend_window: &str) -> Self {
        let mut setup = Setup::unactivated().await;
        setup.activate(IQ_GROUND_FLOOR).await;
        setup.settings.set("opening.command_timeout", "2s");
        setup.settings.set("opening.resend_window", resend_window);
        Self::in_setup(point, warm, setup).await
    }

    pub(super) async fn in_setup(point: &'static str, warm: bool, setup: Setup) -> Self {
        let first = setup.worker("first").start().await;
        let bus = setup.vhost.bus().await;
        let outbound = bus.listen().await;
        let mut booking = booking_status("B-1", "paid");
        booking["data"]["object_ids"] = json!(["room-12", "room-nowhere"]);
        bus.booking(&booking).await;
        bus.booking(&booking_status("B-0", "paid")).await;
        first.wait_until_settled("booking-status", 2, SOON).await;
        if warm {
            bus.open_request(&open_request("warm-up", "B-0")).await;
            first.wait_until_settled("open-requests", 1, SOON).await;
        }
        first.kill_at(point);
        let mut request = open_request("R-1", "B-1");
        request["data"]["object_id"] = "room-12".into();
        let openings = usize::from(warm);
        Self { point, setup, bus, outbound, first, request, openings }
    }

    /// Publishes the request, which kills the first worker.
    pub(super) async fn crash(&self) {
        self.bus.open_request(&self.request).await;
        let status = self.first.ended(SOON).await;
        assert_eq!(status.signal(), Some(9), "at {}: {status}", self.point);
    }

    /// A second worker finishes the request.
    pub(super) async fn recover(self) -> CrashResult {
        let second = self.setup.worker("second").start().await;
        second.wait_until_settled("open-requests", 1, SOON).await;
        assert!(second.stop(SOON).await.success());
        self.outbound.catch_up().await;
        for queue in ["postern.open-requests", "postern.booking-status"] {
            assert_eq!(self.bus.waiting(queue).await, Some(0), "{queue}, killed at {}", self.point);
        }
        let ends = self.outbound.answers("R-1").into_iter().filter(Event::is_terminal);
        CrashResult {
            published: ends.count(),
            terminal: self.outbound.only_terminal("R-1"),
            check_ins: self.outbound.check_ins("B-1").len(),
            openings: self.setup.simulator.openings().await.len() - self.openings,
            commands: self.setup.simulator.commands().await.split_off(self.openings),
            dead_letters: self.bus.dead_letters().await,
        }
    }
}
