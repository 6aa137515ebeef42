//! What the page shows, copied while the state is locked, and rendered afterwards.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::booking_system::{BookingRequest, BookingSystem, DoorRing};
use crate::cloud::CloudState;
use crate::records::{Command, Mail};
use crate::world::{Iq, Lock, Site};

const SHOWN_COMMANDS: usize = 200;
const SHOWN_MAILS: usize = 5;

pub(super) struct PageView {
    pub(super) now: DateTime<Utc>,
    pub(super) offset_seconds: i64,
    pub(super) opened: usize,
    pub(super) refused: usize,
    pub(super) faults: usize,
    pub(super) sites: Vec<SiteView>,
    /// What the booking system's form holds; none without a broker.
    pub(super) guest: Option<BookingRequest>,
    /// Newest first, as the following.
    pub(super) rings: Vec<DoorRing>,
    pub(super) mails: Vec<Mail>,
    pub(super) commands: Vec<Command>,
    /// What the form that was sent has done.
    pub(super) said: Option<&'static str>,
    /// Why it has done nothing.
    pub(super) problem: Option<String>,
}

pub(super) struct SiteView {
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) iqs: Vec<IqView>,
    pub(super) doors: Vec<DoorView>,
}

pub(super) struct IqView {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) online: bool,
    pub(super) restore_required: bool,
    /// Whether a user is blocked after too many wrong OTPs.
    pub(super) blocked: bool,
    pub(super) activated_for: Vec<String>,
}

pub(super) struct DoorView {
    pub(super) id: Uuid,
    pub(super) name: String,
    /// What the booking system calls it.
    pub(super) object: String,
    /// The IQ's place in the list of the site.
    pub(super) iq: Option<usize>,
    pub(super) open: bool,
    pub(super) online: bool,
    pub(super) privacy_mode: bool,
}

impl PageView {
    pub(super) fn of(booking_system: &BookingSystem) -> Self {
        let clock = &booking_system.cloud.clock;
        let now = clock.now();
        let mut rings = booking_system.rings();
        rings.reverse();
        let mut state = booking_system.cloud.state();
        let records = &state.records;
        let (commands, opened) = (&records.commands, records.openings.len());
        Self {
            now,
            offset_seconds: clock.offset_seconds(),
            opened,
            refused: commands.len().saturating_sub(opened),
            faults: state.faults.all().len(),
            guest: booking_system.has_broker().then(|| booking_system.form()),
            rings,
            mails: newest_first(records.mails.read(0, SHOWN_MAILS), |numbered| numbered.item),
            commands: newest_first(commands.read(0, SHOWN_COMMANDS), |numbered| numbered.item),
            sites: sites(&mut state, now),
            said: None,
            problem: None,
        }
    }
}

fn newest_first<N, T>(items: Vec<N>, item: impl Fn(N) -> T) -> Vec<T> {
    items.into_iter().rev().map(item).collect()
}

fn sites(state: &mut CloudState, now: DateTime<Utc>) -> Vec<SiteView> {
    let all: Vec<Uuid> =
        state.world.sites.iter().flat_map(|site| &site.iqs).map(|iq| iq.id).collect();
    let blocked: HashMap<Uuid, bool> =
        all.into_iter().map(|id| (id, state.has_blocked_user(id, now))).collect();
    let sites = state.world.sites.iter();
    sites.map(|site| SiteView::of(site, state, &blocked, now)).collect()
}

impl SiteView {
    fn of(
        site: &Site,
        state: &CloudState,
        blocked: &HashMap<Uuid, bool>,
        now: DateTime<Utc>,
    ) -> Self {
        let iq_view = |iq: &Iq| IqView {
            id: iq.id,
            name: iq.customer_reference.clone(),
            online: iq.online,
            restore_required: iq.restore_required,
            blocked: blocked.get(&iq.id).copied().unwrap_or(false),
            activated_for: iq.activated_for.iter().map(|one| one.username.clone()).collect(),
        };
        let door_view = |lock: &Lock| DoorView {
            id: lock.id,
            name: lock.customer_reference.clone(),
            object: lock.customer_reference.replace(' ', "-"),
            iq: site.iqs.iter().position(|iq| Some(iq.id) == lock.iq_id),
            open: state.locks.get(&lock.id).is_some_and(|lock| lock.open_until > Some(now)),
            online: lock.online,
            privacy_mode: lock.privacy_mode,
        };
        Self {
            name: site.customer_reference.clone(),
            uid: site.site_uid.clone(),
            iqs: site.iqs.iter().map(iq_view).collect(),
            doors: site.locks.iter().map(door_view).collect(),
        }
    }
}
