use salto::ActivationStore;

use super::*;
use crate::store::testing::redis as store;

const IQ: &str = "iq-1";

struct Fixture {
    guard: Guard,
    store: Arc<Store>,
    keys: Keys,
    activations: ActivationStore,
}

impl Fixture {
    async fn new() -> Self {
        let (store, prefix) = store();
        let sealer = Arc::new(Sealer::new(&[7; 32]));
        let activations = ActivationStore::new(store.pool(), &prefix, Arc::clone(&sealer));
        let guard = Guard::new(Arc::clone(&store), &prefix, sealer);
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
    async fn says(&self, verdict: Verdict) -> bool {
        let sealed = self.sealed().await;
        self.says_of(&sealed, verdict).await
    }

    async fn says_of(&self, sealed: &[u8], verdict: Verdict) -> bool {
        let (traceparent, rehearsal) = (None, false);
        let subject = Subject { integration_id: "acme", iq_id: IQ, sealed, traceparent, rehearsal };
        self.guard.judge(subject, verdict).await.unwrap()
    }

    /// The rejections in a row, and whether the IQ is left alone.
    async fn notes(&self) -> Option<(u32, bool)> {
        let key = self.keys.guard("acme");
        let notes: Option<String> = self.store.query(cmd("HGET").arg(key).arg(IQ)).await.unwrap();
        let notes = notes?;
        let (count, until) = notes.split_once(' ').unwrap();
        Some((count.parse().unwrap(), until != "0"))
    }

    /// The states told of so far.
    async fn told(&self) -> Vec<IqState> {
        let mut range = cmd("ZRANGE");
        range.arg(self.keys.attention()).arg(0).arg(-1);
        let events: Vec<Vec<u8>> = self.store.query(&range).await.unwrap();
        let state = |event: Vec<u8>| match serde_json::from_slice::<Outbound>(&event).unwrap().data
        {
            OutboundData::IqAttention(attention) => attention.state,
            other => panic!("{other:?}"),
        };
        events.into_iter().map(state).collect()
    }

    /// The block is over, as it is after 25 minutes.
    async fn time_passes(&self) {
        let mut set = cmd("HSET");
        set.arg(self.keys.guard("acme")).arg(IQ).arg("1 1");
        self.store.query::<()>(&set).await.unwrap();
    }
}

#[tokio::test]
async fn three_rejections_in_a_row_degrade_and_one_acceptance_heals() {
    let fixture = Fixture::new().await;
    assert!(!fixture.says(Verdict::Invalid).await);
    assert!(!fixture.says(Verdict::Invalid).await);
    assert_eq!(fixture.state().await, ActivationState::Activated);
    assert!(fixture.says(Verdict::Invalid).await);
    assert_eq!(fixture.state().await, ActivationState::Degraded);
    assert!(!fixture.says(Verdict::Invalid).await, "told once");
    assert_eq!(fixture.told().await, [IqState::Degraded]);

    assert!(fixture.says(Verdict::Accepted).await);
    assert_eq!(fixture.state().await, ActivationState::Activated);
    assert_eq!(fixture.notes().await, None);
    assert!(!fixture.says(Verdict::Accepted).await, "told once");
    let told = fixture.told().await;
    assert_eq!(told.len(), 2);
    assert!(told.contains(&IqState::Activated));
}

#[tokio::test]
async fn an_acceptance_in_between_begins_the_count_anew() {
    let fixture = Fixture::new().await;
    for _ in 0..2 {
        fixture.says(Verdict::Invalid).await;
        fixture.says(Verdict::Invalid).await;
        assert!(!fixture.says(Verdict::Accepted).await);
    }
    assert_eq!(fixture.state().await, ActivationState::Activated);
    assert_eq!(fixture.told().await, []);
}

#[tokio::test]
async fn a_block_is_told_once_and_healed_by_the_first_acceptance_after_it() {
    let fixture = Fixture::new().await;
    assert!(fixture.says(Verdict::Blocked).await);
    assert!(!fixture.says(Verdict::Blocked).await, "by a command that was on its way");
    assert_eq!(fixture.notes().await, Some((1, true)));
    assert!(!fixture.says(Verdict::Accepted).await, "of a command from before");
    assert_eq!(fixture.notes().await, Some((1, true)));

    fixture.time_passes().await;
    assert!(fixture.says(Verdict::Accepted).await);
    assert_eq!(fixture.notes().await, None);
    let told = fixture.told().await;
    assert!(told.len() == 2 && told.contains(&IqState::Blocked), "{told:?}");
}

#[tokio::test]
async fn a_verdict_on_a_secret_that_was_replaced_says_nothing() {
    let fixture = Fixture::new().await;
    let old = fixture.sealed().await;
    fixture.activate("qrstuvwxyz012345").await;
    for _ in 0..4 {
        assert!(!fixture.says_of(&old, Verdict::Invalid).await);
    }
    assert!(!fixture.says_of(&old, Verdict::RestoreRequired).await);
    assert_eq!(fixture.state().await, ActivationState::Activated);
    assert_eq!(fixture.notes().await, None);
    assert!(fixture.says_of(&old, Verdict::Blocked).await, "a block is the user's");
}

#[tokio::test]
async fn a_restore_ends_the_activation() {
    let fixture = Fixture::new().await;
    assert!(fixture.says(Verdict::RestoreRequired).await);
    assert_eq!(fixture.state().await, ActivationState::ReactivationRequired);
    assert_eq!(fixture.told().await, [IqState::ReactivationRequired]);
}

#[tokio::test]
async fn an_activation_ends_the_trouble_that_was_told_of() {
    let fixture = Fixture::new().await;
    assert!(!fixture.says(Verdict::Proven).await);
    assert_eq!(fixture.told().await, [], "there was none");
    fixture.says(Verdict::RestoreRequired).await;
    fixture.activate("qrstuvwxyz012345").await;
    for _ in 0..2 {
        fixture.says(Verdict::Proven).await;
    }
    let told = fixture.told().await;
    assert!(told.len() == 2 && told.contains(&IqState::Activated), "{told:?}");
}

#[tokio::test]
async fn a_proof_heals_all_there_is_to_heal_a_block_included() {
    let fixture = Fixture::new().await;
    for _ in 0..3 {
        fixture.says(Verdict::Invalid).await;
    }
    fixture.says(Verdict::Blocked).await;
    assert!(fixture.says(Verdict::Proven).await);
    assert_eq!((fixture.state().await, fixture.notes().await), (ActivationState::Activated, None));
    assert!(!fixture.says(Verdict::Proven).await, "told once");
    let told = fixture.told().await;
    assert!(told.len() == 3 && told.contains(&IqState::Activated), "{told:?}");

    fixture.says(Verdict::RestoreRequired).await;
    assert!(fixture.says(Verdict::Proven).await);
    assert_eq!(fixture.state().await, ActivationState::Activated);
}

#[tokio::test]
async fn a_mistyped_pin_counts_towards_a_block_and_degrades_nothing() {
    let fixture = Fixture::new().await;
    for _ in 0..4 {
        assert!(!fixture.says_of(b"", Verdict::InvalidOther).await);
    }
    assert_eq!(
        (fixture.state().await, fixture.notes().await),
        (ActivationState::Activated, Some((4, false)))
    );
    assert_eq!(fixture.told().await, []);
}

#[tokio::test]
async fn standings_tell_of_rejections_and_of_blocks_that_last() {
    let fixture = Fixture::new().await;
    assert!(fixture.guard.standings("acme").await.unwrap().is_empty());
    fixture.says(Verdict::Invalid).await;
    fixture.says(Verdict::Invalid).await;
    let standing = fixture.guard.standings("acme").await.unwrap()[IQ];
    assert_eq!(standing, Standing { rejected_in_a_row: 2, blocked_until: None });
    fixture.says(Verdict::Blocked).await;
    let standing = fixture.guard.standings("acme").await.unwrap()[IQ];
    let left = standing.blocked_until.unwrap() - Utc::now();
    assert!((1480..=1500).contains(&left.num_seconds()), "{left}");
    fixture.time_passes().await;
    let standing = fixture.guard.standings("acme").await.unwrap()[IQ];
    assert_eq!(standing, Standing { rejected_in_a_row: 1, blocked_until: None });
}

#[tokio::test]
async fn people_take_turns_and_a_turn_that_nobody_keeps_ends() {
    let Fixture { guard, .. } = Fixture::new().await;
    let [one, other] = [Uuid::new_v4(), Uuid::new_v4()];
    let long = Duration::from_secs(60);
    assert_eq!(guard.take_turn("acme", IQ, one, long).await.unwrap(), None);
    assert_eq!(guard.take_turn("acme", IQ, one, long).await.unwrap(), None, "kept");
    let left = guard.take_turn("acme", IQ, other, long).await.unwrap().unwrap();
    assert!((Duration::from_secs(50)..=long).contains(&left), "{left:?}");
    assert_eq!(guard.take_turn("acme", "iq-2", other, long).await.unwrap(), None, "elsewhere");

    guard.end_turn("acme", IQ, other).await.unwrap();
    assert!(guard.take_turn("acme", IQ, other, long).await.unwrap().is_some(), "not theirs to end");
    guard.end_turn("acme", IQ, one).await.unwrap();
    let short = Duration::from_millis(20);
    assert_eq!(guard.take_turn("acme", IQ, other, short).await.unwrap(), None);
    while let Some(left) = guard.take_turn("acme", IQ, one, long).await.unwrap() {
        assert!(left <= short);
        tokio::time::sleep(left).await;
    }
}

#[tokio::test]
async fn a_proof_heals_what_nobody_was_told_of() {
    let fixture = Fixture::new().await;
    let read = fixture.activations.get("acme", IQ).await.unwrap().unwrap();
    let degraded = Activation { state: ActivationState::Degraded, ..read.activation.clone() };
    fixture.activations.replace("acme", IQ, Some(&read), &degraded).await.unwrap().unwrap();
    assert!(!fixture.says(Verdict::Proven).await);
    assert_eq!(fixture.state().await, ActivationState::Activated);
}
