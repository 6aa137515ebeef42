//! Wrong usage is status 2 with a text on standard error; help is status 0 on standard output.

use crate::running::{Postern, bare, end};

#[test]
fn every_command_has_help() {
    for command in [
        "",
        "worker",
        "check-config",
        "publish",
        "publish booking-status",
        "publish open-request",
        "tail",
        "audit",
        "login",
        "guest-key",
        "guest-key code",
        "guest-key create",
        "iq",
        "iq list",
        "iq activate",
        "site list",
        "lock list",
    ] {
        let ended = end(bare().args(command.split_whitespace()).arg("--help"));
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{command}");
        assert!(ended.stdout.contains("Usage: postern"), "{command}: {}", ended.stdout);
    }
    let help = end(bare().arg("--help")).stdout;
    for word in ["check-config", "publish", "tail", "iq", "site", "lock", "Examples:", "POSTERN__"]
    {
        assert!(help.contains(word), "{word}: {help}");
    }
}

#[test]
fn wrong_usage_is_status_2() {
    for arguments in [
        &[][..],
        &["open-sesame"],
        &["tail", "--count", "0"],
        &["tail", "--timeout", "soon"],
        &["tail", "--type", "lock.closed.v1"],
        &["login", "--integration", "acme", "--wait", "0s"],
        &["lock", "list"],
        &["iq", "activate", "--integration", "acme", "--iq", "q", "--pin", "1234"],
        &["guest-key", "create", "--environment", "nowhere", "--code", "abc"],
        &["guest-key", "create", "--environment", "elsewhere"],
        &["guest-key", "code", "--integration", "nobody"],
        &["check-config", "--output", "xml"],
        &["check-config", "--log-level", "consumer=loud"],
        &["iq", "list", "--integration", "nobody"],
        &["publish", "open-request", "--integration", "acme", "--booking", ""],
        &["publish", "open-request", "--integration", "acme", "--booking", "b", "--time", "+1h"],
    ] {
        let ended = Postern::new().run(arguments);
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(!ended.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn an_unknown_integration_is_answered_with_the_known_ones() {
    for command in ["site", "lock", "iq"] {
        let ended = Postern::new().run(&[command, "list", "--integration", "acmee"]);
        assert!(ended.stderr.contains("configured: acme"), "{}", ended.stderr);
    }
}

#[test]
fn a_booking_that_ends_before_it_starts_is_not_published() {
    let booking = "publish booking-status --integration acme --booking b --status paid --object o";
    let mut arguments: Vec<&str> = booking.split_whitespace().collect();
    arguments.extend(["--starts-at", "now", "--ends-at", "-1h"]);
    let ended = Postern::new().run(&arguments);
    assert_eq!(ended.status, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("ends_at"), "{}", ended.stderr);
}

#[test]
fn guest_keys_without_configuration_have_no_default() {
    let ended = Postern::new().run(&["guest-key", "create", "--environment", "nowhere"]);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{}", ended.stderr);
    let wanted = [
        "access_code_path",
        "digital_key_path",
        "[salto.environments.nowhere.guest_keys]",
        "not published",
    ];
    for word in wanted {
        assert!(ended.stderr.contains(word), "{word}: {}", ended.stderr);
    }
    for command in ["code", "create"] {
        let help = end(bare().args(["guest-key", command, "--help"])).stdout;
        assert!(help.contains("Salto has published none of it"), "{help}");
    }
}
