//! Replies of Redis are lost after their effect: the same owner goes on, and does not wait for itself.

use crate::operator::iq;
use end_to_end::broker::Vhost;
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::resp_proxy::RespProxy;
use end_to_end::services;
use end_to_end::setup::Setup;
use end_to_end::simulator::IQ_GROUND_FLOOR;
use std::time::{Duration, Instant};

/// Less than the leases of tokens and IQs last, which are 12 s and more.
const AT_ONCE: Duration = Duration::from_secs(6);

async fn setup_behind_proxy() -> (RespProxy, Setup) {
    let proxy = RespProxy::before(&services::redis_url()).await;
    let setup = Setup::over(Vhost::new().await, proxy.url().to_owned()).await;
    setup.activate(IQ_GROUND_FLOOR).await;
    (proxy, setup)
}

#[tokio::test]
async fn a_lost_reply_about_the_lease_of_a_token_blocks_no_request() {
    let (proxy, setup) = setup_behind_proxy().await;
    let fixture = Fixture::new(setup, 1).await;
    assert_eq!(fixture.open("before", BOOKING).await.kind, "lock.opened.v1");
    fixture.setup.simulator.revoke_tokens().await;
    proxy.lose_replies(":token-lease:", 1);
    let asked = Instant::now();
    assert_eq!(fixture.open("after", BOOKING).await.kind, "lock.opened.v1");
    assert_eq!(proxy.replies_to_lose(), 0, "the reply was lost");
    assert!(asked.elapsed() < AT_ONCE, "it waited for its own lease: {:?}", asked.elapsed());
}

#[tokio::test]
async fn a_lost_reply_about_the_lease_of_an_iq_blocks_no_command() {
    let (proxy, setup) = setup_behind_proxy().await;
    iq(&setup, "probe", &[]).await.assert_done();
    proxy.lose_replies(":turn:", 1);
    iq(&setup, "probe", &[]).await.assert_done();
    assert_eq!(proxy.replies_to_lose(), 0, "the reply was lost");
    let asked = Instant::now();
    iq(&setup, "probe", &[]).await.assert_done();
    assert!(asked.elapsed() < AT_ONCE, "the lease was not released: {:?}", asked.elapsed());
}
