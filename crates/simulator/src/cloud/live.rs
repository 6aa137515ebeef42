//! The world as it stands now, found by id.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::codes::{Codes, Invitation, SignIn};
use super::records::Records;
use super::standing::Standing;
use super::tokens::Tokens;
use crate::connect::Verdict;
use crate::faults::FaultSet;
use crate::otp_window::OtpWindow;
use crate::world::{Account, Iq, Site, World};

/// Where a lock is.
#[derive(Clone)]
pub(crate) struct LockPlace {
    pub(crate) name: Arc<str>,
    pub(crate) site: Uuid,
    pub(crate) iq: Uuid,
    pub(crate) open_until: Option<DateTime<Utc>>,
}

#[derive(Default)]
struct IqState {
    site: usize,
    index: usize,
    window: OtpWindow,
    standings: HashMap<Arc<str>, Standing>,
}

pub(crate) struct Live {
    pub(crate) world: World,
    pub(crate) tokens: Tokens,
    pub(crate) login_codes: Codes<SignIn>,
    pub(crate) access_codes: Codes<Invitation>,
    pub(crate) records: Records,
    pub(crate) faults: FaultSet,
    pub(crate) locks: HashMap<Uuid, LockPlace>,
    iqs: HashMap<Uuid, IqState>,
    sites: HashMap<Uuid, usize>,
    accounts: HashMap<Arc<str>, usize>,
    errors_answered: u64,
}

impl Live {
    pub(crate) fn new(world: World) -> Self {
        let mut live = Self {
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
            world,
        };
        for (index, account) in live.world.accounts.iter().enumerate() {
            live.accounts.insert(Arc::from(account.username.as_str()), index);
        }
        for (at, site) in live.world.sites.iter().enumerate() {
            live.sites.insert(site.id, at);
            for (index, iq) in site.iqs.iter().enumerate() {
                live.iqs.insert(iq.id, IqState { site: at, index, ..IqState::default() });
            }
            for lock in &site.locks {
                let name = Arc::from(lock.customer_reference.as_str());
                let place = LockPlace { name, site: site.id, iq: lock.iq_id, open_until: None };
                live.locks.insert(lock.id, place);
            }
        }
        live
    }

    pub(crate) fn site(&self, id: Uuid) -> Option<&Site> {
        self.sites.get(&id).and_then(|index| self.world.sites.get(*index))
    }

    pub(crate) fn iq(&self, id: Uuid) -> Option<&Iq> {
        let state = self.iqs.get(&id)?;
        self.world.sites.get(state.site)?.iqs.get(state.index)
    }

    pub(crate) fn iq_mut(&mut self, id: Uuid) -> Option<&mut Iq> {
        let state = self.iqs.get(&id)?;
        self.world.sites.get_mut(state.site)?.iqs.get_mut(state.index)
    }

    /// The account with its name as the records share it.
    pub(crate) fn account(&self, username: &str) -> Option<(Arc<str>, &Account)> {
        let (name, index) = self.accounts.get_key_value(username)?;
        self.world.accounts.get(*index).map(|account| (Arc::clone(name), account))
    }

    pub(crate) fn is_activated(&self, iq: Uuid, username: &str) -> bool {
        self.iq(iq).is_some_and(|iq| iq.activated_for.iter().any(|one| one.username == username))
    }

    /// What the IQ says to this user's OTP. Rejections count towards a block; an IQ out of reach
    /// or a standing block does not look at the OTP at all.
    pub(crate) fn check_otp(
        &mut self,
        iq_id: Uuid,
        username: &Arc<str>,
        otp: &str,
        now: DateTime<Utc>,
    ) -> Result<(), Verdict> {
        let Some(state) = self.iqs.get_mut(&iq_id) else { return Err(Verdict::NotFound) };
        let site = self.world.sites.get(state.site);
        let Some(iq) = site.and_then(|site| site.iqs.get(state.index)) else {
            return Err(Verdict::NotFound);
        };
        if !iq.online {
            return Err(Verdict::IqOffline);
        }
        let standing = state.standings.entry(Arc::clone(username)).or_default();
        if standing.is_blocked(now) {
            return Err(Verdict::OtpBlocked);
        }
        let key = (iq.secret.as_str(), iq.pin.as_str());
        let right = state.window.accepts(iq.otp_scheme, key, now.timestamp(), otp);
        if right && !iq.restore_required {
            standing.forgive();
            return Ok(());
        }
        let settings = &self.world.settings;
        standing.rejected(now, settings.otp_failures, settings.otp_block_seconds);
        Err(Verdict::OtpInvalid)
    }

    /// Takes back every count of rejected OTPs at an IQ, and every block.
    pub(crate) fn forgive_all(&mut self, iq: Uuid) {
        if let Some(state) = self.iqs.get_mut(&iq) {
            state.standings.clear();
        }
    }

    /// Counts the errors answered: every second one gets its code as a number.
    pub(crate) fn next_error(&mut self) -> u64 {
        self.errors_answered += 1;
        self.errors_answered
    }
}
