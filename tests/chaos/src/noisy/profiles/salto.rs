//! Salto fails for a lock, an account or an IQ of the neighbour, and for nothing else.

use super::super::neighbour;
use super::super::trouble_phase::TroublePhase;
use crate::fixtures::Door;
use reqwest::Method;
use serde_json::{Value, json};

/// Requests of the neighbour per second, as of guests who press again.
const RATE: f64 = 3.0;
/// Longer than any trouble.
const NO_ANSWER_MS: u64 = 120_000;
const LATE_MS: u64 = 8_000;
/// The life of tokens where the trouble is at the identity host.
const TOKEN_SECONDS: u32 = 10;

pub(super) async fn lock_503(phase: &TroublePhase<'_>) {
    let door = phase.doors()[0];
    let fault = json!({"kind": "status", "call": "open", "lock": door.lock, "status": 503});
    cause(phase, fault, &[door]).await;
}

pub(super) async fn account_500(phase: &TroublePhase<'_>) {
    shorten_tokens(phase).await;
    let username = &phase.neighbour().username;
    let fault = json!({"kind": "status", "call": "token", "username": username, "status": 500});
    cause(phase, fault, &phase.doors()).await;
}

pub(super) async fn sick_iq(phase: &TroublePhase<'_>) {
    let iq = &phase.doors()[0].iq;
    let fault = json!({"kind": "no_answer", "call": "open", "iq": iq, "hold_ms": NO_ANSWER_MS});
    let doors: Vec<_> = phase.doors().into_iter().filter(|door| door.iq == *iq).collect();
    cause(phase, fault, &doors).await;
}

pub(super) async fn slow_account(phase: &TroublePhase<'_>) {
    shorten_tokens(phase).await;
    let username = &phase.neighbour().username;
    let fault = json!({"kind": "delay", "call": "any", "username": username, "delay_ms": LATE_MS});
    cause(phase, fault, &phase.doors()).await;
}

/// Every account needs tokens often in both phases: so the healthy one meets what the trouble does to calls to the
/// identity host.
async fn shorten_tokens(phase: &TroublePhase<'_>) {
    let simulator = &phase.system.setup.simulator;
    simulator.change_settings(json!({"token_lifetime_seconds": TOKEN_SECONDS})).await;
    simulator.revoke_tokens().await;
}

async fn cause(phase: &TroublePhase<'_>, fault: Value, doors: &[&Door]) {
    neighbour::book(phase).await;
    phase.trouble_begins().await;
    let simulator = &phase.system.setup.simulator;
    simulator.add_fault(fault).await;
    // The neighbour needs a new token and so meets what is wrong with its account.
    let account = Some(json!({"username": phase.neighbour().username, "access": true}));
    simulator.control(Method::POST, "tokens/revoke", account).await;
    neighbour::request(phase, doors, RATE).await;
}
