//! The nodes of a RabbitMQ cluster, and Redis Sentinel.

use ::secrecy::ExposeSecret;
use redis_pool::RedisServer;

use super::*;

const SENTINELS: &str = "[redis]\nsentinels = [\"10.0.0.1:26379\"]\nmaster = \"mymaster\"\n";

#[test]
fn nodes_are_a_list_in_the_file_and_separated_by_commas_in_a_variable() {
    let list = "[broker]\nurls = [\"amqp://u:p@a/v\", { env = \"B\" }]\n";
    let by_file = Written::new(&format!("{list}{LEAST}")).variable("B", "amqps://u:q@b/v");
    let by_variable =
        Written::new(LEAST).variable("POSTERN__BROKER__URLS", "amqp://u:p@a/v, amqps://u:q@b/v");
    for written in [by_file, by_variable] {
        let config = written.load().unwrap();
        let nodes = config.settings.broker.nodes;
        let urls: Vec<_> = nodes.urls().iter().map(ExposeSecret::expose_secret).collect();
        assert_eq!(urls, ["amqp://u:p@a/v", "amqps://u:q@b/v"]);
        let [warning] = config.warnings.as_slice() else { panic!("{:?}", config.warnings) };
        assert!(warning.starts_with("broker.urls: the connection to a is not encrypted"));
    }
}

#[test]
fn nodes_must_be_of_one_cluster() {
    for (urls, wanted) in [
        ("[]", "must not be empty"),
        ("[\"amqp://h\", \"http://h\"]", "item 2 must be a URL such as amqp://"),
        (
            "[\"amqp://u:hush@a/v\", \"amqp://u:hush@b/w\"]",
            "item 2 has another user or virtual host",
        ),
        (
            "[\"amqp://u:hush@a/v\", \"amqp://w:hush@b/v\"]",
            "item 2 has another user or virtual host",
        ),
        (
            "[\"amqp://a\", \"amqp://b\", \"amqp://a:5672/%2f\"]",
            "item 3 is a node that the list has",
        ),
        ("\"amqp://a\"", "must be a list of secrets"),
    ] {
        let mistakes = after(&format!("[broker]\nurls = {urls}\n"));
        only(&mistakes, "postern.toml:2: broker.urls", wanted);
        assert!(!mistakes[0].contains("hush"), "{mistakes:?}");
    }
    let both = "[broker]\nurl = \"amqp://a\"\nurls = [\"amqp://b\"]\n";
    only(&after(both), "postern.toml:3: broker.urls", "beside url");
    let both = Written::new(&format!("[broker]\nurl = \"amqp://a\"\n{LEAST}"))
        .variable("POSTERN__BROKER__URLS", "amqp://b");
    only(&both.mistakes(), "POSTERN__BROKER__URLS: broker.urls", "beside url");
}

#[test]
fn sentinels_are_read_with_all_that_belongs_to_them() {
    let text = format!(
        "{SENTINELS}username = \"door\"\npassword = \"hush\"\nsentinel_password = \"silence\"\ntls = true\n\
         database = 2\n{LEAST}"
    );
    let config = Written::new(&text)
        .variable("POSTERN__REDIS__SENTINELS", "redis-1.example:26379, [2001:db8::1]:26380")
        .load()
        .unwrap();
    assert_eq!(config.warnings, Vec::<String>::new());
    let redis = config.settings.redis;
    let RedisServer::Sentinels(sentinels) = &redis.server else { panic!("{redis:?}") };
    let addresses: Vec<_> = sentinels.addresses.iter().map(ToString::to_string).collect();
    assert_eq!(addresses, ["redis-1.example:26379", "[2001:db8::1]:26380"]);
    assert_eq!(sentinels.addresses[1].host, "2001:db8::1");
    assert_eq!(
        (sentinels.master.as_str(), sentinels.tls, sentinels.database),
        ("mymaster", true, 2)
    );
    assert_eq!(sentinels.username.as_deref(), Some("door"));
    assert_eq!(sentinels.password.as_ref().unwrap().expose_secret(), "hush");
    assert_eq!(sentinels.sentinel_password.as_ref().unwrap().expose_secret(), "silence");
    assert_eq!(redis.wait_for_replicas, 1);

    let least = Written::new(LEAST).load().unwrap().settings.redis;
    assert_eq!(least.wait_for_replicas, 0);
    let set = Written::new(&format!("{SENTINELS}wait_for_replicas = 0\n{LEAST}")).load().unwrap();
    assert_eq!(set.settings.redis.wait_for_replicas, 0);
    let warning = &set.warnings[0];
    assert!(warning.starts_with("redis.sentinels: the connection to 10.0.0.1 is not"), "{warning}");
}

#[test]
fn mistakes_of_sentinels_are_named() {
    for (addresses, wanted) in [
        ("[]", "must not be empty"),
        ("[\"10.0.0.1\"]", "item 1 must be a host and a port"),
        ("[\"h:1\", \"h:0\"]", "item 2 must be a host and a port"),
        ("[\"redis://h:1\"]", "item 1 must be a host and a port"),
        ("[\"h:1\", \"h:1\"]", "item 2 is in the list before"),
        ("\"h:1\"", "must be a list of strings"),
    ] {
        let text = format!("[redis]\nmaster = \"m\"\nsentinels = {addresses}\n");
        only(&after(&text), "postern.toml:3: redis.sentinels", wanted);
    }
    let both = format!("{SENTINELS}url = \"redis://h\"\n");
    only(&after(&both), "postern.toml:2: redis.sentinels", "beside url");
    let no_master = "[redis]\nsentinels = [\"h:1\"]\n";
    only(&after(no_master), "postern.toml:1: redis.master", "is missing; give the name");
    for (key, value) in [
        ("master", "\"m\""),
        ("username", "\"u\""),
        ("password", "\"hush\""),
        ("sentinel_password", "\"hush\""),
        ("tls", "true"),
        ("database", "1"),
    ] {
        let mistakes = after(&format!("[redis]\nurl = \"redis://h\"\n{key} = {value}\n"));
        let wanted = format!("is missing, and only with it there is {key}");
        only(&mistakes, "postern.toml:1: redis.sentinels", &wanted);
        assert!(!mistakes[0].contains("hush"), "{mistakes:?}");
    }
}
