//! Salto's hosts, integrations and IQs, as the worker sees them.

use std::time::Duration;

use metrics::{describe_gauge, gauge};

use super::{count, flag};

const AT_RISK: &str = "postern_bookings_at_risk";
const CLOCK_OFFSET: &str = "postern_salto_clock_offset_seconds";
const BREAKER_OPEN: &str = "postern_salto_breaker_open";
const BREAKERS_OPEN: &str = "postern_salto_breakers_open";
const PAUSE: &str = "postern_pause_seconds";
const IQS: &str = "postern_iqs";

pub(super) fn describe() {
    describe_gauge!(
        AT_RISK,
        "Bookings at risk, by integration, as the worker shows that checks them; 0 at the others"
    );
    describe_gauge!(
        BREAKER_OPEN,
        "1 while the breaker of a host of Salto is open, by environment and host"
    );
    describe_gauge!(
        BREAKERS_OPEN,
        "Breakers that are open, by environment, host and scope (host, integration, call, iq, lock)"
    );
    describe_gauge!(CLOCK_OFFSET, "Salto's clock minus the worker's, by environment");
    describe_gauge!(
        PAUSE,
        "The rest of the pause that Salto asked for, by integration; 0 where there is none"
    );
    describe_gauge!(IQS, "IQs whose activation is stored, by integration and state");
}

/// How many bookings of an integration are at risk.
pub(crate) fn bookings_at_risk(integration_id: &str, bookings: usize) {
    gauge!(AT_RISK, "integration" => integration_id.to_owned()).set(count(bookings));
}

/// The difference between Salto's clock and the worker's.
pub(crate) fn clock_offset(environment: &str, seconds: f64) {
    gauge!(CLOCK_OFFSET, "environment" => environment.to_owned()).set(seconds);
}

/// How many breakers of this scope are open at a host of Salto.
pub(crate) fn breakers(environment: &str, host: &'static str, scope: &'static str, open: usize) {
    let environment = environment.to_owned();
    let gauge =
        gauge!(BREAKERS_OPEN, "environment" => environment, "host" => host, "scope" => scope);
    gauge.set(count(open));
}

/// Whether the breaker of a host of Salto is open.
pub(crate) fn breaker(environment: &str, host: &'static str, open: bool) {
    let gauge = gauge!(BREAKER_OPEN, "environment" => environment.to_owned(), "host" => host);
    gauge.set(flag(open));
}

/// The rest of an integration's pause.
pub(crate) fn pause(integration_id: &str, rest: Duration) {
    gauge!(PAUSE, "integration" => integration_id.to_owned()).set(rest.as_secs_f64());
}

/// How many IQs of an integration are in a state.
pub(crate) fn iqs(integration_id: &str, state: &'static str, iqs: usize) {
    let gauge = gauge!(IQS, "integration" => integration_id.to_owned(), "state" => state);
    gauge.set(count(iqs));
}
