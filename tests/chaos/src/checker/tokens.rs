//! Invariant 7: one successful token request per integration and lifetime, however many replicas run.
//!
//! The bound: one at first, one for each lifetime that passed (a token is renewed ahead of its end by a tenth), and one
//! for each event that can cost one: tokens revoked; Salto's clock set and set back; a worker, Redis or the way to them
//! struck, which can fall between a grant and its being stored; answers lost on the way from Salto.

use super::{Facts, Violation};
use crate::history::{Fault, Target};

const JUDGE: &str = "7 tokens";

pub(super) fn judge(facts: &Facts<'_>) -> Vec<Violation> {
    let rules = &facts.history.rules;
    let took = facts.history.ended - facts.history.began;
    // A tenth and a little, for a renewal that came at the very first moment.
    let lifetimes = took.num_seconds() * 100 / (rules.token_seconds.max(1) * 85);
    let costs: u64 = facts.history.faults.iter().map(cost).sum();
    let most = 1 + lifetimes.unsigned_abs() + costs;
    let mut found = Vec::new();
    for integration in &rules.integrations {
        let counts = facts.history.tokens.iter().filter(|one| one.username == integration.username);
        let granted: u64 = counts.map(|one| one.granted).sum();
        if granted > most {
            let id = &integration.id;
            let what = format!("{granted} tokens were granted to {id}, and {most} would have done");
            found.push(Violation::of(JUDGE, what));
        }
    }
    found
}

fn cost(fault: &Fault) -> u64 {
    let struck = match fault.target {
        Target::Worker(_) | Target::Redis | Target::RedisLink(_) | Target::Memory => 1,
        Target::Salto if fault.kind == "salto-revoke" => 1,
        Target::Salto if fault.kind == "salto-skew" => 2,
        Target::Salto | Target::SaltoLink | Target::Broker | Target::BrokerLink(_) => 0,
    };
    struck + fault.lost_grants
}
