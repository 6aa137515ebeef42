//! The console's pages in a real browser, and its API called by schemathesis.

use end_to_end::browser::{Browser, NARROW, Theme, WIDE};
use end_to_end::console::{Console, PASSWORD, add_access};
use end_to_end::deadline::{SOON, until, until_true};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{INTEGRATION, booking_status};
use end_to_end::processes::Process;
use end_to_end::setup::Setup;
use end_to_end::simulator::{IQ_GROUND_FLOOR, ROOM_12};
use end_to_end::worker::Worker;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// The first run may have to download schemathesis.
const CALLED: Duration = Duration::from_secs(300);

/// The pages that need no sign-in, and those that do: name and path.
const PLAIN: [(&str, &str); 1] = [("sign-in", "/sign-in")];
const PAGES: [(&str, &str); 11] = [
    ("overview", "/"),
    ("integration", "/integrations/acme-utrecht"),
    ("doors", "/integrations/acme-utrecht/doors"),
    ("locks", "/integrations/acme-utrecht/locks"),
    ("iqs", "/integrations/acme-utrecht/iqs"),
    ("iq", "/integrations/acme-utrecht/iqs/iq-ground-floor"),
    ("requests", "/requests"),
    ("request", "/requests/R-1"),
    ("dead-letters", "/dead-letters"),
    ("audit", "/audit"),
    ("new-integration", "/new-integration"),
];

async fn start(setup: &mut Setup) -> Console {
    add_access(setup).await;
    Console::start(setup, "console").await
}

async fn type_in(browser: &Browser, user: &str, password: &str) {
    browser.fill("#user", user).await;
    browser.fill("#password", password).await;
    browser.click("main button[type=submit]").await;
}

async fn sign_in(browser: &Browser, console: &Console, user: &str) {
    browser.open(&format!("{}/sign-in", console.url)).await;
    type_in(browser, user, PASSWORD).await;
    browser.shows(".signed-in", user).await;
}

/// A worker and a console, whose configuration has no integration, and an admin who is signed in.
async fn without_integration() -> (Setup, Worker, Console, Browser) {
    let mut setup = Setup::unactivated().await;
    setup.settings.integrations().clear();
    let worker = setup.worker("worker").start().await;
    let console = start(&mut setup).await;
    let browser = Browser::start(setup.directory()).await;
    sign_in(&browser, &console, "admin").await;
    (setup, worker, console, browser)
}

#[tokio::test]
async fn a_person_signs_in_sees_what_is_allowed_and_signs_out() {
    let mut setup = Setup::unactivated().await;
    let console = start(&mut setup).await;
    let browser = Browser::start(setup.directory()).await;
    // Without a session every page leads to the sign-in.
    browser.open(&console.url).await;
    type_in(&browser, "admin", "a wrong password").await;
    browser.shows("[role=alert]", "The name or the password is wrong.").await;
    sign_in(&browser, &console, "admin").await;
    browser.shows("main", INTEGRATION).await;

    browser.click(".signed-in button").await;
    browser.shows("h1", "Sign in").await;
    browser.open(&console.url).await;
    browser.shows("h1", "Sign in").await;

    // Of an integration that is another's there is no trace.
    sign_in(&browser, &console, "elsewhere").await;
    browser.shows("main", "There is no integration that you may see.").await;
    browser.open(&format!("{}/integrations/{INTEGRATION}", console.url)).await;
    browser.shows("[role=alert]", "integration").await;
    let seen = browser.page_text().await;
    assert!(!seen.contains("NL6254340082") && !seen.contains("room-12"), "{seen}");
    assert!(!console.process.log().contains("a wrong password"), "{}", console.process.log());
}

#[tokio::test]
async fn an_opening_is_shown_while_the_page_is_open_and_found_later() {
    let mut fixture = Fixture::new(Setup::new().await, 1).await;
    let console = start(&mut fixture.setup).await;
    let browser = Browser::start(fixture.setup.directory()).await;
    sign_in(&browser, &console, "admin").await;
    // An id is a text whatever it looks like.
    let booking = "<img src=x onerror=document.title='run'>";
    fixture.store_status(&booking_status(booking, "paid")).await;
    fixture.open("R-1", booking).await;
    browser.shows(".live", "room-12, opened").await;

    browser.click("nav a[href='/requests']").await;
    browser.shows("main table", booking).await;
    browser.fill("#request", "R-1").await;
    browser.click(".filter button").await;
    browser.shows("main table", "R-1").await;
    assert!(browser.url().await.contains("request=R-1"));
    browser.open(&format!("{}/integrations/{INTEGRATION}/doors", console.url)).await;
    browser.shows("main table", "opened").await;
    assert_ne!(browser.script("return document.title", vec![]).await, "run");
}

#[tokio::test]
async fn an_integration_is_set_up_by_clicks_opens_a_door_and_is_switched_off() {
    let (setup, _worker, console, browser) = without_integration().await;
    browser.click("main a[href='/new-integration']").await;
    for (field, text) in [
        ("#id", INTEGRATION),
        ("#site_uid", "NL6254340082"),
        ("#username", "system-user@acme.example"),
        ("#password", "demo-password"),
        ("#open_from_statuses", "confirmed, paid"),
        ("#locks", "room-12"),
    ] {
        browser.fill(field, text).await;
    }
    browser.click("main form button[type=submit]").await;
    browser.shows("[role=alert]", "line 1 of the mapping must be").await;
    browser.fill("#locks", "room-12 = room-12").await;
    browser.fill("#password", "demo-password").await;
    browser.click("main form button[type=submit]").await;
    browser.shows("h1", INTEGRATION).await;
    setup.activate(IQ_GROUND_FLOOR).await;

    browser.open(setup.simulator.url()).await;
    let door = format!("#lock-{ROOM_12}");
    browser.click(&format!("{door} button[formaction='/page/bookings']")).await;
    browser.shows("#said", "The booking is published.").await;
    assert_eq!(ring(&browser).await, "opened");

    browser.open(&format!("{}/integrations/{INTEGRATION}", console.url)).await;
    browser.click("form[action$='/switch'] button").await;
    browser.shows("main", "It is switched off").await;
    browser.open(setup.simulator.url()).await;
    // Within the second after it was switched off, a door may open.
    until_true("no door to open", SOON, || async {
        ring(&browser).await == "integration inactive"
    })
    .await;
    browser.open(&format!("{}/audit", console.url)).await;
    browser.shows("main table", "admin").await;
}

#[tokio::test]
async fn each_failure_on_the_way_to_an_open_door_says_what_to_do() {
    let (setup, _worker, console, browser) = without_integration().await;
    let page = format!("{}/integrations/{INTEGRATION}", console.url);
    let save = "main form button[type=submit]";
    let iqs = format!("{page}/iqs");

    browser.open(&format!("{}/new-integration", console.url)).await;
    for (field, text) in [
        ("#id", INTEGRATION),
        ("#site_uid", "NL0000000000"),
        ("#username", "system-user@acme.example"),
        ("#password", "wrong"),
        ("#open_from_statuses", "confirmed"),
        ("#locks", "room-12 = room-12"),
    ] {
        browser.fill(field, text).await;
    }
    browser.submit(save).await;
    browser.submit("form[action$='/access-test'] button").await;
    browser.shows("[role=status]", "until what is broken is mended").await;
    browser.shows("main table", "Salto does not accept the client, user name or password").await;
    browser.open(&iqs).await;
    browser.shows("[role=alert]", "correct username and password of the integration").await;

    browser.open(&format!("{page}/edit")).await;
    browser.fill("#password", "demo-password").await;
    browser.submit(save).await;
    browser.open(&iqs).await;
    browser.shows("[role=alert]", "NL6254340082").await;
    browser.shows("[role=alert]", "site_uid").await;

    browser.open(&format!("{page}/edit")).await;
    browser.fill("#site_uid", "NL6254340082").await;
    browser.submit(save).await;
    activate_by_clicks(&browser, &setup, &format!("{iqs}/{IQ_GROUND_FLOOR}")).await;

    browser.open(setup.simulator.url()).await;
    browser.click(&format!("#lock-{ROOM_12} button[formaction='/page/bookings']")).await;
    browser.shows("#said", "The booking is published.").await;
    assert_eq!(ring(&browser).await, "opened");
}

/// From an IQ that is offline, and two wrong PINs, to one that is activated.
async fn activate_by_clicks(browser: &Browser, setup: &Setup, page: &str) {
    let iq = format!("#iq-{IQ_GROUND_FLOOR}");
    let offline = async |offline: bool| {
        browser.open(setup.simulator.url()).await;
        browser.click(&format!("{iq} button[name=online]")).await;
        browser.shows(&iq, if offline { "offline" } else { "online" }).await;
        browser.open(page).await;
    };
    let step = |name: &str| format!("form:has([value={name}]) button");
    offline(true).await;
    browser.submit(&step("begin")).await;
    browser.shows("main", "offline").await;
    offline(false).await;
    browser.submit(&step("begin")).await;
    browser.shows("[role=status]", "Enter it below.").await;
    let pin = setup.simulator.mailed_pin(IQ_GROUND_FLOOR).await;
    let wrong = if pin == "1234" { "4321" } else { "1234" };
    for _ in 0..2 {
        browser.fill("#pin", wrong).await;
        browser.submit(&step("enter_pin")).await;
        browser.shows("[role=alert]", "does not accept").await;
    }
    browser.fill("#pin", &pin).await;
    browser.submit(&step("enter_pin")).await;
    // One more wrong PIN could block the user: a person has to want that.
    browser.shows("[role=alert]", "one more").await;
    browser.fill("#pin", &pin).await;
    browser.click("form:has([value=enter_pin]) [name=force]").await;
    browser.submit(&step("enter_pin")).await;
    browser.shows("main .badge.good", "activated").await;
}

/// Rings at room-12 on the simulator's page, and returns what comes of it.
async fn ring(browser: &Browser) -> String {
    let count = "return document.querySelectorAll('#rings li').length";
    let before = browser.script(count, vec![]).await;
    browser.click(&format!("#lock-{ROOM_12} button[formaction='/page/rings']")).await;
    let newest = "return document.querySelector('#rings li:first-child > :last-child').textContent";
    until("the answer to the ring", SOON * 2, || async {
        if browser.script(count, vec![]).await == before {
            return None;
        }
        let answer = browser.script(newest, vec![]).await;
        let answer = answer.as_str().unwrap_or_default().to_owned();
        (answer != "waits for postern").then_some(answer)
    })
    .await
}

#[tokio::test]
async fn a_viewer_may_not_change_anything_and_is_told_so() {
    let mut setup = Setup::unactivated().await;
    let console = start(&mut setup).await;
    let browser = Browser::start(setup.directory()).await;
    sign_in(&browser, &console, "viewer").await;
    assert!(!browser.page_text().await.contains("Set up a new integration"));
    browser.open(&format!("{}/new-integration", console.url)).await;
    browser.shows("[role=alert]", "this needs the role admin").await;
}

#[tokio::test]
async fn people_can_use_every_page_of_the_console_in_each_theme_and_width() {
    let mut fixture = Fixture::new(Setup::new().await, 1).await;
    fixture.open("R-1", BOOKING).await;
    let console = start(&mut fixture.setup).await;
    let browser = Browser::start(fixture.setup.directory()).await;
    can_be_used(&browser, &console, &PLAIN).await;
    sign_in(&browser, &console, "admin").await;
    can_be_used(&browser, &console, &PAGES).await;
}

async fn can_be_used(browser: &Browser, console: &Console, pages: &[(&str, &str)]) {
    for (name, path) in pages {
        browser.open(&format!("{}{path}", console.url)).await;
        for theme in [Theme::Light, Theme::Dark] {
            for width in [WIDE, NARROW] {
                browser.look(width, theme).await;
                assert_eq!(
                    browser.serious_findings().await,
                    [""; 0],
                    "{name}, {theme:?}, {width} px"
                );
                let fits = browser
                    .script("return document.documentElement.scrollWidth <= innerWidth", vec![])
                    .await;
                assert_eq!(fits, true, "{name}: something is cut off at {width} px");
            }
        }
    }
}

#[tokio::test]
async fn every_operation_of_the_api_answers_as_its_document_says() {
    let mut setup = Setup::unactivated().await;
    let credentials = add_access(&mut setup).await;
    let console = Console::start(&mut setup, "console").await;
    let token = credentials.tokens.iter().find(|(name, _)| name == "admin");
    let (_, token) = token.expect("the admin has a token");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/schemathesis.sh");
    let mut command = Command::new(script);
    command.arg(format!("{}/api/v1/openapi.json", console.url)).env("TOKEN", token);
    // It has no end.
    command.args(["--exclude-path", "/api/v1/events"]);
    let called = Process::start("schemathesis", setup.directory(), &mut command);
    let status = called.ended(CALLED).await;
    assert!(status.success(), "{}", called.log());
    assert!(called.log().contains("Tested:"), "{}", called.log());
}

/// `make pictures`: every page in both themes, wide and narrow, into `docs/pictures`.
#[tokio::test]
#[ignore = "writes docs/pictures"]
async fn pictures() {
    let mut fixture = Fixture::new(Setup::new().await, 1).await;
    for (request, booking) in [("R-1", BOOKING), ("R-2", BOOKING), ("R-3", "B-2")] {
        fixture.open(request, booking).await;
    }
    let console = start(&mut fixture.setup).await;
    let browser = Browser::start(fixture.setup.directory()).await;
    let simulator = [("simulator", fixture.setup.simulator.url().to_owned())];
    take(&browser, &simulator).await;
    let at = |pages: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
        pages.iter().map(|(name, path)| (*name, format!("{}{path}", console.url))).collect()
    };
    take(&browser, &at(&PLAIN)).await;
    sign_in(&browser, &console, "admin").await;
    take(&browser, &at(&PAGES)).await;
}

async fn take(browser: &Browser, pages: &[(&str, String)]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/pictures");
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    for (name, url) in pages {
        for theme in [Theme::Light, Theme::Dark] {
            for (width, shape) in [(WIDE, "wide"), (NARROW, "narrow")] {
                browser.look(width, theme).await;
                browser.open(url).await;
                browser.picture(&folder.join(format!("{name}-{shape}-{}.png", theme.name()))).await;
            }
        }
    }
}
