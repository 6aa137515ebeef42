//! The sign-in succeeds, but the site, its locks or the account's rights do not match the configuration.

use super::fixture::OperatorFixture;
use end_to_end::inbound::INTEGRATION;
use end_to_end::simulator::{FRONT_DOOR, IQ_GROUND_FLOOR};
use serde_json::json;

const ACCOUNT: &str = "accounts/system-user@acme.example";

#[tokio::test]
async fn a_site_uid_with_one_digit_wrong() {
    let mut operator = OperatorFixture::with_password().await;
    operator.replace_in_config("NL6254340082", "NL6254340083");
    let list = "error: the locks cannot be listed: the account has no such site: NL6254340083; it can see NL6254340082 \
                (acme utrecht); correct site_uid, or add the system user to the site in Salto";
    operator.run("lock list --integration acme-utrecht").await.assert_fails(1, list);
    operator.run("site resolve NL6254340083").await.assert_fails(
        1,
        "error: no site has the UID \"NL6254340083\": the account can see NL6254340082 (acme utrecht); correct the UID, or \
         add the system user to that site in Salto",
    );
    operator.run("doctor").await.assert_shows(
        "BROKEN salto.site acme-utrecht: the account has no site NL6254340083; it can see NL6254340082 (acme utrecht)
        → correct site_uid, or add the system user to the site in Salto",
    );
}

#[tokio::test]
async fn an_account_that_may_not_activate() {
    let operator = OperatorFixture::with_password().await;
    operator.change_at_salto(ACCOUNT, json!({"suspended": true})).await;
    operator.run("doctor").await.assert_shows(
        "BROKEN salto.rights acme-utrecht: the system user is suspended: it opens nothing
        → give it a seat of the site's subscription in Salto KS",
    );
    operator.run(&format!("iq activate --integration {INTEGRATION} --iq {IQ_GROUND_FLOOR}")).await.assert_fails(
        1,
        &format!(
            "error: IQ {IQ_GROUND_FLOOR} is not activated yet: Salto refuses this: the user lacks a right at the site, or \
             is blocked (HTTP 403, code 2203); in Salto KS, give the system user remote access and the right to lock and \
             unlock remotely at the site (the role site_admin has it), and check that it is neither blocked nor suspended"
        ),
    );
}

#[tokio::test]
async fn an_account_that_is_blocked_or_has_no_remote_access() {
    let operator = OperatorFixture::with_password().await;
    operator.change_at_salto(ACCOUNT, json!({"remote_access": false})).await;
    operator.run("doctor").await.assert_shows(
        "BROKEN salto.rights acme-utrecht: the system user has no remote access
        → switch remote access on for it at the site in Salto KS",
    );
    operator.change_at_salto(ACCOUNT, json!({"remote_access": true, "blocked": true})).await;
    operator.run("doctor").await.assert_shows(
        "BROKEN salto.rights acme-utrecht: the system user is blocked at the site
        → unblock it at the site in Salto KS",
    );
}

#[tokio::test]
async fn a_mapping_to_a_lock_that_does_not_exist() {
    let mut operator = OperatorFixture::with_password().await;
    let gone = "00000000-0000-4000-8000-000000000bad";
    operator.append_to_config(&format!("[integrations.locks]\n\"room-12\" = \"{gone}\""));
    let mapping = operator.run("mapping check").await;
    mapping.assert_shows(&format!(
        "acme-utrecht: BROKEN: room-12: lock {gone} is not among the site's locks
        `postern lock list --integration acme-utrecht` shows the site's locks; correct the mapping
        acme-utrecht: note: there is no default lock: objects that are not mapped open nothing
        nothing to do if this is intended; else set default_lock"
    ));
    assert_eq!(mapping.status, Some(1));
    assert_eq!(mapping.stderr, "acme-utrecht: 1 mapped objects, 1 broken\n");
    operator.run("doctor").await.assert_shows(&format!(
        "BROKEN mapping acme-utrecht: the site has no lock {gone}, to which room-12 is mapped
        → run `postern lock list --integration acme-utrecht`, and choose another, by its id"
    ));
    let listed = operator.run(&mapping.suggested_command()).await;
    let warned = format!("configured lock not found at the site lock={gone}\n");
    assert!(listed.stderr.ends_with(&warned), "{listed:?}");
    assert_eq!(listed.id_in_row_with("front"), FRONT_DOOR);
}
