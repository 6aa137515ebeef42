//! The file has a mistake: every command says where, and what is allowed.

use super::person::Person;

#[tokio::test]
async fn an_environment_that_is_none_of_the_file_s() {
    for (name, what) in [
        ("acceptence", "names no environment; did you mean acceptance?"),
        ("test", "names no environment; known: acceptance"),
        (
            "production",
            "production has built-in URLs, and needs client_id and client_secret in [salto.environments.production]",
        ),
    ] {
        let mut me = Person::with_a_password().await;
        me.changes("environment = \"acceptance\"", &format!("environment = \"{name}\""));
        for line in ["check-config", "doctor", "lock list --integration acme-utrecht", "worker"] {
            me.types(line).await.fails(
                2,
                &format!(
                    "error: the configuration has a mistake
                    postern.toml:23: integrations[0] (acme-utrecht).environment: {what}"
                ),
            );
        }
    }
}

#[tokio::test]
async fn all_that_was_mistyped_at_once() {
    let mut me = Person::with_a_password().await;
    me.changes("open_from_statuses = [\"confirmed\", \"paid\"]", "open_from_status = \"paid\"");
    me.changes("minutes_before = 15", "minutes_before = \"a quarter\"");
    me.adds("default_lock = \"front door\"\n[integrations.locks]\n\"room-12\" = \"room-12\"");
    me.types("check-config").await.fails(
        2,
        "error: the configuration has 5 mistakes
        postern.toml:21: integrations[0] (acme-utrecht).open_from_statuses: is missing; give the booking statuses that \
         open doors, such as [\"confirmed\", \"paid\"]
        postern.toml:27: integrations[0] (acme-utrecht).open_from_status: is unknown; did you mean open_from_statuses?
        postern.toml:28: integrations[0] (acme-utrecht).minutes_before: must be a whole number from 0 to 10080
        postern.toml:31: integrations[0] (acme-utrecht).default_lock: must be a lock's UUID, as `postern lock list` shows them
        postern.toml:33: integrations[0] (acme-utrecht).locks.room-12: must be a lock's UUID, as `postern lock list` shows them",
    );
}

#[tokio::test]
async fn an_integration_that_is_none_of_the_file_s() {
    let me = Person::with_a_password().await;
    me.types("lock list --integration acme")
        .await
        .fails(2, "error: no integration \"acme\" is configured; configured: acme-utrecht");
}
