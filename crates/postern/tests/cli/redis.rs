//! What stands before the calls to Salto: Redis, and the key of what it holds.

use end_to_end::services;

use crate::running::Postern;

const LIST: [&str; 4] = ["iq", "list", "--integration", "acme"];

#[test]
fn a_redis_that_is_away_is_one_line() {
    let ended = Postern::new().run(&LIST);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""));
    let [line] = ended.stderr.lines().collect::<Vec<_>>()[..] else { panic!("{}", ended.stderr) };
    assert!(line.starts_with("error: Redis"), "{line}");
}

#[test]
fn another_secrets_key_is_refused_before_anything_is_done_with_it() {
    let prefix = format!("test-{}:", uuid::Uuid::new_v4().simple());
    let postern = || {
        Postern::new()
            .variable("POSTERN__REDIS__URL", services::redis_url())
            .variable("POSTERN__REDIS__KEY_PREFIX", prefix.clone())
    };
    let first = postern().run(&LIST);
    assert_eq!(first.status, Some(1));
    assert!(first.stderr.contains("the IQs cannot be listed: Salto is not"), "{}", first.stderr);

    let other = "//////////////////////////////////////////8=";
    let second = postern().variable("POSTERN__SECRETS__KEY", other).run(&LIST);
    assert_eq!(second.status, Some(1));
    assert!(second.stderr.contains("error: secrets.key is not the key"), "{}", second.stderr);
    assert!(!second.stderr.contains(other), "{}", second.stderr);
}
