use super::*;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;
use std::time::Duration;

use chrono::TimeDelta;

use crate::otp::OtpScheme;

/// A waker that counts.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

const MINUTE: TimeDelta = TimeDelta::minutes(1);

fn permission(send_in: TimeDelta, fresh: bool) -> SendPermission {
    let now = Instant::now();
    let fresh_until =
        if fresh { now + Duration::from_secs(60) } else { now - Duration::from_millis(1) };
    SendPermission { send_before: Utc::now() + send_in, fresh_until }
}

fn body(guard: &SendGuard) -> CommandBody {
    let key = OtpKey::new(OtpScheme::TotpSha1, "s".into(), "1".into());
    let clock = Arc::new(SaltoClock::new("e"));
    let (guard, prefix) = (guard.clone(), r#"{"delta":"0000""#);
    CommandBody { guard, prefix, key: Some(key), clock, done: false }
}

/// The body's data; `Ready(None)` where it ends with an error.
fn poll(body: &mut CommandBody, wakes: &Arc<Wakes>) -> Poll<Option<Bytes>> {
    let announced = body.size_hint().exact().unwrap();
    let waker = Waker::from(Arc::clone(wakes));
    let frame = Pin::new(&mut *body).poll_frame(&mut Context::from_waker(&waker));
    frame.map(|frame| {
        assert!(body.is_end_stream());
        let data = frame.unwrap().ok()?.into_data().unwrap();
        assert_eq!(u64::try_from(data.len()).unwrap(), announced);
        Some(data)
    })
}

/// The result of a body that is there at once.
fn poll_once(guard: &SendGuard) -> Option<Bytes> {
    match poll(&mut body(guard), &Arc::default()) {
        Poll::Ready(data) => data,
        Poll::Pending => panic!("the body is there at once"),
    }
}

#[test]
fn in_time_the_command_is_sent_and_cannot_be_cancelled() {
    let guard = SendGuard::new(permission(MINUTE, true));
    let body = poll_once(&guard).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(json["delta"], "0000");
    assert_eq!(json["otp"].as_str().unwrap().len(), 6);
    assert_eq!(guard.cancel(), None);
}

#[test]
fn an_expired_or_cancelled_command_is_never_sent() {
    for fresh in [true, false] {
        let guard = SendGuard::new(permission(TimeDelta::zero(), fresh));
        assert!(poll_once(&guard).is_none());
        assert_eq!(guard.cancel(), Some(NotSent::Expired));

        let guard = SendGuard::new(permission(MINUTE, fresh));
        assert_eq!(guard.cancel(), Some(NotSent::Unconnected));
        assert!(poll_once(&guard).is_none());
    }
}

#[tokio::test]
async fn a_command_that_is_not_fresh_waits_until_its_permission_is_renewed() {
    let guard = SendGuard::new(permission(MINUTE, false));
    let (mut body, wakes) = (body(&guard), Arc::<Wakes>::default());
    for renewals in 0..3 {
        // hyper may ask more than once: it is still one renewal.
        assert!(poll(&mut body, &wakes).is_pending());
        guard.renewal_wanted().await;
        assert!(poll(&mut body, &wakes).is_pending());
        assert_eq!(wakes.0.load(Ordering::SeqCst), renewals);
        // One that took too long is not fresh either.
        guard.renew(permission(MINUTE, renewals == 2));
        assert_eq!(wakes.0.load(Ordering::SeqCst), renewals + 1, "the connection goes on");
    }
    assert!(matches!(poll(&mut body, &wakes), Poll::Ready(Some(_))));
    let again = tokio::time::timeout(Duration::ZERO, guard.renewal_wanted()).await;
    assert!(again.is_err(), "no renewal after the command");
    assert_eq!(guard.cancel(), None);
}

#[test]
fn a_renewed_deadline_counts() {
    let guard = SendGuard::new(permission(MINUTE, false));
    let (mut body, wakes) = (body(&guard), Arc::default());
    assert!(poll(&mut body, &wakes).is_pending());
    guard.renew(permission(TimeDelta::zero(), true));
    assert_eq!(poll(&mut body, &wakes), Poll::Ready(None));
    assert_eq!(guard.cancel(), Some(NotSent::Expired));
}

#[test]
fn a_command_that_waits_for_a_renewal_can_be_cancelled() {
    let guard = SendGuard::new(permission(MINUTE, false));
    let (mut body, wakes) = (body(&guard), Arc::<Wakes>::default());
    assert!(poll(&mut body, &wakes).is_pending());
    assert_eq!(guard.cancel(), Some(NotSent::Unrenewed));
    assert_eq!(wakes.0.load(Ordering::SeqCst), 1, "the connection ends");
    guard.renew(permission(MINUTE, true));
    assert_eq!(poll(&mut body, &wakes), Poll::Ready(None), "a late renewal changes nothing");
    assert_eq!(guard.cancel(), Some(NotSent::Unrenewed));
}
