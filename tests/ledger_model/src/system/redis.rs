//! The operations on Redis.

use super::{
    history::Broken,
    setup::{EXPIRY, LEASE, RETENTION, Setup},
    state::{LateOperation, System},
};
use crate::{
    rule_set::RuleSet,
    transition::{
        ClaimReply, ClaimRequest, ConcludeReply, ConcludeRequest, OwnerId, ReleaseRequest,
        RequestRecord, Reserved, Surroundings, Time, claim, conclude, expire, release, settle,
    },
};

impl System {
    /// Changes the record. A failover may lose this write, as long as no other follows.
    fn write<T>(&mut self, change: impl FnOnce(&mut Option<RequestRecord>) -> T) -> T {
        let now = self.redis_now();
        expire(&mut self.record, now);
        let before = self.record.clone();
        let reply = change(&mut self.record);
        if self.budget.failovers > 0 && before != self.record {
            self.before_last_write = Some(before);
        }
        reply
    }

    pub(super) fn claim(&mut self, asked: &ClaimRequest, setup: &Setup) -> ClaimReply {
        let around = Surroundings {
            now: self.redis_now(),
            lease: LEASE,
            holder_is_alive: self.holder_is_alive(),
            may_send: !self.paused,
            has_room: true,
        };
        let before = self.record.clone();
        let reply = self.write(|record| claim(record, asked, around, setup.rules));
        match reply {
            ClaimReply::Conflict(first) => {
                let touched = before != self.record;
                self.history[usize::from(first)].note(touched, Broken::ConflictTouched);
            }
            ClaimReply::Known { .. } | ClaimReply::Busy(_) | ClaimReply::Granted(_) => {}
        }
        reply
    }

    /// Whether the process of the present holder has its heartbeat. That of a delivery that has ended does
    /// not: then the claim is free earliest.
    fn holder_is_alive(&self) -> bool {
        let holder = self.record.as_ref().and_then(|record| record.holder.as_ref());
        let worker = holder.and_then(|it| self.workers.get(usize::from(it.owner)));
        worker.is_some_and(|worker| worker.heartbeat)
    }

    pub(super) fn conclude(&mut self, asked: &ConcludeRequest, setup: &Setup) -> ConcludeReply {
        let reply = self.write(|record| conclude(record, asked, setup.rules));
        let clock = self.clock;
        match reply {
            ConcludeReply::Recorded { answer, .. } => {
                self.history[usize::from(asked.subject)].record(answer, clock);
            }
            ConcludeReply::ClaimedElsewhere => {}
        }
        reply
    }

    pub(super) fn release(&mut self, asked: &ReleaseRequest, setup: &Setup) {
        let now = self.redis_now();
        self.write(|record| release(record, asked, now, setup.rules));
    }

    pub(super) fn mark_dead_lettered(&mut self) {
        self.write(|record| record.iter_mut().for_each(|it| it.dead_lettered = true));
    }

    /// The message is acknowledged.
    pub(super) fn settle(&mut self, perhaps_copied: bool, setup: &Setup) {
        if setup.rules != RuleSet::AnswerForgotten {
            let until = RETENTION.settled_until(self.clock, EXPIRY, perhaps_copied);
            self.write(|record| settle(record, until));
        }
    }

    /// Until when a claim or a conclusion keeps the record.
    pub(super) fn keep_until(&self, setup: &Setup) -> Time {
        if setup.rules == RuleSet::AnswerForgotten {
            return RETENTION.settled_until(self.clock, EXPIRY, false);
        }
        RETENTION.unsettled_until(0, EXPIRY)
    }

    pub(super) fn lose_last_write(&mut self) {
        if let Some(before) = self.before_last_write.take() {
            self.record = before;
        }
    }

    pub(super) fn apply_late(&mut self, setup: &Setup) {
        match self.late.take() {
            Some(LateOperation::Claim(asked)) => {
                self.claim(&asked, setup);
            }
            Some(LateOperation::Conclude(asked)) => {
                self.conclude(&asked, setup);
            }
            Some(LateOperation::Release(asked)) => self.release(&asked, setup),
            None => {}
        }
        let (late, gone) = (self.owner_of_late(), self.owner_gone());
        self.rename_owner(late, gone);
    }

    /// A delivery ends: no claim is made for its owner any more, except for an operation that is still on its
    /// way. All such owners are the same to the others.
    pub(super) fn end_owner(&mut self, worker: usize) {
        let ended = owner_of(worker);
        let late = self.owner_of_late();
        let is_late = self.late.as_mut().is_some_and(|late| *late.owner() == ended);
        if let Some(operation) = self.late.as_mut().filter(|_| is_late) {
            *operation.owner() = late;
        }
        let to = if is_late { late } else { self.owner_gone() };
        self.rename_owner(ended, to);
    }

    fn rename_owner(&mut self, from: OwnerId, to: OwnerId) {
        let gone = self.owner_gone();
        let records = self.record.iter_mut().chain(self.before_last_write.iter_mut().flatten());
        for record in records {
            for owner in record.released.iter_mut().filter(|owner| **owner == from) {
                *owner = to;
            }
            // Nothing comes from these any more.
            record.released.retain(|owner| *owner != gone);
            record.released.sort_unstable();
            record.released.dedup();
            let Some(holder) = &mut record.holder else { continue };
            if holder.owner != from {
                continue;
            }
            holder.owner = to;
            if to == gone {
                // Only the owner itself asks for these.
                (holder.attempt, holder.reserved, holder.in_flight) = (0, Reserved::No, false);
            }
        }
    }

    fn owner_of_late(&self) -> OwnerId {
        owner_of(self.workers.len())
    }

    fn owner_gone(&self) -> OwnerId {
        owner_of(self.workers.len() + 1)
    }
}

/// The owner id of a worker's present delivery.
pub(super) fn owner_of(worker: usize) -> OwnerId {
    OwnerId::try_from(worker).unwrap_or(OwnerId::MAX)
}
