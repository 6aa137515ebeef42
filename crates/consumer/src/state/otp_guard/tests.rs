use events::{IqState, Outbound, OutboundData};
use salto::{ActivationState, ActivationStore};
use uuid::Uuid;

use super::*;
use crate::state::store::testing::redis as store;

const IQ: &str = "iq-1";

const fn at(iq_id: &str) -> IqRef<'_> {
    IqRef { integration_id: "acme", iq_id }
}

struct Fixture {
    guard: OtpGuard,
    store: Arc<Store>,
    keys: Keys,
    activations: ActivationStore,
}

impl Fixture {
    async fn new() -> Self {
        let (store, prefix) = store();
        let sealer = Arc::new(Sealer::new(&[7; 32]));
        let activations = ActivationStore::new(store.pool(), &prefix, Arc::clone(&sealer));
        let guard = OtpGuard::new(Arc::clone(&store), &prefix, sealer);
        let fixture = Self { guard, store, keys: Keys::new(prefix), activations };
        fixture.activate("ABCDEFGHIJKLMNOP").await;
        fixture
    }

    async fn activate(&self, secret: &str) {
        let activation = Activation {
            state: ActivationState::Activated,
            secret: secret.into(),
            pin: Some("1234".into()),
            pin_requested: true,
            pin_refused: false,
            new_pin: None,
            changed_at: Utc::now(),
        };
        let read = self.activations.get("acme", IQ).await.unwrap();
        let read = read.as_ref();
        self.activations.replace("acme", IQ, read, &activation).await.unwrap().unwrap();
    }

    async fn sealed(&self) -> Vec<u8> {
        self.activations.get("acme", IQ).await.unwrap().unwrap().sealed().to_vec()
    }

    async fn state(&self) -> ActivationState {
        self.activations.get("acme", IQ).await.unwrap().unwrap().activation.state
    }

    /// A verdict on the activation that is stored now.
    async fn answers(&self, verdict: OtpVerdict) -> bool {
        let sealed = self.sealed().await;
        self.answers_about(&sealed, verdict).await
    }

    async fn answers_about(&self, sealed: &[u8], verdict: OtpVerdict) -> bool {
        let (traceparent, rehearsal) = (None, false);
        let subject = OtpSubject { iq: at(IQ), sealed, traceparent, rehearsal };
        self.guard.record(subject, verdict).await.unwrap()
    }

    /// The consecutive rejections, and whether the IQ is blocked.
    async fn record(&self) -> Option<(u32, bool)> {
        let key = self.keys.otp_status("acme");
        let record: Option<String> = self.store.query(cmd("HGET").arg(key).arg(IQ)).await.unwrap();
        let record = record?;
        let (count, until) = record.split_once(' ').unwrap();
        Some((count.parse().unwrap(), until != "0"))
    }

    /// The states that events have reported so far.
    async fn reported(&self) -> Vec<IqState> {
        let mut range = cmd("ZRANGE");
        range.arg(self.keys.notices()).arg(0).arg(-1);
        let events: Vec<Vec<u8>> = self.store.query(&range).await.unwrap();
        let state = |event: Vec<u8>| match serde_json::from_slice::<Outbound>(&event).unwrap().data
        {
            OutboundData::IqAttention(attention) => attention.state,
            other => panic!("{other:?}"),
        };
        events.into_iter().map(state).collect()
    }

    /// Ends the block, as 25 minutes do.
    async fn end_block(&self) {
        let mut set = cmd("HSET");
        set.arg(self.keys.otp_status("acme")).arg(IQ).arg("1 1");
        self.store.query::<()>(&set).await.unwrap();
    }
}

#[tokio::test]
async fn three_rejections_in_a_row_degrade_and_one_acceptance_restores() {
    let fixture = Fixture::new().await;
    assert!(!fixture.answers(OtpVerdict::Invalid).await);
    assert!(!fixture.answers(OtpVerdict::Invalid).await);
    assert_eq!(fixture.state().await, ActivationState::Activated);
    assert!(fixture.answers(OtpVerdict::Invalid).await);
    assert_eq!(fixture.state().await, ActivationState::Degraded);
    assert!(!fixture.answers(OtpVerdict::Invalid).await, "reported once");
    assert_eq!(fixture.reported().await, [IqState::Degraded]);

    assert!(fixture.answers(OtpVerdict::Accepted).await);
    assert_eq!(fixture.state().await, ActivationState::Activated);
    assert_eq!(fixture.record().await, None);
    assert!(!fixture.answers(OtpVerdict::Accepted).await, "reported once");
    let reported = fixture.reported().await;
    assert_eq!(reported.len(), 2);
    assert!(reported.contains(&IqState::Activated));
}

#[tokio::test]
async fn an_acceptance_in_between_begins_the_count_anew() {
    let fixture = Fixture::new().await;
    for _ in 0..2 {
        fixture.answers(OtpVerdict::Invalid).await;
        fixture.answers(OtpVerdict::Invalid).await;
        assert!(!fixture.answers(OtpVerdict::Accepted).await);
    }
    assert_eq!(fixture.state().await, ActivationState::Activated);
    assert_eq!(fixture.reported().await, []);
}

#[tokio::test]
async fn a_block_is_reported_once_and_ended_by_the_first_acceptance_after_it() {
    let fixture = Fixture::new().await;
    assert!(fixture.answers(OtpVerdict::Blocked).await);
    assert!(!fixture.answers(OtpVerdict::Blocked).await, "by a command that was on its way");
    assert_eq!(fixture.record().await, Some((1, true)));
    assert!(!fixture.answers(OtpVerdict::Accepted).await, "of a command from before");
    assert_eq!(fixture.record().await, Some((1, true)));

    fixture.end_block().await;
    assert!(fixture.answers(OtpVerdict::Accepted).await);
    assert_eq!(fixture.record().await, None);
    let reported = fixture.reported().await;
    assert!(reported.len() == 2 && reported.contains(&IqState::Blocked), "{reported:?}");
}

#[tokio::test]
async fn a_verdict_on_a_replaced_secret_does_not_count() {
    let fixture = Fixture::new().await;
    let old = fixture.sealed().await;
    fixture.activate("qrstuvwxyz012345").await;
    for _ in 0..4 {
        assert!(!fixture.answers_about(&old, OtpVerdict::Invalid).await);
    }
    assert!(!fixture.answers_about(&old, OtpVerdict::RestoreRequired).await);
    assert_eq!(fixture.state().await, ActivationState::Activated);
    assert_eq!(fixture.record().await, None);
    assert!(fixture.answers_about(&old, OtpVerdict::Blocked).await, "a block is the user's");
}

#[tokio::test]
async fn a_restore_ends_the_activation() {
    let fixture = Fixture::new().await;
    assert!(fixture.answers(OtpVerdict::RestoreRequired).await);
    assert_eq!(fixture.state().await, ActivationState::ReactivationRequired);
    assert_eq!(fixture.reported().await, [IqState::ReactivationRequired]);
}

#[tokio::test]
async fn an_activation_ends_the_state_that_was_reported() {
    let fixture = Fixture::new().await;
    assert!(!fixture.answers(OtpVerdict::Proven).await);
    assert_eq!(fixture.reported().await, [], "there was none");
    fixture.answers(OtpVerdict::RestoreRequired).await;
    fixture.activate("qrstuvwxyz012345").await;
    for _ in 0..2 {
        fixture.answers(OtpVerdict::Proven).await;
    }
    let reported = fixture.reported().await;
    assert!(reported.len() == 2 && reported.contains(&IqState::Activated), "{reported:?}");
}

#[tokio::test]
async fn a_proof_ends_every_state_a_block_included() {
    let fixture = Fixture::new().await;
    for _ in 0..3 {
        fixture.answers(OtpVerdict::Invalid).await;
    }
    fixture.answers(OtpVerdict::Blocked).await;
    assert!(fixture.answers(OtpVerdict::Proven).await);
    assert_eq!((fixture.state().await, fixture.record().await), (ActivationState::Activated, None));
    assert!(!fixture.answers(OtpVerdict::Proven).await, "reported once");
    let reported = fixture.reported().await;
    assert!(reported.len() == 3 && reported.contains(&IqState::Activated), "{reported:?}");

    fixture.answers(OtpVerdict::RestoreRequired).await;
    assert!(fixture.answers(OtpVerdict::Proven).await);
    assert_eq!(fixture.state().await, ActivationState::Activated);
}

#[tokio::test]
async fn a_mistyped_pin_counts_towards_a_block_and_degrades_nothing() {
    let fixture = Fixture::new().await;
    for _ in 0..4 {
        assert!(!fixture.answers_about(b"", OtpVerdict::InvalidOther).await);
    }
    assert_eq!(
        (fixture.state().await, fixture.record().await),
        (ActivationState::Activated, Some((4, false)))
    );
    assert_eq!(fixture.reported().await, []);
}

#[tokio::test]
async fn statuses_show_rejections_and_blocks_that_last() {
    let fixture = Fixture::new().await;
    assert!(fixture.guard.statuses("acme").await.unwrap().is_empty());
    fixture.answers(OtpVerdict::Invalid).await;
    fixture.answers(OtpVerdict::Invalid).await;
    let status = fixture.guard.statuses("acme").await.unwrap()[IQ];
    assert_eq!(status, OtpStatus { rejected_in_a_row: 2, blocked_until: None });
    fixture.answers(OtpVerdict::Blocked).await;
    let status = fixture.guard.statuses("acme").await.unwrap()[IQ];
    let left = status.blocked_until.unwrap() - Utc::now();
    assert!((1480..=1500).contains(&left.num_seconds()), "{left}");
    fixture.end_block().await;
    let status = fixture.guard.statuses("acme").await.unwrap()[IQ];
    assert_eq!(status, OtpStatus { rejected_in_a_row: 1, blocked_until: None });
}

#[tokio::test]
async fn one_operator_has_the_lease_and_a_lease_that_is_not_prolonged_ends() {
    let Fixture { guard, .. } = Fixture::new().await;
    let [one, other] = [Uuid::new_v4(), Uuid::new_v4()];
    let long = Duration::from_secs(60);
    assert_eq!(guard.take_operator_lease(at(IQ), one, long).await.unwrap(), None);
    assert_eq!(guard.take_operator_lease(at(IQ), one, long).await.unwrap(), None, "kept");
    let left = guard.take_operator_lease(at(IQ), other, long).await.unwrap().unwrap();
    assert!((Duration::from_secs(50)..=long).contains(&left), "{left:?}");
    assert_eq!(
        guard.take_operator_lease(at("iq-2"), other, long).await.unwrap(),
        None,
        "elsewhere"
    );

    guard.end_operator_lease(at(IQ), other).await.unwrap();
    assert!(
        guard.take_operator_lease(at(IQ), other, long).await.unwrap().is_some(),
        "not theirs to end"
    );
    guard.end_operator_lease(at(IQ), one).await.unwrap();
    let short = Duration::from_millis(20);
    assert_eq!(guard.take_operator_lease(at(IQ), other, short).await.unwrap(), None);
    while let Some(left) = guard.take_operator_lease(at(IQ), one, long).await.unwrap() {
        assert!(left <= short);
        tokio::time::sleep(left).await;
    }
}

#[tokio::test]
async fn a_proof_ends_a_state_that_was_not_reported() {
    let fixture = Fixture::new().await;
    let read = fixture.activations.get("acme", IQ).await.unwrap().unwrap();
    let degraded = Activation { state: ActivationState::Degraded, ..read.activation.clone() };
    fixture.activations.replace("acme", IQ, Some(&read), &degraded).await.unwrap().unwrap();
    assert!(!fixture.answers(OtpVerdict::Proven).await);
    assert_eq!(fixture.state().await, ActivationState::Activated);
}
