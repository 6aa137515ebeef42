//! Each role against each operation, as the table of routes says; and the form of every error.

use end_to_end::console::{Console, FORM, Session, USERS, add_access, location};
use end_to_end::inbound::INTEGRATION;
use end_to_end::setup::Setup;
use reqwest::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, COOKIE};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;

use ::console::{RouteRule, rules};

/// What somebody gets at a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Admission {
    /// It is handled, whatever comes of it.
    In,
    NotSignedIn,
    RoleTooLow,
    /// The integration is not one of the caller's.
    NotFound,
}

/// What the rule says of a caller. `by_token`: a program, for which there are no pages.
fn expected(rule: &RouteRule, caller: Option<(&str, Option<&str>)>, by_token: bool) -> Admission {
    let Some(role) = rule.role else { return Admission::In };
    let is_page = !rule.path.starts_with("/api/");
    let Some((has, integration)) = caller.filter(|_| !(by_token && is_page)) else {
        return Admission::NotSignedIn;
    };
    let rank = |role: &str| ["viewer", "operator", "admin"].iter().position(|it| *it == role);
    if rank(has) < rank(role.code()) {
        return Admission::RoleTooLow;
    }
    match integration {
        Some(other) if rule.of_integration && other != INTEGRATION => Admission::NotFound,
        Some(_) | None => Admission::In,
    }
}

/// A path of the route. What it names, besides the integration, is nowhere.
fn path(rule: &RouteRule) -> String {
    let parts = rule.path.split('/').map(|part| match part {
        "{integration}" => INTEGRATION,
        part if part.starts_with('{') => "none",
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

async fn admission(response: Response, is_api: bool) -> Admission {
    let (status, to) = (response.status(), location(&response).to_owned());
    if to.starts_with("/sign-in?") || (to == "/sign-in" && !is_api) {
        return Admission::NotSignedIn;
    }
    match status {
        StatusCode::UNAUTHORIZED if is_api => Admission::NotSignedIn,
        StatusCode::FORBIDDEN => Admission::RoleTooLow,
        StatusCode::NOT_FOUND => {
            let text = response.text().await.unwrap_or_default();
            let of_integration = text.contains("there is no integration");
            if of_integration { Admission::NotFound } else { Admission::In }
        }
        status => {
            assert!(status.as_u16() != 500, "{status}");
            Admission::In
        }
    }
}

/// Sends what a page of the console would send.
async fn ask(console: &Console, rule: &RouteRule, session: Option<&Session>) -> Response {
    let mut request = console.request(rule.method.as_str().parse().expect("a method"), &path(rule));
    request = request.header("origin", &console.url);
    if let Some(session) = session {
        request = request.header(COOKIE, &session.cookie).header("x-csrf-token", &session.csrf);
    }
    if !rule.method.is_safe() {
        request = request.header(CONTENT_TYPE, "application/json").body("{}");
    }
    request.send().await.expect("the console answers")
}

#[tokio::test]
async fn each_role_gets_what_the_table_of_routes_says() {
    let mut setup = Setup::unactivated().await;
    let access = add_access(&mut setup).await;
    let console = Console::start(&mut setup, "console").await;
    let mut rules = rules();
    // It ends the session.
    rules.sort_by_key(|rule| rule.path == "/sign-out");
    for rule in &rules {
        let is_api = rule.path.starts_with("/api/");
        let found = admission(ask(&console, rule, None).await, is_api).await;
        let own = rule.path == "/sign-in" || rule.path == "/sign-out";
        if !own {
            assert_eq!(found, expected(rule, None, false), "nobody: {rule:?}");
        }
    }
    for ((name, role, integration), (_, token)) in USERS.into_iter().zip(&access.tokens) {
        let session = console.sign_in(name).await;
        let caller = Some((role, integration));
        for rule in &rules {
            let is_api = rule.path.starts_with("/api/");
            let method: Method = rule.method.as_str().parse().expect("a method");
            let by_token = console
                .request(method, &path(rule))
                .header("origin", &console.url)
                .header(AUTHORIZATION, format!("Bearer {token}"))
                .header(CONTENT_TYPE, "application/json")
                .body(if rule.method.is_safe() { "" } else { "{}" });
            let by_token = by_token.send().await.expect("the console answers");
            if rule.path == "/sign-out" || rule.path == "/sign-in" {
                continue;
            }
            let found = admission(by_token, is_api).await;
            assert_eq!(found, expected(rule, caller, true), "token of {name}: {rule:?}");
            let found = admission(ask(&console, rule, Some(&session)).await, is_api).await;
            assert_eq!(found, expected(rule, caller, false), "{name}: {rule:?}");
        }
    }
}

async fn problem(response: Response) -> Value {
    let kind = response.headers()[CONTENT_TYPE].to_str().expect("it is text").to_owned();
    assert_eq!(kind, "application/problem+json");
    let status = response.status();
    let problem: Value =
        serde_json::from_str(&response.text().await.expect("a body")).expect("a problem is JSON");
    assert_eq!(
        (&problem["type"], &problem["status"]),
        (&"about:blank".into(), &status.as_u16().into())
    );
    assert!(!problem["detail"].as_str().expect("it has a detail").is_empty());
    problem
}

#[tokio::test]
async fn every_error_has_one_form() {
    let mut setup = Setup::unactivated().await;
    let access = add_access(&mut setup).await;
    let console = Console::start(&mut setup, "console").await;
    let (_, token) = &access.tokens[2];
    let ask = async |method: Method, path: &str| {
        let request =
            console.request(method, path).header(AUTHORIZATION, format!("Bearer {token}"));
        request.send().await.expect("the console answers")
    };
    for (method, path, status, code) in [
        (Method::GET, "/api/v1/nowhere", 404, "not_found"),
        (Method::POST, "/api/v1/me", 405, "method_not_allowed"),
        (Method::GET, "/api/v1/integrations/nobody", 404, "not_found"),
        (Method::GET, "/api/v1/integrations/%ff", 404, "not_found"),
        (Method::GET, "/api/v1/audit?since=yesterday", 400, "bad_request"),
        (Method::GET, "/api/v1/audit?limit=0", 400, "bad_request"),
        (Method::GET, "/api/v1/audit?colour=red", 400, "bad_request"),
    ] {
        let response = ask(method, path).await;
        assert_eq!(response.status().as_u16(), status, "{path}");
        if status == 405 {
            assert!(response.headers()[ALLOW].to_str().expect("text").contains("GET"));
        }
        assert_eq!(problem(response).await["code"], code, "{path}");
    }
    let unknown = console.request(Method::GET, "/api/v1/me").header(AUTHORIZATION, "Bearer none");
    let unknown = unknown.send().await.expect("the console answers");
    assert_eq!(problem(unknown).await["code"], "unknown_token");
    // People get a page.
    let nowhere = console.request(Method::GET, "/nowhere").send().await.expect("an answer");
    assert_eq!(nowhere.status(), StatusCode::NOT_FOUND);
    assert!(nowhere.text().await.expect("a page").contains("<h1>Not Found</h1>"));
    // A body that is too large is not read into memory.
    let large = console.request(Method::POST, "/sign-in").header("origin", &console.url);
    let large = large.header(CONTENT_TYPE, FORM).body("user=".to_owned() + &"a".repeat(300_000));
    let large = large.send().await.expect("the console answers");
    assert_eq!(large.status(), StatusCode::PAYLOAD_TOO_LARGE);
}
