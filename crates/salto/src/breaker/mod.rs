//! The circuit breakers of Salto's hosts. While a host keeps failing, no calls are sent to it: waiting
//! for it would delay doors that can be opened, and hundreds of calls would keep it from recovering.
//! A breaker is asked before every call, and records how the call ended.

mod machine;
#[cfg(test)]
mod properties;

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

pub use self::machine::{BreakerState, HostHealth};
use self::machine::{Machine, PermittedCall, Transition};
use crate::error::{CallError, Cause};

/// The hosts of an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Host {
    /// The identity provider, which grants tokens.
    Identity,
    /// The Connect API, which takes commands.
    Api,
}

impl Host {
    /// The host's name in metric labels and log fields.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Api => "api",
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identity => "the identity provider",
            Self::Api => "the Connect API",
        })
    }
}

/// The circuit breakers of one environment, shared by all its integrations.
#[derive(Debug)]
pub struct Breakers {
    pub(crate) identity: Breaker,
    pub(crate) api: Breaker,
}

impl Breakers {
    /// Closed breakers for the environment of that name.
    #[must_use]
    pub fn new(environment_name: &str) -> Self {
        let breaker = |host| Breaker {
            environment: environment_name.to_owned(),
            host,
            machine: Mutex::default(),
            opened_by: Mutex::default(),
        };
        Self { identity: breaker(Host::Identity), api: breaker(Host::Api) }
    }

    /// The state of each host's breaker, which depends on the calls of this process alone.
    #[must_use]
    pub fn state(&self) -> [(Host, BreakerState); 2] {
        let now = Instant::now();
        [&self.identity, &self.api].map(|breaker| (breaker.host, breaker.machine().state(now)))
    }
}

/// The circuit breaker of one host.
#[derive(Debug)]
pub(crate) struct Breaker {
    environment: String,
    host: Host,
    machine: Mutex<Machine>,
    /// The error of the call that opened the breaker last.
    opened_by: Mutex<String>,
}

/// Permission for one call, whose end is to be recorded. Dropping it records that the call was
/// abandoned.
#[derive(Debug)]
pub(crate) struct CallPermit<'a> {
    breaker: &'a Breaker,
    call: Option<PermittedCall>,
}

impl Breaker {
    /// Permits one call, or fails with [`Cause::BreakerOpen`].
    pub(crate) fn permit(&self) -> Result<CallPermit<'_>, CallError> {
        let permitted = self.machine().permit(Instant::now(), rand::random());
        match permitted {
            Ok(call) => Ok(CallPermit { breaker: self, call: Some(call) }),
            Err(refused) => {
                let (host, failures, opened_by) = (self.host, refused.failures, self.opened_by());
                let detail = format!("{host} failed {failures} times in a row: {opened_by}");
                let error = CallError::new(Cause::BreakerOpen, detail);
                Err(error.with_retry_after(Some(refused.retry_after)))
            }
        }
    }

    fn opened_by(&self) -> MutexGuard<'_, String> {
        self.opened_by.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CallPermit<'_> {
    /// Records how the call ended. `iq`: the IQ of the command, where the call was one; `error`: the
    /// error, for the log and for the calls that the breaker then refuses.
    pub(crate) fn record(mut self, health: HostHealth, iq: Option<&str>, error: &dyn fmt::Display) {
        let Some(call) = self.call.take() else { return };
        let Breaker { environment, host, .. } = self.breaker;
        let (now, jitter) = (Instant::now(), rand::random());
        let mut machine = self.breaker.machine();
        let transition = machine.record(call, health, iq, now, jitter);
        if let Some(Transition::Opened { .. }) = transition {
            *self.breaker.opened_by() = error.to_string();
        }
        drop(machine);
        match transition {
            Some(Transition::Opened { failures }) => tracing::warn!(
                environment,
                host = host.as_str(),
                failures,
                %error,
                "circuit breaker opened: this host of Salto keeps failing; calls to it wait, and are \
                 tried again automatically"
            ),
            Some(Transition::Closed) => tracing::info!(
                environment,
                host = host.as_str(),
                "circuit breaker closed: this host of Salto answers again"
            ),
            None => {}
        }
    }

    /// Records that the host works.
    pub(crate) fn record_success(self) {
        self.record(HostHealth::Up, None, &"");
    }
}

impl Drop for CallPermit<'_> {
    fn drop(&mut self) {
        if let Some(call) = self.call.take() {
            self.breaker.machine().abandon(call, Instant::now());
        }
    }
}
