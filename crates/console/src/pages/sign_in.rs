//! Signing in and out.

use std::net::SocketAddr;

use axum::{
    Form,
    extract::{ConnectInfo, State, rejection::FormRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use consumer::audit::Action;
use maud::html;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::layout;
use crate::{
    access::{
        address,
        caller::Caller,
        cookie,
        digest::{random_text, sha256_hex},
    },
    app::App,
    extract::QueryParameters,
    problem::Problem,
};

/// The longest name and password that are looked at, in bytes.
const LONGEST_NAME: usize = 100;
const LONGEST: usize = 1024;

/// Where to go after signing in.
#[derive(Debug, Deserialize)]
pub(crate) struct Next {
    next: Option<String>,
}

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct SignIn {
    user: String,
    password: String,
    #[serde(default)]
    next: String,
}

pub(crate) async fn page(QueryParameters(Next { next }): QueryParameters<Next>) -> Response {
    form(next.as_deref().unwrap_or_default(), "", None)
}

fn form(next: &str, user: &str, problem: Option<&str>) -> Response {
    let content = html! {
        @if let Some(problem) = problem {
            p .problem role="alert" #problem { (problem) }
        }
        form .narrow method="post" action="/sign-in" {
            label for="user" { "Name" }
            input #user name="user" value=(user) autocomplete="username" autocapitalize="none" spellcheck="false"
                required maxlength="100" aria-describedby=[problem.map(|_| "problem")];
            label for="password" { "Password" }
            input #password name="password" type="password" autocomplete="current-password" required maxlength="1024";
            input type="hidden" name="next" value=(next);
            button type="submit" { "Sign in" }
        }
        p .fine { "An administrator of this machine adds people, under " code { "[[console.users]]" } " in the configuration." }
    };
    layout::plain("Sign in", &content)
}

pub(crate) async fn sign_in(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    sent: Result<Form<SignIn>, FormRejection>,
) -> Result<Response, Problem> {
    let Form(SignIn { user, password, next }) =
        sent.map_err(|error| Problem::new(error.status(), "bad_request", error.body_text()))?;
    let password = SecretString::from(password);
    if user.len() > LONGEST_NAME || password.expose_secret().len() > LONGEST {
        return Err(Problem::bad_request("the name or the password is too long"));
    }
    let address = address::of_request(&headers, peer, &app.console);
    let (counted, address) = (address::counted(address), address.to_string());
    let known = app.user(&user);
    // The name may be a password that was typed into the wrong field: only known ones are recorded.
    let shown = known.map_or("(unknown)", |user| user.name.as_str());
    if let Err(too_many) = app.sign_ins.try_now(&user, &counted).await? {
        if too_many.is_first {
            record(&app, shown, &address, Some("too many tries")).await?;
        }
        return Ok(refused(&next, &user, too_many.wait.as_secs()));
    }
    if !app.passwords.are_right(known, password).await? {
        record(&app, shown, &address, Some("wrong name or password")).await?;
        let problem = "The name or the password is wrong.";
        let page = form(&next, &user, Some(problem));
        return Ok((StatusCode::UNAUTHORIZED, page).into_response());
    }
    let known = known.ok_or_else(Problem::internal)?;
    app.sign_ins.succeeded(&user).await?;
    record(&app, &known.name, &address, None).await?;
    let (id, csrf) = (random_text(), random_text());
    let password = sha256_hex(known.password_hash.expose_secret());
    // A session that the browser had before ends: another person may know its id.
    end_session(&app, &headers).await?;
    app.sessions.begin(&sha256_hex(&id), &known.name, &password, &csrf).await?;
    let mut response = Redirect::to(local(&next)).into_response();
    let cookie = cookie::set(&id, app.has_tls()).ok_or_else(Problem::internal)?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

fn refused(next: &str, user: &str, seconds: u64) -> Response {
    let minutes = seconds.div_ceil(60).max(1);
    let problem = format!("Too many tries to sign in. Try again in {minutes} minutes.");
    let page = form(next, user, Some(&problem));
    let wait = [(header::RETRY_AFTER, seconds.max(1).to_string())];
    (StatusCode::TOO_MANY_REQUESTS, wait, page).into_response()
}

async fn record(
    app: &App,
    operator: &str,
    address: &str,
    refused: Option<&str>,
) -> Result<(), Problem> {
    let from = refused.map_or(format!("from {address}"), |why| format!("{why}, from {address}"));
    app.record(&Action {
        action: "sign-in",
        operator,
        integration_id: "",
        reason: None,
        detail: Some(&from),
        done: refused.is_none(),
    })
    .await
}

async fn end_session(app: &App, headers: &HeaderMap) -> Result<(), Problem> {
    match cookie::read(headers, app.has_tls()) {
        Some(id) => Ok(app.sessions.end(&sha256_hex(id)).await?),
        None => Ok(()),
    }
}

/// A path of the console itself; no address elsewhere.
fn local(next: &str) -> &str {
    let is_local = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains('\\')
        && !next.contains(char::is_control);
    if is_local { next } else { "/" }
}

pub(crate) async fn sign_out(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    if let Some(session) = &caller.session {
        app.sessions.end(&session.id_hash).await?;
    }
    caller.record(&app, "sign-out", "", None).await?;
    let mut response = Redirect::to("/sign-in").into_response();
    if let Some(cookie) = cookie::remove(app.has_tls()) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_the_console_are_led_to() {
        assert_eq!(local("/audit?outcome=failed"), "/audit?outcome=failed");
        for elsewhere in
            ["", "https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example"]
        {
            assert_eq!(local(elsewhere), "/", "{elsewhere:?}");
        }
    }
}
