//! Leaves a host alone that keeps failing: waiting for it would hold up doors that could be opened
//! meanwhile, and calls in their hundreds keep it down. Asked before every call, told after it.

mod machine;
#[cfg(test)]
mod properties;

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

pub use self::machine::{BreakerState, Health};
use self::machine::{Machine, News, Pass};
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
    /// One word, for labels.
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

/// The breakers of one environment, shared by all its integrations.
#[derive(Debug)]
pub struct Breakers {
    pub(crate) identity: Breaker,
    pub(crate) api: Breaker,
}

impl Breakers {
    /// Closed ones, for the environment of that name.
    #[must_use]
    pub fn new(environment_name: &str) -> Self {
        let breaker = |host| Breaker {
            environment: environment_name.to_owned(),
            host,
            machine: Mutex::default(),
        };
        Self { identity: breaker(Host::Identity), api: breaker(Host::Api) }
    }

    /// How each host is doing, as far as calls of this process have shown.
    #[must_use]
    pub fn state(&self) -> [(Host, BreakerState); 2] {
        let now = Instant::now();
        [&self.identity, &self.api].map(|breaker| (breaker.host, breaker.machine().state(now)))
    }
}

/// The breaker of one host.
#[derive(Debug)]
pub(crate) struct Breaker {
    environment: String,
    host: Host,
    machine: Mutex<Machine>,
}

/// Leave to make one call, whose end is to be told. Dropped, it tells that the call was given up.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    breaker: &'a Breaker,
    pass: Option<Pass>,
}

impl Breaker {
    /// Leave to make one call.
    pub(crate) fn ask(&self) -> Result<Permit<'_>, CallError> {
        let asked = self.machine().ask(Instant::now(), rand::random());
        match asked {
            Ok(pass) => Ok(Permit { breaker: self, pass: Some(pass) }),
            Err(refused) => {
                let detail = format!("{} failed {} times in a row", self.host, refused.failures);
                Err(CallError::new(Cause::NotAsked, detail).after(Some(refused.retry_after)))
            }
        }
    }

    fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit<'_> {
    /// The call ended like this. `iq`: the IQ that it was a command to; `error`: what went wrong,
    /// for the log.
    pub(crate) fn tell(mut self, health: Health, iq: Option<&str>, error: &dyn fmt::Display) {
        let Some(pass) = self.pass.take() else { return };
        let Breaker { environment, host, .. } = self.breaker;
        let news =
            self.breaker.machine().tell(pass, health, iq, Instant::now(), rand::random::<f64>());
        match news {
            Some(News::Opened { failures }) => tracing::warn!(
                environment,
                host = host.as_str(),
                failures,
                %error,
                "Salto keeps failing; calls to this host wait for a moment"
            ),
            Some(News::Closed) => {
                tracing::info!(
                    environment,
                    host = host.as_str(),
                    "this host of Salto answers again"
                );
            }
            None => {}
        }
    }

    /// The host works.
    pub(crate) fn works(self) {
        self.tell(Health::Works, None, &"");
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if let Some(pass) = self.pass.take() {
            self.breaker.machine().give_up(pass, Instant::now());
        }
    }
}
