//! The activation of an IQ, step by step, and with lost answers between the steps.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use chrono::Utc;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::redis::Redis;
use super::server::{Reply, Request, Server};
use super::{IQ, salto, site};
use crate::activation::{ActivateError, Activation, ActivationState, ActivationStore, Step};
use crate::activation::{begin, finish, restart};
use crate::redis::seal::Sealer;
use crate::{OtpKey, OtpScheme, PinDelivery, Site};

const SECRET: &str = "ABCDEFGHIJKLMNOP";

/// A test IQ with a secret and a PIN.
#[derive(Default)]
struct TestIq {
    activated: AtomicBool,
    shows_pin: bool,
    /// How many calls are answered before the connection breaks.
    breaks_at: Option<usize>,
    calls: AtomicUsize,
    /// The queries of the requests for the PIN.
    deliveries: Mutex<Vec<String>>,
}

impl TestIq {
    fn answer(&self, request: &Request) -> Reply {
        if !request.path.contains(IQ) {
            return salto(request).unwrap();
        }
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let reply = self.handle(request);
        // The request took effect, and the answer is lost.
        if self.breaks_at == Some(call) { Reply::Reset } else { reply }
    }

    fn handle(&self, request: &Request) -> Reply {
        let refused = |code: &str, message: &str| {
            Reply::json(403, &json!({"ErrorCode": code, "Message": message}))
        };
        let activated = self.activated.load(Ordering::SeqCst);
        match (request.method.as_str(), request.path.rsplit('/').next().unwrap()) {
            ("GET", "secret") if activated => {
                refused("2203", "Cannot get first secret for an already activated Iq")
            }
            ("GET", "secret") => Reply::json(200, &json!({"secret": SECRET})),
            ("GET", "pin") if activated => refused("3102", "command_forbidden"),
            ("GET", "pin") if self.shows_pin => Reply::json(200, &json!({"pin": "0601"})),
            ("GET", "pin") => {
                self.deliveries.lock().unwrap().push(request.query.clone());
                Reply::with(204, "", "")
            }
            ("PUT", "pin") => {
                let body: Value = serde_json::from_str(&request.body).unwrap();
                assert_eq!(body["delta"], "0000");
                let key = OtpKey::new(OtpScheme::SaltoKs, SECRET.into(), "0601".into());
                let now = Utc::now();
                let right = (-5..=5).any(|second| {
                    key.otp(now + chrono::TimeDelta::seconds(second)).expose() == body["otp"]
                });
                if !right {
                    return Reply::json(400, &json!({"ErrorCode": 3102, "Message": "otp_invalid"}));
                }
                self.activated.store(true, Ordering::SeqCst);
                Reply::with(204, "", "")
            }
            other => panic!("unexpected {other:?}"),
        }
    }
}

async fn fixture(iq: TestIq) -> (Arc<TestIq>, Server, Site, Redis, ActivationStore) {
    let iq = Arc::new(iq);
    let handler = Arc::clone(&iq);
    let server = Server::start(move |request| handler.answer(request)).await;
    let (site, redis) = (site(&server), Redis::start().await);
    let sealer = Arc::new(Sealer::new(&[9; 32]));
    let store = ActivationStore::new(redis.pool(), &redis.prefix, sealer);
    (iq, server, site, redis, store)
}

async fn stored(store: &ActivationStore) -> Activation {
    store.get("acme", IQ).await.unwrap().unwrap().activation
}

#[tokio::test]
async fn activation_with_a_mailed_pin() {
    let (_iq, server, site, _redis, store) = fixture(TestIq::default()).await;
    assert_eq!(begin(&site, &store, IQ, None).await, Ok(Step::PinSent(PinDelivery::Email)));
    let pending = stored(&store).await;
    assert_eq!((pending.state, pending.pin_requested), (ActivationState::PendingPin, true));
    assert_eq!(pending.secret.expose_secret(), SECRET);
    assert!(pending.otp_key(OtpScheme::SaltoKs).is_none());
    assert_eq!(begin(&site, &store, IQ, None).await, Ok(Step::PinAwaited), "it continues");
    assert_eq!((server.count("/secret"), server.count("/pin")), (1, 1));
    for wrong in ["601", "06010", "o601", "06-1", "٠٦٠١"] {
        let finished = finish(&site, &store, IQ, Some(wrong.into())).await;
        assert_eq!(finished, Err(ActivateError::PinMalformed));
    }
    assert_eq!(finish(&site, &store, IQ, None).await, Err(ActivateError::PinMissing));
    assert_eq!(server.count("/pin"), 1, "nothing was sent");
    assert_eq!(finish(&site, &store, IQ, Some("0601".into())).await, Ok(()));
    let done = stored(&store).await;
    assert_eq!(done.state, ActivationState::Activated);
    assert_eq!(done.pin.as_ref().unwrap().expose_secret(), "0601");
    assert!(done.otp_key(OtpScheme::SaltoKs).is_some());
    assert_eq!(begin(&site, &store, IQ, None).await, Ok(Step::Done));
    assert_eq!(finish(&site, &store, IQ, None).await, Ok(()));
    assert_eq!(store.list("acme").await.unwrap()[0].0, IQ);
}

#[tokio::test]
async fn activation_with_a_shown_pin() {
    let (_iq, _server, site, _redis, store) =
        fixture(TestIq { shows_pin: true, ..TestIq::default() }).await;
    assert_eq!(begin(&site, &store, IQ, None).await, Ok(Step::PinShown));
    assert_eq!(stored(&store).await.pin.unwrap().expose_secret(), "0601", "stored at once");
    assert_eq!(begin(&site, &store, IQ, None).await, Ok(Step::PinKnown));
    assert_eq!(finish(&site, &store, IQ, None).await, Ok(()));
}

#[tokio::test]
async fn a_wrong_pin_keeps_the_secret_and_may_be_corrected() {
    let (_iq, server, site, _redis, store) = fixture(TestIq::default()).await;
    begin(&site, &store, IQ, None).await.unwrap();
    let refused = finish(&site, &store, IQ, Some("1234".into())).await;
    assert_eq!(refused, Err(ActivateError::PinRefused));
    assert_eq!(
        begin(&site, &store, IQ, None).await,
        Ok(Step::PinAwaited),
        "not retried without a change"
    );
    assert_eq!((server.count("/secret"), server.count("/pin")), (1, 2));
    assert_eq!(finish(&site, &store, IQ, Some("0601".into())).await, Ok(()));
    assert_eq!(stored(&store).await.state, ActivationState::Activated);
}

#[tokio::test]
async fn an_activation_continues_after_any_lost_answer() {
    for breaks_at in 0..3 {
        let iq = TestIq { breaks_at: Some(breaks_at), ..TestIq::default() };
        let (iq, _server, site, _redis, store) = fixture(iq).await;
        let run = async || match begin(&site, &store, IQ, None).await? {
            Step::PinSent(_) | Step::PinAwaited => {
                finish(&site, &store, IQ, Some("0601".into())).await
            }
            Step::PinShown | Step::PinKnown => finish(&site, &store, IQ, None).await,
            Step::Done => Ok(()),
        };
        assert!(matches!(run().await, Err(ActivateError::Call(_))), "{breaks_at}");
        assert_eq!(run().await, Ok(()), "{breaks_at}");
        assert_eq!(stored(&store).await.state, ActivationState::Activated);
        assert!(iq.activated.load(Ordering::SeqCst));
    }
}

#[tokio::test]
async fn an_iq_activated_elsewhere_has_an_error_of_its_own() {
    let (iq, _server, site, _redis, store) = fixture(TestIq::default()).await;
    iq.activated.store(true, Ordering::SeqCst);
    let begun = begin(&site, &store, IQ, None).await;
    assert_eq!(begun, Err(ActivateError::AlreadyActivatedAtSalto));
    assert!(store.get("acme", IQ).await.unwrap().is_none());
    assert_eq!(finish(&site, &store, IQ, None).await, Err(ActivateError::NotStarted));
}

#[tokio::test]
async fn the_pin_is_sent_again_as_asked_while_the_activation_waits_for_it() {
    let (iq, _server, site, _redis, store) = fixture(TestIq::default()).await;
    for delivery in [None, Some(PinDelivery::Sms), Some(PinDelivery::Email)] {
        let expected = Step::PinSent(delivery.unwrap_or(PinDelivery::Email));
        assert_eq!(begin(&site, &store, IQ, delivery).await, Ok(expected));
    }
    assert_eq!(*iq.deliveries.lock().unwrap(), ["send_email=true", "", "send_email=true"]);
    // The PIN was accepted, and the answer was lost: no PIN is sent any more, and none is needed.
    let read = store.get("acme", IQ).await.unwrap().unwrap();
    let known = Activation { pin: Some("0601".into()), ..read.activation.clone() };
    store.replace("acme", IQ, Some(&read), &known).await.unwrap().unwrap();
    iq.activated.store(true, Ordering::SeqCst);
    assert_eq!(begin(&site, &store, IQ, Some(PinDelivery::Sms)).await, Ok(Step::PinKnown));
}

#[tokio::test]
async fn an_activation_that_salto_has_reset_begins_anew_and_no_other() {
    let (iq, _server, site, _redis, store) = fixture(TestIq::default()).await;
    begin(&site, &store, IQ, None).await.unwrap();
    finish(&site, &store, IQ, Some("0601".into())).await.unwrap();
    let degraded = store.get("acme", IQ).await.unwrap().unwrap();
    let activation = Activation { state: ActivationState::Degraded, ..degraded.activation.clone() };
    store.replace("acme", IQ, Some(&degraded), &activation).await.unwrap().unwrap();
    let refused = restart(&site, &store, IQ, None).await;
    assert_eq!(refused, Err(ActivateError::AlreadyActivatedAtSalto));
    assert_eq!(stored(&store).await.state, ActivationState::Degraded, "what is stored is kept");
    iq.activated.store(false, Ordering::SeqCst);
    let restarted = restart(&site, &store, IQ, None).await;
    assert_eq!(restarted, Ok(Step::PinSent(PinDelivery::Email)));
    assert_eq!(stored(&store).await.state, ActivationState::PendingPin);
}

#[tokio::test]
async fn of_two_concurrent_writes_the_second_fails() {
    let (_iq, _server, site, _redis, store) = fixture(TestIq::default()).await;
    begin(&site, &store, IQ, None).await.unwrap();
    let read = store.get("acme", IQ).await.unwrap().unwrap();
    let new = Activation { pin_refused: true, ..read.activation.clone() };
    assert!(store.replace("acme", IQ, Some(&read), &new).await.unwrap().is_some());
    assert!(store.replace("acme", IQ, Some(&read), &new).await.unwrap().is_none());
    assert!(store.replace("acme", IQ, None, &new).await.unwrap().is_none());

    assert!(!store.remove("acme", IQ, &read).await.unwrap(), "no longer what was read");
    let read = store.get("acme", IQ).await.unwrap().unwrap();
    assert!(store.remove("acme", IQ, &read).await.unwrap());
    assert!(store.get("acme", IQ).await.unwrap().is_none());
}
