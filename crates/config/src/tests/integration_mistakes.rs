//! Mistakes in integrations and environments, one at a time with its place.

use super::*;

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
    let lock =
        with("[\"paid\"]", "[\"paid\"]\ndefault_lock = \"a5091d73-d7ea-4eb7-b883-0a4d241584c\"");
    only(&lock, &at(16, "default_lock"), "must be a lock's UUID or name");
    let locks = with("[\"paid\"]", "[\"paid\"]\n[integrations.locks]\n\"room 1\" = \" \"");
    only(&locks, &at(17, "locks.\"room 1\""), "must be a lock's UUID or name");

    let secret = with("client_secret = ", "#");
    only(&secret, &environment, "needs client_secret in [salto.environments.production]");

    let (_, one) = LEAST.split_once("[[integrations]]").unwrap();
    let twice = Written::new(&format!("{LEAST}[[integrations]]{one}")).mistakes();
    only(&twice, "postern.toml:17: integrations[1] (acme).id", "is taken");
    let long = with("\"acme\"", &format!("\"{}\"", "a".repeat(201)));
    only(&long, "postern.toml:10: integrations[0]", "at most 200 bytes");
    for two_lines in ["\"ac\\nme\"", "\"acme\\u0000\""] {
        only(
            &with("\"acme\"", two_lines),
            "postern.toml:10: integrations[0]",
            "must be on one line",
        );
    }
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
fn confirmations() {
    let statuses = "[\"paid\"]";
    let confirm = |text: &str| with(statuses, &format!("{statuses}\n{text}"));
    let wanted = "must be \"off\", \"stream\" or \"entries\"";
    only(&confirm("confirm_openings = true"), &at(16, "confirm_openings"), "must be");
    only(&confirm("confirm_openings = \"log\""), &at(16, "confirm_openings"), wanted);
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
        only(&with(password, &text), &at(14, "redirect_uri"), "exactly as it is registered");
    }
    for key in ["username", "password"] {
        let text =
            format!("{browser}\nredirect_uri = \"http://localhost:8765\"\n{key} = \"sesame\"");
        only(&with(password, &text), &at(15, key), "is for flow = \"password\" only");
    }
}
