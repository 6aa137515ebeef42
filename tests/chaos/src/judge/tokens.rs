//! Invariant 7: one successful token request per integration and lifetime, for all replicas together.
//!
//! The bound is one token at the start, one for each lifetime that passed (a token is renewed a tenth of its life
//! before its end), and one for each fault that can cost a token: revoked tokens; a change of Salto's clock and its
//! end; a fault of a worker, of Redis or of the link to Redis, which can happen between a grant and its storage; lost
//! answers of Salto.

use super::{HistoryIndex, Violation};
use crate::history::{Fault, Target};

const CHECK: &str = "7 tokens";

pub(super) fn check(index: &HistoryIndex<'_>) -> Vec<Violation> {
    let rules = &index.history.rules;
    let took = index.history.ended - index.history.began;
    // More than a tenth, for renewals at the earliest time.
    let lifetimes = took.num_seconds() * 100 / (rules.token_seconds.max(1) * 85);
    let costs: u64 = index.history.faults.iter().map(cost).sum();
    let most = 1 + lifetimes.unsigned_abs() + costs;
    let mut found = Vec::new();
    for integration in &rules.integrations {
        let counts = index.history.tokens.iter().filter(|one| one.username == integration.username);
        let granted: u64 = counts.map(|one| one.granted).sum();
        if granted > most {
            let id = &integration.id;
            let what = format!("{granted} tokens were granted to {id}; {most} would be enough");
            found.push(Violation::of(CHECK, what));
        }
    }
    found
}

fn cost(fault: &Fault) -> u64 {
    let certain = match fault.target {
        Target::Worker(_) | Target::Redis | Target::RedisLink(_) | Target::RedisData => 1,
        Target::Salto if fault.kind == "salto-revoke" => 1,
        Target::Salto if fault.kind == "salto-skew" => 2,
        Target::Salto
        | Target::SaltoLink
        | Target::Broker
        | Target::BrokerLink(_)
        | Target::OutboundBinding
        | Target::DeadLetters => 0,
    };
    certain + fault.lost_grants
}
