//! Statuses for integrations that are not configured: each one is stored until its booking has ended.

use super::super::trouble_phase::TroublePhase;
use end_to_end::inbound::{booking_status, time};
use std::time::Duration;
use tokio::time::interval;

/// Per second: a quarter of a megabyte each.
const RATE: f64 = 5.0;
/// As large as an event may be, almost.
const OBJECTS: usize = 1_000;
const DAYS: i64 = 390;

pub(super) async fn cause(phase: &TroublePhase<'_>) {
    let bus = phase.system.setup.vhost.bus().await;
    phase.trouble_begins().await;
    let mut pace = interval(Duration::from_secs_f64(1.0 / RATE));
    let objects: Vec<_> = (0..OBJECTS).map(|number| format!("{number:0>250}")).collect();
    for number in 0.. {
        pace.tick().await;
        let mut event = booking_status("somewhere", "paid");
        event["data"]["integration_id"] = format!("unknown-{number}").into();
        event["data"]["object_ids"] = objects.clone().into();
        event["data"]["ends_at"] = time(DAYS * 24 * 3600).into();
        bus.booking(&event).await;
    }
}
