//! Warnings about secrets that others can read.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::{LEAST, Written};

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// The warnings, with a configuration file and a password file of these modes in a folder of this mode.
fn warnings(folder: u32, configuration: u32, password: u32) -> Vec<String> {
    let mut written = Written::new("");
    let file = written.file("password", "open sesame");
    let reference = format!("password = {{ file = {:?} }}", file.display().to_string());
    let text = LEAST.replace("password = \"open sesame\"", &reference);
    written = written.with_text(&text);
    set_mode(written.directory.path(), folder);
    set_mode(&written.directory.path().join("postern.toml"), configuration);
    set_mode(&file, password);
    written.load().unwrap().warnings
}

#[test]
fn files_with_secrets_that_every_user_can_read_are_named() {
    assert_eq!(warnings(0o755, 0o640, 0o640), Vec::<String>::new());
    assert_eq!(warnings(0o700, 0o644, 0o644), Vec::<String>::new(), "the folder is closed");
    let [password] = <[_; 1]>::try_from(warnings(0o755, 0o640, 0o644)).unwrap();
    let begin = "integrations[0] (acme).password: every user of this machine can read the file /";
    assert!(password.starts_with(begin), "{password}");
    let [configuration] = <[_; 1]>::try_from(warnings(0o755, 0o644, 0o600)).unwrap();
    let keys = "postern.toml, which contains secrets (secrets.key, salto.environments.production.client_secret)";
    assert!(configuration.contains(keys), "{configuration}");
}

#[test]
fn a_secret_in_a_variable_is_not_in_the_file() {
    let text = LEAST
        .replace("client_secret = \"client's own\"", "client_secret = { env = \"CLIENT\" }")
        .replace("password = \"open sesame\"", "password = { env = \"PASSWORD\" }");
    let (before, after) = text.split_once("key = \"").unwrap();
    let after = after.split_once('\n').unwrap().1;
    let url = "[broker]\nurl = \"amqp://127.0.0.1\"\n";
    let text = format!("{url}{before}key = {{ env = \"KEY\" }}\n{after}");
    let written = Written::new(&text)
        .variable("KEY", super::KEY)
        .variable("CLIENT", "c")
        .variable("PASSWORD", "p")
        .variable("POSTERN__REDIS__URL", "redis://:hush@127.0.0.1");
    set_mode(written.directory.path(), 0o755);
    assert_eq!(written.load().unwrap().warnings, Vec::<String>::new());
}

#[test]
fn connections_to_other_hosts_without_encryption_are_named() {
    let warnings = |broker: &str, redis: &str| {
        let written = Written::new(LEAST)
            .variable("POSTERN__BROKER__URL", broker)
            .variable("POSTERN__REDIS__URL", redis);
        written.load().unwrap().warnings
    };
    for host in ["127.0.0.1", "127.8.0.1:99", "[::1]", "localhost"] {
        let urls = (format!("amqp://u:hush@{host}"), format!("redis://:hush@{host}"));
        assert_eq!(warnings(&urls.0, &urls.1), Vec::<String>::new(), "{host}");
    }
    assert_eq!(
        warnings("amqps://u:hush@mq.example", "rediss://:hush@10.0.0.1"),
        Vec::<String>::new()
    );
    let both = warnings("amqp://u:hush@mq.example", "redis://:hush@10.0.0.1");
    assert_eq!(both.len(), 2);
    assert!(both[0].starts_with("broker.url: the connection to mq.example is not encrypted"));
    assert!(both[1].starts_with("redis.url: the connection to 10.0.0.1 is not encrypted"));
    assert!(!both.concat().contains("hush"));
}
