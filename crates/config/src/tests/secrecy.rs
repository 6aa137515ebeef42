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

/// Where a value is written: the key as it is in the file, and what it replaces in [`LEAST`].
type Place = (&'static str, &'static str);

/// Keys of secrets, keys that do not exist, and tables: no report shows what is there.
const MAY_HOLD_SECRETS: [Place; 16] = [
    (
        "key = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"\nold_keys",
        "key = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"",
    ),
    ("[broker]\nurl", ""),
    ("[redis]\nurl", ""),
    ("[broker]\nurls", ""),
    ("[redis]\nsentinels = [\"h:1\"]\nmaster = \"m\"\npassword", ""),
    ("[redis]\nsentinels = [\"h:1\"]\nmaster = \"m\"\nsentinel_password", ""),
    ("broker", ""),
    ("passphrase", ""),
    ("[secrets.keys]\nold", ""),
    ("[http]\npassword", ""),
    ("key", "key = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\""),
    ("client_secret", "client_secret = \"client's own\""),
    ("password", "password = \"open sesame\""),
    ("pasword", "password = \"open sesame\""),
    ("locks.password", "open_from_statuses = [\"paid\"]"),
    ("shared_doors.client_secret", "open_from_statuses = [\"paid\"]"),
];

/// Keys that hold no secret.
const PLAIN: [Place; 7] = [
    ("[broker]\nprefetch", ""),
    ("[redis]\nsentinels", ""),
    ("[opening]\nrequest_ttl", ""),
    ("[http]\nlisten", ""),
    ("api_url", "client_id = \"platform\""),
    ("environment", "environment = \"production\""),
    ("open_from_statuses", "open_from_statuses = [\"paid\"]"),
];

/// A value at a place, in the least configuration.
fn at((key, old): Place, value: &str) -> Written {
    Written::new(&match old {
        "" => format!("{key} = {value}\n{LEAST}"),
        old => LEAST.replace(old, &format!("{key} = {value}")),
    })
}

proptest! {
    #[test]
    fn a_report_shows_no_value_of_a_key_that_may_hold_a_secret(
        (secret, core) in secrets(),
        form in forms(),
        place in prop::sample::select(MAY_HOLD_SECRETS.to_vec()),
    ) {
        let shown = match at(place, &form(&secret)).load() {
            Err(report) => format!("{report}{report:?}"),
            Ok(config) => format!("{config:?}"),
        };
        prop_assert!(!shown.contains(&core), "{}", shown);
    }

    #[test]
    fn a_report_shows_no_password_of_a_url_and_no_table_under_another_key(
        (secret, core) in secrets(),
        form in prop::sample::select(vec![
            (|secret| format!("{{ value = {secret:?} }}")) as fn(&str) -> String,
            |secret| format!("{{ value = {secret}"),
            |secret| format!("[{{ value = {secret:?} }}]"),
            |secret| format!("[[{secret:?}]]"),
            // Not the secret alone: in quotes of its own it would be a text like any other.
            |secret| format!("bare {secret}"),
            |secret| format!("{secret:?} {secret:?}"),
            |secret| format!("\"\"\"\n{secret}"),
            |secret| format!("{:?}", format!("amqp://user:{secret}@host:port")),
            |secret| format!("{:?}", format!("https://user:{secret}@host")),
            |secret| format!("{:?}", format!("https://{secret}@host")),
            |secret| format!("{:?}", format!("ftp://user:{secret}")),
            |secret| format!("{:?}", format!("https://host/?token={secret}")),
            |secret| format!("{:?}", format!("https://host/#{secret}")),
        ]),
        place in prop::sample::select(PLAIN.to_vec()),
    ) {
        if let Err(report) = at(place, &form(&secret)).load() {
            let report = format!("{report}{report:?}");
            prop_assert!(!report.contains(&core), "{report}");
        }
    }

    #[test]
    fn a_report_shows_no_variable_s_value_that_may_be_a_secret(
        (secret, core) in secrets(),
        name in prop::sample::select(vec![
            "POSTERN__BROKER__URL",
            "POSTERN__REDIS__URL",
            "POSTERN__SECRETS__KEY",
            "POSTERN__SECRETS__OLD_KEYS",
            "POSTERN__SALTO__ENVIRONMENTS__PRODUCTION",
            "POSTERN__BROKER",
            "POSTERN__REDIS__PASSWORD",
            "POSTERN__PASSWORD",
            "POSTERN__INTEGRATIONS__0__PASSWORD",
        ]),
    ) {
        let report = Written::new(LEAST).variable(name, &secret).load().unwrap_err();
        prop_assert!(!report.to_string().contains(&core), "{report}");
        prop_assert!(report.to_string().contains(name), "{report}");
    }
}
