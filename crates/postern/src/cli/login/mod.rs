//! `postern login`: a person signs in at Salto for an integration, once.

mod browser;
mod page;
mod redirect;

use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::Args;
use consumer::Settings;
use salto::{LoginAttempt, RedirectError};
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use self::redirect::{Listener, Visit};
use super::{
    args::{Integration, Printing},
    failure::Failure,
    output::{Output, note},
    site_access::{self, SiteAccess},
};

/// Arguments of `login`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
For integrations with flow = \"authorization_code\". Sign in as the user who is to open the doors: a
site admin with the right to open remotely. The password is typed at Salto's own page and never
passes through postern; what stays is a refresh token, sealed in Redis, which the workers take turns
to renew. They use it at once, without a restart. Signing in again replaces what was there.

It has to be done again when Salto ends the sign-in (how long it lasts is not known), when somebody
revokes it, when Redis is emptied, or when a worker dies in the instant between Salto's answer and
storing it: requests then fail with credentials_rejected, and say so.

The browser must be on the machine on which this runs, as Salto sends it back to redirect_uri, where
this listens meanwhile. On a server, forward the port and open the address on your own machine:
  ssh -L 8765:127.0.0.1:8765 server postern login --integration acme --no-browser

Examples:
  postern login --integration acme-utrecht
  postern login --integration acme-utrecht --no-browser --wait 15m")]
pub(in crate::cli) struct Login {
    #[command(flatten)]
    integration: Integration,
    /// Only print the address of the login page; open no browser.
    #[arg(long)]
    no_browser: bool,
    /// How long to wait for the sign-in, such as 90s or 15m.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = wait)]
    wait: Duration,
    #[command(flatten)]
    printing: Printing,
}

fn wait(text: &str) -> Result<Duration, String> {
    let allowed = Duration::from_secs(1)..=Duration::from_secs(3600);
    let duration = humantime::parse_duration(text).ok().filter(|it| allowed.contains(it));
    duration.ok_or_else(|| "must be a duration such as 90s, from 1s to 1h".to_owned())
}

/// Signs in and stores what that brings.
pub(super) async fn run(login: Login, settings: &Settings) -> Result<(), Failure> {
    let id = login.integration.integration_id.as_str();
    // Redis first: nobody should sign in for nothing.
    let access = site_access::open(settings, id).await?;
    let Some(attempt) = access.site.begin_login() else {
        return Err(Failure::Usage(format!(
            "{id} signs in with a password by itself; only integrations with flow = \
             \"authorization_code\" need a login"
        )));
    };
    let mut listener = Listener::start(attempt.redirect_uri()).await?;
    note(&format!("Sign in at\n\n  {}\n", attempt.url()));
    if !login.no_browser && !browser::open(attempt.url()) {
        note("No browser could be opened here: open the address yourself.");
    }
    let deadline = Instant::now() + login.wait;
    let result = signed_in(&access, &attempt, &mut listener, deadline).await;
    listener.end().await;
    let waited = humantime::format_duration(login.wait);
    result.unwrap_or_else(|| {
        Err(Failure::plain(format!(
            "nobody signed in within {waited}; run it again (where the address shows an error and no \
             login page: see that redirect_uri and client_id are as they were registered at Salto)"
        )))
    })?;
    Output::new(login.printing).one(&json!({"integration_id": id, "signed_in": true}), || {
        format!("signed in; {id} now opens doors as the user who did")
    })
}

/// Answers the browser until it brings this attempt's answer; nothing where it never does.
async fn signed_in(
    access: &SiteAccess<'_>,
    attempt: &LoginAttempt,
    listener: &mut Listener,
    deadline: Instant,
) -> Option<Result<(), Failure>> {
    loop {
        let Visit { query, reply } = timeout_at(deadline, listener.visit()).await.ok()??;
        let result = match attempt.code(&query) {
            // From anybody: it must not end somebody's sign-in.
            Err(error @ RedirectError::Foreign) => {
                reply.refuse(&error);
                continue;
            }
            Err(error @ (RedirectError::Refused(_) | RedirectError::NoCode)) => {
                Err(anyhow!("{error}; run it again"))
            }
            Ok(code) => match access.site.finish_login(attempt, &code).await {
                Ok(()) => Ok(()),
                // Of no user name or password: those were typed at Salto's page.
                Err(error) if error.code.as_deref() == Some("invalid_grant") => {
                    Err(anyhow!("{error}; a code is good once, and for minutes: run it again"))
                }
                Err(error) => Err(access.refusal(&error).await),
            }
            .context("the sign-in did not count"),
        };
        match &result {
            Ok(()) => reply.done(access.site.integration_id()),
            Err(error) => reply.refuse(&format!("{error:#}")),
        }
        return Some(result.map_err(Failure::from));
    }
}
