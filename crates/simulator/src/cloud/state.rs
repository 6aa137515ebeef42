//! The state of the cloud: the world as it is now, with indexes by id, tokens, records and faults.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::codes::{BrowserSignIn, Codes, GuestInvitation};
use super::otp_failures::OtpFailures;
use super::tokens::Tokens;
use crate::constant_time::constant_time_eq;
use crate::faults::FaultSet;
use crate::otp::{OtpParameters, OtpWindow};
use crate::records::Records;
use crate::wire::Refusal;
use crate::world::{Account, Iq, Lock, SecretAndPin, Site, World};

/// A lock's place in the world, and until when it is open.
#[derive(Clone)]
pub(crate) struct LockState {
    pub(crate) name: Arc<str>,
    pub(crate) site: Uuid,
    pub(crate) iq: Option<Uuid>,
    pub(crate) open_until: Option<DateTime<Utc>>,
}

#[derive(Default)]
struct IqState {
    site_index: usize,
    index: usize,
    users: HashMap<Arc<str>, UserAtIq>,
}

/// What a user's OTPs at an IQ are checked with.
#[derive(Default)]
struct UserAtIq {
    /// Whether the IQ's own secret and PIN are the user's.
    is_owner: bool,
    window: OtpWindow,
    /// Rejections of each command are counted apart (`docs/salto-ks.md`, The OTP).
    failures: HashMap<OtpCommand, OtpFailures>,
}

/// The calls that check an OTP.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum OtpCommand {
    /// `PUT …/pin`
    ChangePin,
    /// `PATCH …/locking`
    Unlock,
    /// `GET …/secret?otp=`
    ReadSecret,
}

pub(crate) struct CloudState {
    pub(crate) world: World,
    pub(crate) tokens: Tokens,
    pub(crate) login_codes: Codes<BrowserSignIn>,
    pub(crate) access_codes: Codes<GuestInvitation>,
    pub(crate) records: Records,
    pub(crate) faults: FaultSet,
    pub(crate) locks: HashMap<Uuid, LockState>,
    iqs: HashMap<Uuid, IqState>,
    sites: HashMap<Uuid, usize>,
    accounts: HashMap<Arc<str>, usize>,
    errors_answered: u64,
    /// Connections to the hub that were negotiated and are not made yet.
    pub(crate) hub_connections: HashSet<Uuid>,
}

impl CloudState {
    pub(crate) fn new(world: World) -> Self {
        let mut state = Self {
            tokens: Tokens::default(),
            login_codes: Codes::default(),
            access_codes: Codes::default(),
            records: Records::default(),
            faults: FaultSet::default(),
            locks: HashMap::new(),
            iqs: HashMap::new(),
            sites: HashMap::new(),
            accounts: HashMap::new(),
            errors_answered: 0,
            hub_connections: HashSet::new(),
            world,
        };
        for (index, account) in state.world.accounts.iter().enumerate() {
            state.accounts.insert(Arc::from(account.username.as_str()), index);
        }
        for (site_index, site) in state.world.sites.iter().enumerate() {
            state.sites.insert(site.id, site_index);
            for (index, iq) in site.iqs.iter().enumerate() {
                state.iqs.insert(iq.id, IqState { site_index, index, ..IqState::default() });
            }
            for lock in &site.locks {
                let name = Arc::from(lock.customer_reference.as_str());
                let lock_state =
                    LockState { name, site: site.id, iq: lock.iq_id, open_until: None };
                state.locks.insert(lock.id, lock_state);
            }
        }
        state
    }

    pub(crate) fn site(&self, id: Uuid) -> Option<&Site> {
        self.sites.get(&id).and_then(|index| self.world.sites.get(*index))
    }

    pub(crate) fn iq(&self, id: Uuid) -> Option<&Iq> {
        let state = self.iqs.get(&id)?;
        self.world.sites.get(state.site_index)?.iqs.get(state.index)
    }

    pub(crate) fn iq_mut(&mut self, id: Uuid) -> Option<&mut Iq> {
        let state = self.iqs.get(&id)?;
        self.world.sites.get_mut(state.site_index)?.iqs.get_mut(state.index)
    }

    pub(crate) fn account(&self, username: &str) -> Option<&Account> {
        self.accounts.get(username).and_then(|index| self.world.accounts.get(*index))
    }

    /// The name of the account with this name and password, as the records share it.
    pub(crate) fn sign_in(&self, username: &str, password: &str) -> Option<Arc<str>> {
        let (name, index) = self.accounts.get_key_value(username)?;
        let account = self.world.accounts.get(*index)?;
        constant_time_eq(&account.password, password).then(|| Arc::clone(name))
    }

    pub(crate) fn is_activated(&self, iq: Uuid, username: &str) -> bool {
        self.iq(iq).is_some_and(|iq| {
            iq.activated_for.iter().any(|activation| activation.username == username)
        })
    }

    /// How long a lock stays open.
    pub(crate) fn open_seconds(&self, lock: &Lock) -> u32 {
        lock.open_seconds.unwrap_or(self.world.settings.open_seconds)
    }

    /// The same for a lock of this site; that of the whole cloud where the site has no such lock.
    pub(crate) fn open_seconds_of(&self, site: Uuid, lock: Uuid) -> u32 {
        let mut locks = self.site(site).into_iter().flat_map(|site| &site.locks);
        let lock = locks.find(|other| other.id == lock);
        lock.map_or(self.world.settings.open_seconds, |lock| self.open_seconds(lock))
    }

    /// Whether privacy mode is on at a lock.
    pub(crate) fn is_private(&self, site: Uuid, lock: Uuid) -> bool {
        let mut locks = self.site(site).into_iter().flat_map(|site| &site.locks);
        locks.any(|other| other.id == lock && other.privacy_mode)
    }

    /// Whether a lock reaches its IQ.
    pub(crate) fn is_lock_online(&self, site: Uuid, lock: Uuid) -> bool {
        let mut locks = self.site(site).into_iter().flat_map(|site| &site.locks);
        locks.any(|other| other.id == lock && other.online)
    }

    /// Checks a user's OTP at an IQ. A rejection counts towards a block. While the IQ is offline or the
    /// user is blocked, the OTP is not checked and nothing is counted.
    pub(crate) fn check_otp(
        &mut self,
        command: OtpCommand,
        iq_id: Uuid,
        username: &Arc<str>,
        otp: &str,
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        let Some(state) = self.iqs.get_mut(&iq_id) else { return Err(Refusal::IqNotFound) };
        let site = self.world.sites.get(state.site_index);
        let Some(iq) = site.and_then(|site| site.iqs.get(state.index)) else {
            return Err(Refusal::IqNotFound);
        };
        if !iq.online {
            return Err(Refusal::IqOffline);
        }
        let user = state.users.entry(Arc::clone(username)).or_insert_with(|| UserAtIq {
            is_owner: self.world.owns_keys(iq, username),
            ..UserAtIq::default()
        });
        let failures = user.failures.entry(command).or_default();
        if failures.is_blocked(now) {
            return Err(Refusal::OtpBlocked);
        }
        let SecretAndPin { secret, pin } = iq.key_of(username, user.is_owner);
        let parameters = OtpParameters { scheme: iq.otp_scheme, secret: &secret, pin: &pin };
        let accepted = user.window.accepts(parameters, now.timestamp(), otp);
        if accepted && !iq.restore_required {
            failures.reset();
            return Ok(());
        }
        let settings = &self.world.settings;
        failures.record(now, settings.otp_failures, settings.otp_block_seconds);
        Err(Refusal::OtpInvalid)
    }

    /// Whether a user is blocked at an IQ.
    pub(crate) fn has_blocked_user(&mut self, iq: Uuid, now: DateTime<Utc>) -> bool {
        let users = self.iqs.get_mut(&iq).into_iter().flat_map(|iq| iq.users.values_mut());
        users.flat_map(|user| user.failures.values_mut()).any(|failures| failures.is_blocked(now))
    }

    /// Ends every block at an IQ and resets every count of rejected OTPs.
    pub(crate) fn unblock_all(&mut self, iq: Uuid) {
        if let Some(state) = self.iqs.get_mut(&iq) {
            state.users.clear();
        }
    }

    /// Counts an error answer and returns their number so far.
    pub(crate) fn count_error(&mut self) -> u64 {
        self.errors_answered += 1;
        self.errors_answered
    }
}
