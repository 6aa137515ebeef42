//! `/livez`, `/readyz` and `/metrics`.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{Json, Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use tokio::net::TcpListener;

use super::metrics;

/// What readiness depends on. Salto is not part of it: an outage of Salto must not end workers.
#[derive(Debug, Default)]
pub(crate) struct Health {
    subscribed: AtomicBool,
    redis: AtomicBool,
}

#[derive(Debug, Serialize)]
struct Readiness {
    ready: bool,
    subscribed: bool,
    redis: bool,
}

impl Health {
    /// Whether both queues are subscribed to.
    pub(crate) fn set_subscribed(&self, yes: bool) {
        if self.subscribed.swap(yes, Ordering::Relaxed) != yes {
            metrics::subscribed(yes);
        }
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
        }
    }

    fn readiness(&self) -> Readiness {
        let subscribed = self.subscribed.load(Ordering::Relaxed);
        let redis = self.redis.load(Ordering::Relaxed);
        Readiness { ready: subscribed && redis, subscribed, redis }
    }
}

/// Serves until the process ends.
pub(crate) async fn serve(
    listener: TcpListener,
    health: Arc<Health>,
    prometheus: PrometheusHandle,
) -> std::io::Result<()> {
    let render = move || {
        let text = prometheus.render();
        async { ([("content-type", "text/plain; version=0.0.4")], text) }
    };
    let router = Router::new()
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(render))
        .with_state(health);
    axum::serve(listener, router).await
}

async fn readyz(State(health): State<Arc<Health>>) -> impl IntoResponse {
    let readiness = health.readiness();
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness))
}
