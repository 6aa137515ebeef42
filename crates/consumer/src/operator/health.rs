//! `/livez`, `/readyz` and `/metrics`.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use axum::{Json, Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use serde::Serialize;
use tokio::{net::TcpListener, sync::watch};

use super::{
    health_server,
    metrics::{self, Metrics},
};

/// What readiness depends on. Salto is not part of it: an outage of Salto must not end workers.
#[derive(Debug, Default)]
pub(crate) struct Health {
    subscription: Mutex<SubscriptionHealth>,
    redis: AtomicBool,
    /// Since when RabbitMQ blocks publishers.
    blocked_since: Mutex<Option<Instant>>,
    /// What was told last.
    told: watch::Sender<Readiness>,
}

#[derive(Debug, Default)]
struct SubscriptionHealth {
    /// Whether there is a session.
    session: bool,
    /// The queues whose subscription seems to be lost.
    doubted: BTreeSet<&'static str>,
}

/// Whether a worker can work, as `/readyz` shows it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// All is well.
    pub ready: bool,
    /// Both queues are subscribed to.
    pub subscribed: bool,
    /// Redis answers.
    pub redis: bool,
    /// RabbitMQ blocks publishers.
    pub blocked: bool,
}

impl Health {
    /// Tells `told` of each change.
    pub(crate) fn telling(told: watch::Sender<Readiness>) -> Self {
        Self { told, ..Self::default() }
    }

    /// Whether both queues are subscribed to: the begin or the end of a session.
    pub(crate) fn set_subscribed(&self, yes: bool) {
        let mut subscription = locked(&self.subscription);
        if yes && !subscription.session {
            metrics::session_begun();
        }
        *subscription = SubscriptionHealth { session: yes, doubted: BTreeSet::new() };
        metrics::subscribed(subscription.is_well());
        drop(subscription);
        self.tell();
    }

    /// Whether the subscription to a queue seems to be lost, while its session goes on.
    pub(crate) fn set_doubted(&self, queue: &'static str, yes: bool) {
        let mut subscription = locked(&self.subscription);
        let doubted = &mut subscription.doubted;
        let changed = if yes { doubted.insert(queue) } else { doubted.remove(queue) };
        if changed {
            metrics::subscribed(subscription.is_well());
            drop(subscription);
            self.tell();
        }
    }

    /// Whether RabbitMQ blocks publishers, and its reason.
    pub(crate) fn set_blocked(&self, reason: Option<&str>) {
        let mut since = locked(&self.blocked_since);
        match (reason, *since) {
            (Some(reason), None) => {
                *since = Some(Instant::now());
                metrics::broker_blocked(true);
                tracing::error!(reason, "RabbitMQ blocks publishers; no messages are taken");
            }
            (None, Some(begun)) => {
                *since = None;
                metrics::broker_blocked(false);
                let blocked_s = begun.elapsed().as_secs();
                tracing::info!(blocked_s, "RabbitMQ no longer blocks publishers");
            }
            (Some(_), Some(_)) | (None, None) => return,
        }
        drop(since);
        self.tell();
    }

    /// Whether Redis answers.
    pub(crate) fn set_redis(&self, error: Option<&dyn std::error::Error>) {
        let up = error.is_none();
        if self.redis.swap(up, Ordering::Relaxed) != up {
            metrics::redis_up(up);
            match error {
                None => tracing::info!("Redis answers"),
                Some(error) => tracing::error!(%error, "Redis is lost"),
            }
            self.tell();
        }
    }

    /// Two changes at the same time end with what holds after both.
    fn tell(&self) {
        self.told.send_if_modified(|told| {
            let now = self.readiness();
            std::mem::replace(told, now) != now
        });
    }

    fn readiness(&self) -> Readiness {
        let subscribed = locked(&self.subscription).is_well();
        let redis = self.redis.load(Ordering::Relaxed);
        let blocked = locked(&self.blocked_since).is_some();
        Readiness { ready: subscribed && redis && !blocked, subscribed, redis, blocked }
    }
}

impl SubscriptionHealth {
    fn is_well(&self) -> bool {
        self.session && self.doubted.is_empty()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Serves until the process ends.
pub(crate) async fn serve(listener: TcpListener, health: Arc<Health>, metrics: Metrics) {
    let render = move || {
        let text = metrics.render();
        async { ([("content-type", "text/plain; version=0.0.4")], text) }
    };
    let router = Router::new()
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(render))
        .with_state(health);
    health_server::serve(listener, router).await;
}

async fn readyz(State(health): State<Arc<Health>>) -> impl IntoResponse {
    let readiness = health.readiness();
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness))
}
