//! No report and no debug output contains a secret, wherever it is and whatever is wrong with it.

use proptest::prelude::*;

use super::*;

/// A secret, and the part of it to search for: it is too long to be in a message by chance, and the same
/// whether it is escaped or not.
fn secrets() -> impl Strategy<Value = (String, String)> {
    ("[!-~äß€ ]{0,20}", "X[0-9a-zA-Z]{11}Y", "[!-~äß€ ]{0,20}")
        .prop_map(|(before, core, after)| (format!("{before}{core}{after}"), core))
}

/// Ways to write a value, right and wrong.
fn forms() -> impl Strategy<Value = fn(&str) -> String> {
    prop::sample::select(vec![
        (|secret| format!("{secret:?}")) as fn(&str) -> String,
        |secret| secret.to_owned(),
        |secret| format!("[{secret:?}]"),
        |secret| format!("{{ value = {secret:?} }}"),
        |secret| format!("{{ value = {secret}"),
        |secret| format!("{secret:?} {secret:?}"),
        |secret| format!("\"\"\"\n{secret}"),
        |secret| format!("'{secret}'"),
        |secret| format!("amqp://user:{secret}@host"),
        |secret| format!("\"amqp://user:{secret}@host:port\""),
        |secret| format!("\"https://user:{secret}@host\""),
    ])
}

proptest! {
    #[test]
    fn a_report_shows_no_value((secret, core) in secrets(), form in forms(), line in 0..10_usize) {
        let value = form(&secret);
        let (key, old) = [
            ("[broker]\nurl", ""),
            ("[broker]\nprefetch", ""),
            ("[redis]\nurl", ""),
            ("[opening]\nrequest_ttl", ""),
            ("[http]\nlisten", ""),
            ("key", "key = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\""),
            ("client_secret", "client_secret = \"client's own\""),
            ("environment", "environment = \"production\""),
            ("password", "password = \"open sesame\""),
            ("open_from_statuses", "open_from_statuses = [\"paid\"]"),
        ][line];
        let text = match old {
            "" => format!("{key} = {value}\n{LEAST}"),
            old => LEAST.replace(old, &format!("{key} = {value}")),
        };
        match Written::new(&text).load() {
            Err(report) => {
                let report = format!("{report}{report:?}");
                prop_assert!(!report.contains(&core), "{report}");
            }
            // It may be a password or a URL; a status is not a secret.
            Ok(config) => {
                let shown = format!("{config:?}");
                prop_assert!(key == "open_from_statuses" || !shown.contains(&core), "{}", shown);
            }
        }
    }

    #[test]
    fn a_report_shows_no_variable_s_value((secret, core) in secrets(), setting in 0..6_usize) {
        let name = [
            "POSTERN__BROKER__URL",
            "POSTERN__REDIS__URL",
            "POSTERN__SECRETS__KEY",
            "POSTERN__OPENING__REQUEST_TTL",
            "POSTERN__SALTO__ENVIRONMENTS__PRODUCTION__API_URL",
            "POSTERN__SALTO__ENVIRONMENTS__PRODUCTION",
        ][setting];
        let report = Written::new(LEAST).variable(name, &secret).load().unwrap_err();
        prop_assert!(!report.to_string().contains(&core), "{report}");
        prop_assert!(report.to_string().contains(name), "{report}");
    }
}
