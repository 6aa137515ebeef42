//! Wrong usage is status 2 with a text on standard error; help is status 0 on standard output.

use serde_json::{Value, json};

use crate::running::{Postern, bare, end};

const README: &str = include_str!("../../../../README.md");
const CHANGELOG: &str = include_str!("../../../../CHANGELOG.md");

/// The help of a command.
fn help(command: &str) -> String {
    let ended = end(bare().args(command.split_whitespace()).arg("--help"));
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{command}");
    assert!(ended.stdout.contains("Usage: postern"), "{command}: {}", ended.stdout);
    ended.stdout
}

/// The commands below one, as its help lists them, with those below them.
fn commands_below(command: &str) -> Vec<String> {
    let help = help(command);
    let Some((_, list)) = help.split_once("\nCommands:\n") else { return Vec::new() };
    let names = list.lines().take_while(|line| !line.is_empty());
    let names = names.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let commands = names
        .filter(|name| !name.is_empty() && *name != "help")
        .map(|name| format!("{command} {name}"));
    commands.map(|it| it.trim_start().to_owned()).flat_map(with_those_below).collect()
}

fn with_those_below(command: String) -> Vec<String> {
    let mut commands = commands_below(&command);
    commands.push(command);
    commands
}

/// Those that do something themselves.
fn commands() -> Vec<String> {
    let all = commands_below("");
    let has_others = |command: &str| all.iter().any(|it| it.starts_with(&format!("{command} ")));
    all.iter().filter(|command| !has_others(command)).cloned().collect()
}

#[test]
fn every_command_has_help() {
    let commands = commands();
    for command in [
        "worker",
        "check-config",
        "publish booking-status",
        "publish open-request",
        "tail",
        "listen",
        "completions",
        "man-pages",
        "audit",
        "login",
        "guest-key code",
        "guest-key create",
        "iq list",
        "iq activate",
        "site list",
        "lock list",
    ] {
        assert!(commands.contains(&command.to_owned()), "{command}: {commands:?}");
    }
    let help = help("");
    for word in ["check-config", "publish", "tail", "iq", "site", "lock", "Examples:", "POSTERN__"]
    {
        assert!(help.contains(word), "{word}: {help}");
    }
}

/// The contract has only those that other programs call.
#[test]
fn the_readme_and_the_changelog_have_every_command() {
    let rows =
        README.lines().filter_map(|line| line.strip_prefix("| `postern ")?.split(" | ").next());
    let rows: Vec<Vec<&str>> = rows
        .map(|cell| cell.split(|it: char| !it.is_ascii_lowercase() && it != '-').collect())
        .collect();
    for command in commands() {
        let has = |row: &Vec<&str>| command.split(' ').all(|word| row.contains(&word));
        assert!(rows.iter().any(has), "the table of commands in README.md has no {command}");
        let name = format!("`postern {command}`");
        assert!(CHANGELOG.contains(&name), "CHANGELOG.md does not name {name}");
    }
}

#[test]
fn every_command_refuses_an_unknown_argument() {
    for command in commands() {
        let arguments: Vec<_> = command.split(' ').chain(["--no-such-argument"]).collect();
        let ended = Postern::new().run(&arguments);
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{command}");
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
        &["listen"],
        &["listen", "--integration", "acme", "--post-to", "http://example.com/events"],
        &["listen", "--integration", "acme", "--post-to", "https://user:word@example.com/"],
        &["listen", "--integration", "acme", "--post-tries", "3"],
        &["completions", "cmd.exe"],
        &["login", "--integration", "acme", "--wait", "0s"],
        &["lock", "list"],
        &["iq", "activate", "--integration", "acme", "--iq", "q", "--pin", "1234"],
        &["guest-key", "create", "--environment", "nowhere", "--code", "abc"],
        &["guest-key", "create", "--environment", "elsewhere"],
        &["guest-key", "code", "--integration", "unknown"],
        &["check-config", "--output", "xml"],
        &["check-config", "--log-level", "consumer=loud"],
        &["iq", "list", "--integration", "unknown"],
        &["pause", "lift"],
        &["pause", "list", "--integration", "unknown"],
        &["booking", "show", "b-1"],
        &["booking", "show", "--integration", "acme"],
        &["booking", "forget", "--integration", "acme", "b-1"],
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

/// The one JSON object on standard error.
fn failure(arguments: &[&str]) -> (Option<i32>, Value) {
    let ended = Postern::new().run(arguments);
    assert_eq!(ended.stdout, "", "{arguments:?}");
    let [line] = ended.stderr.lines().collect::<Vec<_>>()[..] else { panic!("{}", ended.stderr) };
    (ended.status, serde_json::from_str(line).unwrap())
}

#[test]
fn failures_are_objects_where_results_are() {
    let (status, object) = failure(&["tail", "--output", "json", "--count", "0"]);
    assert_eq!(
        (status, &object["kind"], &object["exit_status"]),
        (Some(2), &json!("usage"), &json!(2))
    );
    let error = object["error"].as_str().unwrap();
    assert!(error.starts_with("invalid value '0' for '--count <N>'"), "{error}");
    assert!(!error.contains("--help"), "{error}");

    let (status, object) = failure(&["iq", "list", "--integration", "acmee", "--output=json"]);
    assert_eq!((status, &object["kind"]), (Some(2), &json!("usage")));

    let publish = ["publish", "open-request", "--integration", "acme", "--booking", "b"];
    let (status, object) = failure(&[&publish[..], &["--output", "json"]].concat());
    assert_eq!(
        (status, &object["kind"], &object["exit_status"]),
        (Some(1), &json!("failed"), &json!(1))
    );
    let error = object["error"].as_str().unwrap();
    assert!(error.starts_with("no connection to the broker at 127.0.0.1:1"), "{error}");
    assert!(object.get("mistakes").is_none(), "{object}");
}

#[test]
fn mistakes_in_the_configuration_are_members_of_the_failure() {
    let ended = Postern::with("[broker]\nprefetch = 0\ncolour = 1\n").run(&[
        "check-config",
        "--output",
        "json",
    ]);
    let object: Value = serde_json::from_str(&ended.stderr).unwrap();
    assert_eq!((ended.status, &object["kind"]), (Some(2), &json!("configuration")));
    let mistakes = object["mistakes"].as_array().unwrap();
    let names = |wanted: &str| mistakes.iter().any(|it| it.as_str().unwrap().contains(wanted));
    assert!(names("postern.toml:2: broker.prefetch: ") && names("broker.colour"), "{object}");
}

#[test]
fn help_is_a_command_too() {
    let ended = end(bare().args(["help", "dlq", "replay"]));
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
    assert_eq!(ended.stdout, help("dlq replay"));
}

/// Bash itself completes with the script.
#[test]
fn bash_completes_commands_options_and_values() {
    let complete = |line: &str| {
        let script = r#"
            source <(postern completions bash)
            COMP_WORDS=($1) COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _postern postern "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
            echo "${COMPREPLY[@]}""#;
        let program = bare();
        let directory = std::path::Path::new(program.get_program()).parent().unwrap();
        let mut bash = std::process::Command::new("bash");
        let path = format!("{}:/usr/bin:/bin", directory.display());
        end(bash.args(["-c", script, "bash", line]).env_clear().env("PATH", path)).stdout
    };
    assert_eq!(complete("postern dlq re"), "replay\n");
    assert_eq!(complete("postern listen --post-t"), "--post-to --post-tries\n");
    assert_eq!(complete("postern audit --outcome re"), "rejected refused\n");
}

#[test]
fn every_shell_has_a_script_and_every_command_a_manual_page() {
    for (shell, word) in [("zsh", "#compdef postern"), ("fish", "complete -c postern")] {
        let script = end(bare().args(["completions", shell])).stdout;
        assert!(script.contains(word) && script.contains("post-tries"), "{shell}");
    }
    let directory = tempfile::tempdir().unwrap();
    let pages = directory.path().join("share/man1");
    let ended = end(bare().arg("man-pages").arg(&pages));
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
    for command in commands() {
        let name = format!("postern-{}.1", command.replace(' ', "-"));
        let page = std::fs::read_to_string(pages.join(&name)).expect(&name);
        assert!(page.contains(".SH SYNOPSIS"), "{name}");
    }
    let names = std::fs::read_dir(&pages).unwrap().map(|it| it.unwrap().file_name());
    let names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    assert!(names.contains(&"postern.1".to_owned()), "{names:?}");
    assert!(!names.iter().any(|name| name.contains("help")), "{names:?}");
}
