//! "GET PIN" goes wrong.

use super::person::Person;
use end_to_end::deadline::SOON;
use end_to_end::simulator::{IQ_FIRST_FLOOR, IQ_GROUND_FLOOR};
use serde_json::json;

const ACTIVATE: &str =
    "iq activate --integration acme-utrecht --iq 1a1a1a1a-0001-4000-8000-000000000001";

const MAILED: &str = "the IQ's secret is stored; Salto sends the PIN to the account's user by mail";
const AWAITED: &str = "the IQ's secret is stored, and an earlier run requested the PIN: it is in the mail that Salto sent then";

fn not_yet(before: &str, why: &str) -> String {
    format!("{before}\nerror: IQ {IQ_GROUND_FLOOR} is not activated yet: {why}")
}

#[tokio::test]
async fn an_iq_that_the_site_does_not_have() {
    let me = Person::with_a_password().await;
    for iq in ["1a1a1a1a-0009-4000-8000-000000000001", "iq-ground-floor"] {
        let line = format!("iq activate --integration acme-utrecht --iq {iq}");
        let known =
            format!("{IQ_GROUND_FLOOR} (iq-ground-floor), {IQ_FIRST_FLOOR} (iq-first-floor)");
        let words = format!("error: the site has no IQ {iq:?}; give one of these ids: {known}");
        me.types(&line).await.fails(1, &words);
    }
}

#[tokio::test]
async fn a_user_whom_somebody_else_activated() {
    let me = Person::with_a_password().await;
    let user = json!({"activated_for": ["system-user@acme.example"]});
    me.at_salto(&format!("iqs/{IQ_GROUND_FLOOR}"), user).await;
    let ways_out = "\
        This user was activated at the IQ before, by another program or in Salto's app, and postern does not
        have the secret of that activation. There are three solutions:
        1. Secret and PIN are known, from another program or a backup: postern iq adopt stores them.
        2. Have Salto (or the administrator of the site in Salto KS) reset this user's activation at this
        IQ, then run postern iq activate again. The program that has opened doors as this user so far
        can no longer do so.
        3. Use another system user, which was never activated at this IQ: set its username and password in
        the integration, then run postern iq activate again.";
    let why = "this user is already activated at the IQ, but not by this installation, and Salto gives the secret out \
               only before that";
    me.types(ACTIVATE).await.fails(1, &not_yet(ways_out, why));

    // The first of them, typed.
    let adopt = ACTIVATE.replace("activate", "adopt");
    me.types_and_enters(&adopt, "GroundFloorIq001\n0000\n").await.fails(
        1,
        "having Salto check secret and PIN
        error: Salto does not accept this secret with this PIN (Salto does not accept the one-time password (HTTP 400, code \
         3102)); nothing was stored. Check both, the otp_scheme of the integration, and the clock; a few wrong ones in a row \
         block the user for about 20 minutes",
    );
    let adopted = me.types_and_enters(&adopt, "GroundFloorIq001\n6596\n").await;
    adopted.done("Salto accepts secret and PIN, and they are stored: the IQ is activated");
}

#[tokio::test]
async fn a_pin_that_is_mistyped() {
    let me = Person::with_a_password().await;
    me.types(ACTIVATE).await.fails(
        1,
        &not_yet(MAILED, "no PIN was given; run the same command again when you have it"),
    );
    me.types_and_enters(ACTIVATE, "659\n").await.fails(
        1,
        &not_yet(
            AWAITED,
            "a PIN is exactly four digits; nothing was sent: run the command again with the right PIN",
        ),
    );
    let proving = format!("{AWAITED}\nhaving Salto check secret and PIN");
    me.types_and_enters(ACTIVATE, "6569\n").await.fails(
        1,
        &not_yet(
            &proving,
            "Salto does not accept this PIN; the IQ's secret is kept, so look the PIN up again and try once more (a few \
             wrong ones in a row block the user for about 20 minutes)",
        ),
    );
    let pins = me.world.simulator.counters().await["calls"]["pin"].clone();
    assert_eq!(pins, 2, "asked for once, and proven once");
    me.types_and_enters(ACTIVATE, "6596\n").await.done("IQ is activated");
}

#[tokio::test]
async fn killed_while_it_waits_for_the_pin() {
    let me = Person::with_a_password().await;
    let terminal = me.sits_at(ACTIVATE);
    let pin = me.world.simulator.mailed_pin(IQ_GROUND_FLOOR).await;
    terminal.shows("PIN: ", SOON).await;
    drop(terminal);
    let list = me.types("iq list --integration acme-utrecht").await;
    list.shows(&format!("the secret is stored: run `postern {ACTIVATE}` again, and enter the PIN"));
    let mapping = me.types("doctor").await;
    mapping.shows("BROKEN mapping acme-utrecht: no object is mapped to a lock");
    let said = me.types_and_enters(&list.advice(), &format!("{pin}\n")).await;
    said.done("IQ is activated");
    assert_eq!(said.words, format!("{AWAITED}\nhaving Salto check secret and PIN\n"));
    let calls = me.world.simulator.counters().await["calls"].clone();
    assert_eq!(
        (&calls["secret"], &calls["pin"]),
        (&json!(1), &json!(2)),
        "nothing is asked for twice"
    );
}

#[tokio::test]
async fn an_iq_that_is_offline() {
    let me = Person::with_a_password().await;
    me.at_salto(&format!("iqs/{IQ_GROUND_FLOOR}"), json!({"online": false})).await;
    let said = me.types_and_enters(ACTIVATE, "6596\n").await;
    said.fails(
        1,
        &not_yet(
            &format!("{MAILED}\nhaving Salto check secret and PIN"),
            "the IQ is not online (HTTP 400, code 3102); check the power and the network of the IQ",
        ),
    );
    me.types("iq list --integration acme-utrecht").await.shows("iq-ground-floor no");
    me.at_salto(&format!("iqs/{IQ_GROUND_FLOOR}"), json!({"online": true})).await;
    // The PIN was stored before it was proven.
    me.types(ACTIVATE).await.done("IQ is activated");
}
