//! `postern login`: an operator signs in at Salto for an integration, once.

mod browser;
mod page;
mod redirect;

use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::Args;
use consumer::Settings;
use operations::connections::site_access::{self, SiteAccess};
use salto::{CallError, LoginAttempt, NewLogin, RedirectError, SignedInAccount};
use secrecy::SecretString;
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use self::redirect::{RedirectRequest, RedirectServer};
use crate::cli::{
    arguments::{
        confirmation::Confirmation, integration::IntegrationArgument, output_format::OutputFlag,
    },
    failure::CommandFailure,
    terminal::{
        observer::TerminalObserver,
        output::{Output, print_note},
    },
};

/// Arguments of `login`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
For integrations with flow = \"authorization_code\". Sign in as the user that opens the doors: a site
admin with the right to open remotely. The password is typed on Salto's own page and never passes
through postern. The command then names the account, and asks before it stores anything. postern stores
a refresh token, encrypted, in Redis, and the workers renew it. They use it at once, without a restart. A
new sign-in replaces the old one.

Sign in again when Salto ends the sign-in (its duration is not known), when it is revoked, when the
data of Redis is lost, or when a worker dies in the short time between Salto's answer and storing it:
requests then fail with credentials_rejected, and their detail says so.

The browser must run on the machine on which this command runs, because Salto redirects it to
redirect_uri, where this command listens. On a server, forward the port and open the address on your
own machine:
  ssh -L 8765:127.0.0.1:8765 server postern login --integration acme --no-browser

Examples:
  postern login --integration acme-utrecht
  postern login --integration acme-utrecht --no-browser --wait 15m
  postern login --integration acme-utrecht --yes")]
pub(crate) struct LoginArguments {
    #[command(flatten)]
    integration: IntegrationArgument,
    /// Print the address of the login page only; do not open a browser.
    #[arg(long)]
    no_browser: bool,
    /// The time limit of the sign-in, such as 90s or 15m.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = parse_wait)]
    wait: Duration,
    #[command(flatten)]
    confirm: Confirmation,
    #[command(flatten)]
    output: OutputFlag,
}

/// A sign-in whose code was exchanged, and what is to be confirmed.
struct SignedIn {
    login: NewLogin,
    account: SignedInAccount,
}

fn parse_wait(text: &str) -> Result<Duration, String> {
    let allowed = Duration::from_secs(1)..=Duration::from_secs(3600);
    let duration = humantime::parse_duration(text).ok().filter(|it| allowed.contains(it));
    duration.ok_or_else(|| "must be a duration such as 90s, from 1s to 1h".to_owned())
}

/// Signs in and stores the tokens.
pub(crate) async fn run(
    arguments: LoginArguments,
    settings: &Settings,
) -> Result<(), CommandFailure> {
    let id = arguments.integration.integration_id.as_str();
    arguments.confirm.require_an_answer()?;
    // Redis is checked first, because a sign-in without Redis would be lost.
    let access = site_access::open(settings, id, &TerminalObserver).await?;
    let Some(attempt) = access.site.begin_login() else {
        return Err(CommandFailure::Usage(format!(
            "{id} signs in with a password automatically; only integrations with flow = \
             \"authorization_code\" need a login"
        )));
    };
    let mut server = RedirectServer::start(attempt.redirect_uri()).await?;
    print_note(&format!("Sign in at\n\n  {}\n", attempt.url()));
    if !arguments.no_browser && !browser::open(&server.first_page(attempt.url())) {
        print_note("No browser could be opened on this machine: open the address yourself.");
    }
    let deadline = Instant::now() + arguments.wait;
    let result = sign_in(&access, &attempt, &mut server, deadline).await;
    server.end().await;
    let waited = humantime::format_duration(arguments.wait);
    let SignedIn { login, account } = result.unwrap_or_else(|| {
        Err(CommandFailure::message(format!(
            "there was no sign-in within {waited}; run the command again (if the address shows an error \
             instead of a login page, check that redirect_uri and client_id are as registered at Salto)"
        )))
    })?;
    let name = account.name.as_deref().unwrap_or("an account that Salto does not name");
    print_note(&describe(name, &account, &access.integration.account.site_uid));
    if !arguments.confirm.ask(&format!("Shall {id} open doors as {name}?"))? {
        return Err(CommandFailure::message(format!(
            "nothing was stored; {id} keeps the sign-in that it had"
        )));
    }
    if let Err(error) = access.site.store_login(login).await {
        return Err(access.error_with_advice(&error).await.into());
    }
    let result = json!({"integration_id": id, "signed_in": true, "account": account.name});
    Output::new(arguments.output)
        .print(&result, || format!("signed in; {id} now opens doors as {name}"))
}

/// Who has signed in, and whether that account sees the integration's site.
fn describe(name: &str, account: &SignedInAccount, site_uid: &str) -> String {
    let uids: Vec<&str> =
        account.sites.iter().filter_map(|site| site.site_uid.as_deref()).collect();
    let sites = match uids.as_slice() {
        [] => "It sees no site.".to_owned(),
        uids => format!("It sees {}.", uids.join(", ")),
    };
    let missing = if uids.iter().any(|uid| uid.eq_ignore_ascii_case(site_uid)) {
        String::new()
    } else {
        format!(" The integration's site {site_uid} is not among them: its doors would not open.")
    };
    format!("Signed in at Salto: {name}. {sites}{missing}")
}

/// Replies to the browser until it brings the answer to this login attempt; nothing where it does not.
async fn sign_in(
    access: &SiteAccess<'_>,
    attempt: &LoginAttempt,
    server: &mut RedirectServer,
    deadline: Instant,
) -> Option<Result<SignedIn, CommandFailure>> {
    loop {
        let RedirectRequest { query, reply } = timeout_at(deadline, server.next()).await.ok()??;
        let result = match attempt.code(&query) {
            // Any program can send this, so it must not end the sign-in.
            Err(error @ RedirectError::Foreign) => {
                reply.fail(&error);
                continue;
            }
            Err(error @ (RedirectError::Refused(_) | RedirectError::NoCode)) => {
                Err(anyhow!("{error}; run the command again"))
            }
            Ok(code) => match exchange(access, attempt, &code).await {
                Ok(signed_in) => Ok(signed_in),
                // Not an error of user name or password: those were typed on Salto's page.
                Err(error) if error.code.as_deref() == Some("invalid_grant") => Err(anyhow!(
                    "{error}; a code is valid once, for a few minutes: run the command again"
                )),
                Err(error) => Err(access.error_with_advice(&error).await),
            }
            .context("the sign-in failed"),
        };
        match &result {
            Ok(signed_in) => reply.succeed(signed_in.account.name.as_deref()),
            Err(error) => reply.fail(&format!("{error:#}")),
        }
        return Some(result.map_err(CommandFailure::from));
    }
}

/// Exchanges the code, and asks whose it is.
async fn exchange(
    access: &SiteAccess<'_>,
    attempt: &LoginAttempt,
    code: &SecretString,
) -> Result<SignedIn, CallError> {
    let login = access.site.exchange_login(attempt, code).await?;
    let account = access.site.signed_in_account(&login).await?;
    Ok(SignedIn { login, account })
}
