//! Signing in and out, and what protects a session.

use end_to_end::console::{Console, FORM, PASSWORD, Session, add_access, cookie, location};
use end_to_end::deadline::{SOON, within};
use end_to_end::setup::Setup;
use nix::sys::signal::Signal;
use reqwest::header::{CONTENT_TYPE, COOKIE, RETRY_AFTER, SET_COOKIE};
use reqwest::{Method, StatusCode};

async fn is_signed_in(console: &Console, session: &Session) -> bool {
    let status = console.get(session, "/api/v1/me").await.status();
    assert!([StatusCode::OK, StatusCode::UNAUTHORIZED].contains(&status), "{status}");
    status == StatusCode::OK
}

#[tokio::test]
async fn a_session_ends_at_the_sign_out_and_survives_the_console() {
    let mut setup = Setup::unactivated().await;
    add_access(&mut setup).await;
    let console = Console::start(&mut setup, "one").await;
    let session = console.sign_in("viewer").await;
    // A second console knows it, and a console that is ended loses none.
    let other = Console::start(&mut setup, "two").await;
    console.process.signal(Signal::SIGTERM);
    assert!(console.process.ended(SOON).await.success());
    assert!(is_signed_in(&other, &session).await);
    let (_, id) = session.cookie.split_once('=').expect("a cookie has a value");
    for (key, value) in setup.stored().await {
        let stored = [key.as_bytes(), &value].concat();
        assert!(!stored.windows(id.len()).any(|it| it == id.as_bytes()), "{key} has the id");
    }

    assert_eq!(other.post(&session, "/sign-out", "").await.status(), StatusCode::SEE_OTHER);
    assert!(!is_signed_in(&other, &session).await);
    let page = other.get(&session, "/audit?outcome=failed").await;
    assert_eq!(location(&page), "/sign-in?next=/audit%3Foutcome%3Dfailed");
    // A user who is gone has no session, nor one with another password.
    let session = other.sign_in("admin").await;
    setup.settings.set("console.users", Vec::<String>::new());
    let third = Console::start(&mut setup, "three").await;
    assert!(!is_signed_in(&third, &session).await);
}

#[tokio::test]
async fn a_stream_ends_after_the_sign_out() {
    let mut setup = Setup::unactivated().await;
    add_access(&mut setup).await;
    let console = Console::start(&mut setup, "console").await;
    let session = console.sign_in("viewer").await;
    let stream = console.request(Method::GET, "/api/v1/events").header(COOKIE, &session.cookie);
    let stream = stream.timeout(SOON * 3).send().await.expect("the stream begins");
    assert_eq!(stream.status(), StatusCode::OK);
    console.post(&session, "/sign-out", "").await;
    within("the end of the stream", SOON * 2, stream.text()).await.expect("it ends in order");
}

#[tokio::test]
async fn an_id_that_somebody_has_planted_becomes_no_session() {
    let mut setup = Setup::unactivated().await;
    add_access(&mut setup).await;
    let console = Console::start(&mut setup, "console").await;
    let planted = "postern-session=planted-by-somebody-else";
    let response = console.try_to_sign_in("viewer", PASSWORD, planted).await;
    let set = response.headers()[SET_COOKIE].to_str().expect("text").to_owned();
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(set.contains(attribute), "{set}");
    }
    let own = cookie(response.headers());
    assert_ne!(own, planted);
    let session = |cookie: &str| Session { cookie: cookie.to_owned(), csrf: String::new() };
    assert!(is_signed_in(&console, &session(&own)).await);
    assert!(!is_signed_in(&console, &session(planted)).await);
    // The session that a browser had before ends with the next sign-in.
    let next = console.try_to_sign_in("operator", PASSWORD, &own).await;
    assert_ne!(cookie(next.headers()), own);
    assert!(!is_signed_in(&console, &session(&own)).await);
}

#[tokio::test]
async fn what_changes_something_comes_from_the_console_itself() {
    let mut setup = Setup::unactivated().await;
    add_access(&mut setup).await;
    let console = Console::start(&mut setup, "console").await;
    let session = console.sign_in("viewer").await;
    let sign_out = |origin: Option<&str>, form: String| {
        let request = console.request(Method::POST, "/sign-out").header(COOKIE, &session.cookie);
        let request = request.header(CONTENT_TYPE, FORM).body(form);
        let request = match origin {
            Some(origin) => request.header("origin", origin),
            None => request,
        };
        async move { request.send().await.expect("the console answers").status() }
    };
    let right = format!("csrf={}", session.csrf);
    for (origin, form) in [
        (None, right.clone()),
        (Some("https://evil.example"), right.clone()),
        (Some("null"), right.clone()),
        (Some(console.url.as_str()), String::new()),
        (Some(console.url.as_str()), "csrf=wrong".to_owned()),
    ] {
        assert_eq!(
            sign_out(origin, form.clone()).await,
            StatusCode::FORBIDDEN,
            "{origin:?} {form}"
        );
    }
    assert!(is_signed_in(&console, &session).await);
    // Nobody is signed in from elsewhere, either.
    let elsewhere =
        console.request(Method::POST, "/sign-in").header("origin", "https://evil.example");
    let elsewhere = elsewhere.header(CONTENT_TYPE, FORM);
    let form = format!("user=viewer&password={}", PASSWORD.replace(' ', "+"));
    let elsewhere = elsewhere.body(form).send().await.expect("the console answers");
    assert_eq!(elsewhere.status(), StatusCode::FORBIDDEN);
    assert_eq!(sign_out(Some(&console.url), right).await, StatusCode::SEE_OTHER);
    assert!(!is_signed_in(&console, &session).await);
}

#[tokio::test]
async fn passwords_cannot_be_tried_for_long_and_the_audit_tells() {
    let mut setup = Setup::unactivated().await;
    add_access(&mut setup).await;
    let consoles =
        [Console::start(&mut setup, "one").await, Console::start(&mut setup, "two").await];
    for (number, password) in (0..10).map(|number| (number, format!("wrong password {number}"))) {
        // The tries are counted over all consoles.
        let response = consoles[number % 2].try_to_sign_in("viewer", &password, "").await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "try {number}");
    }
    let right = consoles[0].try_to_sign_in("viewer", PASSWORD, "").await;
    assert_eq!(right.status(), StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = right.headers()[RETRY_AFTER].to_str().expect("text").parse().expect("seconds");
    assert!((60..=900).contains(&wait), "{wait}");
    // Further tries write no lines, so that they cannot fill the audit.
    for _ in 0..3 {
        let again = consoles[1].try_to_sign_in("viewer", PASSWORD, "").await;
        assert_eq!(again.status(), StatusCode::TOO_MANY_REQUESTS);
    }
    // An unknown name is answered as a wrong password is, and is not in the audit: it may be a password.
    let unknown = consoles[0].try_to_sign_in("my-secret-password", "something", "").await;
    assert_eq!(unknown.status(), StatusCode::UNAUTHORIZED);
    // Others can sign in.
    let admin = consoles[1].sign_in("admin").await;

    let lines = consoles[1].json(&admin, "/api/v1/audit?action=sign-in").await;
    let told = |operator: &str, outcome: &str| {
        let lines = lines["lines"].as_array().expect("lines").iter();
        lines.filter(|it| it["operator"] == operator && it["outcome"] == outcome).count()
    };
    assert_eq!((told("viewer", "refused"), told("admin", "done")), (11, 1));
    assert_eq!(told("(unknown)", "refused"), 1);
    assert!(!lines.to_string().contains("my-secret-password"));
    assert!(lines.to_string().contains("from 127.0.0.1"));
    // They are not for a viewer, nor for an admin of some integrations.
    for user in ["operator", "here"] {
        let session = consoles[1].sign_in(user).await;
        let lines = consoles[1].json(&session, "/api/v1/audit").await;
        assert_eq!(lines["lines"].as_array().map(Vec::len), Some(0), "{user}");
    }
    // After 30 tries from this address, nobody can sign in from there.
    let mut status = StatusCode::UNAUTHORIZED;
    for number in 0..30 {
        let user = format!("nobody-{number}");
        status = consoles[0].try_to_sign_in(&user, "wrong", "").await.status();
        if status == StatusCode::TOO_MANY_REQUESTS {
            break;
        }
    }
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    let printed = setup.postern(&["audit", "--action", "sign-in", "--operator", "admin"]).await;
    assert!(String::from_utf8_lossy(&printed.stdout).contains("from 127.0.0.1"));
}
