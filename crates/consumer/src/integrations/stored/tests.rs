//! A worker's reading of the stored integrations, from a real Redis.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use chrono::Utc;
use rules::IntegrationRules;
use salto::{Account, Http, MemoryTokenCache, OtpScheme, SignIn, seal::Sealer};
use serde_json::{Value, json};

use super::*;
use crate::{
    audit::{AuditEntry, ChangeAction, IntegrationChangeLine},
    settings::{ConfirmOpenings, Mode},
    state::{
        integration_records::{
            ChangeStored, IntegrationChange, IntegrationDocument, PasswordChange,
        },
        store::testing,
    },
};

/// How many documents were read.
static READ: AtomicUsize = AtomicUsize::new(0);

/// A reader that knows three keys.
fn read_document(
    record: &IntegrationRecord,
    environments: &Environments,
) -> Result<IntegrationSettings, String> {
    READ.fetch_add(1, Ordering::Relaxed);
    let text = |key: &str| record.document.settings.get(key).and_then(Value::as_str);
    let environment = text("environment").unwrap_or_default();
    if !environments.contains_key(environment) {
        return Err(format!("no environment {environment:?}"));
    }
    let active = record.document.settings.get("active").and_then(Value::as_bool);
    Ok(settings(&record.id, active.unwrap_or(true), text("site").unwrap_or("NL1")))
}

fn settings(id: &str, active: bool, site_uid: &str) -> IntegrationSettings {
    let sign_in = SignIn::Password { username: "u".into(), password: "p".into() };
    IntegrationSettings {
        rules: IntegrationRules {
            id: id.to_owned(),
            active,
            open_from_statuses: vec!["paid".to_owned()],
            minutes_before: 0,
            minutes_after: 0,
            check_in_status: None,
            record_opened_at_in: None,
            default_lock: None,
            locks: BTreeMap::new(),
            shared_doors: BTreeMap::new(),
        },
        mode: Mode::Live,
        environment: "acceptance".to_owned(),
        ask_entries: false,
        warn_before: std::time::Duration::ZERO,
        confirm_openings: ConfirmOpenings::Off,
        account: Account {
            sign_in,
            site_uid: site_uid.to_owned(),
            otp_scheme: OtpScheme::default(),
        },
        stored_version: None,
    }
}

struct Fixture {
    stored: StoredSettings,
    integrations: Integrations,
    writer: IntegrationRecords,
}

impl Fixture {
    async fn new(of_file: &[&str]) -> Self {
        let (store, prefix) = testing::redis();
        let sealer = Arc::new(Sealer::new(&[1; 32]));
        let records =
            || IntegrationRecords::with(Arc::clone(&store), &prefix, Arc::clone(&sealer), None);
        let fixture = Self {
            stored: StoredSettings::with(records(), read_document),
            integrations: Integrations::new(
                Http::new().unwrap(),
                Arc::new(MemoryTokenCache::default()),
            ),
            writer: records(),
        };
        fixture.reload(of_file).await;
        fixture.refresh().await;
        fixture
    }

    async fn reload(&self, of_file: &[&str]) {
        let of_file = of_file.iter().map(|id| settings(id, true, "of the file"));
        let of_file: Vec<IntegrationSettings> = of_file.collect();
        self.stored.reload_with(&environments(), &of_file, &self.integrations).await;
    }

    async fn refresh(&self) {
        self.stored.refresh(&self.integrations).await.unwrap();
    }

    /// Stores a document, or removes it; answers the version.
    async fn write(&self, id: &str, document: Option<Value>) -> u64 {
        let versions = self.writer.versions().await.unwrap();
        let version = versions.newest.unwrap_or(0) + 1;
        let read_version = versions.by_id.get(id).copied();
        let settings = document.map(|document| document.as_object().unwrap().clone());
        let document = settings.map(|settings| IntegrationDocument {
            version,
            author: "ada".to_owned(),
            changed_at: Utc::now(),
            settings,
        });
        let line =
            IntegrationChangeLine::new(ChangeAction::Changed, read_version, version, Vec::new());
        let change = IntegrationChange {
            id,
            read_version,
            document: document.as_ref(),
            version,
            password: &PasswordChange::Keep,
            audit: &AuditEntry::of_change(id, "ada", line),
        };
        assert_eq!(self.writer.write(&change).await.unwrap(), ChangeStored::Stored);
        version
    }

    /// Whether the integration is active, and its version.
    fn in_use(&self, id: &str) -> (Option<bool>, SettingsVersion) {
        let known = self.integrations.lookup(id);
        (known.integration.map(|it| it.rules.active), known.version)
    }
}

fn environments() -> Environments {
    let environment = salto::Environment {
        name: "acceptance".to_owned(),
        identity_url: "https://identity.example".parse().unwrap(),
        api_url: "https://api.example".parse().unwrap(),
        events_url: None,
        client_id: "c".to_owned(),
        client_secret: None,
        scope: "s".to_owned(),
        guest_keys: None,
    };
    BTreeMap::from([("acceptance".to_owned(), Arc::new(environment))])
}

fn document(active: bool) -> Value {
    json!({"environment": "acceptance", "active": active})
}

use SettingsVersion::{OfFile, Stored, Unknown};

#[tokio::test]
async fn a_change_is_used_once_it_is_read_and_a_removal_too() {
    let fixture = Fixture::new(&["filed"]).await;
    assert_eq!(fixture.in_use("a"), (None, Unknown));
    let first = fixture.write("a", Some(document(true))).await;
    fixture.refresh().await;
    assert_eq!(fixture.in_use("a"), (Some(true), Stored(first)));
    let second = fixture.write("a", Some(document(false))).await;
    fixture.refresh().await;
    assert_eq!(fixture.in_use("a"), (Some(false), Stored(second)));
    fixture.write("a", None).await;
    fixture.refresh().await;
    assert_eq!(fixture.in_use("a"), (None, Unknown));
    assert_eq!(fixture.in_use("filed"), (Some(true), OfFile));
}

#[tokio::test]
async fn a_heartbeat_says_that_something_changed() {
    let fixture = Fixture::new(&[]).await;
    let watched = async { fixture.stored.watch(&fixture.integrations).await };
    let changed = async {
        let version = fixture.write("a", Some(document(true))).await;
        fixture.stored.seen(Some(version));
        while fixture.in_use("a").0.is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = watched => panic!("it watches for ever"),
        changed = tokio::time::timeout(std::time::Duration::from_secs(10), changed) => changed.unwrap(),
    }
}

#[tokio::test]
async fn what_cannot_be_used_is_left_out_with_its_version_and_disturbs_no_other() {
    let fixture = Fixture::new(&[]).await;
    let gone = fixture.write("gone", Some(json!({"environment": "production"}))).await;
    let damaged = fixture.write("damaged", Some(document(true))).await;
    let good = fixture.write("good", Some(document(true))).await;
    fixture.writer.damage("damaged").await;
    fixture.refresh().await;
    assert_eq!(fixture.in_use("gone"), (None, Stored(gone)));
    assert_eq!(fixture.in_use("damaged"), (None, Stored(damaged)));
    assert_eq!(fixture.in_use("good"), (Some(true), Stored(good)));
}

#[tokio::test]
async fn the_file_wins_and_what_is_stored_is_used_once_the_file_has_it_no_longer() {
    let fixture = Fixture::new(&["a"]).await;
    let version = fixture.write("a", Some(document(false))).await;
    fixture.refresh().await;
    assert_eq!(fixture.in_use("a"), (Some(true), OfFile));
    fixture.reload(&[]).await;
    assert_eq!(fixture.in_use("a"), (Some(false), Stored(version)));
    fixture.reload(&["a"]).await;
    assert_eq!(fixture.in_use("a"), (Some(true), OfFile));
}

#[tokio::test]
async fn of_2000_integrations_the_changed_one_alone_is_read_again() {
    const MANY: usize = 2_000;
    let fixture = Fixture::new(&[]).await;
    for number in 0..MANY {
        fixture.write(&format!("i{number}"), Some(document(true))).await;
    }
    let started = Instant::now();
    fixture.refresh().await;
    let start = started.elapsed();
    let before = fixture.integrations.get("i7").unwrap();
    READ.store(0, Ordering::Relaxed);
    fixture.write("i42", Some(document(false))).await;
    let started = Instant::now();
    fixture.refresh().await;
    let change = started.elapsed();
    println!("read {MANY} integrations in {start:?}, one changed in {change:?}");
    assert_eq!(fixture.in_use("i42").0, Some(false));
    assert!(Arc::ptr_eq(&before, &fixture.integrations.get("i7").unwrap()), "untouched");
    // Other tests of this process read a few documents at the same time.
    assert!(READ.load(Ordering::Relaxed) < 50, "{READ:?}");
}

#[tokio::test]
async fn the_client_of_an_integration_is_kept_unless_its_account_changes() {
    let fixture = Fixture::new(&[]).await;
    fixture.write("a", Some(document(true))).await;
    fixture.refresh().await;
    let site = fixture.integrations.get("a").unwrap().site.clone();
    fixture.write("a", Some(document(false))).await;
    fixture.refresh().await;
    assert!(fixture.integrations.get("a").unwrap().site.is_same(&site));
    let moved = json!({"environment": "acceptance", "site": "NL2"});
    fixture.write("a", Some(moved)).await;
    fixture.refresh().await;
    assert!(!fixture.integrations.get("a").unwrap().site.is_same(&site));
}
