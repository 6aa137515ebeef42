//! Mistakes in URLs and secrets, one at a time with its place.

use super::*;

#[test]
fn urls() {
    for value in ["http://h", "amqp:guest", "guest@h", "amqp:///v", "amqp://u:p/w@h"] {
        let text = format!("[broker]\nurl = \"{value}\"\n");
        only(&after(&text), "postern.toml:2: broker.url", "such as amqp://user:password@host");
    }
    for value in ["http://h", "redis:", "127.0.0.1:6379", "redis://h/first"] {
        let text = format!("[redis]\nurl = \"{value}\"\n");
        only(&after(&text), "postern.toml:2: redis.url", "such as redis://:password@host");
    }
    for (value, wanted) in [
        ("http://10.0.0.1", "must be https"),
        ("http://localhost.example", "must be https"),
        ("ftp://h", "must begin with https"),
        ("connect.my-clay.com", "such as https://"),
        ("https://user@h", "must not contain a user"),
        ("https://:pass@h", "must not contain a user"),
        ("https://h/?a=b", "without ?"),
    ] {
        let text = format!("client_id = \"a\"\napi_url = \"{value}\"\n#");
        let place = "postern.toml:7: salto.environments.production.api_url";
        only(&with("client_id = ", &text), place, wanted);
    }
    for value in ["http://127.9.9.9:1", "http://[::1]", "http://localhost:1/base", "https://h"] {
        let text = format!("client_id = \"a\"\napi_url = \"{value}\"\n#");
        Written::new(&LEAST.replace("client_id = ", &text)).load().unwrap();
    }
}

#[test]
fn secrets_and_their_references() {
    let place = "postern.toml:14: integrations[0] (acme).password";
    for (value, wanted) in [
        ("7", "must be a string, { env = \"NAME\" } or { file = \"PATH\" }"),
        ("{ env = \"A\", file = \"b\" }", "must be a string, {"),
        ("{ file = 1 }", "must be a string, {"),
        ("{}", "must be a string, {"),
        ("\"\"", "must not be empty"),
        ("{ env = \"NOWHERE\" }", "the variable NOWHERE is not set"),
        ("{ file = \"/no/such\" }", "cannot read the file /no/such: No such file"),
        ("{ file = \"/dev/null\" }", "must not be empty, and the file /dev/null is"),
    ] {
        only(&with("\"open sesame\"", value), place, wanted);
    }
    for (value, wanted) in [
        ("\"AAEC\"", "must be a list of secrets, such as [{ env = \"NAME\" }"),
        ("{ env = \"A\" }", "must be a list of secrets"),
        ("[\"AAEC\"]", "item 1 must be 32 bytes in base64"),
        ("[{ env = \"NOWHERE\" }]", "item 1 the variable NOWHERE is not set"),
        ("[\"\"]", "item 1 must not be empty"),
    ] {
        let text = format!("[secrets]\nold_keys = {value}");
        let mistakes = with("[secrets]", &text);
        only(&mistakes, "postern.toml:3: secrets.old_keys", wanted);
        assert!(!mistakes[0].contains("AAEC"), "{mistakes:?}");
    }
    for key in ["AAEC", "not base64!", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gIQ=="] {
        only(&with(KEY, key), "postern.toml:3: secrets.key", "32 bytes in base64");
    }
}
