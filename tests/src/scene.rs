//! A world at work: the booking `B-1` of `room-12` is paid and known, and workers wait for whoever asks.

use crate::broker::{Bus, DeadLetter, Event, Outbox};
use crate::deadline::{SOON, until_true};
use crate::inbound::{booking_status, open_request};
use crate::worker::Worker;
use crate::world::World;
use serde_json::Value;

/// The booking that is known from the beginning.
pub const BOOKING: &str = "B-1";

/// Ended in this order.
#[derive(Debug)]
pub struct Scene {
    pub workers: Vec<Worker>,
    pub outbox: Outbox,
    pub bus: Bus,
    pub world: World,
}

impl Scene {
    /// Starts so many workers with the world's settings as they stand.
    pub async fn new(world: World, workers: usize) -> Self {
        let names: Vec<_> = (1..=workers).map(|number| format!("worker-{number}")).collect();
        let starting = names.iter().map(|name| world.worker(name).start());
        let workers = futures_util::future::join_all(starting).await;
        Self::of(world, workers).await
    }

    /// With workers that run already.
    pub async fn of(world: World, workers: Vec<Worker>) -> Self {
        let bus = world.vhost.bus().await;
        let outbox = bus.listen().await;
        let scene = Self { workers, outbox, bus, world };
        scene.know(&booking_status(BOOKING, "paid")).await;
        scene
    }

    /// Publishes a booking's status and waits until it is settled.
    pub async fn know(&self, status: &Value) {
        let before = self.settled("booking-status").await;
        self.bus.booking(status).await;
        self.settles("booking-status", before + 1).await;
    }

    /// Has a booking of this object known that has the object's name.
    pub async fn book(&self, object: &str) {
        let mut status = booking_status(object, "paid");
        status["data"]["object_ids"] = serde_json::json!([object]);
        self.know(&status).await;
    }

    /// Publishes a request and waits for the event that ends it.
    pub async fn ask(&self, request: &Value) -> Event {
        self.bus.open_request(request).await;
        self.outbox.terminal(request["id"].as_str().expect("an id is text"), SOON * 2).await
    }

    /// Asks to open the booking's door with a request of that id.
    pub async fn open(&self, id: &str, booking: &str) -> Event {
        self.ask(&open_request(id, booking)).await
    }

    /// How many messages of a queue (`open-requests`, `booking-status`) all workers have acknowledged.
    pub async fn settled(&self, queue: &str) -> u64 {
        let mut sum = 0;
        for worker in &self.workers {
            sum += worker.settled(queue).await;
        }
        sum
    }

    /// Waits until all workers have acknowledged so many messages of a queue or more.
    pub async fn settles(&self, queue: &str, count: u64) {
        until_true(&format!("{count} settled messages of {queue}"), SOON * 2, || async {
            self.settled(queue).await >= count
        })
        .await;
    }

    /// The dead letters whose body is the event of this id.
    pub async fn dead_letters_of(&self, id: &str) -> Vec<DeadLetter> {
        let letters = self.bus.dead_letters().await.into_iter();
        let is_it = |letter: &DeadLetter| {
            let body: Value = serde_json::from_slice(&letter.body).unwrap_or_default();
            body["id"] == id
        };
        letters.filter(is_it).collect()
    }
}
