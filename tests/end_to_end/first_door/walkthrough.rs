//! The whole setup, from the checklist to an open door: once with a password, once with a sign-in by the browser.

use super::command_output::CommandOutput;
use super::fixture::OperatorFixture;
use crate::login::{printed_address, salto, sign_in};
use end_to_end::deadline::SOON;
use end_to_end::setup::Setup;
use end_to_end::simulator::{FRONT_DOOR, IQ_GROUND_FLOOR, ROOM_12, SECRETS};

#[tokio::test]
async fn setup_with_a_password_and_the_pin_on_standard_input() {
    let mut operator = OperatorFixture::with_password().await;

    // "Environment", "Username", "Password", "Site UID", statuses and times are in the file.
    let checked = operator.run("check-config").await;
    assert_eq!(checked.status, Some(0), "{checked:?}");
    let is_setting = |line: &&str| line.starts_with("  [") || line.starts_with("    ");
    let (settings, summary): (Vec<_>, Vec<_>) = checked.stdout.lines().partition(is_setting);
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
            &"    ask_entries true, check_in_status checked_in, confirm_openings off, locks_by_name [], minutes_after 0, mode live, password set, \
              record_opened_at_in salto_opened_at, redirect_uri -, rehearse_with -, shared_doors (), username system-user@acme.example, warn_before 1h"
        ),
        "{settings:#?}"
    );
    // "Test / request access".
    let doctor = operator.run("doctor").await;
    doctor.assert_shows("ok salto.sign_in acme-utrecht: signed in");
    doctor.assert_shows("ok salto.rights acme-utrecht: site_admin, remote access");
    doctor.assert_shows(
        "BROKEN mapping acme-utrecht: no object is mapped to a lock
        → run `postern lock list --integration acme-utrecht`, and put locks into [integrations.locks] or default_lock",
    );
    assert_eq!(
        (doctor.status, doctor.stderr.trim_end()),
        (Some(1), "error: broken: 2 of 25 findings")
    );

    // "Resolve site ID".
    let sites = operator.run("site list --integration acme-utrecht").await;
    let site = sites.id_in_row_with("NL6254340082");
    operator.run("site resolve NL6254340082").await.assert_done(&format!(
        "SITE UID ID NAME INTEGRATION
        NL6254340082 {site} acme utrecht acme-utrecht"
    ));

    finish_setup(&mut operator, async |operator, activate| {
        let activated = operator.run_with_mailed_pin(activate, IQ_GROUND_FLOOR).await;
        activated.assert_done("IQ is activated");
        let begins = "the IQ's secret is stored; Salto sends the PIN to the account's user by mail\n\
                      having Salto check secret and PIN\n";
        assert!(activated.stderr.starts_with(begins), "{activated:?}");
        let proof = "`postern lock open LOCK --integration acme-utrecht --reason TEXT`";
        assert!(activated.stderr.contains(proof), "{activated:?}");
    })
    .await;
}

#[tokio::test]
async fn setup_with_a_sign_in_by_the_browser_and_the_pin_typed_at_a_terminal() {
    let (salto, redirect_uri) = salto();
    let account = format!("flow = \"authorization_code\"\nredirect_uri = \"{redirect_uri}\"");
    let mut operator = OperatorFixture::at(Setup::with_salto(&salto).await, &account);
    operator
        .run("check-config")
        .await
        .assert_shows("site NL6254340082 (acceptance), flow authorization_code, opens");
    operator.run("doctor").await.assert_shows(
        "BROKEN salto.sign_in acme-utrecht: no user is signed in at Salto for this integration: no user has signed in \
         yet; run `postern login --integration acme-utrecht`
        → run `postern login` for this integration",
    );

    let login = operator
        .start_in_background("login", "login --integration acme-utrecht --no-browser --yes");
    let page = sign_in(&printed_address(&login).await, "demo-password").await;
    assert!(
        page.contains(
            "You are signed in as system-user@acme.example. Go on in the terminal; you can close this page."
        ),
        "{page}"
    );
    assert_eq!(login.ended(SOON).await.code(), Some(0));
    let last = login.log().lines().last().map(str::to_owned);
    assert_eq!(
        last.as_deref(),
        Some("signed in; acme-utrecht now opens doors as system-user@acme.example")
    );

    finish_setup(&mut operator, async |operator, activate| {
        let terminal = operator.run_at_terminal(activate);
        let pin = operator.setup.simulator.mailed_pin(IQ_GROUND_FLOOR).await;
        terminal.type_without_echo(&pin, SOON).await;
        assert_eq!(terminal.ended(SOON).await.code(), Some(0), "{}", terminal.screen());
        let begins = "the IQ's secret is stored; Salto sends the PIN to the account's user by mail\n\
                      PIN: \n\
                      having Salto check secret and PIN\n\
                      IQ is activated\n";
        assert!(terminal.screen().starts_with(begins), "{}", terminal.screen());
    })
    .await;
}

/// The second page of the checklist, when the account works: mapping, default lock and IQ; then the first guest.
async fn finish_setup(
    operator: &mut OperatorFixture,
    activate: impl AsyncFnOnce(&OperatorFixture, &str),
) {
    let locks = map_locks(operator).await;
    let mapping = operator.run("mapping check").await;
    assert_eq!(mapping.status, Some(1));
    let iq =
        operator.run("iq list --integration acme-utrecht").await.id_in_row_with("iq-ground-floor");
    mapping.assert_shows(&format!(
        "acme-utrecht: BROKEN: room-12, the default lock: their IQ iq-ground-floor ({iq}): not activated
        `postern iq activate --integration acme-utrecht --iq {iq}`"
    ));

    // "GET PIN", with the suggested command.
    activate(operator, &mapping.suggested_command()).await;

    check_without_worker(operator, &iq).await;
    let worker = operator.start_worker().await;
    let doctor = operator.run("doctor").await;
    doctor
        .assert_shows("ok rabbitmq.consumers postern.open-requests: workers that take from it: 1");
    assert_eq!((doctor.status, doctor.stderr.as_str()), (Some(0), ""), "nothing is broken");

    let tail = open_the_door(operator).await;
    let explanation = operator.run("explain R-1").await;
    let first = explanation.stdout.lines().next();
    assert!(first.is_some_and(|line| line.ends_with(&opened())), "{explanation:?}");
    explanation
        .assert_shows("commands written: 1, failed attempts: 0\n\nbooking, as it is known now");
    explanation.assert_shows("a door of it was opened before");

    for text in [worker.log(), tail, explanation.stdout, doctor.stdout, locks.stdout] {
        for secret in SECRETS {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

/// "Mapping" and "Default lock", "fetched from the Site".
async fn map_locks(operator: &mut OperatorFixture) -> CommandOutput {
    let locks = operator.run("lock list --integration acme-utrecht").await;
    let (room, front_door) = (locks.id_in_row_with("room-12"), locks.id_in_row_with("front"));
    assert_eq!((room.as_str(), front_door.as_str()), (ROOM_12, FRONT_DOOR));
    operator.append_to_config(&format!(
        "default_lock = \"{front_door}\"\n[integrations.locks]\n\"room-12\" = \"{room}\""
    ));
    locks
}

/// What the commands report after the activation, before a worker has run.
async fn check_without_worker(operator: &OperatorFixture, iq: &str) {
    operator.run(&format!("iq probe --integration acme-utrecht --iq {iq}")).await.assert_done(
        "Salto's cloud accepts the one-time password: secret, PIN and clock are right there. Only an opening proves that \
         the IQ has the same: `postern lock open` opens a door once",
    );
    let mapping = operator.run("mapping check").await;
    mapping.assert_done("");
    assert_eq!(
        mapping.stderr.trim_end(),
        "acme-utrecht: 1 mapped objects and a default lock, nothing broken"
    );
    let doctor = operator.run("doctor").await;
    doctor.assert_shows("ok iq acme-utrecht: activated and in order: 1");
    doctor.assert_shows(
        "BROKEN rabbitmq.topology RabbitMQ: the exchanges and queues of postern do not exist yet
        → start a worker: it declares what is missing",
    );
    assert_eq!(doctor.stderr.trim_end(), "error: broken: 1 of 25 findings");
    let explanation =
        operator.run("explain --integration acme-utrecht --booking B-1 --object room-12").await;
    explanation.assert_shows(
        "the door would not open: booking_unknown, no status of this booking has been received",
    );
}

/// The booking is paid, and the guest requests the door; returns the output of `tail`.
async fn open_the_door(operator: &OperatorFixture) -> String {
    let tail = operator.start_in_background("tail", "tail --count 2 --timeout 60s");
    tail.wait_for_log("listening", SOON).await;
    let booking = "publish booking-status --integration acme-utrecht --booking B-1 --id S-1 --status paid --object \
                   room-12 --starts-at +10m --ends-at +2h";
    operator.run(booking).await.assert_done("S-1");
    let request = "publish open-request --integration acme-utrecht --booking B-1 --id R-1";
    operator.run(request).await.assert_done("R-1");
    assert_eq!(tail.ended(SOON).await.code(), Some(0), "{}", tail.log());
    let log = tail.log();
    let events: Vec<&str> =
        log.lines().skip(1).filter_map(|line| Some(line.split_once("  ")?.1)).collect();
    let checked_in = "acme-utrecht  B-1  checked in: the new status of the booking is checked_in";
    assert_eq!(events, [opened().as_str(), checked_in]);
    let openings = operator.setup.simulator.openings().await;
    assert_eq!(openings.len(), 1, "the door has opened once: {openings:?}");
    assert_eq!((openings[0].lock_id.as_str(), openings[0].lock.as_str()), (ROOM_12, "room-12"));
    log
}

/// The answer in the output of `tail` and `explain`.
fn opened() -> String {
    format!("acme-utrecht  B-1  opened room-12 (lock {ROOM_12})")
}
