//! Random histories of operations on one request: the scripts in Redis, and the ledger as the model has it, do
//! the same after each step.

mod observed;
mod operation;

use ledger_model::{
    rule_set::RuleSet,
    transition::{
        AnswerKind, ClaimReply, ClaimRequest, ConcludeRequest, LastCommandResult, ReleaseRequest,
        RequestRecord, Retention, Surroundings, claim, conclude, release, settle,
    },
};
use proptest::prelude::*;
use tokio_util::sync::CancellationToken;

use super::*;
use observed::{claim_reply, conclude_reply, reply_with_times_of, with_times_of};
use operation::{Applied, Operation, operations};

const RULES: RuleSet = RuleSet::Present;
const MODEL_RETENTION: Retention =
    Retention { settled: 60_000, perhaps_copied: 24 * 3_600_000, unsettled: 400 * 24 * 3_600_000 };
const HOUR: Duration = Duration::from_secs(3_600);

/// A request in Redis, and in the model.
pub(super) struct History {
    /// Two processes over one Redis. Owner 1 is in the second one.
    ledgers: [Ledger; 2],
    alive: [bool; 2],
    owners: [ClaimOwner; 3],
    request: Uuid,
    fixture: Fixture,
    model: Option<RequestRecord>,
    paused: bool,
}

impl History {
    async fn new() -> Self {
        let fixture = Fixture::booked(LEASE).await;
        let (store, prefix) = (&fixture.ledger.store, &fixture.ledger.key_prefix);
        let ledgers = [0, 1].map(|_| {
            let keys = Keys::new(prefix);
            let heartbeat = Arc::new(Heartbeat::new(Arc::clone(store), &keys, Uuid::new_v4()));
            let settings = LedgerSettings { lease: LEASE, limits: LIMITS, retention: RETENTION };
            Ledger::new(Arc::clone(store), prefix, heartbeat, settings)
        });
        let owners = [false, false, true].map(ClaimOwner::new);
        let request = fixture.request;
        let alive = [false, false];
        Self { ledgers, alive, owners, request, fixture, model: None, paused: false }
    }

    async fn step(&mut self, operation: &Operation) -> Result<(), TestCaseError> {
        match *operation {
            Operation::Claim { applied, .. } => self.claim(operation, applied).await?,
            Operation::Conclude { applied, .. } => self.conclude(operation, applied).await?,
            Operation::Release { applied, .. } => self.release(operation, applied).await?,
            Operation::Pause(paused) => {
                let key = self.fixture.ledger.keys.pause("acme");
                let mut set = redis::cmd(if paused { "SET" } else { "DEL" });
                set.arg(key);
                if paused {
                    set.arg("1").arg("PX").arg(60_000);
                }
                self.fixture.ledger.store.query::<()>(&set).await.unwrap();
                self.paused = paused;
            }
            Operation::Heartbeat { process, alive } => {
                let heartbeat = &self.ledgers[process].heartbeat;
                let mut end = redis::cmd("DEL");
                end.arg(heartbeat.key());
                match alive {
                    true => drop(heartbeat.beat(MINUTE).await.unwrap()),
                    false => self.fixture.ledger.store.query::<()>(&end).await.unwrap(),
                }
                self.alive[process] = alive;
            }
            Operation::EndLease
            | Operation::ClockSetBack
            | Operation::AgeDoubt
            | Operation::DoubtInFuture
            | Operation::EndWait => self.move_times(operation).await,
            Operation::Settle { .. }
            | Operation::MarkDeadLettered
            | Operation::MarkTerminalPublished
            | Operation::Expire => self.follow_up(operation).await,
        }
        self.compare().await
    }

    /// The records are equal, and the counters are valid.
    async fn compare(&self) -> Result<(), TestCaseError> {
        let observed = self.observed().await;
        let model = self.model.as_ref().map(|model| with_times_of(observed.as_ref(), model));
        prop_assert_eq!(&observed, &model, "Redis, and the model");
        if let Some(record) = &observed {
            prop_assert!(record.attempts >= 0 && record.doubts >= 0, "{:?}", record);
            prop_assert_eq!(record.doubts == 0, record.first_doubt.is_none());
        }
        let mut count = redis::cmd("ZCARD");
        count.arg(self.fixture.ledger.keys.in_flight("acme"));
        let in_flight: usize = self.fixture.ledger.store.query(&count).await.unwrap();
        let holder = observed.as_ref().and_then(|record| record.holder.as_ref());
        let mut exists = redis::cmd("EXISTS");
        exists.arg(self.fixture.ledger.keys.in_flight_at("acme", LOCK));
        let at_lock: usize = self.fixture.ledger.store.query(&exists).await.unwrap();
        prop_assert_eq!(in_flight, at_lock);
        prop_assert_eq!(in_flight == 1, holder.is_some_and(|holder| holder.in_flight));
        Ok(())
    }

    async fn claim(
        &mut self,
        operation: &Operation,
        applied: Applied,
    ) -> Result<(), TestCaseError> {
        let Operation::Claim { owner: index, repeats, overtaken, other_subject, .. } = *operation
        else {
            return Ok(());
        };
        let Operation::Claim { follows_at_once, rehearsal, last, .. } = *operation else {
            return Ok(());
        };
        let owner = &mut self.owners[index];
        let newest = owner.attempt;
        match (repeats, overtaken) {
            (true, _) if newest > 0 => {}
            (_, true) if newest > 1 => owner.attempt -= 1,
            (_, _) => owner.next_attempt(),
        }
        let is_newest = owner.attempt >= newest;
        let planned = PlannedCommand { follows_at_once, rehearsal, ..to_iq(false) };
        let key = key(self.request, other_subject);
        let asked = self.claim_request(index, operation);
        for _ in 0..times(applied) {
            let before = self.model.clone();
            let around = self.surroundings(other_subject);
            let expected = claim(&mut self.model, &asked, around, RULES);
            let last = LastResult { command: last, failure: None };
            let owner = &self.owners[index];
            let ledger = &self.ledgers[index % 2];
            let reply = ledger.claim(key, owner, planned, last).await.unwrap();
            let found = claim_reply(&reply);
            prop_assert_eq!(found, reply_with_times_of(found, expected), "the answer to a claim");
            if matches!(found, ClaimReply::Conflict(_)) {
                prop_assert_eq!(&before, &self.model);
            }
            self.compare().await?;
            match reply {
                ClaimAnswer::Claimed(claim) if applied != Applied::WithoutReply && is_newest => {
                    self.owners[index].grant(&claim);
                }
                _ => {}
            }
        }
        self.owners[index].attempt = self.owners[index].attempt.max(newest);
        Ok(())
    }

    fn claim_request(&self, index: usize, operation: &Operation) -> ClaimRequest {
        let Operation::Claim { follows_at_once, rehearsal, other_subject, last, .. } = *operation
        else {
            panic!("no claim");
        };
        let (owner, now) = (&self.owners[index], Utc::now().timestamp_millis());
        ClaimRequest {
            owner: u8::try_from(index).unwrap(),
            process: u8::try_from(index % 2).unwrap(),
            attempt: owner.attempt,
            granted: owner.granted,
            follows_at_once,
            last: result(last),
            redelivered: owner.redelivered,
            subject: u8::from(other_subject),
            rehearsal,
            now,
            keep_until: MODEL_RETENTION.unsettled_until(now, now + 60_000),
        }
    }

    fn surroundings(&self, other_subject: bool) -> Surroundings {
        let holder = self.model.as_ref().and_then(|record| record.holder.as_ref());
        Surroundings {
            now: Utc::now().timestamp_millis(),
            lease: i64::try_from(LEASE.as_millis()).unwrap(),
            holder_is_alive: holder.is_some_and(|it| self.alive[usize::from(it.process)]),
            may_send: !other_subject && !self.paused,
            has_room: true,
        }
    }

    async fn conclude(
        &mut self,
        operation: &Operation,
        applied: Applied,
    ) -> Result<(), TestCaseError> {
        let Operation::Conclude { owner: index, kind, attempts, dead_lettered, .. } = *operation
        else {
            return Ok(());
        };
        let event = terminal(&self.fixture, kind, attempts);
        let owner = &self.owners[index];
        let now = Utc::now().timestamp_millis();
        let asked = ConcludeRequest {
            owner: u8::try_from(index).unwrap(),
            attempt: owner.attempt,
            answer: observed::answer(&event),
            subject: 0,
            dead_lettered,
            keep_until: MODEL_RETENTION.unsettled_until(now, now + 60_000),
            doubts: owner.doubts.into(),
        };
        for _ in 0..times(applied) {
            let expected = conclude(&mut self.model, &asked, RULES);
            let conclusion = Conclusion { dead_lettered, ..conclusion(&event) };
            let ledger = &self.ledgers[index % 2];
            let reply = ledger.conclude(self.fixture.key(), &self.owners[index], conclusion).await;
            prop_assert_eq!(conclude_reply(&reply.unwrap()), expected, "the answer to an outcome");
            self.compare().await?;
        }
        Ok(())
    }

    async fn release(
        &mut self,
        operation: &Operation,
        applied: Applied,
    ) -> Result<(), TestCaseError> {
        let Operation::Release { owner: index, last, failures, waits, .. } = *operation else {
            return Ok(());
        };
        let wait = if waits { HOUR } else { Duration::ZERO };
        let asked = ReleaseRequest {
            owner: u8::try_from(index).unwrap(),
            granted: self.owners[index].granted,
            last: result(last),
            failures,
            wait: i64::try_from(wait.as_millis()).unwrap(),
        };
        for _ in 0..times(applied) {
            release(&mut self.model, &asked, Utc::now().timestamp_millis(), RULES);
            let last = LastResult { command: last, failure: None };
            let resumption = Resumption { failures, wait };
            let (ledger, owner) = (&self.ledgers[index % 2], &self.owners[index]);
            ledger.release(self.fixture.key(), owner, last, resumption).await.unwrap();
            self.compare().await?;
        }
        Ok(())
    }

    /// Time passes, or a clock was set: the fields of the record say so, where it has them.
    async fn move_times(&mut self, operation: &Operation) {
        let Some(record) = &mut self.model else { return };
        let now = Utc::now().timestamp_millis();
        let lease = i64::try_from(LEASE.as_millis()).unwrap();
        let mut fields = Vec::new();
        match (operation, &mut record.holder, &mut record.first_doubt) {
            (Operation::EndLease, Some(holder), _) => {
                holder.until = now - lease;
                fields.push(("until", holder.until));
            }
            (Operation::ClockSetBack, Some(holder), _) => {
                holder.until = now + 4 * lease;
                fields.push(("until", holder.until));
            }
            (Operation::AgeDoubt, _, Some(first)) => {
                (first.at, first.seen) = (now - 60_000, now - 180_000);
                fields.extend([("doubt_at", first.at), ("doubt_seen", first.seen)]);
            }
            (Operation::DoubtInFuture, _, Some(first)) => {
                first.at = now + 3_600_000;
                fields.push(("doubt_at", first.at));
            }
            (Operation::EndWait, _, _) if record.not_before > 0 => {
                record.not_before = now - 60_000;
                fields.push(("not_before", record.not_before));
            }
            _ => {}
        }
        for (field, at) in fields {
            self.fixture.set(self.fixture.key(), field, at).await;
        }
    }

    async fn follow_up(&mut self, operation: &Operation) {
        let (ledger, key) = (&self.ledgers[0], key(self.request, false));
        let Some(record) = &mut self.model else { return };
        match *operation {
            Operation::Settle { perhaps_copied } => {
                let now = Utc::now().timestamp_millis();
                let until = MODEL_RETENTION.settled_until(now, now + 60_000, perhaps_copied);
                settle(&mut self.model, until);
                ledger.settled(key, perhaps_copied, CancellationToken::new());
                ledger.expire_settled(true).await.unwrap();
            }
            Operation::MarkDeadLettered => {
                record.dead_lettered |= record.terminal.is_some();
                ledger.mark_dead_lettered(key).await.unwrap();
            }
            Operation::MarkTerminalPublished => {
                record.terminal_published |= record.terminal.is_some();
                ledger.mark_terminal_published(key).await.unwrap();
            }
            Operation::Expire => {
                let mut delete = redis::cmd("DEL");
                delete.arg(ledger.keys.request(key.key)).arg(ledger.keys.in_flight("acme"));
                delete.arg(ledger.keys.in_flight_to("acme", "iq-1"));
                delete.arg(ledger.keys.in_flight_at("acme", LOCK));
                ledger.store.query::<()>(&delete).await.unwrap();
                self.model = None;
            }
            _ => {}
        }
    }
}

fn key(request: Uuid, other_subject: bool) -> RequestKey<'static> {
    RequestKey {
        key: request,
        integration_id: "acme",
        booking_id: if other_subject { "B-2" } else { "B-1" },
        object_id: None,
        expires_at: Utc::now() + TimeDelta::seconds(60),
    }
}

fn times(applied: Applied) -> u8 {
    match applied {
        Applied::Once | Applied::WithoutReply => 1,
        Applied::Twice => 2,
    }
}

fn result(last: LastCommand) -> LastCommandResult {
    match last {
        LastCommand::NoneOrUnknown => LastCommandResult::NoneOrUnknown,
        LastCommand::NotSent => LastCommandResult::NotSent,
        LastCommand::NoEffect => LastCommandResult::NoEffect,
    }
}

fn terminal(fixture: &Fixture, kind: AnswerKind, attempts: u32) -> Outbound {
    let event = fixture.terminal("x");
    let OutboundData::OpenRejected(rejected) = event.data.clone() else { panic!("not rejected") };
    let request = rejected.request.clone();
    let failed = |reason: FailedReason, request| {
        let (class, detail) = (reason.class(), "x".to_owned());
        let (lock_id, iq_id) = (None, None);
        OutboundData::OpenFailed(events::OpenFailed {
            request,
            reason,
            class,
            detail,
            attempts,
            lock_id,
            iq_id,
        })
    };
    let data = match kind {
        AnswerKind::Rejected => OutboundData::OpenRejected(OpenRejected { attempts, ..rejected }),
        AnswerKind::Failed => failed(FailedReason::IqOffline, request),
        AnswerKind::OutcomeUnknown => failed(FailedReason::OutcomeUnknown, request),
        AnswerKind::Opened => OutboundData::Opened(events::Opened {
            request,
            object_id: "room".into(),
            lock_id: Uuid::nil(),
            iq_id: "iq-1".into(),
            opened_at: Utc::now(),
            record_in_field: None,
            attempts,
        }),
    };
    Outbound { data, ..event }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_scripts_and_the_model_do_the_same(
        history in prop::collection::vec(operations(), 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut state = History::new().await;
            for operation in &history {
                state.step(operation).await?;
            }
            Ok::<_, TestCaseError>(())
        })?;
    }
}
