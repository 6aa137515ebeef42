//! `release.lua`: an owner releases its claim.

use super::{
    claim::result_counted,
    record::{LastCommandResult, OwnerId, RequestRecord, Time},
};
use crate::rule_set::RuleSet;

/// What the next owner must know.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReleaseRequest {
    pub owner: OwnerId,
    /// The attempt of the last claim whose grant the owner has seen: `last` is about its command.
    pub granted: u32,
    pub last: LastCommandResult,
    pub failures: u32,
    /// The time until a command may be sent.
    pub wait: Time,
}

/// Applies a release to the record, by Redis' clock; whether the owner had the claim.
pub fn release(
    record: &mut Option<RequestRecord>,
    asked: &ReleaseRequest,
    now: Time,
    rules: RuleSet,
) -> bool {
    let Some(record) = record else { return false };
    let Some(holder) = record.holder.take_if(|holder| holder.owner == asked.owner) else {
        return false;
    };
    if record.terminal.is_some() {
        return true;
    }
    record.released.push(asked.owner);
    record.released.sort_unstable();
    record.failures = asked.failures;
    record.not_before = now + asked.wait;
    record.correct(result_counted(&holder, asked.granted, asked.last, rules));
    true
}
