//! The list by the time that the caller passes.

use super::*;

use crate::site::info::LockIq;

fn lock(id: u128, iq: Option<&str>) -> LockInfo {
    let iq = iq.map(|iq| LockIq {
        id: iq.into(),
        customer_reference: None,
        is_online: None,
        otp_enabled: None,
    });
    LockInfo {
        id: Uuid::from_u128(id),
        customer_reference: None,
        online: None,
        locked_state: None,
        battery_level: None,
        lock_type: None,
        privacy_mode: None,
        iq,
    }
}

#[test]
fn locks_are_found_once_site_and_locks_are_read() {
    let (list, now) = (LockList::default(), Instant::now());
    list.replace(&[lock(1, Some("q")), lock(2, None)], now);
    assert_eq!(list.find(Uuid::from_u128(1)), None);
    let site_id = Uuid::from_u128(9);
    list.set_site_id(site_id);
    let address = |iq: Option<&str>| {
        Some(LockAddress { site_id, iq_id: iq.map(str::to_owned), needs_otp: true })
    };
    assert_eq!(list.find(Uuid::from_u128(1)), address(Some("q")));
    assert_eq!(list.find(Uuid::from_u128(2)), address(None));
    assert_eq!(list.find(Uuid::from_u128(3)), None);
    list.invalidate(Uuid::from_u128(1));
    assert_eq!(list.find(Uuid::from_u128(1)), None);
}

#[test]
fn locks_behind_one_iq_are_distinguished_from_others() {
    let list = LockList::default();
    list.set_site_id(Uuid::from_u128(9));
    list.replace(
        &[lock(1, Some("q")), lock(2, None), lock(3, Some("q")), lock(4, Some("r"))],
        Instant::now(),
    );
    let found = |locks: &[u128]| {
        let found = list.behind_one_iq(locks.iter().map(|id| Uuid::from_u128(*id)));
        found.map(|(lock, address)| (lock.as_u128(), address.iq_id))
    };
    let q = Some("q".to_owned());
    assert_eq!(found(&[3, 1]), Some((3, q.clone())));
    assert_eq!(found(&[5, 2, 1]), Some((1, q)), "the site lacks one, another has no IQ");
    assert_eq!(found(&[1, 4]), None);
    assert_eq!(found(&[2, 5]), None);
}

#[test]
fn a_list_without_locks_is_believed_the_second_time_and_until_then_read_again() {
    let (list, start) = (LockList::default(), Instant::now());
    let at = |seconds| start + Duration::from_secs(seconds);
    list.set_site_id(Uuid::from_u128(9));
    let known = || list.find(Uuid::from_u128(1)).is_some();
    assert!(list.replace(&[], at(0)), "no locks are known");
    assert!(list.replace(&[lock(1, Some("q"))], at(1)));
    list.set_attempted(at(20));
    assert!(!list.replace(&[], at(21)));
    assert!(known() && list.recently_read(at(29)));
    assert!(!list.begin_refresh_if_due(at(29)));
    assert!(list.begin_refresh_if_due(at(30)), "the list is in question");
    assert!(!list.replace(&[], at(30)), "too soon after the first one");
    assert!(known());
    assert!(list.replace(&[lock(1, Some("q"))], at(40)), "the doubt ends");
    assert!(!list.replace(&[], at(60)), "it is the first one again");
    assert!(known());
    assert!(list.replace(&[], at(70)));
    assert!(!known());
}

#[test]
fn a_lock_that_salto_does_not_find_makes_the_list_due_for_reading() {
    let (list, start) = (LockList::default(), Instant::now());
    let at = |seconds| start + Duration::from_secs(seconds);
    list.set_site_id(Uuid::from_u128(9));
    list.set_attempted(at(0));
    list.replace(&[lock(1, Some("q")), lock(2, Some("q"))], at(0));
    list.invalidate(Uuid::from_u128(1));
    assert!(!list.begin_refresh_if_due(at(9)), "the pace of reading holds");
    assert!(list.find(Uuid::from_u128(2)).is_some(), "the other locks stay in use");
    assert!(list.begin_refresh_if_due(at(10)));
    list.replace(&[lock(1, Some("r")), lock(2, Some("q"))], at(10));
    assert!(!list.begin_refresh_if_due(at(30)), "the list is new");
}

#[test]
fn an_old_list_is_due_once_per_interval_and_a_missing_lock_does_not_read_again() {
    let (list, start) = (LockList::default(), Instant::now());
    let at = |seconds| start + Duration::from_secs(seconds);
    list.set_attempted(at(0));
    assert!(!list.recently_read(at(0)));
    list.replace(&[], at(0));
    assert!(list.recently_read(at(9)));
    assert!(!list.recently_read(at(10)));
    assert!(!list.begin_refresh_if_due(at(599)));
    assert!(list.begin_refresh_if_due(at(600)));
    assert!(!list.begin_refresh_if_due(at(609)));
    assert!(list.begin_refresh_if_due(at(610)));
    list.set_attempted(at(700));
    assert!(!list.recently_read(at(701)), "a failed attempt does not count");
}

#[test]
fn a_name_is_a_lock_where_it_is_unique() {
    let (list, now) = (LockList::default(), Instant::now());
    let named = |id, name: &str| LockInfo {
        customer_reference: Some(name.to_owned()),
        ..lock(id, Some("q"))
    };
    list.replace(&[named(1, "Front"), named(2, "Door"), named(3, "Door"), lock(4, None)], now);
    assert_eq!(list.named("Front"), Some(NamedLocks::One(Uuid::from_u128(1))));
    assert_eq!(list.named("Door"), Some(NamedLocks::Several(2)));
    assert_eq!(list.named("front"), None);
    list.replace(&[named(2, "Door")], now);
    assert_eq!(list.named("Door"), Some(NamedLocks::One(Uuid::from_u128(2))));
}

#[test]
fn an_iq_without_otps_needs_none() {
    let (list, now) = (LockList::default(), Instant::now());
    list.set_site_id(Uuid::from_u128(9));
    let mut without = lock(1, Some("q"));
    without.iq.as_mut().unwrap().otp_enabled = Some(false);
    list.replace(&[without, lock(2, Some("r"))], now);
    let needs_otp = |id| list.find(Uuid::from_u128(id)).unwrap().needs_otp;
    assert_eq!((needs_otp(1), needs_otp(2)), (false, true));
}
