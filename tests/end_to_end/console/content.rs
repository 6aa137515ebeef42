//! What pages and the API show: what happened, no secret, and nothing that a browser would run.

use end_to_end::console::{Console, PART, Session, add_access};
use end_to_end::deadline::{SOON, within};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{INTEGRATION, booking_status, open_request};
use end_to_end::setup::Setup;
use reqwest::Method;
use reqwest::header::{COOKIE, HeaderMap};
use toml::{Table, Value};

use ::console::rules;

/// An id that a browser would run, were it not escaped.
const HOSTILE: &str = "<script>alert(1)</script>\"><img src=x onerror=alert(2)>";

/// All that can be read without naming more than the integration.
fn readable() -> Vec<String> {
    let rules = rules().into_iter().filter(|rule| rule.method == "GET");
    let paths = rules.map(|rule| rule.path.replace("{integration}", INTEGRATION));
    let is_read = |path: &String| {
        !path.contains('{') && !["/events", "/edit"].iter().any(|end| path.ends_with(end))
    };
    paths
        .filter(is_read)
        .chain([format!("/api/v1/integrations/{INTEGRATION}/bookings/{BOOKING}")])
        .collect()
}

/// A second integration, as the first one but for its id.
fn add_other(setup: &mut Setup) {
    let mut other = setup.settings.integrations()[0].clone();
    other.as_table_mut().expect("a table").insert("id".to_owned(), "other".into());
    other.as_table_mut().expect("a table").insert("active".to_owned(), false.into());
    setup.settings.integrations().push(other);
}

#[tokio::test]
async fn pages_and_the_api_show_what_happened_and_nothing_else() {
    let mut setup = Setup::new().await;
    let access = add_access(&mut setup).await;
    setup.settings.map(HOSTILE, "4d77312f-4a87-41db-a97b-f9d948dcc908");
    add_other(&mut setup);
    let secrets = secrets(&setup, &access.password_hash);
    let console = Console::start(&mut setup, "console").await;
    let fixture = Fixture::new(setup, 1).await;
    assert_eq!(fixture.open("r-1", BOOKING).await.kind, "lock.opened.v1");
    let mut hostile = booking_status(HOSTILE, "cancelled");
    hostile["data"]["object_ids"] = serde_json::json!([HOSTILE]);
    fixture.store_status(&hostile).await;
    let mut request = open_request(HOSTILE, HOSTILE);
    request["data"]["requested_by"] = HOSTILE.into();
    assert_eq!(fixture.answer_to(&request).await.kind, "lock.open-rejected.v1");

    let admin = console.sign_in("admin").await;
    let lines = console.json(&admin, "/api/v1/requests").await;
    let lines = lines["lines"].as_array().expect("lines");
    assert_eq!((&lines[1]["outcome"], &lines[1]["request_id"]), (&"opened".into(), &"r-1".into()));
    assert_eq!(
        (&lines[0]["outcome"], &lines[0]["booking_id"]),
        (&"rejected".into(), &HOSTILE.into())
    );
    let doors = console.json(&admin, &format!("/api/v1/integrations/{INTEGRATION}/doors")).await;
    let doors = doors["doors"].as_array().expect("doors");
    let room = doors.iter().find(|it| it["object_id"] == "room-12").expect("it is mapped");
    assert_eq!(room["last_outcome"], "opened");
    let booking = format!("/api/v1/integrations/{INTEGRATION}/bookings/{BOOKING}");
    assert_eq!(console.json(&admin, &booking).await["checked_in"], true);

    let mut pages = 0;
    for path in readable() {
        let response = console.get(&admin, &path).await;
        assert!(response.status().is_success(), "{path}: {}", response.status());
        assert_protected(&path, response.headers());
        let text = response.text().await.expect("a text");
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{path} has the secret {secret}");
        }
        let is_page = text.starts_with("<!DOCTYPE html>");
        if is_page {
            assert!(!text.contains("<script>alert") && !text.contains("<img"), "{path}: {text}");
            pages += usize::from(text.contains("&lt;script&gt;alert(1)"));
        }
    }
    // Requests, the audit, the mapping, the doors: the id was there, and was text.
    assert!(pages >= 4, "{pages}");
    only_own_integrations(&console).await;
}

/// Nothing of an integration is in what others read.
async fn only_own_integrations(console: &Console) {
    let elsewhere = console.sign_in("elsewhere").await;
    for path in
        ["/", "/requests", "/audit", "/api/v1/integrations", "/api/v1/requests", "/api/v1/audit"]
    {
        let text = console.text(&elsewhere, path).await;
        assert!(!text.contains(INTEGRATION), "{path}: {text}");
    }
    let own = console.json(&elsewhere, "/api/v1/integrations").await;
    assert_eq!(own["integrations"][0]["id"], "other");
}

/// Secrets of the configuration, of the users and of the session's store.
fn secrets(setup: &Setup, password_hash: &str) -> Vec<String> {
    let mut settings = setup.settings.clone();
    let key = settings.get("secrets.key").and_then(Value::as_str).expect("a key").to_owned();
    let client = settings.get("salto.environments.simulator.client_secret");
    let client = client.and_then(Value::as_str).expect("a secret").to_owned();
    let integration: &Table = settings.integrations()[0].as_table().expect("a table");
    let password = integration["password"].as_str().expect("a password").to_owned();
    let tokens = settings.get("console.tokens").and_then(Value::as_array).expect("tokens");
    let hashes = tokens.iter().map(|it| it["hash"].as_str().expect("a hash").to_owned());
    hashes.chain([key, client, password, password_hash.to_owned()]).collect()
}

/// The headers by which a browser runs nothing but the console's own script, and shows it in no frame.
fn assert_protected(path: &str, headers: &HeaderMap) {
    let header = |name: &str| headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let policy = header("content-security-policy");
    for part in
        ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'self'"]
    {
        assert!(policy.contains(part), "{path}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{path}: {policy}");
    assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
    assert_eq!(header("referrer-policy"), "same-origin", "{path}");
    assert_eq!(header("cache-control"), "no-store", "{path}");
}

/// The next event of a stream that contains the text.
async fn next_with(stream: &mut reqwest::Response, text: &str) -> String {
    let mut read = String::new();
    within(&format!("an event with {text}"), PART, async {
        while !(read.contains(text) && read.ends_with("\n\n")) {
            let part = stream.chunk().await.expect("the stream goes on").expect("it has not ended");
            read.push_str(&String::from_utf8_lossy(&part));
        }
    })
    .await;
    read
}

#[tokio::test]
async fn answers_are_streamed_to_those_who_may_see_them() {
    let mut setup = Setup::new().await;
    add_access(&mut setup).await;
    let console = Console::start(&mut setup, "console").await;
    let fixture = Fixture::new(setup, 1).await;
    let [here, elsewhere] = [console.sign_in("here").await, console.sign_in("elsewhere").await];
    let listen = async |session: &Session| {
        let request = console.request(Method::GET, "/api/v1/events");
        let request = request.header(COOKIE, &session.cookie).timeout(SOON * 3);
        request.send().await.expect("the stream begins")
    };
    let (mut own, mut other) = (listen(&here).await, listen(&elsewhere).await);
    // The first lines may be written before the console looks for new ones.
    let mut seen = String::new();
    for number in 0..20 {
        fixture.open(&format!("r-{number}"), BOOKING).await;
        if let Ok(part) = tokio::time::timeout(SOON / 20, own.chunk()).await {
            let part = part.expect("the stream goes on").expect("it has not ended");
            seen.push_str(&String::from_utf8_lossy(&part));
        }
        if seen.contains("event: line") {
            break;
        }
    }
    assert!(seen.contains("\"outcome\":\"opened\"") && seen.contains(INTEGRATION), "{seen}");
    fixture.open("r-last", BOOKING).await;
    next_with(&mut own, "r-last").await;
    // A console that stops ends its streams; nothing was sent to the other one.
    console.process.signal(nix::sys::signal::Signal::SIGTERM);
    let mut read = String::new();
    while let Ok(Some(part)) = other.chunk().await {
        read.push_str(&String::from_utf8_lossy(&part));
    }
    assert!(!read.contains(INTEGRATION), "{read}");
    assert!(console.process.ended(SOON).await.success());
}
