//! What is read from a valid configuration.

use std::collections::BTreeSet;
use std::time::Duration;

use ::secrecy::ExposeSecret;
use consumer::{IntegrationSettings, Mode, Rehearsal};
use redis_pool::RedisServer;
use salto::{OtpScheme, SignIn};

use super::*;

fn password_of(integration: &IntegrationSettings) -> &str {
    match &integration.account.sign_in {
        SignIn::Password { password, .. } => password.expose_secret(),
        SignIn::Browser { .. } => panic!("no password"),
    }
}

/// The configuration in the contract.
fn contract_example() -> &'static str {
    let contract = include_str!("../../../../docs/contract.md");
    let (_, example) = contract.split_once("```toml\n").unwrap();
    example.split_once("```").unwrap().0
}

/// The settings of the contract that are not there yet, according to the README.
fn missing_settings() -> BTreeSet<&'static str> {
    let readme = include_str!("../../../../README.md");
    let row = readme.lines().find(|line| line.starts_with("| [Configuration](docs/contract.md#"));
    let names = row.into_iter().flat_map(|row| row.split('`').skip(1).step_by(2));
    names.filter(|name| !name.contains(' ')).collect()
}

fn with_secrets(text: &str) -> Written {
    Written::new(text).variable("POSTERN_SECRETS_KEY", KEY).variable("KS_CLIENT_SECRET", "s")
}

#[test]
fn the_readme_names_the_settings_of_the_contract_that_are_not_there_yet() {
    let mistakes = with_secrets(contract_example()).mistakes();
    let unknown = mistakes.iter().filter_map(|line| line.split_once(": is unknown"));
    let unknown: BTreeSet<_> = unknown
        .filter_map(|(place, _)| place.split_once(": "))
        .map(|(_, path)| path.trim_start_matches("integrations[0] (acme-utrecht)."))
        .collect();
    assert_eq!(unknown, missing_settings(), "{mistakes:#?}");
}

#[test]
fn the_example_of_the_contract_is_read() {
    let mut table: toml::Table = contract_example().parse().unwrap();
    for name in missing_settings() {
        let (section, key) = name.split_once('.').unwrap_or(("integrations", name));
        let section = match &mut table[section] {
            toml::Value::Array(items) => &mut items[0],
            section => section,
        };
        section.as_table_mut().unwrap().remove(key);
    }
    let directory = Written::new("");
    let password = directory.file("acme", "pass word\n");
    let text = table.to_string().replace("/run/secrets/acme", password.to_str().unwrap());
    let Config { settings, warnings, .. } = with_secrets(&text).load().unwrap();
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(
        settings.broker.nodes.urls()[0].expose_secret(),
        "amqp://guest:guest@127.0.0.1:5672/%2f"
    );
    assert_eq!(settings.secrets.key.expose_secret()[..4], [0, 1, 2, 3]);
    assert_eq!(settings.retention.outcomes, Duration::from_secs(86_400));
    let environment = &settings.environments["acceptance"];
    assert_eq!(environment.api_url.as_str(), "https://clp-accept-user.my-clay.com/");
    assert_eq!(environment.client_secret.as_ref().unwrap().expose_secret(), "s");

    let [acme] = settings.integrations.as_slice() else { panic!("one integration") };
    assert_eq!(password_of(acme), "pass word");
    assert_eq!(acme.account.otp_scheme, OtpScheme::SaltoKs);
    assert_eq!(acme.rules.minutes_before, 15);
    assert_eq!(acme.rules.check_in_status.as_deref(), Some("checked_in"));
    assert_eq!(
        acme.rules.lock_of("room-12").unwrap().to_string(),
        "a5091d73-d7ea-4eb7-b883-0a4d241584ca"
    );
    assert_eq!(acme.rules.lock_of("other"), acme.rules.default_lock.as_ref());
}

#[test]
fn the_defaults_are_those_of_the_contract() {
    let least = Written::new(LEAST).load().unwrap().settings;
    assert_eq!(least.broker.prefetch, 64);
    assert_eq!(least.redis.key_prefix, "postern:");
    assert_eq!(least.opening.request_ttl, Duration::from_secs(60));
    assert_eq!(least.opening.booking_wait, Duration::from_secs(5));
    assert_eq!(least.opening.command_timeout, Duration::from_secs(10));
    assert_eq!(least.opening.resend_window, Duration::from_secs(5));
    assert_eq!(least.http_listen.to_string(), "127.0.0.1:9464");
    let production = &least.environments["production"];
    assert_eq!(production.identity_url.as_str(), "https://identity.eu.my-clay.com/");
    assert_eq!(production.scope, "user_api.full_access");
    assert!(least.integrations[0].rules.active);
    assert_eq!(least.integrations[0].rules.minutes_before, 0);
}

#[test]
fn variables_override_everything_outside_integrations() {
    let text = format!("{LEAST}[salto.environments.acme-test]\nclient_id = \"a\"\n");
    let settings = Written::new(&text)
        .variable("POSTERN__BROKER__PREFETCH", "7")
        .variable("POSTERN__OPENING__RESEND_WINDOW", "250ms")
        .variable("POSTERN__REDIS__URL", "redis://10.0.0.9/3")
        .variable("POSTERN__SALTO__ENVIRONMENTS__ACME_TEST__IDENTITY_URL", "http://localhost:1")
        .variable("POSTERN__SALTO__ENVIRONMENTS__ACME_TEST__API_URL", "http://[::1]:2")
        .variable("POSTERN__SALTO__ENVIRONMENTS__ACME_TEST__CLIENT_SECRET", "b")
        .variable("POSTERN_SECRETS_KEY", "no override: one underscore")
        .load()
        .unwrap()
        .settings;
    assert_eq!(settings.broker.prefetch, 7);
    assert_eq!(settings.opening.resend_window, Duration::from_millis(250));
    let RedisServer::Url(url) = &settings.redis.server else { panic!("it is a URL") };
    assert_eq!(url.expose_secret(), "redis://10.0.0.9/3");
    assert_eq!(settings.environments["acme-test"].api_url.as_str(), "http://[::1]:2/");
}

#[test]
fn one_newline_is_cut_from_a_secret_s_file_or_variable() {
    for (text, wanted) in
        [("a", "a"), ("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), (" a ", " a ")]
    {
        let directory = Written::new("");
        let path = directory.file("secret", text);
        let reference = format!("{{ file = {:?} }}", path.to_str().unwrap());
        let read = Written::new(&LEAST.replace("\"open sesame\"", &reference)).load().unwrap();
        assert_eq!(password_of(&read.settings.integrations[0]), wanted, "{text:?}");
        let named = Written::new(&LEAST.replace("\"open sesame\"", "{ env = \"ACME\" }"));
        let read = named.variable("ACME", text).load().unwrap();
        assert_eq!(password_of(&read.settings.integrations[0]), wanted, "variable {text:?}");
    }
}

#[test]
fn a_file_without_an_end_is_no_secret() {
    let of_file = |path: &Path| {
        let reference = format!("{{ file = {:?} }}", path.to_str().unwrap());
        Written::new(&LEAST.replace("\"open sesame\"", &reference))
    };
    let directory = Written::new("");
    let largest = directory.file("largest", &"a".repeat(64 * 1024));
    let read = of_file(&largest).load().unwrap();
    assert_eq!(password_of(&read.settings.integrations[0]).len(), 64 * 1024);
    let larger = directory.file("larger", &"a".repeat(64 * 1024 + 1));
    let place = "postern.toml:14: integrations[0] (acme).password";
    for path in [larger.as_path(), Path::new("/dev/zero")] {
        only(&of_file(path).mistakes(), place, "larger than 64 KiB");
    }
}

#[test]
fn old_keys_are_a_list_of_secrets() {
    let keys = |settings: &consumer::Settings| -> Vec<u8> {
        settings.secrets.old_keys.iter().map(|key| key.expose_secret()[31]).collect()
    };
    let other = KEY.replace("Hh8=", "HiA=");
    let directory = Written::new("");
    let file = directory.file("old", &format!("{other}\n"));
    let list = format!("old_keys = [{KEY:?}, {{ env = \"OLD\" }}, {{ file = {file:?} }}]");
    let text = LEAST.replace("[secrets]", &format!("[secrets]\n{list}"));
    let written = Written::new(&text).variable("OLD", &other);
    assert_eq!(keys(&written.load().unwrap().settings), [31, 32, 32]);
    let name = "POSTERN__SECRETS__OLD_KEYS";
    for (value, wanted) in
        [(format!("{other}, {KEY},"), vec![32, 31]), (other, vec![32]), (String::new(), vec![])]
    {
        let written = Written::new(LEAST).variable(name, &value);
        assert_eq!(keys(&written.load().unwrap().settings), wanted);
    }
    assert_eq!(keys(&Written::new(LEAST).load().unwrap().settings), [0_u8; 0]);
}

#[test]
fn a_public_client_s_users_sign_in_by_the_browser_and_have_no_password_here() {
    let text = LEAST
        .replace("client_secret = \"client's own\"", "")
        .replace("username = \"system\"", "flow = \"authorization_code\"")
        .replace("password = \"open sesame\"", "redirect_uri = \"http://localhost:8765\"");
    let settings = Written::new(&text).load().unwrap().settings;
    assert!(settings.environments["production"].client_secret.is_none());
    let SignIn::Browser { redirect_uri } = &settings.integrations[0].account.sign_in else {
        panic!("by the browser");
    };
    assert_eq!(redirect_uri.as_str(), "http://localhost:8765", "without an added slash");
}

#[test]
fn an_integration_is_live_or_rehearses() {
    for (text, mode) in [
        ("", Mode::Live),
        ("mode = \"live\"\nrehearse_with = \"nothing\"", Mode::Live),
        ("mode = \"rehearse\"", Mode::Rehearsal(Rehearsal::Probe)),
        ("mode = \"rehearse\"\nrehearse_with = \"probe\"", Mode::Rehearsal(Rehearsal::Probe)),
        ("mode = \"rehearse\"\nrehearse_with = \"nothing\"", Mode::Rehearsal(Rehearsal::Nothing)),
    ] {
        let settings = Written::new(&format!("{LEAST}{text}")).load().unwrap().settings;
        assert_eq!(settings.integrations[0].mode, mode, "{text}");
    }
}

#[test]
fn guest_keys_are_read_and_have_no_default() {
    let section = r#"
[salto.environments.production.guest_keys]
access_code_path = "/v1/{site_id}/codes"
digital_key_path = "/v1/keys"
"#;
    let read = |more: &str| {
        let settings = Written::new(&format!("{LEAST}{more}")).load().unwrap().settings;
        settings.environments["production"].guest_keys.clone()
    };
    assert_eq!(read(""), None);
    let keys = read(section).unwrap();
    assert_eq!(keys.access_code_path, "/v1/{site_id}/codes".parse().unwrap());
    assert_eq!(keys.digital_key_path, "/v1/keys".parse().unwrap());
    assert_eq!((keys.code_parameter.as_str(), keys.scope), ("access_code", None));
    let all = format!("{section}code_parameter = \"invitation\"\nscope = \"a b\"\n");
    let keys = read(&all).unwrap();
    assert_eq!((keys.code_parameter.as_str(), keys.scope.as_deref()), ("invitation", Some("a b")));
}

#[test]
fn integrations_may_all_be_stored_in_redis() {
    let (settings, _) = LEAST.split_once("[[integrations]]").unwrap();
    let Config { settings, warnings, .. } = Written::new(settings).load().unwrap();
    assert!(settings.integrations.is_empty());
    assert!(warnings.iter().all(|it| !it.contains("[[integrations]]")), "{warnings:?}");
}

/// The example that is shipped, with secrets.
fn example(text: &str) -> Config {
    let elsewhere = Written::new("");
    let password = elsewhere.file("password", "p").display().to_string();
    Written::new(&text.replace("/run/secrets/acme-utrecht", &password))
        .variable("POSTERN_SECRETS_KEY", KEY)
        .variable("KS_CLIENT_SECRET_ACCEPTANCE", "s")
        .load()
        .unwrap()
}

#[test]
fn the_shipped_example_shows_the_defaults_in_its_comments() {
    let text = include_str!("../../../../deploy/postern.example.toml");
    let is_setting = |line: &str| {
        line.split_once(" = ").is_some_and(|(key, _)| {
            key.strip_prefix('#').is_some_and(|key| !key.is_empty() && !key.contains(' '))
        })
    };
    let uncommented: Vec<&str> =
        text.lines().map(|line| if is_setting(line) { &line[1..] } else { line }).collect();
    assert!(uncommented.contains(&"prefetch = 64"), "{text}");
    // The documents have what was set, without the defaults.
    let [as_shipped, spelled_out] = [text, &uncommented.join("\n")].map(|text| {
        let Config { settings, warnings, documents: _, console: _ } = example(text);
        format!("{settings:#?} {warnings:#?}")
    });
    assert_eq!(as_shipped, spelled_out);
}
