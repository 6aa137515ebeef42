//! `postern ready`, the health check of a container: says what `/readyz` says.

use end_to_end::deadline::SOON;
use end_to_end::redis::PrivateRedis;
use end_to_end::setup::Setup;
use end_to_end::worker::Worker;

/// Its exit status and what it prints.
async fn ready(setup: &Setup) -> (Option<i32>, String) {
    let output = setup.postern(&["ready"]).await;
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

#[tokio::test]
async fn ready_says_what_readyz_says() {
    let mut redis = PrivateRedis::start().await;
    let mut setup = Setup::over(end_to_end::broker::Vhost::new().await, redis.url()).await;
    let worker: Worker = setup.worker("worker").start().await;
    // The worker listens at an address of its own.
    setup.settings.set("http.listen", worker.address());
    assert_eq!(ready(&setup).await, (Some(0), "ready\n".to_owned()));

    redis.kill().await;
    worker.unready(SOON).await;
    let (status, text) = ready(&setup).await;
    let expected =
        r#"is not ready: {"ready":false,"subscribed":true,"redis":false,"blocked":false}"#;
    assert!(status == Some(1) && text.contains(expected), "{status:?} {text}");

    worker.kill().await;
    let (status, text) = ready(&setup).await;
    let expected = format!("error: no worker answers at {}: ", worker.address());
    assert!(status == Some(1) && text.starts_with(&expected), "{status:?} {text}");

    setup.settings.set("http.listen", setup.simulator.url().trim_start_matches("http://"));
    let (status, text) = ready(&setup).await;
    assert!(status == Some(1) && text.contains("is no worker"), "{status:?} {text}");
}
