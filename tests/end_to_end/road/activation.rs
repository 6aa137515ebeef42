//! "GET PIN" goes wrong.

use super::person::Person;
use end_to_end::deadline::SOON;
use end_to_end::simulator::{IQ_FIRST_FLOOR, IQ_GROUND_FLOOR};
use serde_json::json;

const ACTIVATE: &str =
    "iq activate --integration acme-utrecht --iq 1a1a1a1a-0001-4000-8000-000000000001";

const MAILED: &str = "the IQ's secret is stored; Salto sends the PIN to the account's user by mail";
const AWAITED: &str = "the IQ's secret is stored, and the PIN was asked for in an earlier run: it is in the mail from then";

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
        let words = format!("error: the site has no IQ {iq:?}; give an id, of: {known}");
        me.types(&line).await.fails(1, &words);
    }
}

#[tokio::test]
async fn a_user_whom_somebody_else_activated() {
    let me = Person::with_a_password().await;
    let user = json!({"activated_for": ["system-user@acme.example"]});
    me.at_salto(&format!("iqs/{IQ_GROUND_FLOOR}"), user).await;
    let ways_out = "\
        This user was activated at the IQ before, by another program or in Salto's app, and the secret from
        then is not here. There are three ways out:
        1. Secret and PIN are known, from another program or a backup: postern iq adopt takes them over.
        2. Have Salto (or whoever administers the site in Salto KS) reset this user's activation at this
        IQ, then run postern iq activate again. The program that opens doors as this user so far can no
        longer.
        3. Use another system user, that was never activated at this IQ: put its username and password
        into the integration, then run postern iq activate again.";
    let why = "this user is already activated at the IQ, but not by this installation, and Salto gives the secret out \
               only before that";
    me.types(ACTIVATE).await.fails(1, &not_yet(ways_out, why));

    // The first of them, typed.
    let adopt = ACTIVATE.replace("activate", "adopt");
    me.types_and_enters(&adopt, "GroundFloorIq001\n0000\n").await.fails(
        1,
        "proving secret and PIN to Salto
        error: Salto does not accept this secret with this PIN (Salto does not accept the one-time password (HTTP 400, code \
         3102)); nothing was stored. Check both, the otp_scheme of the integration, and the clock; a few wrong ones in a row \
         block the user for about 20 minutes",
    );
    let adopted = me.types_and_enters(&adopt, "GroundFloorIq001\n6596\n").await;
    adopted.done("Salto accepts secret and PIN, and they are stored: IQ is activated");
}

#[tokio::test]
async fn a_pin_that_is_mistyped() {
    let me = Person::with_a_password().await;
    me.types(ACTIVATE).await.fails(
        1,
        &not_yet(MAILED, "no PIN was given; run the same command again once you have it"),
    );
    me.types_and_enters(ACTIVATE, "659\n").await.fails(
        1,
        &not_yet(
            AWAITED,
            "a PIN is exactly four digits; nothing was sent: run it again with the right one",
        ),
    );
    let proving = format!("{AWAITED}\nproving secret and PIN to Salto");
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
    list.shows(&format!("the secret is stored: `postern {ACTIVATE}` again, and give it the PIN"));
    let mapping = me.types("doctor").await;
    mapping.shows("BROKEN mapping acme-utrecht: no object leads to a lock");
    let said = me.types_and_enters(&list.advice(), &format!("{pin}\n")).await;
    said.done("IQ is activated");
    assert_eq!(said.words, format!("{AWAITED}\nproving secret and PIN to Salto\n"));
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
            &format!("{MAILED}\nproving secret and PIN to Salto"),
            "the IQ is not online (HTTP 400, code 3102); see to the IQ's power and its network",
        ),
    );
    me.types("iq list --integration acme-utrecht").await.shows("iq-ground-floor no");
    me.at_salto(&format!("iqs/{IQ_GROUND_FLOOR}"), json!({"online": true})).await;
    // The PIN was stored before it was proven.
    me.types(ACTIVATE).await.done("IQ is activated");
}
