//! The circuit breakers of Salto's hosts. While a host, or a part of it, keeps failing, no calls are sent to it:
//! waiting for it would delay doors that can be opened, and hundreds of calls would keep it from recovering.
//! The breakers are asked before every call, and told how the call ended.

mod failure_count;
mod machine;
#[cfg(test)]
mod properties;
mod result;
mod subject;
#[cfg(test)]
mod tests;
mod tree;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

pub use self::machine::BreakerState;
use self::machine::PermittedCall;
pub use self::result::HostHealth;
use self::result::{CallEnd, Change, Refusal, Transition};
pub use self::subject::BreakerScope;
pub(crate) use self::subject::{CallPath, Caller, Part};
use self::tree::Node;
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
            tree: Mutex::default(),
        };
        Self { identity: breaker(Host::Identity), api: breaker(Host::Api) }
    }

    /// The state of each host's own breaker, which depends on the calls of this process alone.
    #[must_use]
    pub fn state(&self) -> [(Host, BreakerState); 2] {
        let now = Instant::now();
        [&self.identity, &self.api].map(|breaker| (breaker.host, breaker.tree().root.state(now)))
    }

    /// How many breakers are open, by host and scope. Those that are not in use any more are removed.
    #[must_use]
    pub fn open(&self) -> Vec<(Host, BreakerScope, usize)> {
        let now = Instant::now();
        let count = |breaker: &Breaker| {
            let mut open = HashMap::new();
            let mut tree = breaker.tree();
            tree.root.remove_unused(now);
            tree.root.count_open(BreakerScope::Host, &mut open);
            let host = breaker.host;
            BreakerScope::ALL.map(|scope| (host, scope, open.get(&scope).copied().unwrap_or(0)))
        };
        [&self.identity, &self.api].into_iter().flat_map(count).collect()
    }
}

/// The circuit breakers of one host.
#[derive(Debug)]
pub(crate) struct Breaker {
    environment: String,
    host: Host,
    tree: Mutex<Tree>,
}

/// The breaker of the host with those of its parts, and the number of the last permitted call.
#[derive(Debug, Default)]
struct Tree {
    root: Node,
    calls: u64,
}

impl Tree {
    fn permit(
        &mut self,
        path: &CallPath,
        now: Instant,
        jitter: f64,
    ) -> Result<PermittedCall, Refusal> {
        if let Some(refusal) = self.root.refusal(path.parts(), now, jitter) {
            self.root.set_waiting(path.parts(), now);
            return Err(refusal);
        }
        self.calls += 1;
        let is_probe = self.root.begin_probe(path.parts(), self.calls, now);
        Ok(PermittedCall { probe: is_probe.then_some(self.calls) })
    }

    fn record(
        &mut self,
        path: &CallPath,
        health: HostHealth,
        end: &CallEnd<'_>,
    ) -> Vec<Transition> {
        match health {
            HostHealth::Up => self.root.succeed(path.parts(), end.now),
            HostHealth::Failed => self.root.fail(path.parts(), end).1,
            HostHealth::Unreachable => self.root.fail_to_reach(path.parts(), end),
            HostHealth::Unknown => {
                self.root.abandon(path.parts(), end.call, end.now);
                Vec::new()
            }
        }
    }
}

/// Permission for one call, whose end is to be recorded. Dropping it records that the call was
/// abandoned.
#[derive(Debug)]
pub(crate) struct CallPermit<'a> {
    breaker: &'a Breaker,
    path: CallPath,
    call: Option<PermittedCall>,
}

impl Breaker {
    /// Permits one call, or fails with [`Cause::BreakerOpen`].
    pub(crate) fn permit(&self, path: CallPath) -> Result<CallPermit<'_>, CallError> {
        let permitted = self.tree().permit(&path, Instant::now(), rand::random());
        match permitted {
            Ok(call) => Ok(CallPermit { breaker: self, path, call: Some(call) }),
            Err(Refusal { retry_after, depth, failures, opened_by }) => {
                let part = path.parts()[..depth].last();
                let failing = part.map_or(self.host.to_string(), |part| part.in_error(self.host));
                let detail = format!("{failing} failed {failures} times in a row: {opened_by}");
                let error = CallError::new(Cause::BreakerOpen, detail);
                Err(error.with_retry_after(Some(retry_after)))
            }
        }
    }

    fn tree(&self) -> MutexGuard<'_, Tree> {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self, path: &CallPath, transition: Transition, error: &dyn fmt::Display) {
        let Self { environment, host, .. } = self;
        let path = path.up_to(transition.depth);
        let (host, scope, part) = (host.as_str(), path.scope().as_str(), path.to_string());
        match transition.change {
            Change::Opened { failures } => tracing::warn!(
                environment,
                host,
                scope,
                part,
                failures,
                %error,
                "circuit breaker opened: this part of Salto keeps failing; calls to it wait, and are \
                 tried again automatically"
            ),
            Change::Closed => tracing::info!(
                environment,
                host,
                scope,
                part,
                "circuit breaker closed: this part of Salto answers again"
            ),
        }
    }
}

impl CallPermit<'_> {
    /// Records how the call ended. `error`: the error, for the log and for the calls that the breaker then
    /// refuses.
    pub(crate) fn record(mut self, health: HostHealth, error: &dyn fmt::Display) {
        let Some(call) = self.call.take() else { return };
        let end = CallEnd { call, error, now: Instant::now(), jitter: rand::random() };
        let transitions = self.breaker.tree().record(&self.path, health, &end);
        for transition in transitions {
            self.breaker.log(&self.path, transition, error);
        }
    }

    /// Records that the host and what was asked for work.
    pub(crate) fn record_success(self) {
        self.record(HostHealth::Up, &"");
    }
}

impl Drop for CallPermit<'_> {
    fn drop(&mut self) {
        if let Some(call) = self.call.take() {
            self.breaker.tree().root.abandon(self.path.parts(), call, Instant::now());
        }
    }
}
