//! The console's pages that act: dead letters, requests, IQs and openings, as forms of a browser without a script.

use end_to_end::console::{Console, Session, add_access, location};
use end_to_end::deadline::{SOON, until, until_true};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{INTEGRATION, booking_status};
use end_to_end::setup::Setup;
use end_to_end::simulator::{IQ_GROUND_FLOOR, ROOM_12};
use reqwest::StatusCode;
use serde_json::json;

/// An id that a browser would run, were it not escaped.
const HOSTILE: &str = "<script>alert(1)</script>\"><img src=x onerror=alert(2)>";

async fn start(setup: &mut Setup) -> Console {
    add_access(setup).await;
    Console::start(setup, "console").await
}

/// Sends a form that is refused; the page of the refusal.
async fn refused(console: &Console, by: &Session, path: &str, form: &str, status: u16) -> String {
    let response = console.post(by, path, form).await;
    assert_eq!(response.status().as_u16(), status, "{path}: {form}");
    response.text().await.expect("a page")
}

/// Sends a form that is followed by another page; its address.
async fn done(console: &Console, by: &Session, path: &str, form: &str) -> String {
    let response = console.post(by, path, form).await;
    let (status, to) = (response.status(), location(&response).to_owned());
    let said = response.text().await.expect("a page");
    assert_eq!(status, StatusCode::SEE_OTHER, "{path}: {said}");
    to
}

#[track_caller]
fn is_harmless(page: &str) {
    assert!(!page.contains("<script>alert") && !page.contains("<img"), "{page}");
}

/// The page of a job that has ended. Until then it is loaded anew by itself.
async fn ended(console: &Console, by: &Session, path: &str) -> String {
    until("the end of the job", SOON * 2, || async {
        let page = console.text(by, path).await;
        let runs = page.contains(">running<");
        assert_eq!(runs, page.contains("http-equiv=\"refresh\""), "{page}");
        (!runs).then_some(page)
    })
    .await
}

#[tokio::test]
async fn dead_letters_are_replayed_and_dropped_on_their_page() {
    let mut setup = Setup::unactivated().await;
    let folder = setup.directory().join("archive");
    std::fs::create_dir(&folder).expect("a folder");
    setup.settings.set("console.archive_folder", folder.to_str().expect("text"));
    let console = start(&mut setup).await;
    let fixture = Fixture::new(setup, 1).await;
    fixture.open(HOSTILE, BOOKING).await;
    fixture.wait_until_settled("open-requests", 1).await;
    let before = fixture.settled("booking-status").await;
    fixture.bus.booking(&json!("no event")).await;
    until_true("the malformed letter", SOON, || async {
        fixture.settled("booking-status").await > before
    })
    .await;

    let viewer = console.sign_in("viewer").await;
    let page = console.text(&viewer, "/dead-letters").await;
    for text in ["iq not activated", "same answer again", "still malformed", "&lt;script&gt;"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    is_harmless(&page);
    assert!(!page.contains("name=\"do\""), "{page}");
    let all = "do=replay-all&reason=iq_not_activated";
    let told = refused(&console, &viewer, "/dead-letters", all, 403).await;
    assert!(told.contains("this needs the role operator"), "{told}");
    let elsewhere = console.sign_in("elsewhere").await;
    let others = console.text(&elsewhere, "/dead-letters").await;
    assert!(others.contains("There is no dead letter that you may see."), "{others}");

    let operator = console.sign_in("operator").await;
    let nothing = "do=replay-selected&reason=malformed";
    let told = refused(&console, &operator, "/dead-letters", nothing, 400).await;
    assert!(told.contains("tick at least one letter") && told.contains("iq not activated"));
    let job = done(&console, &operator, "/dead-letters", all).await;
    let page = ended(&console, &operator, &job).await;
    assert!(page.contains(">done<") && page.contains("replayed"), "{page}");
    fixture.wait_until_settled("open-requests", 2).await;
    assert_eq!(fixture.outbound.terminals()[HOSTILE].len(), 2, "the answer is published again");
    assert_eq!(console.get(&viewer, &job).await.status(), StatusCode::NOT_FOUND);

    let page = console.text(&operator, "/dead-letters").await;
    let (_, id) = page.split_once("name=\"id\" value=\"").expect("a letter can be ticked");
    let (id, _) = id.split_once('"').expect("an id");
    let drop = format!("do=drop-selected&id={id}");
    let told = refused(&console, &operator, "/dead-letters", &drop, 400).await;
    assert!(told.contains("before you drop letters"), "{told}");
    let job = done(&console, &operator, "/dead-letters", &format!("{drop}&sure=yes")).await;
    let page = ended(&console, &operator, &job).await;
    assert!(page.contains(">done<") && page.contains("dropped"), "{page}");
    assert_eq!(std::fs::read_dir(&folder).expect("the folder").count(), 1);
    let page = console.text(&operator, "/dead-letters").await;
    assert!(!page.contains("still malformed"), "{page}");
}

#[tokio::test]
async fn a_request_is_explained_rule_by_rule_on_its_page() {
    let mut setup = Setup::new().await;
    let console = start(&mut setup).await;
    let fixture = Fixture::new(setup, 1).await;
    fixture.store_status(&booking_status(HOSTILE, "cancelled")).await;
    assert_eq!(fixture.open(HOSTILE, HOSTILE).await.kind, "lock.open-rejected.v1");
    let [viewer, elsewhere] = [console.sign_in("viewer").await, console.sign_in("elsewhere").await];
    for list in ["/requests", "/audit"] {
        let page = console.text(&viewer, list).await;
        is_harmless(&page);
        let (_, link) = page.split_once("href=\"/requests/").expect("a link to the request");
        let (link, _) = link.split_once('"').expect("an address");
        let link = format!("/requests/{}", link.replace("&amp;", "&"));
        let page = console.text(&viewer, &link).await;
        is_harmless(&page);
        for text in [
            "Change the status in the booking system",
            "a worker took it",
            "lock.open-rejected.v1",
            "status allowed",
            "&lt;script&gt;",
        ] {
            assert!(page.contains(text), "{text}: {page}");
        }
        assert_eq!(console.get(&elsewhere, &link).await.status(), StatusCode::NOT_FOUND);
    }
    let nowhere = console.get(&viewer, "/requests/R-2").await;
    assert_eq!(nowhere.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_iq_is_activated_and_its_door_opened_by_forms() {
    let mut setup = Setup::unactivated().await;
    let console = start(&mut setup).await;
    let iqs = format!("/integrations/{INTEGRATION}/iqs");
    let iq = format!("{iqs}/{IQ_GROUND_FLOOR}");
    let [viewer, operator] = [console.sign_in("viewer").await, console.sign_in("operator").await];
    let elsewhere = console.sign_in("elsewhere").await;
    assert_eq!(console.get(&elsewhere, &iq).await.status(), StatusCode::NOT_FOUND);
    assert!(console.text(&viewer, &iqs).await.contains(&iq));
    let page = console.text(&viewer, &iq).await;
    assert!(page.contains(">not activated<") && page.contains("An operator may activate it."));
    assert!(!page.contains("name=\"pin\""), "{page}");
    refused(&console, &viewer, &iq, "step=begin", 403).await;
    assert_eq!(setup.simulator.counters().await["calls"]["secret"].as_u64().unwrap_or(0), 0);

    let said = async |form: &str, code: &str, text: &str| {
        let to = done(&console, &operator, &iq, form).await;
        assert_eq!(to, format!("{iq}?said={code}"), "{form}");
        let page = console.text(&operator, &to).await;
        assert!(page.contains(text), "{text}: {page}");
        has_no_secret(&page);
    };
    let why = async |form: &str, status: u16, text: &str| {
        let page = refused(&console, &operator, &iq, form, status).await;
        assert!(page.contains(text) && page.contains("IQ iq-ground-floor"), "{text}: {page}");
        has_no_secret(&page);
    };
    said("step=begin&send_pin=sms", "sent_by_sms", "as a text message").await;
    why("step=enter_pin&pin=99", 400, "four digits").await;
    why("step=enter_pin&pin=9753", 409, "does not accept").await;
    said("step=enter_pin&pin=6596", "done", ">activated<").await;
    said("step=probe", "accepted", "Salto accepts the one-time passwords").await;
    said("step=set_pin&pin=0681", "pin_set", "another PIN now").await;
    why("step=adopt&secret=GroundFloorIq001&pin=0681", 409, "is activated here and works").await;
    opened_once(&console, &setup, [&viewer, &operator]).await;
    has_no_secret(&console.process.log());
}

#[track_caller]
fn has_no_secret(text: &str) {
    for secret in ["value=\"9753", "PIN 9753", "6596", "GroundFloorIq001", "value=\"0681"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}

/// By a person who may, with a reason, and not again where the page is loaded anew.
async fn opened_once(console: &Console, setup: &Setup, [viewer, operator]: [&Session; 2]) {
    let doors = format!("/integrations/{INTEGRATION}/doors");
    let form = format!("lock={ROOM_12}&reason=a+proof");
    refused(console, viewer, &doors, &form, 403).await;
    assert!(!console.text(viewer, &doors).await.contains("name=\"reason\""));
    let told = refused(console, operator, &doors, &format!("lock={ROOM_12}&reason=+"), 400).await;
    assert!(told.contains("the reason"), "{told}");
    let hostile = refused(console, operator, &doors, "lock=%3Cscript%3Ealert&reason=x", 409).await;
    is_harmless(&hostile);
    assert_eq!(setup.simulator.opening_count().await, 0);
    let to = done(console, operator, &doors, &form).await;
    assert_eq!(to, format!("{doors}?opening=opened"));
    for _ in 0..2 {
        assert!(console.text(operator, &to).await.contains("The door opened."));
    }
    assert_eq!(setup.simulator.opening_count().await, 1);
    let audit = console.text(operator, "/audit?operator=operator").await;
    assert!(audit.contains("a proof") && !audit.contains("6596"), "{audit}");
}
