//! The wrong value in the report, of keys that hold no secret.

use super::*;

/// The only mistake ends with this value.
#[track_caller]
fn shows(mistakes: &[String], value: &str) {
    only(mistakes, "", &format!(" (value: {value})"));
    assert!(mistakes[0].ends_with(')'), "{mistakes:?}");
}

#[test]
fn of_every_kind() {
    for value in ["0", "65536", "-1", "1.5", "\"64\"", "99999999999999999999", "true", "[64]"] {
        shows(&after(&format!("[broker]\nprefetch = {value}\n")), value);
    }
    shows(&after("[opening]\nrequest_ttl = 2026-11-28T10:00:00Z\n"), "2026-11-28T10:00:00Z");
    for value in ["[]", "[\"\"]", "[1]", "\"paid\""] {
        shows(&with("[\"paid\"]", value), value);
    }
    let more = with("[\"paid\"]", "[\"1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\", \"8\", 9]");
    shows(&more, "[\"1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\", \"8\", …]");
}

#[test]
fn of_the_keys_of_integrations() {
    shows(&with("nment = \"production\"", "nment = \"prodution\""), "\"prodution\"");
    let lock =
        with("[\"paid\"]", "[\"paid\"]\ndefault_lock = \"a5091d73-d7ea-4eb7-b883-0a4d241584c\"");
    shows(&lock, "\"a5091d73-d7ea-4eb7-b883-0a4d241584c\"");
    let locks = with("[\"paid\"]", "[\"paid\"]\n[integrations.locks]\n\"room 1\" = \"\"");
    shows(&locks, "\"\"");
    let doors = with("[\"paid\"]", "[\"paid\"]\nshared_doors = { entrance = \"room\" }");
    shows(&doors, "\"room\"");
    let url = with("client_id", "api_url = \"http://10.0.0.1/\"\nclient_id");
    shows(&url, "\"http://10.0.0.1/\"");
    let (_, one) = LEAST.split_once("[[integrations]]").unwrap();
    shows(&Written::new(&format!("{LEAST}[[integrations]]{one}")).mistakes(), "\"acme\"");
}

#[test]
fn where_values_contradict_each_other() {
    shows(&after("[opening]\nbooking_wait = \"61s\"\n"), "\"61s\"");
    shows(&after("[opening]\ncommand_timeout = \"55s\"\n"), "\"55s\"");
    shows(&after("[audit]\nto = \"off\"\ndirectory = \"/var/lib\"\n"), "\"/var/lib\"");
}

#[test]
fn of_variables() {
    let written = Written::new(LEAST).variable("POSTERN__BROKER__PREFETCH", "many");
    shows(&written.mistakes(), "\"many\"");
}

#[test]
fn shortened_and_without_control_characters() {
    let long = with("\"production\"", &format!("\"{}\"", "é".repeat(41)));
    shows(&long, &format!("\"{}…\"", "é".repeat(40)));
    let listen = after("[http]\nlisten = \"a\\u001b[2J\\nb\\u202e\\u200bc\\\"\"\n");
    shows(&listen, r#""a\u{1b}[2J\nb\u{202e}\u{200b}c\"""#);
}
