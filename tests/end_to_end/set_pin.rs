//! `postern iq set-pin`: whatever comes in between, the PIN that counts is known in the end.

use crate::operator::{
    change_iq, file, hold_proof, iq, iq_in_background, kill_at, listed, proofs, real_pin,
};
use end_to_end::deadline::SOON;
use end_to_end::scene::{BOOKING, Scene};
use end_to_end::simulator::IQ_GROUND_FLOOR;
use end_to_end::world::World;
use serde_json::json;

/// `set-pin` with the new PIN in a file.
async fn set_pin(world: &World, pin: &str) -> crate::operator::Said {
    let file = file(world, "new-pin", pin);
    iq(world, "set-pin", &["--yes", "--pin-file", &file]).await
}

/// Starts `set-pin` to 0601, and kills it at a proof.
async fn killed(world: &World, (before, carried_out): (u64, bool), more: &[&str]) {
    let count = proofs(world).await + before + 1;
    hold_proof(world, before, carried_out).await;
    let command = iq_in_background(world, "killed", "set-pin", &[&["--yes"], more].concat());
    kill_at(world, &command, count).await;
}

#[tokio::test]
async fn a_new_pin_is_moved_proven_and_opens_doors() {
    let world = World::new().await;
    let said = set_pin(&world, "0601").await.done();
    assert_eq!(
        (&said.rows[0]["changed"], &said.rows[0]["state"]),
        (&json!(true), &json!("activated"))
    );
    assert!(said.words.contains("Salto's cloud and the IQ have been seen to disagree"), "{said:?}");
    assert!(!format!("{said:?}").contains("0601"), "{said:?}");
    assert_eq!(real_pin(&world).await, "0601");
    let row = listed(&world, IQ_GROUND_FLOOR).await;
    assert_eq!((&row["state"], &row["setting_pin"]), (&json!("activated"), &json!(false)));

    let before = proofs(&world).await;
    let said = set_pin(&world, "0601").await.done();
    assert_eq!((&said.rows[0]["changed"], proofs(&world).await), (&json!(false), before));
    for (pin, why) in [("061", "four digits"), ("06o1", "four digits")] {
        set_pin(&world, pin).await.failed(why);
    }
    assert_eq!(proofs(&world).await, before, "nothing was sent");
    let said = iq(&world, "set-pin", &["--pin-file", &file(&world, "new-pin", "1111")]).await;
    assert_eq!((said.status, said.words.contains("--yes")), (Some(2), true), "{said:?}");

    let scene = Scene::new(world, 1).await;
    assert_eq!(scene.open("R-1", BOOKING).await.kind, "lock.opened.v1");
}

#[tokio::test]
async fn killed_before_salto_heard_of_it_it_goes_on() {
    let world = World::new().await;
    let pin = file(&world, "new-pin", "0601");
    killed(&world, (0, false), &["--pin-file", &pin]).await;
    assert_eq!(real_pin(&world).await, "6596");
    let row = listed(&world, IQ_GROUND_FLOOR).await;
    assert_eq!((&row["state"], &row["setting_pin"]), (&json!("activated"), &json!(true)));
    assert!(row["next"].as_str().is_some_and(|next| next.contains("set-pin")), "{row}");
    iq(&world, "probe", &[]).await.failed("set-pin");

    // The old PIN counts; which costs a rejected password, and is not asked of the person again.
    let said = iq(&world, "set-pin", &["--yes"]).await.done();
    assert_eq!(said.rows[0]["changed"], true);
    assert_eq!(real_pin(&world).await, "0601");
    let row = listed(&world, IQ_GROUND_FLOOR).await;
    assert_eq!((&row["setting_pin"], &row["rejected_in_a_row"]), (&json!(false), &json!(0)));
}

#[tokio::test]
async fn killed_after_salto_moved_it_it_goes_on() {
    let world = World::new().await;
    let pin = file(&world, "new-pin", "0601");
    killed(&world, (0, true), &["--pin-file", &pin]).await;
    assert_eq!(real_pin(&world).await, "0601");
    // And killed once more while it finds that out.
    killed(&world, (0, true), &[]).await;
    let said = iq(&world, "set-pin", &["--yes"]).await.done();
    assert_eq!(said.rows[0]["changed"], false, "it was moved before: {said:?}");
    iq(&world, "probe", &[]).await.done();
    let scene = Scene::new(world, 1).await;
    assert_eq!(scene.open("R-1", BOOKING).await.kind, "lock.opened.v1");
}

#[tokio::test]
async fn killed_between_the_move_and_its_proof_it_goes_on() {
    let world = World::new().await;
    let pin = file(&world, "new-pin", "0601");
    killed(&world, (1, false), &["--pin-file", &pin]).await;
    assert_eq!(real_pin(&world).await, "0601");
    assert_eq!(listed(&world, IQ_GROUND_FLOOR).await["setting_pin"], true);
    iq(&world, "set-pin", &["--yes"]).await.done();
    assert_eq!(listed(&world, IQ_GROUND_FLOOR).await["setting_pin"], false);
}

#[tokio::test]
async fn an_answer_that_is_lost_leaves_both_pins() {
    let world = World::new().await;
    let lost = json!({"kind": "reset", "carried_out": true, "call": "pin", "times": 1});
    world.simulator.fault(lost).await;
    set_pin(&world, "0601").await.failed("both PINs are kept");
    iq(&world, "set-pin", &["--yes"]).await.done();
    iq(&world, "probe", &[]).await.done();
}

#[tokio::test]
async fn where_cloud_and_iq_disagree_the_pin_that_counts_is_kept() {
    let world = World::new().await;
    // The cloud says yes, and the IQ keeps its PIN.
    let yes = json!({"kind": "status", "status": 204, "call": "pin", "times": 1});
    world.simulator.fault(yes).await;
    set_pin(&world, "0601").await.failed("accepts the old one and not the new one");
    let row = listed(&world, IQ_GROUND_FLOOR).await;
    assert_eq!((&row["state"], &row["setting_pin"]), (&json!("activated"), &json!(false)));
    assert_eq!(row["rejected_in_a_row"], 0, "{row}");
    let scene = Scene::new(world, 1).await;
    assert_eq!(scene.open("R-1", BOOKING).await.kind, "lock.opened.v1");
}

#[tokio::test]
async fn a_stored_pin_that_no_longer_counts_moves_nothing_and_is_counted() {
    let world = World::new().await;
    change_iq(&world, json!({"pin": "1234"})).await;
    for rejected in 1..=2 {
        set_pin(&world, "0601").await.failed("the PIN was not changed");
        let row = listed(&world, IQ_GROUND_FLOOR).await;
        assert_eq!(
            (&row["rejected_in_a_row"], &row["setting_pin"]),
            (&json!(rejected), &json!(false))
        );
    }
    let before = proofs(&world).await;
    set_pin(&world, "0601").await.failed("could block the user");
    assert_eq!(proofs(&world).await, before, "nothing was sent");
}

#[tokio::test]
async fn of_two_operators_one_wins_and_the_other_is_told() {
    let world = World::new().await;
    let [one, other] = ["1111", "2222"].map(|pin| file(&world, pin, pin));
    let one = ["--yes", "--pin-file", &one];
    let other = ["--yes", "--pin-file", &other];
    let (one, other) = tokio::join!(iq(&world, "set-pin", &one), iq(&world, "set-pin", &other));
    let pin = real_pin(&world).await;
    match (one.status, other.status) {
        // Two that did not meet.
        (Some(0), Some(0)) => assert!(pin == "1111" || pin == "2222", "{pin}"),
        (Some(0), _) => {
            other.failed("another command");
            assert_eq!(pin, "1111");
        }
        (_, _) => {
            one.failed("another command");
            other.done();
            assert_eq!(pin, "2222");
        }
    }
    iq(&world, "probe", &[]).await.done();
}

#[tokio::test]
async fn who_comes_second_waits_for_the_first_and_is_told() {
    let world = World::new().await;
    let count = proofs(&world).await + 1;
    let held = json!({"kind": "delay", "delay_ms": 3000, "call": "pin", "times": 1});
    world.simulator.fault(held).await;
    let pin = file(&world, "first", "1111");
    let first = iq_in_background(&world, "first", "set-pin", &["--yes", "--pin-file", &pin]);
    end_to_end::deadline::until_true("the first one's move", SOON, || async {
        proofs(&world).await >= count
    })
    .await;
    let pin = file(&world, "second", "2222");
    let second = iq(&world, "set-pin", &["--yes", "--pin-file", &pin]).await;
    second.failed("another command");
    assert!(first.ended(SOON).await.success(), "{}", first.log());
    assert_eq!(real_pin(&world).await, "1111");
}

#[tokio::test]
async fn an_iq_that_is_not_activated_has_no_pin_to_set() {
    let world = World::unactivated().await;
    set_pin(&world, "0601").await.failed("iq activate");
    assert_eq!(proofs(&world).await, 0);
}
