//! Failures of "GET PIN".

use super::fixture::OperatorFixture;
use end_to_end::deadline::SOON;
use end_to_end::simulator::{IQ_FIRST_FLOOR, IQ_GROUND_FLOOR};
use serde_json::json;

const ACTIVATE: &str =
    "iq activate --integration acme-utrecht --iq 1a1a1a1a-0001-4000-8000-000000000001";

const MAILED: &str = "the IQ's secret is stored; Salto sends the PIN to the account's user by mail";
const AWAITED: &str = "the IQ's secret is stored, and an earlier run requested the PIN: it is in the message that Salto sent then; where none arrives, see that the IQ is online, and have it sent again a few times with --send-pin email or --send-pin sms";

fn not_yet(before: &str, why: &str) -> String {
    format!("{before}\nerror: IQ {IQ_GROUND_FLOOR} is not activated yet: {why}")
}

#[tokio::test]
async fn an_iq_that_the_site_does_not_have() {
    let operator = OperatorFixture::with_password().await;
    for iq in ["1a1a1a1a-0009-4000-8000-000000000001", "iq-attic"] {
        let line = format!("iq activate --integration acme-utrecht --iq {iq}");
        let known =
            format!("{IQ_GROUND_FLOOR} (iq-ground-floor), {IQ_FIRST_FLOOR} (iq-first-floor)");
        let stderr = format!("error: the site has no IQ {iq:?}; give one of these ids: {known}");
        operator.run(&line).await.assert_fails(1, &stderr);
    }
}

#[tokio::test]
async fn a_user_that_another_program_activated() {
    let operator = OperatorFixture::with_password().await;
    let user = json!({"activated_for": ["system-user@acme.example"]});
    operator.change_at_salto(&format!("iqs/{IQ_GROUND_FLOOR}"), user).await;
    let ways_out = "\
        This user was activated at the IQ before, by another program or in Salto's app, and postern does not
        have the secret of that activation. There are three solutions:
        1. Secret and PIN are known, from another program or a backup: postern iq adopt stores them. With an
        active device of the user, postern iq adopt --device-code asks Salto for the secret (unproven).
        2. Undo the activation, then run postern iq activate again: have the site's admin reset this user's PIN in Salto \
        KS (Site → Rights → Reset PIN), which touches nobody else. The
        program that has opened doors as this user so far can no longer do so.
        3. Use another system user, which was never activated at this IQ: set its username and password in
        the integration, then run postern iq activate again.";
    let why = "this user is already activated at the IQ, but not by this installation, and Salto gives the secret out \
               only before that";
    operator.run(ACTIVATE).await.assert_fails(1, &not_yet(ways_out, why));

    // The first way out.
    let adopt = ACTIVATE.replace("activate", "adopt");
    operator.run_with_input(&adopt, "GroundFloorIq001\n0000\n").await.assert_fails(
        1,
        "having Salto check secret and PIN
        error: Salto does not accept this secret with this PIN (Salto does not accept the one-time password (HTTP 400, code \
         3102)); nothing was stored. Check both, the otp_scheme of the integration, and the clock; a few wrong ones in a row \
         block the user for about 20 minutes",
    );
    let adopted = operator.run_with_input(&adopt, "GroundFloorIq001\n6596\n").await;
    adopted.assert_done(
        "Salto's cloud accepts secret and PIN, and they are stored: the IQ is activated",
    );
    assert!(adopted.stderr.contains("postern lock open LOCK"), "{adopted:?}");
}

#[tokio::test]
async fn a_mistyped_pin() {
    let operator = OperatorFixture::with_password().await;
    operator.run(ACTIVATE).await.assert_fails(
        1,
        &not_yet(MAILED, "no PIN was given; run the same command again when you have it"),
    );
    operator.run_with_input(ACTIVATE, "659\n").await.assert_fails(
        1,
        &not_yet(
            AWAITED,
            "a PIN is exactly four digits; nothing was sent: run the command again with the right PIN",
        ),
    );
    let proving = format!("{AWAITED}\nhaving Salto check secret and PIN");
    operator.run_with_input(ACTIVATE, "6569\n").await.assert_fails(
        1,
        &not_yet(
            &proving,
            "Salto does not accept this PIN; the IQ's secret is kept, so look the PIN up again and try once more (a few \
             wrong ones in a row block the user for about 20 minutes)",
        ),
    );
    let pins = operator.setup.simulator.counters().await["calls"]["pin"].clone();
    assert_eq!(pins, 2, "asked for once, and proven once");
    operator.run_with_input(ACTIVATE, "6596\n").await.assert_done("IQ is activated");
}

#[tokio::test]
async fn an_activation_killed_while_it_waits_for_the_pin() {
    let operator = OperatorFixture::with_password().await;
    let terminal = operator.run_at_terminal(ACTIVATE);
    let pin = operator.setup.simulator.mailed_pin(IQ_GROUND_FLOOR).await;
    terminal.wait_for_screen("PIN: ", SOON).await;
    drop(terminal);
    let list = operator.run("iq list --integration acme-utrecht").await;
    list.assert_shows(&format!(
        "run `postern {ACTIVATE}` again, and enter the PIN that Salto sends"
    ));
    let mapping = operator.run("doctor").await;
    mapping.assert_shows("BROKEN mapping acme-utrecht: no object is mapped to a lock");
    let output = operator.run_with_input(&list.suggested_command(), &format!("{pin}\n")).await;
    output.assert_done("IQ is activated");
    assert!(
        output.stderr.starts_with(&format!("{AWAITED}\nhaving Salto check secret and PIN\n")),
        "{output:?}"
    );
    let calls = operator.setup.simulator.counters().await["calls"].clone();
    assert_eq!(
        (&calls["secret"], &calls["pin"]),
        (&json!(1), &json!(2)),
        "nothing is asked for twice"
    );
}

#[tokio::test]
async fn an_iq_that_is_offline() {
    let operator = OperatorFixture::with_password().await;
    operator.change_at_salto(&format!("iqs/{IQ_GROUND_FLOOR}"), json!({"online": false})).await;
    let output = operator.run_with_input(ACTIVATE, "6596\n").await;
    let offline = format!(
        "error: IQ {IQ_GROUND_FLOOR} is not activated yet: the IQ is not online (HTTP 400, code 3102); where none \
         arrives, see that the IQ is online, and have it sent again a few times with --send-pin email or --send-pin sms"
    );
    output.assert_fails(1, &offline);
    operator.run("iq list --integration acme-utrecht").await.assert_shows("iq-ground-floor no");
    operator.change_at_salto(&format!("iqs/{IQ_GROUND_FLOOR}"), json!({"online": true})).await;
    operator.run(ACTIVATE).await.assert_fails(
        1,
        &not_yet(MAILED, "no PIN was given; run the same command again when you have it"),
    );
    // It was stored before the IQ could check it.
    operator.change_at_salto(&format!("iqs/{IQ_GROUND_FLOOR}"), json!({"online": false})).await;
    assert_eq!(operator.run_with_input(ACTIVATE, "6596\n").await.status, Some(1));
    operator.change_at_salto(&format!("iqs/{IQ_GROUND_FLOOR}"), json!({"online": true})).await;
    operator.run(ACTIVATE).await.assert_done("IQ is activated");
}
