//! `[console]`: its users and tokens, and where it may listen.

use super::{LEAST, Written, after, only};
use crate::Role;

const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$\
                    KHCyEmYuMTSzYHOUWtFbNxJxDCmJlHcIRm2dvvVLV7Q";

fn user(more: &str) -> String {
    format!(
        "[[console.users]]\nname = \"anna\"\npassword_hash = \"{HASH}\"\nrole = \"admin\"\n{more}\n"
    )
}

fn token(hash: &str) -> String {
    format!("[[console.tokens]]\nname = \"planner\"\nhash = \"{hash}\"\nrole = \"viewer\"\n")
}

#[test]
fn without_the_section_nobody_has_access_and_loopback_is_listened_to() {
    let console = Written::new(LEAST).load().unwrap().console;
    assert_eq!(console.listen.to_string(), "127.0.0.1:9465");
    assert!(console.users.is_empty() && console.tokens.is_empty());
    assert!(console.tls.is_none() && console.origin.is_none());
}

#[test]
fn users_and_tokens_are_read_with_what_they_may() {
    let text = user("integrations = [\"acme\"]") + &token(&"0a".repeat(32)) + LEAST;
    let console = Written::new(&text).load().unwrap().console;
    let (user, token) = (&console.users[0], &console.tokens[0]);
    assert_eq!((user.name.as_str(), user.grant.role), ("anna", Role::Admin));
    assert!(user.grant.covers("acme") && !user.grant.covers("other"));
    assert_eq!((token.name.as_str(), token.hash), ("planner", [10; 32]));
    assert!(token.grant.covers("other"));
}

#[test]
fn mistakes_name_the_user_and_show_no_secret() {
    let twice = user("") + &user("");
    only(&after(&twice), "postern.toml:", "console.users[1].name: is taken");
    only(
        &after(&user("integrations = []")),
        "postern.toml:",
        "console.users[0].integrations: must not be empty",
    );
    let plain = user("").replace(HASH, "open sesame");
    let mistakes = after(&plain);
    only(&mistakes, "postern.toml:", "console.users[0].password_hash: must be an argon2id hash");
    assert!(!mistakes[0].contains("open sesame"));
    let weak = user("").replace("argon2id", "argon2i");
    only(&after(&weak), "postern.toml:", "must be an argon2id hash");
    let costly = user("").replace("m=19456", "m=4194304");
    only(&after(&costly), "postern.toml:", "asks for too much work");
    let token_itself = after(&token("postern_secret"));
    only(
        &token_itself,
        "postern.toml:",
        "console.tokens[0].hash: must be the 64 hexadecimal digits",
    );
    assert!(!token_itself[0].contains("postern_secret"));
    only(
        &after(&user("").replace("admin", "boss")),
        "postern.toml:",
        "role: must be \"viewer\", \"operator\" or \"admin\"",
    );
}

#[test]
fn passwords_do_not_cross_a_network_in_the_clear() {
    let listen = "[console]\nlisten = \"0.0.0.0:9465\"\n";
    only(&after(listen), "postern.toml:2: console.listen", "is not a loopback address");
    let files = "certificate = \"/c\"\nprivate_key = \"/k\"\n";
    for allowed in [files, "origin = \"https://postern.example.org\"\n"] {
        let text = format!("{listen}{allowed}{LEAST}");
        assert!(Written::new(&text).load().is_ok(), "{allowed}");
    }
    let half = "[console]\ncertificate = \"/c\"\n";
    only(&after(half), "postern.toml:2: console.certificate", "needs private_key");
    for origin in ["http://postern.example.org", "https://postern.example.org/console", "postern"] {
        let text = format!("[console]\norigin = \"{origin}\"\n");
        only(&after(&text), "postern.toml:2: console.origin", "must");
    }
    let trailing = format!("[console]\norigin = \"https://postern.example.org:8443/\"\n{LEAST}");
    let console = Written::new(&trailing).load().unwrap().console;
    assert_eq!(console.origin.as_deref(), Some("https://postern.example.org:8443"));
}
