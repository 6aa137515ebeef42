//! States that differ only in what nothing will ask for are made equal, so that the checker sees them once.

use super::{
    history::window,
    redis::owner_of,
    setup::{EXPIRY, FRESHNESS, LEASE},
    state::{Grant, LateOperation, Step, System, Task},
};
use crate::transition::{LastCommandResult, OwnerId, RequestRecord, Time};

impl System {
    /// The representative of all states that behave like this one.
    pub(super) fn normalised(mut self) -> Self {
        let (clock, steps) = (self.clock, self.budget.clock_steps > 0);
        let redis_now = self.redis_now();
        self.changed_at = self.changed_at.max(clock - FRESHNESS - 1);
        for record in self.record.iter_mut().chain(self.before_last_write.iter_mut().flatten()) {
            normalise_record(record, clock, redis_now, steps);
        }
        for history in &mut self.history {
            if let Some((_, at)) = &mut history.recorded {
                *at = (*at).max(clock - FRESHNESS - 1);
                history.in_doubt.clear();
            }
            history.in_doubt.iter_mut().for_each(|at| *at = (*at).max(clock - window()));
        }
        for task in self.workers.iter_mut().filter_map(|worker| worker.task.as_mut()) {
            normalise_task(task, clock);
        }
        for worker in 0..self.workers.len() {
            self.rank_attempts(worker);
        }
        self.order_workers();
        self
    }

    /// Only the order of a delivery's attempts counts.
    fn rank_attempts(&mut self, worker: usize) {
        let owner = owner_of(worker);
        let mut attempts: Vec<&mut u32> = Vec::new();
        if let Some(task) = &mut self.workers[worker].task {
            attempts.extend([&mut task.attempt, &mut task.granted]);
        }
        let records = self.record.iter_mut().chain(self.before_last_write.iter_mut().flatten());
        let holders = records.filter_map(|record| record.holder.as_mut());
        attempts.extend(holders.filter(|it| it.owner == owner).map(|it| &mut it.attempt));
        match &mut self.late {
            Some(LateOperation::Claim(asked)) if asked.owner == owner => {
                attempts.extend([&mut asked.attempt, &mut asked.granted]);
            }
            Some(LateOperation::Conclude(asked)) if asked.owner == owner => {
                attempts.push(&mut asked.attempt);
            }
            Some(LateOperation::Release(asked)) if asked.owner == owner => {
                attempts.push(&mut asked.granted);
            }
            Some(_) | None => {}
        }
        let mut values: Vec<u32> = attempts.iter().map(|attempt| **attempt).collect();
        values.sort_unstable();
        values.dedup();
        for attempt in attempts {
            let rank = values.iter().position(|value| value == attempt).unwrap_or(0);
            *attempt = u32::try_from(rank).unwrap_or(u32::MAX);
        }
    }

    /// The workers are alike, so their order says nothing.
    fn order_workers(&mut self) {
        let mut order: Vec<usize> = (0..self.workers.len()).collect();
        order.sort_by(|one, other| self.workers[*one].cmp(&self.workers[*other]));
        if order.is_sorted() {
            return;
        }
        let renamed = |owner: OwnerId| {
            let place = order.iter().position(|worker| owner_of(*worker) == owner);
            place.map_or(owner, owner_of)
        };
        let records = self.record.iter_mut().chain(self.before_last_write.iter_mut().flatten());
        for record in records {
            record.released.iter_mut().for_each(|owner| *owner = renamed(*owner));
            record.released.sort_unstable();
            if let Some(holder) = &mut record.holder {
                holder.owner = renamed(holder.owner);
            }
        }
        if let Some(late) = &mut self.late {
            *late.owner() = renamed(*late.owner());
        }
        self.workers = order.iter().map(|worker| self.workers[*worker].clone()).collect();
    }
}

fn normalise_record(record: &mut RequestRecord, clock: Time, redis_now: Time, steps: bool) {
    if let Some(answer) = record.terminal {
        // Claims and conclusions answer the outcome, whatever else the record has.
        let known = RequestRecord::new(record.subject, record.expires_at);
        let dead_lettered = record.dead_lettered;
        *record = RequestRecord { terminal: Some(answer), dead_lettered, ..known };
        return;
    }
    record.taken_at = record.taken_at.map(|at| if at >= EXPIRY { EXPIRY } else { 0 });
    if let Some(first) = &mut record.first_doubt {
        first.seen = first.seen.max(clock - window());
        if !steps && first.at <= redis_now {
            first.at = first.at.max(redis_now - window());
        }
    }
    record.not_before = 0;
    if let Some(holder) = record.holder.as_mut() {
        holder.process = 0;
        if !steps {
            holder.until = holder.until.max(redis_now);
        }
    }
}

fn normalise_task(task: &mut Task, clock: Time) {
    task.in_doubt_since = task.in_doubt_since.map(|since| since.max(clock - window()));
    match &mut task.step {
        Step::Decide(grant) => normalise_grant(grant, clock),
        Step::AwaitAnswer { grant, sent_at } => {
            *sent_at = (*sent_at).max(clock - window());
            normalise_grant(grant, clock);
        }
        Step::Claim { .. } | Step::Conclude { .. } | Step::Release { .. } => {}
        Step::Publish { .. }
        | Step::DeadLetter(_)
        | Step::MarkDeadLettered
        | Step::Acknowledge
        | Step::Enqueue
        | Step::AcknowledgeParked
        | Step::Conflict => {
            (task.attempt, task.granted, task.doubts) = (0, 0, 0);
            task.last = LastCommandResult::NoneOrUnknown;
            task.in_doubt_since = None;
        }
    }
}

fn normalise_grant(grant: &mut Grant, clock: Time) {
    grant.asked_at = grant.asked_at.max(clock - LEASE);
    grant.loaded.since_first = grant.loaded.since_first.min(window());
    grant.loaded.taken_at = if grant.loaded.taken_at >= EXPIRY { EXPIRY } else { 0 };
}
