//! The faults that are switched on, and what they hold for a call.

use std::time::Duration;

use serde::Serialize;
use uuid::Uuid;

use super::call::Call;
use super::fault::{FaultKind, FaultOrder};

/// A fault that is switched on.
#[derive(Clone, Serialize)]
pub(crate) struct Fault {
    pub(crate) id: u64,
    #[serde(flatten)]
    order: FaultOrder,
    /// How often it will strike yet; none is without end.
    remaining: Option<u64>,
    hits: u64,
}

/// What awaits one call: all delays that hit it, and the first fault of another kind.
#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) delay_before: Duration,
    pub(crate) delay_after: Duration,
    pub(crate) end: Option<FaultOrder>,
}

#[derive(Default)]
pub(crate) struct FaultSet {
    faults: Vec<Fault>,
    given: u64,
}

impl FaultSet {
    /// `order` must have been checked.
    pub(crate) fn add(&mut self, order: FaultOrder) -> Fault {
        self.given += 1;
        let fault = Fault { id: self.given, remaining: order.times, order, hits: 0 };
        self.faults.push(fault.clone());
        fault
    }

    pub(crate) fn all(&self) -> &[Fault] {
        &self.faults
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    /// Whether any of them is bound to an account.
    pub(crate) fn name_users(&self) -> bool {
        self.faults.iter().any(|fault| fault.order.username.is_some())
    }

    pub(crate) fn clear(&mut self) -> usize {
        std::mem::take(&mut self.faults).len()
    }

    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let before = self.faults.len();
        self.faults.retain(|fault| fault.id != id);
        self.faults.len() < before
    }

    /// Strikes: counts the faults that hit this call, at `iq` and made for `username`. None when none does.
    pub(crate) fn strike(
        &mut self,
        call: &Call,
        iq: Option<Uuid>,
        username: Option<&str>,
    ) -> Option<Plan> {
        let mut plan = None;
        for fault in &mut self.faults {
            let is_delay = fault.order.kind == FaultKind::Delay;
            let ended = plan.as_ref().is_some_and(|plan: &Plan| plan.end.is_some());
            if fault.remaining == Some(0) || !fault.hits(call, iq, username) || (ended && !is_delay)
            {
                continue;
            }
            fault.hits += 1;
            fault.remaining = fault.remaining.map(|remaining| remaining - 1);
            let plan = plan.get_or_insert_with(Plan::default);
            let delay = Duration::from_millis(fault.order.delay_ms.unwrap_or(0));
            match (is_delay, fault.order.is_carried_out()) {
                (true, false) => plan.delay_before += delay,
                (true, true) => plan.delay_after += delay,
                (false, _) => plan.end = Some(fault.order.clone()),
            }
        }
        plan
    }
}

impl Fault {
    fn hits(&self, call: &Call, iq: Option<Uuid>, username: Option<&str>) -> bool {
        let order = &self.order;
        let calls = match order.kind {
            FaultKind::IdentityGone => call.kind.is_identity(),
            FaultKind::Delay
            | FaultKind::Status
            | FaultKind::RateLimit
            | FaultKind::Reset
            | FaultKind::NoAnswer
            | FaultKind::HalfAnswer
            | FaultKind::OpenedThenDropped => order.call.include(call.kind),
        };
        calls
            && order.method.as_ref().is_none_or(|method| method == call.method.as_str())
            && order.lock.is_none_or(|lock| call.lock == Some(lock))
            && order.iq.is_none_or(|only| iq == Some(only))
            && order.username.as_deref().is_none_or(|only| username == Some(only))
    }
}
