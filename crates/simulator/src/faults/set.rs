//! The faults that are on, and those among them that apply to a call.

use std::time::Duration;

use serde::Serialize;
use uuid::Uuid;

use super::call::Call;
use super::spec::{FaultKind, FaultSpec};

/// A fault that is on.
#[derive(Clone, Serialize)]
pub(crate) struct Fault {
    pub(crate) id: u64,
    #[serde(flatten)]
    spec: FaultSpec,
    /// The number of calls that it still applies to; none means without end.
    remaining: Option<u64>,
    hits: u64,
}

/// The faults of one call: the sum of all delays, and the first fault of another kind.
#[derive(Default)]
pub(crate) struct FaultsOfCall {
    pub(crate) delay_before: Duration,
    pub(crate) delay_after: Duration,
    pub(crate) failure: Option<FaultSpec>,
}

#[derive(Default)]
pub(crate) struct FaultSet {
    faults: Vec<Fault>,
    last_id: u64,
}

impl FaultSet {
    /// `spec` must have been checked.
    pub(crate) fn add(&mut self, spec: FaultSpec) -> Fault {
        self.last_id += 1;
        let fault = Fault { id: self.last_id, remaining: spec.times, spec, hits: 0 };
        self.faults.push(fault.clone());
        fault
    }

    pub(crate) fn all(&self) -> &[Fault] {
        &self.faults
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    /// Whether a fault applies to the calls of one account only.
    pub(crate) fn depends_on_account(&self) -> bool {
        self.faults.iter().any(|fault| fault.spec.username.is_some())
    }

    pub(crate) fn clear(&mut self) -> usize {
        std::mem::take(&mut self.faults).len()
    }

    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let before = self.faults.len();
        self.faults.retain(|fault| fault.id != id);
        self.faults.len() < before
    }

    /// The faults that apply to this call at `iq` for `username`, which are counted as hits; none
    /// where no fault applies.
    pub(crate) fn apply(
        &mut self,
        call: &Call,
        iq: Option<Uuid>,
        username: Option<&str>,
    ) -> Option<FaultsOfCall> {
        let mut applied = None;
        for fault in &mut self.faults {
            let is_delay = fault.spec.kind == FaultKind::Delay;
            let has_failure =
                applied.as_ref().is_some_and(|faults: &FaultsOfCall| faults.failure.is_some());
            if fault.remaining == Some(0)
                || !fault.applies_to(call, iq, username)
                || (has_failure && !is_delay)
            {
                continue;
            }
            fault.hits += 1;
            fault.remaining = fault.remaining.map(|remaining| remaining - 1);
            let faults = applied.get_or_insert_with(FaultsOfCall::default);
            let delay = Duration::from_millis(fault.spec.delay_ms.unwrap_or(0));
            match (is_delay, fault.spec.is_carried_out()) {
                (true, false) => faults.delay_before += delay,
                (true, true) => faults.delay_after += delay,
                (false, _) => faults.failure = Some(fault.spec.clone()),
            }
        }
        applied
    }
}

impl Fault {
    fn applies_to(&self, call: &Call, iq: Option<Uuid>, username: Option<&str>) -> bool {
        let spec = &self.spec;
        let is_for_call = match spec.kind {
            FaultKind::IdentityGone => call.kind.is_identity(),
            FaultKind::Delay
            | FaultKind::Status
            | FaultKind::RateLimit
            | FaultKind::Reset
            | FaultKind::NoAnswer
            | FaultKind::HalfAnswer
            | FaultKind::OpenedThenDropped => spec.call.includes(call.kind),
        };
        is_for_call
            && spec.method.as_ref().is_none_or(|method| method == call.method.as_str())
            && spec.lock.is_none_or(|lock| call.lock == Some(lock))
            && spec.iq.is_none_or(|only| iq == Some(only))
            && spec.username.as_deref().is_none_or(|only| username == Some(only))
    }
}
