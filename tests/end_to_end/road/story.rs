//! From the checklist to an open door, twice: with a password, and with a person's sign-in by the browser.

use super::person::Person;
use crate::login::{said_to_open, salto, sign_in};
use end_to_end::deadline::SOON;
use end_to_end::simulator::{FRONT_DOOR, IQ_GROUND_FLOOR, ROOM_12, SECRETS};
use end_to_end::world::World;

#[tokio::test]
async fn with_a_password_and_the_pin_on_standard_input() {
    let mut me = Person::with_a_password().await;

    // "Environment", "Username", "Password", "Site UID", statuses and times are in the file. Is it right?
    let checked = me.types("check-config").await;
    assert_eq!(checked.status, Some(0), "{checked:?}");
    let is_setting = |line: &&str| line.starts_with("  [") || line.starts_with("    ");
    let (settings, summary): (Vec<_>, Vec<_>) = checked.out.lines().partition(is_setting);
    assert_eq!(
        summary,
        [
            "ok",
            "environments: acceptance",
            "audit: redis, kept for 30days",
            "integrations: 1",
            "  acme-utrecht: site NL6254340082 (acceptance), flow password, opens from confirmed, paid, 15 min before \
             the start; 0 mapped objects; one-time passwords salto-ks",
            "other settings:",
        ]
    );
    assert!(
        settings.contains(
            &"    ask_entries true, check_in_status checked_in, mode live, password set, record_opened_at_in \
              salto_opened_at, redirect_uri -, rehearse_with -, username system-user@acme.example"
        ),
        "{settings:#?}"
    );
    // "Test / request access", and what is next.
    let doctor = me.types("doctor").await;
    doctor.shows("ok salto.sign_in acme-utrecht: signed in");
    doctor.shows("ok salto.rights acme-utrecht: site_admin, remote access");
    doctor.shows(
        "BROKEN mapping acme-utrecht: no object is mapped to a lock
        → run `postern lock list --integration acme-utrecht`, and put locks into [integrations.locks] or default_lock",
    );
    assert_eq!(
        (doctor.status, plain_words(&doctor.words)),
        (Some(1), "error: broken: 2 of 20 findings")
    );

    // "Resolve site ID".
    let sites = me.types("site list --integration acme-utrecht").await;
    let site = sites.id_beside("NL6254340082");
    me.types("site resolve NL6254340082").await.done(&format!(
        "SITE UID ID NAME INTEGRATION
        NL6254340082 {site} acme utrecht acme-utrecht"
    ));

    reach_the_door(&mut me, async |me, activate| {
        let activated = me.types_and_enters_the_mailed_pin(activate, IQ_GROUND_FLOOR).await;
        activated.done("IQ is activated");
        assert_eq!(
            plain_words(&activated.words),
            "the IQ's secret is stored; Salto sends the PIN to the account's user by mail\n\
             having Salto check secret and PIN"
        );
    })
    .await;
}

#[tokio::test]
async fn with_a_sign_in_by_the_browser_and_the_pin_typed_at_a_terminal() {
    let (salto, redirect_uri) = salto();
    let account = format!("flow = \"authorization_code\"\nredirect_uri = \"{redirect_uri}\"");
    let mut me = Person::at(World::of_salto(&salto).await, &account);
    me.types("check-config")
        .await
        .shows("site NL6254340082 (acceptance), flow authorization_code, opens");
    me.types("doctor").await.shows(
        "BROKEN salto.sign_in acme-utrecht: no user is signed in at Salto for this integration: no user has signed in \
         yet; run `postern login --integration acme-utrecht`
        → run `postern login` for this integration",
    );

    let login = me.opens_a_window("login", "login --integration acme-utrecht --no-browser");
    let page = sign_in(&said_to_open(&login).await, "demo-password").await;
    assert!(
        page.contains("acme-utrecht now opens doors as this user. You can close this page."),
        "{page}"
    );
    assert_eq!(login.ended(SOON).await.code(), Some(0));
    let last = login.log().lines().last().map(str::to_owned);
    assert_eq!(last.as_deref(), Some("signed in; acme-utrecht now opens doors as this user"));

    reach_the_door(&mut me, async |me, activate| {
        let terminal = me.sits_at(activate);
        let pin = me.world.simulator.mailed_pin(IQ_GROUND_FLOOR).await;
        terminal.types_unseen(&pin, SOON).await;
        assert_eq!(terminal.ended(SOON).await.code(), Some(0), "{}", terminal.screen());
        assert_eq!(
            terminal.screen(),
            "the IQ's secret is stored; Salto sends the PIN to the account's user by mail\n\
             PIN: \n\
             having Salto check secret and PIN\n\
             IQ is activated\n"
        );
    })
    .await;
}

/// The checklist's second page, once the account works: mapping, default lock, IQ, and the first guest.
async fn reach_the_door(me: &mut Person, activate: impl AsyncFnOnce(&Person, &str)) {
    // "Mapping" and "Default lock", "fetched from the Site".
    let locks = me.types("lock list --integration acme-utrecht").await;
    let (room, front_door) = (locks.id_beside("room-12"), locks.id_beside("front"));
    assert_eq!((room.as_str(), front_door.as_str()), (ROOM_12, FRONT_DOOR));
    me.adds(&format!(
        "default_lock = \"{front_door}\"\n[integrations.locks]\n\"room-12\" = \"{room}\""
    ));

    let mapping = me.types("mapping check").await;
    assert_eq!(mapping.status, Some(1));
    let iq = me.types("iq list --integration acme-utrecht").await.id_beside("iq-ground-floor");
    mapping.shows(&format!(
        "acme-utrecht: BROKEN: room-12, the default lock: their IQ {iq} is not activated here
        `postern iq activate --integration acme-utrecht --iq {iq}`"
    ));

    // "GET PIN": by the very command that was advised.
    activate(me, &mapping.advice()).await;

    me.types(&format!("iq probe --integration acme-utrecht --iq {iq}")).await.done(
        "Salto accepts the one-time password: secret, PIN and clock are right (`postern doctor` checks what else a \
         door needs)",
    );
    let mapping = me.types("mapping check").await;
    mapping.done("");
    assert_eq!(
        mapping.words.trim_end(),
        "acme-utrecht: 1 mapped objects and a default lock, nothing broken"
    );
    let doctor = me.types("doctor").await;
    doctor.shows("ok iq acme-utrecht: activated and in order: 1");
    doctor.shows(
        "BROKEN rabbitmq.topology RabbitMQ: the exchanges and queues of postern do not exist yet
        → start a worker: it declares what is missing",
    );
    assert_eq!(plain_words(&doctor.words), "error: broken: 1 of 20 findings");
    let before =
        me.types("explain --integration acme-utrecht --booking B-1 --object room-12").await;
    before.shows(
        "the door would not open: booking_unknown, no status of this booking has been received",
    );

    let worker = me.starts_a_worker().await;
    let doctor = me.types("doctor").await;
    doctor.shows("ok rabbitmq.consumers postern.open-requests: workers that take from it: 1");
    assert_eq!((doctor.status, doctor.words.as_str()), (Some(0), ""), "nothing is broken");
    let tail = me.opens_a_window("tail", "tail --count 2 --timeout 60s");
    tail.says("listening", SOON).await;

    // A guest has paid, and stands at the door.
    let booking = "publish booking-status --integration acme-utrecht --booking B-1 --id S-1 --status paid --object \
                   room-12 --starts-at +10m --ends-at +2h";
    me.types(booking).await.done("S-1");
    me.types("publish open-request --integration acme-utrecht --booking B-1 --id R-1")
        .await
        .done("R-1");
    assert_eq!(tail.ended(SOON).await.code(), Some(0), "{}", tail.log());
    let log = tail.log();
    let told: Vec<&str> =
        log.lines().skip(1).filter_map(|line| Some(line.split_once("  ")?.1)).collect();
    let opened = format!("acme-utrecht  B-1  opened room-12 (lock {ROOM_12})");
    let checked_in = "acme-utrecht  B-1  checked in: the new status of the booking is checked_in";
    assert_eq!(told, [opened.as_str(), checked_in]);
    let openings = me.world.simulator.openings().await;
    assert_eq!(openings.len(), 1, "the door has opened once: {openings:?}");
    assert_eq!((openings[0].lock_id.as_str(), openings[0].lock.as_str()), (ROOM_12, "room-12"));

    let account = me.types("explain R-1").await;
    assert!(account.out.lines().next().is_some_and(|line| line.ends_with(&opened)), "{account:?}");
    account.shows("commands written: 1, failed attempts: 0\n\nbooking, as it is known now");
    account.shows("a door of it was opened before");

    for said in [worker.log(), log, account.out, doctor.out, locks.out] {
        for secret in SECRETS {
            assert!(!said.contains(secret), "{secret} in {said}");
        }
    }
}

fn plain_words(words: &str) -> &str {
    words.trim_end()
}
