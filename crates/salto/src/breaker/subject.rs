//! What a call is about: the path from the integration to the thing that is asked for. A failure is attributed
//! to the end of the path first.

use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

use super::Host;
use crate::environment::account::{Account, SignIn};

/// The account and the site that calls are made for: those of one integration.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Caller {
    account: String,
    site_uid: String,
}

impl Caller {
    /// The caller of an integration. Which account a sign-in by the browser has is not known here: it counts
    /// as one of its own.
    pub(crate) fn new(integration_id: &str, account: &Account) -> Arc<Self> {
        let name = match &account.sign_in {
            SignIn::Password { username, .. } => username,
            SignIn::Browser { .. } => integration_id,
        };
        Arc::new(Self { account: name.to_owned(), site_uid: account.site_uid.clone() })
    }

    /// A guest's app, which has no account.
    pub(crate) fn guest_app() -> Arc<Self> {
        Arc::new(Self { account: String::new(), site_uid: String::new() })
    }
}

/// A part of a host with a breaker of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    /// All that is asked for one integration.
    Integration(Arc<Caller>),
    /// The account's sites.
    Sites,
    /// The site and its lists.
    Site,
    /// The site's event log.
    EventLog,
    /// Calls that Salto has not documented.
    Unpublished,
    /// All that is asked of an IQ.
    Iq(String),
    /// Secret and PIN of an IQ.
    Activation,
    /// Commands to a lock.
    Lock(Uuid),
}

/// How much of a host a breaker covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BreakerScope {
    /// The host as a whole.
    Host,
    /// One integration: its account at its site.
    Integration,
    /// One kind of call.
    Call,
    /// One IQ.
    Iq,
    /// One lock.
    Lock,
}

impl BreakerScope {
    /// All scopes.
    pub const ALL: [Self; 5] = [Self::Host, Self::Integration, Self::Call, Self::Iq, Self::Lock];

    /// The scope's name in metric labels and log fields.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Integration => "integration",
            Self::Call => "call",
            Self::Iq => "iq",
            Self::Lock => "lock",
        }
    }
}

/// What counts as one of several that fail: an account, at whatever sites, or a part below an integration.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) enum Counted<'a> {
    Account(&'a str),
    Part(&'a Part),
}

impl Part {
    pub(super) fn counted(&self) -> Counted<'_> {
        match self {
            Self::Integration(caller) => Counted::Account(&caller.account),
            Self::Sites
            | Self::Site
            | Self::EventLog
            | Self::Unpublished
            | Self::Iq(_)
            | Self::Activation
            | Self::Lock(_) => Counted::Part(self),
        }
    }

    pub(super) const fn scope(&self) -> BreakerScope {
        match self {
            Self::Integration(_) => BreakerScope::Integration,
            Self::Iq(_) => BreakerScope::Iq,
            Self::Lock(_) => BreakerScope::Lock,
            Self::Sites | Self::Site | Self::EventLog | Self::Unpublished | Self::Activation => {
                BreakerScope::Call
            }
        }
    }

    /// The part in the error of a call that its breaker refuses.
    pub(super) fn in_error(&self, host: Host) -> String {
        match self {
            Self::Integration(_) => format!("{host}, for this integration,"),
            Self::Sites => "the account's list of sites".to_owned(),
            Self::Site => "the site's lists".to_owned(),
            Self::EventLog => "the site's event log".to_owned(),
            Self::Unpublished => "this call".to_owned(),
            Self::Iq(_) => "the IQ".to_owned(),
            Self::Activation => "the activation of the IQ".to_owned(),
            Self::Lock(_) => "the lock".to_owned(),
        }
    }
}

/// The part in log fields. An account's name may be that of a person, and is left out.
impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integration(caller) => write!(f, "site_uid {:?}", caller.site_uid),
            Self::Sites => f.write_str("sites"),
            Self::Site => f.write_str("lists of the site"),
            Self::EventLog => f.write_str("event log"),
            Self::Unpublished => f.write_str("unpublished calls"),
            Self::Iq(iq) => write!(f, "IQ {iq:?}"),
            Self::Activation => f.write_str("secret and PIN"),
            Self::Lock(lock) => write!(f, "lock {lock}"),
        }
    }
}

/// The parts of a host that a call is about, from the integration down to the thing that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CallPath(Vec<Part>);

impl CallPath {
    /// A call about the integration as a whole, such as a token request.
    pub(crate) fn of_integration(caller: &Arc<Caller>) -> Self {
        Self(vec![Part::Integration(Arc::clone(caller))])
    }

    /// A call about this part of the integration.
    pub(crate) fn to(caller: &Arc<Caller>, part: Part) -> Self {
        Self(vec![Part::Integration(Arc::clone(caller)), part])
    }

    /// A call about this part of an IQ.
    pub(crate) fn to_iq(caller: &Arc<Caller>, iq: &str, part: Part) -> Self {
        Self(vec![Part::Integration(Arc::clone(caller)), Part::Iq(iq.to_owned()), part])
    }

    pub(super) fn parts(&self) -> &[Part] {
        &self.0
    }

    /// The first parts of the path, so many.
    pub(super) fn up_to(&self, depth: usize) -> Self {
        Self(self.0.iter().take(depth).cloned().collect())
    }

    /// The scope of the breaker at the end of the path.
    pub(super) fn scope(&self) -> BreakerScope {
        self.0.last().map_or(BreakerScope::Host, Part::scope)
    }
}

/// The path in log fields, e.g. `site_uid "NL1", IQ "1q-1", lock …`; empty for the host.
impl fmt::Display for CallPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, part) in self.0.iter().enumerate() {
            let comma = if n == 0 { "" } else { ", " };
            write!(f, "{comma}{part}")?;
        }
        Ok(())
    }
}
