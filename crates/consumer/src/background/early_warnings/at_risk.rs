//! Bookings that begin soon, and whose doors could not be opened now.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use events::{BookingAtRisk, DoorRisk, IntegrationState, Outbound, OutboundData};
use rules::{BookingStates, RiskReason, Window};
use uuid::Uuid;

use super::{
    Checked,
    risk_reasons::{detail, door_risk, risk_of, told},
};
use crate::{
    failpoint,
    integrations::{
        door_check::{DoorProblem, door_problems, doors},
        lock_availability::LockAvailability,
        registry::Integration,
    },
    state::{booking_starts::UpcomingBooking, risks_told::RiskChange, store::StoreError},
    worker::Worker,
};

/// Checks the bookings of an integration that begin soon, and those that were told to be at risk. Answers how
/// many are at risk. `state`: that of what all its doors depend on.
pub(super) async fn check(
    worker: &Worker,
    checked: &Checked,
    state: IntegrationState,
    every: Duration,
) -> Result<usize, StoreError> {
    let integration = &*checked.integration;
    if integration.warn_before.is_zero() {
        return Ok(0);
    }
    let id = integration.rules.id.as_str();
    let now = Utc::now();
    let mut check = BookingCheck {
        worker,
        integration,
        general: general_risk(worker, integration, state).await?,
        locks: lock_availability(worker, checked).await?,
        told: worker.risks_told.all(id).await?,
        now,
        // A booking that has begun since the last check was not looked at shortly before.
        from: now - TimeDelta::from_std(every).unwrap_or_default(),
        until: now + TimeDelta::from_std(integration.warn_before).unwrap_or_default(),
        at_risk: 0,
    };
    let mut seen = HashSet::new();
    for page in 0.. {
        let found = worker.booking_starts.beginning(id, check.from, check.until, page).await?;
        if found.is_empty() {
            break;
        }
        for booking in found {
            if seen.insert(booking.booking_id.clone()) {
                check.booking(&booking).await?;
            }
        }
    }
    let others: Vec<_> =
        check.told.keys().filter(|booking| !seen.contains(*booking)).cloned().collect();
    for booking in worker.booking_starts.these(id, &others).await? {
        check.booking(&booking).await?;
    }
    Ok(check.at_risk)
}

/// The reason for which no door of the integration could be opened.
async fn general_risk(
    worker: &Worker,
    integration: &Integration,
    state: IntegrationState,
) -> Result<Option<RiskReason>, StoreError> {
    Ok(match state {
        IntegrationState::CredentialsRejected => Some(RiskReason::CredentialsRejected),
        IntegrationState::UserSuspended => Some(RiskReason::UserSuspended),
        IntegrationState::UserBlocked => Some(RiskReason::UserBlocked),
        IntegrationState::RemoteAccessOff => Some(RiskReason::RemoteAccessOff),
        IntegrationState::SaltoUnavailable => Some(RiskReason::SaltoUnavailable),
        // A request waits for the end of a shorter pause.
        IntegrationState::Ok => {
            let pause = worker.pauses.remaining(&integration.rules.id).await?;
            (pause > worker.opening.request_ttl).then_some(RiskReason::RateLimited)
        }
    })
}

/// The state of the locks; none where it is not known.
async fn lock_availability(
    worker: &Worker,
    checked: &Checked,
) -> Result<Option<LockAvailability>, StoreError> {
    let Some(site) = &checked.site else { return Ok(None) };
    let integration_id = checked.integration.rules.id.as_str();
    let stored = match worker.activations.list(integration_id).await {
        Ok(stored) => stored,
        Err(error) => {
            tracing::debug!(integration_id, %error, "stored activations cannot be read");
            return Ok(None);
        }
    };
    let activations = stored.into_iter().map(|(iq, stored)| (iq, stored.activation)).collect();
    let otp_statuses = worker.otp_guard.statuses(integration_id).await?;
    Ok(Some(LockAvailability::new(&site.locks, &site.iqs, &activations, &otp_statuses)))
}

/// The check of an integration's bookings.
struct BookingCheck<'a> {
    worker: &'a Worker,
    integration: &'a Integration,
    general: Option<RiskReason>,
    locks: Option<LockAvailability>,
    /// What was told last, by booking.
    told: HashMap<String, String>,
    now: DateTime<Utc>,
    /// Risks are told for bookings that begin from then, until then.
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    at_risk: usize,
}

/// What is known about the doors of a booking.
#[derive(Debug, PartialEq, Eq)]
enum BookingRisk {
    /// Its time is over.
    Over,
    /// Its doors stay shut anyway, because of its status for example; or the state of their locks is not
    /// known.
    Undecided,
    /// All doors can be opened, or these could not.
    Decided(Vec<DoorRisk>),
}

impl BookingCheck<'_> {
    async fn booking(&mut self, booking: &UpcomingBooking) -> Result<(), StoreError> {
        let booking_id = booking.booking_id.as_str();
        let before = self.told.get(booking_id).cloned().unwrap_or_default();
        let Some(states) = &booking.states else {
            return self.tell(booking_id, None, &before, "", None).await;
        };
        let reasons = match self.risk(states) {
            BookingRisk::Over => return self.tell(booking_id, None, &before, "", None).await,
            BookingRisk::Undecided => {
                self.at_risk += usize::from(!before.is_empty());
                return Ok(());
            }
            BookingRisk::Decided(reasons) => reasons,
        };
        let starts_at = states.first_start();
        let is_soon = (self.from..=self.until).contains(&starts_at);
        if !reasons.is_empty() && !is_soon {
            self.at_risk += usize::from(!before.is_empty());
            return Ok(());
        }
        self.at_risk += usize::from(!reasons.is_empty());
        let now = told(&reasons)?;
        self.tell(booking_id, Some(states), &before, &now, Some(reasons)).await
    }

    fn risk(&self, states: &BookingStates) -> BookingRisk {
        let rules = Some(&self.integration.rules);
        let window = Window::of(rules, states);
        if window.is_over(self.now) {
            return BookingRisk::Over;
        }
        let problems = door_problems(rules, self.locks.as_ref(), states, self.now);
        let is_rejected = |problem: &DoorProblem<'_>| risk_of(problem.reason).is_none();
        let rejected = problems.iter().filter(|it| is_rejected(it)).count();
        let all = doors(rules, states);
        if rejected == all.len() {
            return BookingRisk::Undecided;
        }
        if let Some(reason) = self.general {
            let opens =
                |door: &&str| !problems.iter().any(|it| it.object_id == *door && is_rejected(it));
            let risks = all.into_iter().filter(opens).map(|door| self.general_door(door, reason));
            return BookingRisk::Decided(risks.collect());
        }
        let risks: Vec<_> = problems.iter().filter_map(door_risk).collect();
        if risks.is_empty() && self.locks.is_none() {
            return BookingRisk::Undecided;
        }
        BookingRisk::Decided(risks)
    }

    fn general_door(&self, object_id: &str, reason: RiskReason) -> DoorRisk {
        let locks = self.locks.as_ref();
        let id_of = |lock| match locks {
            Some(locks) => locks.resolve(lock).ok(),
            None => self.integration.lock_id(lock),
        };
        let lock_id = self.integration.rules.lock_of(object_id).and_then(id_of);
        let iq_id = locks.zip(lock_id).and_then(|(locks, lock)| locks.iq_of(lock));
        let iq_id = iq_id.map(str::to_owned);
        DoorRisk { object_id: object_id.to_owned(), lock_id, iq_id, reason, detail: detail(reason) }
    }

    /// Tells a change, where there is one. Nothing is published where there are no `reasons`.
    async fn tell(
        &self,
        booking_id: &str,
        states: Option<&BookingStates>,
        before: &str,
        now: &str,
        reasons: Option<Vec<DoorRisk>>,
    ) -> Result<(), StoreError> {
        if before == now {
            return Ok(());
        }
        let integration_id = self.integration.rules.id.as_str();
        let notice = states.zip(reasons).map(|(states, reasons)| Outbound {
            id: Uuid::new_v4(),
            time: Utc::now(),
            traceparent: None,
            rehearsal: self.integration.mode.rehearses(),
            data: OutboundData::BookingAtRisk(BookingAtRisk {
                integration_id: integration_id.to_owned(),
                booking_id: booking_id.to_owned(),
                object_ids: objects(states),
                starts_at: states.first_start(),
                reasons,
            }),
        });
        let rules = Some(&self.integration.rules);
        let keep_until = states.map_or(self.now, |states| Window::of(rules, states).closes_at);
        let notice = notice.as_ref();
        let change = RiskChange { integration_id, booking_id, before, now, notice, keep_until };
        if self.worker.risks_told.tell(change).await? && notice.is_some() {
            failpoint::reach("after-risk");
            self.worker.notices.notify();
            let at_risk = !now.is_empty();
            tracing::info!(integration_id, booking_id, at_risk, "risk of a booking changed");
        }
        Ok(())
    }
}

/// The booked objects, each once.
fn objects(states: &BookingStates) -> Vec<String> {
    doors(None, states).into_iter().map(str::to_owned).collect()
}
