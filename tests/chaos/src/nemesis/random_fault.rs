//! Random faults of a given kind.

use super::{AnswerFault, Bound, FaultAction, LinkTarget};
use crate::proxy::Mode;
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use std::time::Duration;

/// A random fault of this kind, and its duration in milliseconds.
///
/// # Panics
/// If there is no such kind.
pub(super) fn random_fault(
    rng: &mut StdRng,
    kind: &str,
    workers: usize,
    iqs: &[String],
) -> (FaultAction, u64) {
    let worker = rng.random_range(0..workers);
    let mut lasts = |range: std::ops::Range<u64>| rng.random_range(range);
    match kind {
        "worker-kill" => (FaultAction::WorkerKill(worker), lasts(100..4000)),
        "worker-freeze" => (FaultAction::WorkerFreeze(worker), lasts(500..9000)),
        "worker-stop" => (FaultAction::WorkerStop(worker), lasts(100..3000)),
        "broker-kill" => (FaultAction::BrokerKill, lasts(200..4000)),
        "broker-freeze" => (FaultAction::BrokerFreeze, lasts(1000..10_000)),
        "broker-stop" => (FaultAction::BrokerStop, lasts(200..3000)),
        "redis-kill" => (FaultAction::RedisKill, lasts(100..5000)),
        "redis-freeze" => (FaultAction::RedisFreeze, lasts(500..8000)),
        "broker-alarm" => (FaultAction::BrokerAlarm, lasts(5000..20_000)),
        "redis-replies" => {
            let lasts = lasts(300..4000);
            let worker = rng.random_bool(0.7).then_some(worker);
            (FaultAction::RedisReplies(worker, rng.random_range(3..30)), lasts)
        }
        "outbound-binding" => outbound_binding(rng),
        "broker-link" => link(rng, LinkTarget::Broker, worker),
        "redis-link" => link(rng, LinkTarget::Redis, worker),
        "salto-link" => link(rng, LinkTarget::Salto, worker),
        "salto-revoke" => (FaultAction::Revoke, 0),
        "salto-offline" => {
            let lasts = lasts(1000..8000);
            (FaultAction::Offline(iqs[rng.random_range(0..iqs.len())].clone()), lasts)
        }
        // A one-time password is valid for three minutes before and after, a token for a minute and a half.
        "salto-skew" => {
            let lasts = lasts(4000..15_000);
            (FaultAction::Skew(rng.random_range(-60..60)), lasts)
        }
        _ => answer(rng, kind),
    }
}

/// Without any binding for a shorter time.
fn outbound_binding(rng: &mut StdRng) -> (FaultAction, u64) {
    if rng.random_bool(0.7) {
        (FaultAction::OutboundBinding(Bound::Answers), rng.random_range(3000..10_000))
    } else {
        (FaultAction::OutboundBinding(Bound::Nothing), rng.random_range(500..3000))
    }
}

fn link(rng: &mut StdRng, target: LinkTarget, worker: usize) -> (FaultAction, u64) {
    let worker = rng.random_bool(0.7).then_some(worker).filter(|_| target != LinkTarget::Salto);
    let latency = Duration::from_millis(rng.random_range(20..400));
    let slow = Mode::Slow { latency, bytes_per_second: rng.random_range(4000..100_000) };
    let (mode, lasts) = [
        (Mode::Reset, rng.random_range(50..2000)),
        (Mode::BlackHole, rng.random_range(1000..8000)),
        (slow, rng.random_range(2000..8000)),
        (Mode::Refuse, rng.random_range(500..5000)),
    ][rng.random_range(0..4)];
    (FaultAction::Link(target, worker, mode), lasts)
}

fn answer(rng: &mut StdRng, kind: &str) -> (FaultAction, u64) {
    let done = rng.random_bool(0.5);
    let (kind, request): (_, Value) = match kind {
        "salto-status" => {
            let status =
                [400, 403, 404, 409, 500, 500, 502, 503, 503, 504][rng.random_range(0..10)];
            // postern relies on the answers that say that the command was not executed.
            let done = done && matches!(status, 500 | 502 | 504);
            (
                "salto-status",
                json!({"kind": "status", "call": "open", "status": status, "carried_out": done}),
            )
        }
        "salto-delay" => {
            let delay = rng.random_range(200..6000);
            (
                "salto-delay",
                json!({"kind": "delay", "call": "open", "delay_ms": delay, "carried_out": done}),
            )
        }
        "salto-reset" => {
            ("salto-reset", json!({"kind": "reset", "call": "open", "carried_out": done}))
        }
        "salto-dropped" => {
            ("salto-dropped", json!({"kind": "opened_then_dropped", "call": "open"}))
        }
        "salto-silence" => (
            "salto-silence",
            json!({"kind": "no_answer", "call": "open", "hold_ms": 8000, "carried_out": done}),
        ),
        "salto-half" => ("salto-half", json!({"kind": "half_answer", "call": "open"})),
        "salto-rate-limit" => {
            let seconds = rng.random_range(1..5);
            let call = ["open", "any"][rng.random_range(0..2)];
            (
                "salto-rate-limit",
                json!({"kind": "rate_limit", "call": call, "retry_after": seconds}),
            )
        }
        "salto-identity" => {
            let request = match rng.random_range(0..3) {
                0 => json!({"kind": "identity_gone"}),
                1 => json!({"kind": "status", "call": "identity", "status": 503}),
                // Once, so that the number of lost grants is known.
                _ => json!({"kind": "opened_then_dropped", "call": "token", "times": 1}),
            };
            ("salto-identity", request)
        }
        "salto-lists" => {
            let call = ["locks", "iqs", "entries", "sites"][rng.random_range(0..4)];
            ("salto-lists", json!({"kind": "status", "call": call, "status": 500}))
        }
        other => panic!("there is no fault named {other}"),
    };
    (FaultAction::Answer(AnswerFault { kind, request }), rng.random_range(800..5000))
}
