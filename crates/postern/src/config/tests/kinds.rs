//! One mistake at a time, with its place, and then many together.

use std::time::Duration;

use consumer::AuditSink;

use super::*;

/// The only mistake begins with `place` and says `wanted`.
#[track_caller]
fn only(mistakes: &[String], place: &str, wanted: &str) {
    let [mistake] = mistakes else { panic!("one mistake: {mistakes:#?}") };
    assert!(mistake.starts_with(place), "{mistake}");
    assert!(mistake.contains(wanted), "{mistake}");
}

#[test]
fn a_file_that_is_not_there() {
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
    only(&after("[audit]\nto = \"file\"\n"), place, "is missing; give the one for a file per day");
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
fn urls() {
    for value in ["http://h", "amqp:guest", "guest@h", "amqp:///v", "amqp://u:p/w@h"] {
        let text = format!("[broker]\nurl = \"{value}\"\n");
        only(&after(&text), "postern.toml:2: broker.url", "such as amqp://user:password@host");
    }
    for value in ["http://h", "redis:", "127.0.0.1:6379", "redis://h/first"] {
        let text = format!("[redis]\nurl = \"{value}\"\n");
        only(&after(&text), "postern.toml:2: redis.url", "such as redis://:password@host");
    }
    for (value, wanted) in [
        ("http://10.0.0.1", "must be https"),
        ("http://localhost.example", "must be https"),
        ("ftp://h", "must begin with https"),
        ("connect.my-clay.com", "such as https://"),
        ("https://user@h", "must not hold a user"),
        ("https://:pass@h", "must not hold a user"),
        ("https://h/?a=b", "without ?"),
    ] {
        let text = format!("client_id = \"a\"\napi_url = \"{value}\"\n#");
        let place = "postern.toml:7: salto.environments.production.api_url";
        only(&with("client_id = ", &text), place, wanted);
    }
    for value in ["http://127.9.9.9:1", "http://[::1]", "http://localhost:1/base", "https://h"] {
        let text = format!("client_id = \"a\"\napi_url = \"{value}\"\n#");
        Written::new(&LEAST.replace("client_id = ", &text)).load().unwrap();
    }
}

#[test]
fn secrets_and_their_references() {
    let place = "postern.toml:14: integrations[0] (acme).password";
    for (value, wanted) in [
        ("7", "must be a string, { env = \"NAME\" } or { file = \"PATH\" }"),
        ("{ env = \"A\", file = \"b\" }", "must be a string, {"),
        ("{ file = 1 }", "must be a string, {"),
        ("{}", "must be a string, {"),
        ("\"\"", "must not be empty"),
        ("{ env = \"NOWHERE\" }", "the variable NOWHERE is not set"),
        ("{ file = \"/no/such\" }", "cannot read the file /no/such: No such file"),
        ("{ file = \"/dev/null\" }", "must not be empty, and the file /dev/null is"),
    ] {
        only(&with("\"open sesame\"", value), place, wanted);
    }
    for key in ["AAEC", "not base64!", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gIQ=="] {
        only(&with(KEY, key), "postern.toml:3: secrets.key", "32 bytes in base64");
    }
}

#[test]
fn integrations() {
    for value in ["[]", "[\"\"]", "[1]", "\"paid\""] {
        only(&with("[\"paid\"]", value), &at(15, "open_from_statuses"), "must");
    }
    let environment = at(11, "environment");
    only(
        &with("nment = \"production\"", "nment = \"prodution\""),
        &environment,
        "mean production?",
    );
    only(&with("nment = \"production\"", "nment = \"x\""), &environment, "known: production");
    let builtin = with("nment = \"production\"", "nment = \"acceptance\"");
    only(&builtin, &environment, "needs client_id and client_secret in [salto.environments.acc");
    let scheme = with("[\"paid\"]", "[\"paid\"]\notp_scheme = \"hotp\"");
    only(&scheme, &at(16, "otp_scheme"), "must be \"salto-ks\" or \"totp-sha1\"");
    let lock = with("[\"paid\"]", "[\"paid\"]\ndefault_lock = \"front door\"");
    only(&lock, &at(16, "default_lock"), "must be a lock's UUID");
    let locks = with("[\"paid\"]", "[\"paid\"]\n[integrations.locks]\n\"room 1\" = \"x\"");
    only(&locks, &at(17, "locks.\"room 1\""), "must be a lock's UUID");

    let secret = with("client_secret = ", "#");
    only(&secret, &environment, "needs client_secret in [salto.environments.production]");

    let (_, one) = LEAST.split_once("[[integrations]]").unwrap();
    let twice = Written::new(&format!("{LEAST}[[integrations]]{one}")).mistakes();
    only(&twice, "postern.toml:17: integrations[1] (acme).id", "is taken");
    let long = with("\"acme\"", &format!("\"{}\"", "a".repeat(201)));
    only(&long, "postern.toml:10: integrations[0]", "at most 200 bytes");
    let (others, _) = LEAST.split_once("[[integrations]]").unwrap();
    let table = Written::new(&format!("{others}[integrations]\nid = \"a\"")).mistakes();
    only(&table, "postern.toml:9: integrations", "write [[integrations]]");
}

/// Where a mistake of the only integration is.
fn at(line: usize, key: &str) -> String {
    format!("postern.toml:{line}: integrations[0] (acme).{key}")
}

#[test]
fn modes() {
    let statuses = "[\"paid\"]";
    let mode = |text: &str| with(statuses, &format!("{statuses}\n{text}"));
    let wanted = "must be \"live\" or \"rehearse\"";
    only(&mode("mode = \"dry\""), &at(16, "mode"), wanted);
    let with_nothing = "must be \"probe\" or \"nothing\"";
    let text = "mode = \"rehearse\"\nrehearse_with = \"doors\"";
    only(&mode(text), &at(17, "rehearse_with"), with_nothing);
}

#[test]
fn guest_keys() {
    let paths = "access_code_path = \"/v1/{site_id}/codes\"\ndigital_key_path = \"/v1/keys\"\n";
    let section = "[salto.environments.production.guest_keys]\n";
    let of = |settings: &str| with("\n[[integ", &format!("{section}{settings}\n[[integ"));
    let at = |line: usize, key: &str| {
        format!("postern.toml:{line}: salto.environments.production.guest_keys.{key}")
    };
    let unpublished = "Salto has not published";
    only(&of("access_code_path = \"/codes\""), &at(8, "digital_key_path"), unpublished);
    only(&of("digital_key_path = \"/keys\""), &at(8, "access_code_path"), unpublished);
    for (value, wanted) in [
        ("\"v1/codes\"", "must be a path such as"),
        ("\"/v1/../codes\"", "no .. and no query"),
        ("\"/codes?pod=1\"", "no .. and no query"),
        ("\"https://elsewhere/codes\"", "must be a path such as"),
        ("\"/v1/{site}/codes\"", "no other placeholder than {site_id}"),
        ("7", "must be a string"),
    ] {
        let codes = of(&paths.replace("\"/v1/{site_id}/codes\"", value));
        only(&codes, &at(9, "access_code_path"), wanted);
        let keys = of(&paths.replace("\"/v1/keys\"", value));
        only(&keys, &at(10, "digital_key_path"), wanted);
    }
    let site = of(&paths.replace("/v1/keys", "/v1/{site_id}/keys"));
    only(&site, &at(10, "digital_key_path"), "a guest's app knows no site");
    for (value, wanted) in [
        ("code_parameter = \"\"", "must not be empty"),
        ("code_parameter = \"a b\"", "visible ASCII"),
        ("code_parameter = \"scope\"", "must be none of grant_type,"),
        ("scope = \"\"", "must not be empty"),
    ] {
        let key = value.split(' ').next().unwrap();
        only(&of(&format!("{paths}{value}")), &at(11, key), wanted);
    }
    only(&of(&format!("{paths}scop = \"a\"")), &at(11, "scop"), "did you mean scope?");
    let table = with("client_id", "guest_keys = true\nclient_id");
    only(
        &table[..1],
        "postern.toml:6: salto.environments.production.guest_keys",
        "must be a table",
    );
}

#[test]
fn flows() {
    let password = "username = \"system\"\npassword = \"open sesame\"";
    let flow = with("[\"paid\"]", "[\"paid\"]\nflow = \"code\"");
    let wanted = "must be \"password\" or \"authorization_code\"";
    only(&flow, &at(16, "flow"), wanted);
    let foreign = with(password, &format!("{password}\nredirect_uri = \"http://127.0.0.1:1/\""));
    only(&foreign, &at(15, "redirect_uri"), "for flow = \"authorization_code\" only");
    let browser = "flow = \"authorization_code\"";
    only(&with(password, browser), &at(9, "redirect_uri"), "is missing; give the one registered");
    for uri in [
        "https://127.0.0.1:8765/",
        "http://10.0.0.1:8765/",
        "http://localhost.example/",
        "http://127.0.0.1:0/",
        "http://u@127.0.0.1:8765/",
        "http://127.0.0.1:8765/#a",
        "/signed-in",
    ] {
        let text = format!("{browser}\nredirect_uri = \"{uri}\"");
        only(&with(password, &text), &at(14, "redirect_uri"), "letter for letter");
    }
    for key in ["username", "password"] {
        let text =
            format!("{browser}\nredirect_uri = \"http://localhost:8765\"\n{key} = \"sesame\"");
        only(&with(password, &text), &at(15, key), "is for flow = \"password\" only");
    }
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
default_lock = "door"
locks = { a = "b", c = 1 }
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
