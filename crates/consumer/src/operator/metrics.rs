//! The numbers for Prometheus.
//!
//! What comes from outside is no label: ids of integrations are those of the configuration, and codes of IQs are
//! limited in number. So the number of series depends on the configuration alone.

mod answers;
mod at_start;
mod commands;
mod connections;
mod iq_code_label;
mod messages;
mod parked_messages;
mod process;
mod salto_state;

use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;
use tokio::time::interval;

pub(crate) use answers::{answer_published, answer_recorded, answer_repeated, request_seconds};
pub(crate) use at_start::{show_integrations, show_wait_reasons};
pub(crate) use commands::{EventStream, command, confirmed, not_confirmed};
pub(crate) use connections::{
    broker_blocked, queue_messages, redis_up, session_begun, subscribed, unrouted_keys,
};
pub(crate) use messages::{InFlight, dead_letter, notice_published, parked, settled, short};
pub(crate) use process::reloaded;
pub(crate) use salto_state::{bookings_at_risk, breaker, breakers, clock_offset, iqs, pause};

const BUCKETS: &[f64] =
    &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];

/// How often what was measured is put into the buckets of the histograms: until then, each value takes memory. Reading
/// the metrics does so too, but nobody may read them.
const UPKEEP: Duration = Duration::from_secs(5);

/// What renders the numbers.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    recorder: PrometheusHandle,
    process: Collector,
}

/// Installs the recorder.
pub(crate) fn install() -> Result<Metrics, BuildError> {
    let recorder = PrometheusBuilder::new().set_buckets(BUCKETS)?.install_recorder()?;
    let process = Collector::default();
    process.describe();
    describe();
    at_start::show();
    Ok(Metrics { recorder, process })
}

fn describe() {
    answers::describe();
    commands::describe();
    connections::describe();
    messages::describe();
    parked_messages::describe();
    process::describe();
    salto_state::describe();
}

impl Metrics {
    /// The numbers as Prometheus reads them.
    pub(crate) fn render(&self) -> String {
        self.process.collect();
        parked_messages::show();
        self.recorder.render()
    }

    /// Keeps the memory of the histograms small, for as long as the process runs.
    pub(crate) async fn upkeep(self) {
        let mut ticks = interval(UPKEEP);
        loop {
            ticks.tick().await;
            self.recorder.run_upkeep();
        }
    }
}

/// A number of things as the value of a gauge.
fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::INFINITY, f64::from)
}

/// 1 for yes, 0 for no.
fn flag(yes: bool) -> f64 {
    f64::from(u8::from(yes))
}
