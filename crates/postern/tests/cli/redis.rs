//! What is checked before the calls to Salto: Redis, and the key of its data.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use deadpool_redis::redis::{Client, cmd};
use end_to_end::{redis::PrivateRedis, services};

use serde_json::Value;

use crate::running::Postern;

const LIST: [&str; 4] = ["iq", "list", "--integration", "acme"];

#[test]
fn an_unreachable_redis_is_an_error_of_one_line() {
    let ended = Postern::new().run(&LIST);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""));
    let [line] = ended.stderr.lines().collect::<Vec<_>>()[..] else { panic!("{}", ended.stderr) };
    assert!(line.starts_with("error: Redis"), "{line}");
}

#[test]
fn another_secrets_key_is_refused_before_it_is_used() {
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

/// The warnings of `iq activate`, which then fails as there is no Salto.
fn warnings(redis_url: &str) -> Vec<String> {
    let postern = Postern::new().variable("POSTERN__REDIS__URL", redis_url);
    let ended = postern.run(&["iq", "activate", "--integration", "acme", "--iq", "q"]);
    assert_eq!(ended.status, Some(1));
    let lines =
        ended.stderr.lines().filter(|line| line.contains("appendonly") || line.contains("maxm"));
    lines.map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn activating_warns_where_redis_may_lose_the_secret() {
    let redis = PrivateRedis::start().await;
    let url = redis.url();
    assert_eq!(warnings(&url), Vec::<String>::new());

    let mut connection =
        Client::open(url.as_str()).unwrap().get_multiplexed_async_connection().await.unwrap();
    for (name, value) in [("appendonly", "no"), ("maxmemory-policy", "allkeys-lru")] {
        let set = cmd("CONFIG").arg("SET").arg(name).arg(value).query_async(&mut connection).await;
        let () = set.unwrap();
    }
    let [append, policy] = &warnings(&url)[..] else { panic!("two warnings") };
    assert!(append.starts_with("warning: Redis has appendonly off"), "{append}");
    assert!(policy.contains("allkeys-lru"), "{policy}");

    let user = ["SETUSER", "guest", "on", "nopass", "~*", "&*", "+@all", "-config"];
    let () = cmd("ACL").arg(&user).query_async(&mut connection).await.unwrap();
    let [unseen] = &warnings(&url.replace("://", "://guest:any@"))[..] else { panic!("a note") };
    assert!(unseen.starts_with("note: Redis does not show its configuration"), "{unseen}");
}

/// The messages of a worker at this Redis, until it has no session with a broker that is not there.
fn messages_at_start(redis_url: &str) -> Vec<String> {
    let postern = Postern::new().variable("POSTERN__REDIS__URL", redis_url);
    let mut command = postern.command(&["worker"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut messages = Vec::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        messages.push(line["message"].as_str().unwrap().to_owned());
        if line["message"] == "no session with RabbitMQ" {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    messages
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_warns_at_its_start_of_a_redis_that_may_lose_data() {
    const LOSSES: [&str; 2] = ["Redis loses data at a restart", "Redis may evict data"];
    let redis = PrivateRedis::start().await;
    let url = redis.url();
    let warned = |url: &str| {
        let messages = messages_at_start(url);
        LOSSES.map(|loss| messages.iter().any(|message| message == loss))
    };
    assert_eq!(warned(&url), [false, false]);
    let mut connection = end_to_end::redis::connect(&url).await;
    for (name, value) in [("appendonly", "no"), ("maxmemory-policy", "allkeys-lru")] {
        let set = cmd("CONFIG").arg("SET").arg(name).arg(value).query_async(&mut connection).await;
        let () = set.unwrap();
    }
    assert_eq!(warned(&url), [true, true]);
    redis.set_user("user guest on nopass ~* &* +@all -config").await;
    assert_eq!(warned(&url.replace("://", "://guest:any@")), [false, false], "it may not be asked");
}
