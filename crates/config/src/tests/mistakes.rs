//! Mistakes outside the integrations, one at a time with its place, and then many together.

use std::time::Duration;

use consumer::AuditSink;

use super::*;

#[test]
fn a_missing_file() {
    let written = Written::new("");
    fs::remove_file(written.directory.path().join("postern.toml")).unwrap();
    only(&written.mistakes(), "postern.toml: cannot be read", "No such file");
}

#[test]
fn a_syntax_error_shows_position_and_no_line() {
    let mistakes = with("\"open sesame\"", "open sesame");
    assert!(mistakes[0].starts_with("postern.toml:14: is not TOML at column"), "{mistakes:?}");
    assert!(!mistakes.concat().contains("sesame"), "{mistakes:?}");
}

#[test]
fn unknown_keys() {
    let place = "postern.toml:1: brokr";
    only(&after("[brokr]\n"), place, "did you mean broker?");
    only(&after("colour = 1\n"), "postern.toml:1: colour", "known here: broker, redis, secrets");
    only(&after("[broker]\nprefetsch = 1\n"), "postern.toml:2: broker.prefetsch", "mean prefetch?");
    only(
        &with("site_uid = \"NL1\"", "site_uid = \"NL1\"\npasword = \"open\""),
        "postern.toml:13: integrations[0] (acme).pasword",
        "did you mean password?",
    );
    only(&after("[salto]\nurl = \"x\"\n"), "postern.toml:2: salto.url", "environments");
}

#[test]
fn missing_keys() {
    only(&with("[secrets]\nkey = ", "#"), "postern.toml: secrets.key", "is missing");
    let place = "postern.toml:9: integrations[0]";
    only(&with("id = \"acme\"", ""), &format!("{place}.id"), "is missing");
    for key in ["environment", "site_uid", "username", "password", "open_from_statuses"] {
        let key_ = format!("\n{key} = ");
        let place = format!("{place} (acme).{key}");
        only(&with(&key_, "\n#"), &place, "is missing");
    }
    only(
        &with("client_id", "#"),
        "postern.toml:5: salto.environments.production.client_id",
        "is missing",
    );
    only(
        &after(
            "[salto.environments.own]\nclient_id = \"a\"\nclient_secret = \"b\"\napi_url = \"https://a\"\n",
        ),
        "postern.toml:1: salto.environments.own.identity_url",
        "only acceptance and production have built-in",
    );
}

#[test]
fn durations() {
    for (key, value, wanted) in [
        ("request_ttl", "\"11m\"", "to 10m"),
        ("request_ttl", "\"0s\"", "from 1ms"),
        ("request_ttl", "60", "such as \"30s\""),
        ("booking_wait", "\"soon\"", "such as \"30s\""),
        ("booking_wait", "\"61s\"", "at most request_ttl (1m)"),
        ("command_timeout", "\"0s\"", "from 1ms"),
        ("command_timeout", "\"55s\"", "shorter than request_ttl (1m)"),
        ("resend_window", "\"61s\"", "to 1m"),
    ] {
        let place = format!("postern.toml:2: opening.{key}");
        only(&after(&format!("[opening]\n{key} = {value}\n")), &place, wanted);
    }
    only(&after("[retention]\noutcomes = \"0s\"\n"), "postern.toml:2: retention.outcomes", "1s");
    for value in ["59m", "11y", "for ever"] {
        let text = format!("[retention]\naudit = \"{value}\"\n");
        only(&after(&text), "postern.toml:2: retention.audit", "from 1h to 10years");
    }
    let fine = format!("[opening]\ncommand_timeout = \"54s\"\nresend_window = \"0s\"\n{LEAST}");
    Written::new(&fine).load().unwrap();
}

#[test]
fn numbers_and_other_plain_values() {
    let prefetch = "postern.toml:2: broker.prefetch";
    for value in ["0", "65536", "-1", "1.5", "\"64\"", "99999999999999999999", "true", "[64]"] {
        let text = format!("[broker]\nprefetch = {value}\n");
        only(&after(&text), prefetch, "whole number from 1 to 65535");
    }
    let minutes = "postern.toml:16: integrations[0] (acme).minutes_before";
    for value in ["-1", "10081", "\"15\""] {
        let text = format!("[\"paid\"]\nminutes_before = {value}");
        only(&with("[\"paid\"]", &text), minutes, "from 0 to 10080");
    }
    let active = with("[\"paid\"]", "[\"paid\"]\nactive = \"yes\"");
    only(&active, "postern.toml:16: integrations[0] (acme).active", "true or false");
    for value in ["\"localhost:1\"", "\"9464\"", "9464"] {
        let text = format!("[http]\nlisten = {value}\n");
        only(&after(&text), "postern.toml:2: http.listen", "IP address and a port");
    }
    for value in ["\"\"", "\"a b\"", "\"ü\"", "7"] {
        let text = format!("[redis]\nkey_prefix = {value}\n");
        only(&after(&text), "postern.toml:2: redis.key_prefix", "must");
    }
    only(&after("broker = 7\n"), "postern.toml:1: broker", "must be a table");
}

#[test]
fn audit() {
    for value in ["\"disk\"", "true", "[\"redis\"]"] {
        let text = format!("[audit]\nto = {value}\ndirectory = \"/var/lib\"\n");
        let wanted = "must be \"redis\", \"file\", \"stdout\" or \"off\"";
        only(&after(&text), "postern.toml:2: audit.to", wanted);
    }
    let place = "postern.toml:1: audit.directory";
    only(
        &after("[audit]\nto = \"file\"\n"),
        place,
        "is missing; give the directory for a file per day",
    );
    let place = "postern.toml:3: audit.directory";
    for value in ["\"\"", "\"audit\"", "7"] {
        let text = format!("[audit]\nto = \"file\"\ndirectory = {value}\n");
        only(&after(&text), place, "must be an absolute path");
    }
    for to in ["redis", "stdout", "off"] {
        let text = format!("[audit]\nto = \"{to}\"\ndirectory = \"/var/lib\"\n");
        only(&after(&text), place, "is for to = \"file\" only");
    }
    only(&after("[audit]\ndirectory = \"/v\"\n"), "postern.toml:2: audit.directory", "for to =");
    let read = |more: &str| {
        let settings = Written::new(&format!("{more}{LEAST}")).load().unwrap().settings;
        (settings.audit, settings.retention.audit)
    };
    let file = "[audit]\nto = \"file\"\ndirectory = \"/v/a\"\n[retention]\naudit = \"2y\"\n";
    let years = Duration::from_secs(2 * 31_557_600);
    assert_eq!(read(file), (AuditSink::Directory("/v/a".into()), years));
    let month = Duration::from_secs(30 * 86_400);
    assert_eq!(read("[audit]\nto = \"stdout\"\n"), (AuditSink::Stdout, month));
    assert_eq!(read("[audit]\nto = \"off\"\n"), (AuditSink::Off, month));
    assert_eq!(read(""), (AuditSink::Redis, month));
}

#[test]
fn variables() {
    for (name, value, key, wanted) in [
        ("POSTERN__BROKER__PREFETCH", "many", "broker.prefetch: ", "whole number"),
        ("POSTERN__BROKER__PREFETSCH", "1", "broker.prefetsch: ", "mean prefetch?"),
        ("POSTERN__BROKR__URL", "x", "brokr: ", "mean broker?"),
        ("POSTERN__BROKER", "x", "broker: ", "must be a table"),
        ("POSTERN__BROKER__", "x", "", "must name a setting"),
        ("POSTERN__INTEGRATIONS__0__ID", "x", "", "cannot be changed"),
        ("POSTERN__SECRETS__KEY__ENV", "NOWHERE", "secrets.key: ", "NOWHERE is not set"),
    ] {
        let written = Written::new(LEAST).variable(name, value);
        only(&written.mistakes(), &format!("{name}: {key}"), wanted);
    }
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let text = r#"
colour = "blue"
[broker]
url = "http://h"
prefetch = 0
[redis]
url = 7
[secrets]
key = "short"
[opening]
request_ttl = "11m"
[salto.environments.own]
identity_url = "http://10.0.0.1"
[[integrations]]
id = ""
environment = "nowhere"
open_from_statuses = []
default_lock = ""
locks = { a = " ", c = 1 }
"#;
    let written = Written::new(text).variable("POSTERN__HTTP__LISTEN", "here");
    let mistakes = written.mistakes();
    let keys: Vec<&str> = mistakes
        .iter()
        .map(|mistake| mistake.split(": ").nth(1).unwrap())
        .map(|key| key.trim_start_matches("integrations[0]."))
        .collect();
    assert_eq!(
        keys,
        [
            "colour",
            "broker.url",
            "broker.prefetch",
            "redis.url",
            "secrets.key",
            "opening.request_ttl",
            "salto.environments.own.api_url",
            "salto.environments.own.client_id",
            "salto.environments.own.identity_url",
            "password",
            "site_uid",
            "username",
            "id",
            "environment",
            "open_from_statuses",
            "default_lock",
            "locks.a",
            "locks.c",
            "http.listen",
        ]
    );
    assert!(written.load().unwrap_err().to_string().starts_with("the configuration has 19 "));
}
