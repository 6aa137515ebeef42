//! The simulator's page in a real browser: what is clicked there happens at Salto and in front of postern.

use end_to_end::browser::{Browser, NARROW, Theme, WIDE};
use end_to_end::deadline::{SOON, until_true};
use end_to_end::fixture::Fixture;
use end_to_end::http;
use end_to_end::inbound::INTEGRATION;
use end_to_end::setup::Setup;
use end_to_end::simulator::{IQ_FIRST_FLOOR, IQ_GROUND_FLOOR, ROOM_12, Simulator};
use serde_json::{Value, json};

/// Whether Salto's API says that the IQ on the ground floor is online.
async fn is_online(simulator: &Simulator) -> bool {
    let url = simulator.url();
    let form = "grant_type=password&username=system-user%40acme.example&password=demo-password&scope=user_api.full_access";
    let request = http::client().post(format!("{url}/connect/token")).body(form);
    let request = request.basic_auth("postern-demo", Some("demo-client-secret"));
    let form_type = "application/x-www-form-urlencoded";
    let token: Value = json(request.header("Content-Type", form_type)).await;
    let token = token["access_token"].as_str().expect("a token");
    let sites: Value =
        json(http::client().get(format!("{url}/v1.2/sites")).bearer_auth(token)).await;
    let site = sites["items"][0]["id"].as_str().expect("a site");
    let iqs = http::client().get(format!("{url}/v1.2/sites/{site}/iqs")).bearer_auth(token);
    let iqs: Value = json(iqs).await;
    let mut iqs = iqs["items"].as_array().expect("IQs").iter();
    let iq = iqs.find(|iq| iq["id"] == IQ_GROUND_FLOOR).expect("the IQ");
    iq["online"].as_bool().expect("whether it is online")
}

async fn json(request: reqwest::RequestBuilder) -> Value {
    request.send().await.expect("an answer").json().await.expect("JSON")
}

#[tokio::test]
async fn what_is_clicked_changes_saltos_answers_and_what_changes_elsewhere_is_shown() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let simulator = Simulator::start(directory.path()).await;
    let browser = Browser::start(directory.path()).await;
    browser.open(simulator.url()).await;
    browser.shows("#link", "live").await;

    let iq = format!("#iq-{IQ_GROUND_FLOOR}");
    assert!(is_online(&simulator).await);
    browser.click(&format!("{iq} button[name=online]")).await;
    browser.shows(&iq, "offline").await;
    browser.shows("#said", "The IQ is changed.").await;
    assert!(!is_online(&simulator).await);
    browser.shows(&format!("#lock-{ROOM_12}"), "iq-ground-floor offline").await;

    // From elsewhere, while a part of the page is open and somebody types: both stay.
    let door = format!("#lock-{ROOM_12}");
    browser.click(&format!("{door} summary")).await;
    browser.script("window.kept = document.activeElement", vec![]).await;
    simulator.change_iq(IQ_GROUND_FLOOR, json!({"online": true})).await;
    browser.shows(&iq, "online").await;
    let kept = "return window.kept === document.activeElement && window.kept.parentNode.open";
    assert_eq!(browser.script(kept, vec![]).await, true);

    browser.click(&format!("{door} button[name=privacy_mode]")).await;
    browser.shows(&format!("{door} .state"), "privacy mode").await;
    browser.click(&format!("{door} select option[value='{IQ_FIRST_FLOOR}']")).await;
    browser.click(&format!("{door} form:last-of-type button")).await;
    browser.shows(&format!("{door} .state"), "iq-first-floor").await;
    browser.click("#clock button[value='600']").await;
    browser.shows("#clock", "600 s ahead").await;
    browser.click(&format!("{iq} button[name=restore_required]")).await;
    browser.shows(&iq, "refuses OTPs").await;

    // What is refused is said, and stays until somebody acts again.
    // In one step: the page may be drawn anew in between.
    let far = "const button = document.querySelector('#clock button'); button.value = '99999999999'; button.click()";
    browser.script(far, vec![]).await;
    browser.shows("[role=alert]", "must be within ten years").await;
    simulator.change_iq(IQ_GROUND_FLOOR, json!({"restore_required": false})).await;
    browser.shows(&iq, "Refuse OTPs").await;
    browser.shows("[role=alert]", "must be within ten years").await;
    browser.click("#clock button[value='0']").await;
    browser.shows("#clock", "not stepped").await;
    assert_eq!(
        browser.script("return document.querySelector('[role=alert]')", vec![]).await,
        Value::Null
    );
}

#[tokio::test]
async fn a_ring_on_the_page_opens_the_door_or_says_why_not() {
    let fixture = Fixture::new(Setup::new().await, 1).await;
    let simulator = &fixture.setup.simulator;
    let browser = Browser::start(fixture.setup.directory()).await;
    browser.open(simulator.url()).await;
    browser.fill("#guest [name=integration]", INTEGRATION).await;
    browser.fill("#guest [name=status]", "pending").await;
    let door = format!("#lock-{ROOM_12}");
    let book = format!("{door} button[formaction='/page/bookings']");
    let ring = format!("{door} button[formaction='/page/rings']");
    book_by(&fixture, &browser, &book).await;
    browser.click(&ring).await;
    browser.shows("#rings li:first-child", "status not allowed").await;
    assert_eq!(simulator.openings().await.len(), 0);

    browser.fill("#guest [name=status]", "paid").await;
    book_by(&fixture, &browser, &book).await;
    browser.click(&ring).await;
    browser.shows("#rings li:first-child", "opened").await;
    browser.shows(&format!("{door} .note"), "open").await;
    let openings = simulator.openings().await;
    assert_eq!(openings.len(), 1);
    assert_eq!(openings[0].lock_id, ROOM_12);
}

/// Clicks, and waits until the worker has stored the booking.
async fn book_by(fixture: &Fixture, browser: &Browser, button: &str) {
    let before = fixture.settled("booking-status").await;
    browser.click(button).await;
    fixture.wait_until_settled("booking-status", before + 1).await;
}

#[tokio::test]
async fn people_can_use_the_page_in_each_theme_and_width() {
    let setup = Setup::new().await;
    let simulator = &setup.simulator;
    simulator.change_iq(IQ_FIRST_FLOOR, json!({"online": false, "restore_required": true})).await;
    let browser = Browser::start(setup.directory()).await;
    browser.open(simulator.url()).await;
    browser.shows("#link", "live").await;
    browser.click(&format!("#lock-{ROOM_12} summary")).await;
    for theme in [Theme::Light, Theme::Dark] {
        for width in [WIDE, NARROW] {
            browser.look(width, theme).await;
            let wide = "return document.documentElement.scrollWidth <= window.innerWidth";
            until_true("nothing to be cut off", SOON, || async {
                browser.script(wide, vec![]).await == true
            })
            .await;
            assert_eq!(browser.serious_findings().await, [""; 0], "{theme:?}, {width} px");
        }
    }
}
