//! The script in a real Redis.

use deadpool_redis::redis::cmd;
use serde_json::json;

use super::*;
use crate::{
    audit::{AuditEntry, ChangeAction, IntegrationChangeLine},
    state::store::testing,
};

const KEPT: u64 = 60_000;

fn records() -> IntegrationRecords {
    let (store, prefix) = testing::redis();
    with_key(&store, &prefix, 1)
}

fn with_key(store: &Arc<Store>, prefix: &str, key: u8) -> IntegrationRecords {
    IntegrationRecords::with(
        Arc::clone(store),
        prefix,
        Arc::new(Sealer::new(&[key; 32])),
        Some(KEPT),
    )
}

/// Stores a document of this version, or removes it.
async fn write(
    records: &IntegrationRecords,
    id: &str,
    (read, version): (Option<u64>, u64),
    stored: bool,
    password: PasswordChange,
) -> ChangeStored {
    let settings = json!({"id": id, "minutes_before": version}).as_object().unwrap().clone();
    let (author, changed_at) = ("ada".to_owned(), Utc::now());
    let document = IntegrationDocument { version, author, changed_at, settings };
    let line = IntegrationChangeLine::new(ChangeAction::Changed, read, version, Vec::new());
    let change = IntegrationChange {
        id,
        read_version: read,
        document: stored.then_some(&document),
        version,
        password: &password,
        audit: &AuditEntry::of_change(id, "ada", line),
    };
    records.write(&change).await.unwrap()
}

fn password(of: &IntegrationRecord) -> Option<String> {
    match &of.password {
        StoredPassword::Missing => None,
        StoredPassword::Known(password) => Some(password.expose_secret().to_owned()),
        StoredPassword::Undecryptable => Some("undecryptable".to_owned()),
    }
}

async fn read(records: &IntegrationRecords, id: &str) -> Option<(u64, Option<String>)> {
    let stored = records.some(&[id]).await.unwrap().remove(id)?;
    let record = stored.record.unwrap();
    assert_eq!(record.document.version, stored.version);
    Some((stored.version, password(&record)))
}

async fn audit_lines(records: &IntegrationRecords) -> u64 {
    records.store.query(cmd("XLEN").arg(&records.audit_key)).await.unwrap()
}

#[tokio::test]
async fn a_change_that_is_not_based_on_what_is_stored_changes_nothing() {
    let records = records();
    let keep = || PasswordChange::Keep;
    let set = PasswordChange::Set("one".into());
    assert_eq!(write(&records, "a", (None, 10), true, set).await, ChangeStored::Stored);
    for read_version in [None, Some(9), Some(11)] {
        let set = PasswordChange::Set("two".into());
        let answer = write(&records, "a", (read_version, 20), true, set).await;
        assert_eq!(answer, ChangeStored::Changed, "{read_version:?}");
    }
    assert_eq!(read(&records, "a").await, Some((10, Some("one".to_owned()))));
    assert_eq!(audit_lines(&records).await, 1, "a refused change has no line");
    // Versions increase over all integrations, so that a worker sees each change.
    let too_low = ChangeStored::VersionTooLow(10);
    assert_eq!(write(&records, "b", (None, 10), true, keep()).await, too_low);
    assert_eq!(write(&records, "b", (None, 11), true, keep()).await, ChangeStored::Stored);
    assert_eq!(write(&records, "a", (Some(10), 12), true, keep()).await, ChangeStored::Stored);
    assert_eq!(read(&records, "a").await, Some((12, Some("one".to_owned()))), "password is kept");
    let versions = records.versions().await.unwrap();
    assert_eq!((versions.newest, versions.by_id.len()), (Some(12), 2));
    assert_eq!(audit_lines(&records).await, 3);
}

#[tokio::test]
async fn what_was_removed_and_stored_again_is_not_what_it_was() {
    let records = records();
    let set = PasswordChange::Set("one".into());
    write(&records, "a", (None, 10), true, set).await;
    let removed = write(&records, "a", (Some(10), 11), false, PasswordChange::Drop).await;
    assert_eq!((removed, read(&records, "a").await), (ChangeStored::Stored, None));
    assert_eq!(records.versions().await.unwrap().newest, Some(11), "workers see the removal");
    write(&records, "a", (None, 12), true, PasswordChange::Keep).await;
    assert_eq!(read(&records, "a").await, Some((12, None)), "the password is gone");
    let late = write(&records, "a", (Some(10), 13), false, PasswordChange::Drop).await;
    assert_eq!(late, ChangeStored::Changed);
}

#[tokio::test]
async fn a_damaged_record_disturbs_no_other_and_can_be_replaced() {
    let records = records();
    for (version, id) in (10..).zip(["a", "b", "c", "d"]) {
        write(&records, id, (None, version), true, PasswordChange::Set("x".into())).await;
    }
    let set = |key: &str, id: &str, value: &str| {
        let mut set = cmd("HSET");
        set.arg(key).arg(id).arg(value);
        set
    };
    let store = &records.store;
    store.query::<()>(&set(&records.documents_key, "a", "{")).await.unwrap();
    store.query::<()>(&set(&records.versions_key, "b", "many")).await.unwrap();
    store.query::<()>(cmd("HDEL").arg(&records.documents_key).arg("c")).await.unwrap();
    store.query::<()>(&set(&records.passwords_key, "d", "\u{1}short")).await.unwrap();
    let all = records.all().await.unwrap();
    let readable: Vec<_> = all.iter().map(|(id, it)| (id.as_str(), it.record.is_ok())).collect();
    assert_eq!(readable, [("a", false), ("b", true), ("c", false), ("d", true)]);
    let undecryptable = all["d"].record.as_ref().map(password).unwrap();
    assert_eq!(undecryptable.as_deref(), Some("undecryptable"));
    let versions: Vec<u64> = all.values().map(|it| it.version).collect();
    assert_eq!(versions, [10, 0, 12, 13]);
    for (version, (id, before)) in (20..).zip(["a", "b", "c", "d"].into_iter().zip(versions)) {
        let set = PasswordChange::Set("y".into());
        let answer = write(&records, id, (Some(before), version), true, set).await;
        assert_eq!(answer, ChangeStored::Stored, "{id}");
    }
    let all = records.all().await.unwrap();
    assert!(all.values().all(|it| it.record.is_ok()), "{all:?}");
}

#[tokio::test]
async fn a_password_is_sealed_for_its_integration() {
    let (store, prefix) = testing::redis();
    let records = with_key(&store, &prefix, 1);
    write(&records, "a", (None, 10), true, PasswordChange::Set("open sesame".into())).await;
    write(&records, "b", (None, 11), true, PasswordChange::Keep).await;
    for key in [&records.documents_key, &records.passwords_key, &records.versions_key] {
        let fields: Fields = store.query(cmd("HGETALL").arg(key)).await.unwrap();
        let text: Vec<u8> = fields.into_values().flatten().collect();
        assert!(!String::from_utf8_lossy(&text).contains("sesame"), "{key}");
    }
    // Copied to another integration, it cannot be decrypted; nor with another key.
    let mut copy = cmd("HSET");
    let sealed: Vec<u8> =
        store.query(cmd("HGET").arg(&records.passwords_key).arg("a")).await.unwrap();
    copy.arg(&records.passwords_key).arg("b").arg(sealed);
    store.query::<()>(&copy).await.unwrap();
    let undecryptable = Some("undecryptable".to_owned());
    assert_eq!(read(&records, "b").await, Some((11, undecryptable.clone())));
    assert_eq!(read(&with_key(&store, &prefix, 2), "a").await, Some((10, undecryptable)));
    assert_eq!(read(&records, "a").await, Some((10, Some("open sesame".to_owned()))));
}

#[tokio::test]
async fn stored_integrations_do_not_expire() {
    let records = records();
    write(&records, "a", (None, 10), true, PasswordChange::Set("x".into())).await;
    for key in [&records.documents_key, &records.passwords_key, &records.versions_key] {
        let left: i64 = records.store.query(cmd("PTTL").arg(key)).await.unwrap();
        assert_eq!(left, -1, "{key}");
    }
    let left: i64 = records.store.query(cmd("PTTL").arg(&records.audit_key)).await.unwrap();
    assert!((1..=60_000).contains(&left), "{left}");
}

#[test]
fn the_next_version_is_higher_than_the_newest() {
    let now = u64::try_from(Utc::now().timestamp_millis()).unwrap();
    assert!(IntegrationRecords::next_version(None) >= now);
    assert!(IntegrationRecords::next_version(Some(1)) >= now);
    let ahead = now + 1_000_000;
    assert_eq!(IntegrationRecords::next_version(Some(ahead)), ahead + 1);
}
