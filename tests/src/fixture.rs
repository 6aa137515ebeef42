//! A setup with running workers, and with the paid booking `B-1` of `room-12` stored.

use crate::broker::{Bus, DeadLetter, Event, OutboundListener};
use crate::deadline::{SOON, until_true};
use crate::inbound::{booking_status, open_request};
use crate::setup::Setup;
use crate::worker::Worker;
use serde_json::Value;

/// The booking that is stored from the beginning.
pub const BOOKING: &str = "B-1";

/// The fields are dropped in this order.
#[derive(Debug)]
pub struct Fixture {
    pub workers: Vec<Worker>,
    pub outbound: OutboundListener,
    pub bus: Bus,
    pub setup: Setup,
}

impl Fixture {
    /// Starts this number of workers with the current settings.
    pub async fn new(setup: Setup, workers: usize) -> Self {
        let names: Vec<_> = (1..=workers).map(|number| format!("worker-{number}")).collect();
        let starting = names.iter().map(|name| setup.worker(name).start());
        let workers = futures_util::future::join_all(starting).await;
        Self::of(setup, workers).await
    }

    /// With running workers.
    pub async fn of(setup: Setup, workers: Vec<Worker>) -> Self {
        let bus = setup.vhost.bus().await;
        let outbound = bus.listen().await;
        let fixture = Self { workers, outbound, bus, setup };
        fixture.store_status(&booking_status(BOOKING, "paid")).await;
        fixture
    }

    /// Publishes a booking's status and waits until it is acknowledged.
    pub async fn store_status(&self, status: &Value) {
        let before = self.settled("booking-status").await;
        self.bus.booking(status).await;
        self.wait_until_settled("booking-status", before + 1).await;
    }

    /// Stores a paid booking of this object; the booking has the name of the object.
    pub async fn store_booking(&self, object: &str) {
        let mut status = booking_status(object, "paid");
        status["data"]["object_ids"] = serde_json::json!([object]);
        self.store_status(&status).await;
    }

    /// Stores bookings of eleven more rooms at the IQ of room-12. All twelve bookings: one command at a time is in
    /// flight to each lock.
    pub async fn store_rooms(&self) -> Vec<String> {
        let mut bookings = vec![BOOKING.to_owned()];
        for room in 1..12 {
            let room = format!("room-{room}");
            self.store_booking(&room).await;
            bookings.push(room);
        }
        bookings
    }

    /// Publishes a request and waits for the event that ends it.
    pub async fn answer_to(&self, request: &Value) -> Event {
        self.bus.open_request(request).await;
        self.outbound.terminal(request["id"].as_str().expect("an id is text"), SOON * 2).await
    }

    /// Requests the booking's door with this request id, and waits for the event that ends it.
    pub async fn open(&self, id: &str, booking: &str) -> Event {
        self.answer_to(&open_request(id, booking)).await
    }

    /// The number of messages of a queue (`open-requests`, `booking-status`) that all workers have acknowledged.
    pub async fn settled(&self, queue: &str) -> u64 {
        let mut sum = 0;
        for worker in &self.workers {
            sum += worker.settled(queue).await;
        }
        sum
    }

    /// Waits until all workers together have acknowledged at least this number of messages of a queue.
    pub async fn wait_until_settled(&self, queue: &str, count: u64) {
        until_true(&format!("{count} settled messages of {queue}"), SOON * 2, || async {
            self.settled(queue).await >= count
        })
        .await;
    }

    /// The dead letters whose body is the event with this id.
    pub async fn dead_letters_of(&self, id: &str) -> Vec<DeadLetter> {
        let letters = self.bus.dead_letters().await.into_iter();
        let is_it = |letter: &DeadLetter| {
            let body: Value = serde_json::from_slice(&letter.body).unwrap_or_default();
            body["id"] == id
        };
        letters.filter(is_it).collect()
    }
}
