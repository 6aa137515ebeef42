//! Mistakes in the configuration file: every command reports the place and what is allowed.

use super::fixture::OperatorFixture;

#[tokio::test]
async fn an_environment_that_is_not_configured() {
    for (name, what) in [
        ("acceptence", "names no environment; did you mean acceptance?"),
        ("test", "names no environment; known: acceptance"),
        (
            "production",
            "production has built-in URLs, and needs client_id and client_secret in [salto.environments.production]",
        ),
    ] {
        let mut operator = OperatorFixture::with_password().await;
        operator.replace_in_config(
            "environment = \"acceptance\"",
            &format!("environment = \"{name}\""),
        );
        for line in ["check-config", "doctor", "lock list --integration acme-utrecht", "worker"] {
            operator.run(line).await.assert_fails(
                2,
                &format!(
                    "error: the configuration has a mistake
                    postern.toml:23: integrations[0] (acme-utrecht).environment: {what} (value: {name:?})"
                ),
            );
        }
    }
}

#[tokio::test]
async fn all_mistakes_are_reported_at_once() {
    let mut operator = OperatorFixture::with_password().await;
    operator.replace_in_config(
        "open_from_statuses = [\"confirmed\", \"paid\"]",
        "open_from_status = \"paid\"",
    );
    operator.replace_in_config("minutes_before = 15", "minutes_before = \"a quarter\"");
    operator.append_to_config(
        "default_lock = \"\"\n[integrations.locks]\n\"room-12\" = \"a5091d73-d7ea-4eb7-b883-0a4d241584c\"",
    );
    operator.run("check-config").await.assert_fails(
        2,
        "error: the configuration has 5 mistakes
        postern.toml:21: integrations[0] (acme-utrecht).open_from_statuses: is missing; give the booking statuses that \
         open doors, such as [\"confirmed\", \"paid\"]
        postern.toml:27: integrations[0] (acme-utrecht).open_from_status: is unknown; did you mean open_from_statuses?
        postern.toml:28: integrations[0] (acme-utrecht).minutes_before: must be a whole number from 0 to 10080 (value: \"a quarter\")
        postern.toml:31: integrations[0] (acme-utrecht).default_lock: must be a lock's UUID or name, as `postern lock list` shows them (value: \"\")
        postern.toml:33: integrations[0] (acme-utrecht).locks.room-12: must be a lock's UUID or name, as `postern lock list` shows them (value: \"a5091d73-d7ea-4eb7-b883-0a4d241584c\")",
    );
}

#[tokio::test]
async fn an_integration_that_is_not_configured() {
    let operator = OperatorFixture::with_password().await;
    operator
        .run("lock list --integration acme")
        .await
        .assert_fails(2, "error: no integration \"acme\" is configured; configured: acme-utrecht");
}
