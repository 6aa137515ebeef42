//! The account is let in, and the site, its locks or its rights are not what the file says.

use super::person::Person;
use end_to_end::inbound::INTEGRATION;
use end_to_end::simulator::{FRONT_DOOR, IQ_GROUND_FLOOR};
use serde_json::json;

const ACCOUNT: &str = "accounts/system-user@acme.example";

#[tokio::test]
async fn a_site_uid_with_one_digit_wrong() {
    let mut me = Person::with_a_password().await;
    me.changes("NL6254340082", "NL6254340083");
    let list = "error: the locks cannot be listed: the account has no such site: NL6254340083; it can see NL6254340082 \
                (acme utrecht); correct site_uid, or add the system user to the site in Salto";
    me.types("lock list --integration acme-utrecht").await.fails(1, list);
    me.types("site resolve NL6254340083").await.fails(
        1,
        "error: no site has the UID \"NL6254340083\": the account can see NL6254340082 (acme utrecht); correct the UID, or \
         add the system user to that site in Salto",
    );
    me.types("doctor").await.shows(
        "BROKEN salto.site acme-utrecht: the account has no site NL6254340083; it can see NL6254340082 (acme utrecht)
        → correct site_uid, or add the system user to the site in Salto",
    );
}

#[tokio::test]
async fn an_account_that_may_not_activate() {
    let me = Person::with_a_password().await;
    me.at_salto(ACCOUNT, json!({"roles": ["viewer"]})).await;
    me.types("doctor").await.shows(
        "warning salto.rights acme-utrecht: its roles are viewer; site_admin is not one
        → give it the role site_admin at the site: IQs cannot be activated without it",
    );
    me.types(&format!("iq activate --integration {INTEGRATION} --iq {IQ_GROUND_FLOOR}")).await.fails(
        1,
        &format!(
            "error: IQ {IQ_GROUND_FLOOR} is not activated yet: Salto refuses this: the user lacks a right at the site, or \
             is blocked (HTTP 403, code 2203); in Salto, give the system user the role site_admin and remote access at \
             the site, and check that it is not blocked"
        ),
    );
}

#[tokio::test]
async fn an_account_that_is_blocked_or_may_not_open_from_afar() {
    let me = Person::with_a_password().await;
    me.at_salto(ACCOUNT, json!({"remote_access": false})).await;
    me.types("doctor").await.shows(
        "BROKEN salto.rights acme-utrecht: the system user has no remote access
        → switch remote access on for it at the site in Salto",
    );
    me.at_salto(ACCOUNT, json!({"remote_access": true, "blocked": true})).await;
    me.types("doctor").await.shows(
        "BROKEN salto.rights acme-utrecht: the system user is blocked
        → unblock it at the site in Salto",
    );
}

#[tokio::test]
async fn a_mapping_to_a_lock_that_is_not_there() {
    let mut me = Person::with_a_password().await;
    let gone = "00000000-0000-4000-8000-000000000bad";
    me.adds(&format!("[integrations.locks]\n\"room-12\" = \"{gone}\""));
    let mapping = me.types("mapping check").await;
    mapping.shows(&format!(
        "acme-utrecht: BROKEN: room-12: lock {gone} is not among the site's locks
        `postern lock list --integration acme-utrecht` shows the site's locks; correct the mapping
        acme-utrecht: note: there is no default lock: objects that are not mapped open nothing
        nothing to do if this is intended; else set default_lock"
    ));
    assert_eq!(mapping.status, Some(1));
    assert_eq!(mapping.words, "acme-utrecht: 1 mapped objects, 1 broken\n");
    me.types("doctor").await.shows(&format!(
        "BROKEN mapping acme-utrecht: the site has no lock {gone}, to which room-12 is mapped
        → run `postern lock list --integration acme-utrecht`, and choose another"
    ));
    let listed = me.types(&mapping.advice()).await;
    let warned = format!("configured lock not found at the site lock={gone}\n");
    assert!(listed.words.ends_with(&warned), "{listed:?}");
    assert_eq!(listed.id_beside("front"), FRONT_DOOR);
}
