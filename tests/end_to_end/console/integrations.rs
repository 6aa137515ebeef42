//! Setting up and changing integrations at the console, by forms and by the API, with a worker running.

use end_to_end::console::{Console, Session, add_access, location};
use end_to_end::deadline::{SOON, until_true};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{INTEGRATION, booking_status};
use end_to_end::setup::Setup;
use reqwest::header::{CONTENT_TYPE, COOKIE};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

const ROOM: &str = "a5091d73-d7ea-4eb7-b883-0a4d241584ca";

/// A text as a form sends it.
fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn form(fields: &[(&str, &str)]) -> String {
    let field = |(name, value): &(&str, &str)| format!("{name}={}", escaped(value));
    fields.iter().map(field).collect::<Vec<_>>().join("&")
}

async fn call(
    console: &Console,
    by: &Session,
    method: Method,
    path: &str,
    body: &Value,
) -> Response {
    let request = console.request(method, path).header("origin", &console.url);
    let request = request.header(COOKIE, &by.cookie).header("x-csrf-token", &by.csrf);
    let request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
    request.send().await.expect("the console answers")
}

async fn json_of(response: Response) -> Value {
    let text = response.text().await.expect("the answer is text");
    assert!(!text.contains("demo-password"), "no secret is shown: {text}");
    serde_json::from_str(&text).expect("the answer is JSON")
}

/// A console and a worker, whose configuration has no integration; both IQs are activated.
async fn without_integration() -> (Console, Fixture) {
    let mut setup = Setup::new().await;
    add_access(&mut setup).await;
    setup.settings.integrations().clear();
    let console = Console::start(&mut setup, "console").await;
    let worker = setup.worker("worker").start().await;
    (console, Fixture::of(setup, vec![worker]).await)
}

/// Two consoles, whose configuration has no integration, and the document of one.
async fn two_consoles() -> (Setup, [Console; 2], Value) {
    let mut setup = Setup::unactivated().await;
    add_access(&mut setup).await;
    let Some(toml::Value::Table(document)) = setup.settings.integrations().pop() else {
        panic!("the settings have an integration");
    };
    let document = serde_json::to_value(document).expect("TOML is JSON");
    let consoles =
        [Console::start(&mut setup, "one").await, Console::start(&mut setup, "two").await];
    (setup, consoles, document)
}

const FIELDS: [(&str, &str); 10] = [
    ("id", INTEGRATION),
    ("environment", "simulator"),
    ("site_uid", "NL6254340082"),
    ("username", "system-user@acme.example"),
    ("password", "demo-password"),
    ("open_from_statuses", "confirmed, paid"),
    ("minutes_before", "15"),
    ("mode", "live"),
    ("active", "true"),
    ("ask_entries", "true"),
];

#[tokio::test]
async fn an_integration_is_set_up_by_a_form_and_switched_off_by_a_button() {
    let (console, fixture) = without_integration().await;
    let admin = console.sign_in("admin").await;
    // All mistakes at once, with what was typed, and without the password.
    let wrong = form(
        &[&FIELDS[..2], &[("minutes_before", "soon"), ("password", "demo-password")]].concat(),
    );
    let refused = console.post(&admin, "/new-integration", &wrong).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = refused.text().await.expect("a page");
    for expected in ["site_uid", "minutes_before: must be a whole number", "value=\"soon\""] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    assert!(!page.contains("demo-password"), "{page}");

    let mapping = format!("room-12 = {ROOM}\n\nfront-door = Front door\n");
    let right = form(&[&FIELDS[..], &[("locks", mapping.as_str())]].concat());
    let saved = console.post(&admin, "/new-integration", &right).await;
    let page = format!("/integrations/{INTEGRATION}");
    assert_eq!(location(&saved), page);
    let shown = console.text(&admin, &page).await;
    assert!(
        shown.contains("A booking from 14:00 to 16:00 opens from 13:45 until 16:00."),
        "{shown}"
    );
    assert!(!shown.contains("demo-password"));

    // Its worker opens the door, until a click switches it off.
    fixture.store_status(&booking_status(BOOKING, "paid")).await;
    let mut tries = 0;
    while fixture.open(&format!("on-{tries}"), BOOKING).await.kind != "lock.opened.v1" {
        tries += 1;
        assert!(tries < 50, "no door opens");
    }
    let version = console.json(&admin, &format!("/api/v1{page}")).await["version"].to_string();
    let off = form(&[("version", &version), ("active", "false")]);
    let switched = console.post(&admin, &format!("{page}/switch"), &off).await;
    assert_eq!(location(&switched), page);
    let answer = fixture.open("off", BOOKING).await;
    assert_eq!(answer.text("reason"), "integration_inactive");
    assert!(console.text(&admin, &page).await.contains("Switched off: no door opens."));
    // The audit names who did it.
    let lines = console.json(&admin, "/api/v1/audit?outcome=changed").await;
    let line = &lines["lines"][0];
    assert_eq!((&line["operator"], &line["changed"]), (&"admin".into(), &json!(["active"])));
    let shown = console.text(&admin, "/audit?outcome=changed").await;
    assert!(shown.contains("<code>true</code> → <code>false</code>"), "{shown}");

    let removal = form(&[("version", "1"), ("sure", "yes")]);
    let stale = console.post(&admin, &format!("{page}/remove"), &removal).await;
    assert_eq!(stale.status(), StatusCode::CONFLICT);
    let version = console.json(&admin, &format!("/api/v1{page}")).await["version"].to_string();
    let removal = form(&[("version", &version), ("sure", "yes")]);
    assert_eq!(location(&console.post(&admin, &format!("{page}/remove"), &removal).await), "/");
    assert_eq!(console.get(&admin, &page).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn of_two_admins_the_second_one_overwrites_nothing() {
    let (_setup, [console, other], mut document) = two_consoles().await;
    let [anna, bert] = [console.sign_in("admin").await, console.sign_in("here").await];
    let path = format!("/api/v1/integrations/{INTEGRATION}");

    let mistakes = call(&console, &anna, Method::PUT, &path, &json!({"minutes_before": -1})).await;
    assert_eq!(mistakes.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(json_of(mistakes).await["mistakes"].as_array().is_some_and(|it| it.len() > 3));
    let check = format!("{path}/check");
    let checked = call(&console, &anna, Method::POST, &check, &document).await;
    assert_eq!(checked.status(), StatusCode::OK);
    assert_eq!(
        console.get(&anna, &path).await.status(),
        StatusCode::NOT_FOUND,
        "a check stores nothing"
    );

    let created = json_of(call(&console, &anna, Method::PUT, &path, &document).await).await;
    assert_eq!(created["created"], true, "{created}");
    let version = &created["version"];
    let document = document.as_object_mut().expect("an object");
    document.remove("password");
    document.insert("version".to_owned(), version.clone());
    let mut with = |minutes: u32| {
        document.insert("minutes_before".to_owned(), minutes.into());
        Value::Object(document.clone())
    };
    let changed = call(&console, &anna, Method::PUT, &path, &with(20)).await;
    assert_eq!(json_of(changed).await["changed"], json!(["minutes_before"]));
    let late = call(&console, &bert, Method::PUT, &path, &with(30)).await;
    assert_eq!(late.status(), StatusCode::CONFLICT);
    let late = json_of(late).await;
    assert_eq!(late["code"], "changed_meanwhile");
    assert!(late["detail"].as_str().is_some_and(|it| it.contains("by admin")), "{late}");
    let stale =
        call(&console, &bert, Method::DELETE, &format!("{path}?version={version}"), &json!({}))
            .await;
    assert_eq!(stale.status(), StatusCode::CONFLICT);
    // The other console shows it within a second, without a signal.
    until_true("the other console to know it", SOON, || async {
        let found = other.get(&anna, &path).await;
        found.status() == StatusCode::OK && json_of(found).await["document"]["minutes_before"] == 20
    })
    .await;
}

#[tokio::test]
async fn a_document_is_of_the_integration_that_the_path_names() {
    let mut setup = Setup::unactivated().await;
    add_access(&mut setup).await;
    let console = Console::start(&mut setup, "console").await;
    // The grant was checked for that one.
    let elsewhere = console.sign_in("elsewhere").await;
    let smuggled = json!({"id": INTEGRATION});
    let smuggled =
        call(&console, &elsewhere, Method::PUT, "/api/v1/integrations/other", &smuggled).await;
    assert_eq!(smuggled.status(), StatusCode::BAD_REQUEST);
    let new = form(&FIELDS);
    let smuggled = console.post(&elsewhere, "/new-integration", &new).await;
    assert_eq!(smuggled.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_button_at_one_console_reverts_nothing_that_another_console_has_saved() {
    let (setup, [console, other], mut document) = two_consoles().await;
    let admin = console.sign_in("admin").await;
    let path = format!("/api/v1/integrations/{INTEGRATION}");
    let page = format!("/integrations/{INTEGRATION}");
    let mut version = Value::Null;
    // What the other console has read last is older than what was saved here a moment ago.
    for minutes in [20, 30, 40, 50] {
        document["minutes_before"] = minutes.into();
        document["active"] = true.into();
        let put = version.as_u64().map_or(path.clone(), |it| format!("{path}?version={it}"));
        let saved = json_of(call(&console, &admin, Method::PUT, &put, &document).await).await;
        let switch = form(&[("version", &saved["version"].to_string()), ("active", "false")]);
        let switched = other.post(&admin, &format!("{page}/switch"), &switch).await;
        assert_eq!(location(&switched), page);
        let stored = setup.postern(&["integration", "show", INTEGRATION, "--output", "json"]).await;
        let mut stored: Value = serde_json::from_slice(&stored.stdout).expect("JSON");
        assert_eq!(
            (&stored["settings"]["minutes_before"], &stored["settings"]["active"]),
            (&json!(minutes), &json!(false)),
            "{stored}"
        );
        version = stored["version"].take();
    }
}
