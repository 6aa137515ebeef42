//! The ledger: who acts on a request, what was sent for it, and what came of it.
//!
//! One Redis record per request. Every move is a Lua script, so that workers on any machine see
//! the same; all durations are measured on Redis' clock.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use deadpool_redis::redis::{self, Script, Value};
use events::Outbound;
use serde::Serialize;
use uuid::Uuid;

use crate::{
    audit::Due,
    bookings::kept_until,
    failure::Failure,
    keys::Keys,
    settings::RetentionSettings,
    store::{Store, StoreError},
};

mod answer;

pub(crate) use answer::{Announced, Claim, Claimed, Known};
use answer::{read_claim, read_known};

/// What became of the last command an owner announced, when it claims again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LastCommand {
    /// There was none, or its outcome is unknown.
    Standing,
    /// It was never written.
    Unsent,
    /// It was written, and Salto answered that nothing was done.
    NeverHappened,
}

impl LastCommand {
    const fn as_arg(self) -> &'static str {
        match self {
            Self::Standing => "",
            Self::Unsent => "unsent",
            Self::NeverHappened => "never",
        }
    }
}

/// The command that a claim is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prospect<'a> {
    /// The IQ it would go to, where that is known.
    pub(crate) iq_id: Option<&'a str>,
    /// Whether it follows at once.
    pub(crate) at_once: bool,
    /// Whether the integration rehearses now; what it did at a request's first claim holds for it.
    pub(crate) rehearsal: bool,
}

/// Commands on their way at once, over all workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// To one IQ.
    pub(crate) per_iq: u32,
    /// For one integration.
    pub(crate) per_integration: u32,
}

/// Which request, for whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestRef<'a> {
    /// [`events::request_key`] of its event.
    pub(crate) key: Uuid,
    pub(crate) integration_id: &'a str,
    pub(crate) booking_id: &'a str,
    pub(crate) expires_at: DateTime<Utc>,
}

/// One delivery's hold on a request.
#[derive(Debug)]
pub(crate) struct Owner {
    id: Uuid,
    round: u32,
    redelivered: bool,
}

impl Owner {
    /// `redelivered`: the broker took the message back from somebody before.
    pub(crate) fn new(redelivered: bool) -> Self {
        Self { id: Uuid::new_v4(), round: 0, redelivered }
    }

    /// Whether the broker took the message back from somebody before.
    pub(crate) const fn is_redelivered(&self) -> bool {
        self.redelivered
    }

    /// Before every claim, though not before repeating one whose answer was lost.
    pub(crate) fn next_round(&mut self) {
        self.round += 1;
    }
}

/// The time in which this worker has given a sign of life without a break: who was dead in between
/// may have lost what it claimed before.
#[derive(Debug)]
struct Life {
    since: Instant,
    until: Instant,
}

/// Keeps the ledger in Redis.
#[derive(Debug)]
pub(crate) struct Ledger {
    store: Arc<Store>,
    keys: Keys,
    key_prefix: String,
    lease: Duration,
    limits: Limits,
    retention: RetentionSettings,
    alive: String,
    life: Mutex<Life>,
    claim: Script,
    conclude: Script,
    release: Script,
}

/// Has all replicas leave Salto alone for an integration; a longer pause stands.
pub(crate) async fn share_pause(
    store: &Store,
    keys: &Keys,
    integration_id: &str,
    pause: Duration,
) -> Result<(), StoreError> {
    let script = Script::new(include_str!("ledger/pause.lua"));
    store.run(script.key(keys.pause(integration_id)).arg(millis(pause).max(1))).await
}

impl Ledger {
    pub(crate) fn new(
        store: Arc<Store>,
        key_prefix: &str,
        worker: Uuid,
        (lease, limits): (Duration, Limits),
        retention: RetentionSettings,
    ) -> Self {
        let keys = Keys::new(key_prefix);
        Self {
            store,
            alive: keys.worker(worker),
            life: Mutex::new(Life { since: Instant::now(), until: Instant::now() }),
            keys,
            key_prefix: key_prefix.to_owned(),
            lease,
            limits,
            retention,
            claim: Script::new(include_str!("ledger/claim.lua")),
            conclude: Script::new(include_str!("ledger/conclude.lua")),
            release: Script::new(include_str!("ledger/release.lua")),
        }
    }

    /// Claims a request. A command that follows at once counts as written, where one may follow.
    pub(crate) async fn claim(
        &self,
        request: RequestRef<'_>,
        owner: &Owner,
        prospect: Prospect<'_>,
        (last, cause): (LastCommand, Option<&Failure>),
    ) -> Result<Claim, StoreError> {
        let (asked_at, now) = (Instant::now(), Utc::now());
        let answer: Value = self
            .store
            .run(
                self.claim
                    .key(self.keys.request(request.key))
                    .key(self.keys.booking(request.integration_id, request.booking_id))
                    .key(salto::activation::activations_key(
                        &self.key_prefix,
                        request.integration_id,
                    ))
                    .key(self.keys.pause(request.integration_id))
                    .key(self.keys.guard(request.integration_id))
                    .key(self.keys.in_flight(request.integration_id))
                    .arg(owner.id.to_string())
                    .arg(owner.round)
                    .arg(u8::from(prospect.at_once))
                    .arg(last.as_arg())
                    .arg(cause.map(Failure::to_record).unwrap_or_default())
                    .arg(millis(self.lease))
                    .arg(now.to_rfc3339())
                    .arg(kept_until(now, request.expires_at, self.retention.outcomes))
                    .arg(u8::from(owner.redelivered))
                    .arg(&self.alive)
                    .arg(prospect.iq_id.unwrap_or_default())
                    .arg(self.limits.per_iq)
                    .arg(self.limits.per_integration)
                    .arg(u8::from(prospect.rehearsal)),
            )
            .await?;
        read_claim(answer, asked_at)
    }

    /// Until when nobody else can be given a claimed request: its lease, and the sign of life
    /// without which a message that the broker took back is given to others.
    pub(crate) fn holds_until(&self, claimed: &Claimed) -> Instant {
        let life = self.life.lock().unwrap_or_else(PoisonError::into_inner);
        if claimed.asked_at < life.since {
            return claimed.asked_at;
        }
        life.until.min(claimed.asked_at + self.lease)
    }

    /// Records an outcome and its audit line; the answer is the one that stands. `check_in`: the
    /// event that the booking's first opening adds, and the booking's end.
    pub(crate) async fn conclude(
        &self,
        request: RequestRef<'_>,
        terminal: &Outbound,
        check_in: Option<(&Outbound, DateTime<Utc>)>,
        due: &Due,
    ) -> Result<Known, StoreError> {
        let now = Utc::now();
        let (integration_id, booking_id) = (request.integration_id, request.booking_id);
        let mark = match terminal.rehearsal {
            // The booking's real first opening is still to come.
            true => self.keys.rehearsed_check_in(integration_id, booking_id),
            false => self.keys.check_in(integration_id, booking_id),
        };
        let (line, line_kept) = match due {
            Due::Nowhere => (String::new(), String::new()),
            Due::Stream(entry) => (to_record(entry)?, millis(self.retention.audit).to_string()),
            Due::Keep(entry) => (to_record(entry)?, String::new()),
        };
        let (check_in, mark_until) = match check_in {
            Some((event, ends_at)) => {
                (to_record(event)?, kept_until(now, ends_at, self.retention.bookings))
            }
            None => (String::new(), 0),
        };
        let (terminal, check_in, dead_lettered, to_write): Recorded = self
            .store
            .run(
                self.conclude
                    .key(self.keys.request(request.key))
                    .key(mark)
                    .key(self.keys.in_flight(integration_id))
                    .key(self.keys.audit())
                    .arg(to_record(terminal)?)
                    .arg(check_in)
                    .arg(kept_until(now, request.expires_at, self.retention.outcomes))
                    .arg(mark_until)
                    .arg(line)
                    .arg(line_kept),
            )
            .await?;
        read_known(&terminal, check_in.as_deref(), &dead_lettered, to_write)
    }

    /// Appends an audit line that another worker kept to write it elsewhere.
    pub(crate) async fn append_audit(&self, line: &str) -> Result<(), StoreError> {
        let mut add = redis::cmd("XADD");
        add.arg(self.keys.audit()).arg("*").arg("line").arg(line);
        self.store.query(&add).await
    }

    /// Remembers that the outcome's audit line is written.
    pub(crate) async fn audited(&self, request: RequestRef<'_>) -> Result<(), StoreError> {
        let key = self.keys.request(request.key);
        self.store.query(redis::cmd("HDEL").arg(key).arg("audit")).await
    }

    /// Remembers that the outcome's dead letter is in the dead letters.
    pub(crate) async fn dead_lettered(&self, request: RequestRef<'_>) -> Result<(), StoreError> {
        let key = self.keys.request(request.key);
        self.store.query(redis::cmd("HSET").arg(key).arg("dead_lettered").arg("1")).await
    }

    /// Gives a claim back: another worker finds the request free, to go on after so many failures and
    /// after so long; or its outcome, still to be published.
    pub(crate) async fn release(
        &self,
        request: RequestRef<'_>,
        owner: &Owner,
        (last, cause): (LastCommand, Option<&Failure>),
        (failures, wait): (u32, Duration),
    ) -> Result<(), StoreError> {
        self.store
            .run(
                self.release
                    .key(self.keys.request(request.key))
                    .key(self.keys.in_flight(request.integration_id))
                    .arg(owner.id.to_string())
                    .arg(last.as_arg())
                    .arg(cause.map(Failure::to_record).unwrap_or_default())
                    .arg(failures)
                    .arg(millis(wait)),
            )
            .await
    }

    /// Salto asked for no calls for an integration: all replicas obey.
    pub(crate) async fn pause(
        &self,
        integration_id: &str,
        pause: Duration,
    ) -> Result<(), StoreError> {
        share_pause(&self.store, &self.keys, integration_id, pause).await
    }

    /// Whether Salto wants no calls for an integration now.
    pub(crate) async fn is_paused(&self, integration_id: &str) -> Result<bool, StoreError> {
        let key = self.keys.pause(integration_id);
        self.store.query(redis::cmd("EXISTS").arg(key)).await
    }

    /// Whether it is for this worker to look at an integration's IQs: nobody has in the last
    /// `period`, or this one must `anyway`.
    pub(crate) async fn look_at(
        &self,
        integration_id: &str,
        period: Duration,
        anyway: bool,
    ) -> Result<bool, StoreError> {
        let mut set = redis::cmd("SET");
        set.arg(self.keys.looked_at(integration_id)).arg("1").arg("PX").arg(millis(period));
        if !anyway {
            set.arg("NX");
        }
        let set: Option<String> = self.store.query(&set).await?;
        Ok(set.is_some())
    }

    /// Says that this worker lives, for `period`.
    pub(crate) async fn sign_of_life(&self, period: Duration) -> Result<(), StoreError> {
        let mut set = redis::cmd("SET");
        set.arg(&self.alive).arg("1").arg("PX").arg(millis(period));
        let asked_at = Instant::now();
        self.store.query::<()>(&set).await?;
        let mut life = self.life.lock().unwrap_or_else(PoisonError::into_inner);
        if life.until <= Instant::now() {
            life.since = asked_at;
        }
        life.until = asked_at + period;
        Ok(())
    }

    /// Says that this worker lives no more, so that nobody waits for it.
    pub(crate) async fn farewell(&self) -> Result<(), StoreError> {
        self.store.query(redis::cmd("DEL").arg(&self.alive)).await
    }
}

/// What the conclude script answers.
type Recorded = (Vec<u8>, Option<Vec<u8>>, String, Option<String>);

fn to_record(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Refused(error.to_string()))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
