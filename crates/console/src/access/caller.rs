//! The person or program that calls.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use config::Grant;
use consumer::audit::Action;

use super::{cookie, digest::sha256_hex, token};
use crate::{
    app::{App, Console},
    problem::Problem,
};
use secrecy::ExposeSecret;

/// Who calls, with what they may do.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// The name of the user or of the token.
    pub(crate) name: String,
    pub(crate) grant: Grant,
    /// The person's session; none where it is a program.
    pub(crate) session: Option<CallerSession>,
}

/// The session of a caller.
#[derive(Debug, Clone)]
pub(crate) struct CallerSession {
    pub(crate) id_hash: String,
    pub(crate) csrf: String,
}

impl Caller {
    /// The caller; none where the request has no cookie of a session.
    ///
    /// # Errors
    ///
    /// A token that is not known, or Redis away.
    pub(crate) async fn of(app: &Console, headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        if let Some(authorization) = headers.get(header::AUTHORIZATION) {
            let text = authorization.to_str().ok();
            let token = text.and_then(|text| {
                let (scheme, token) = text.split_once(' ')?;
                scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
            });
            let token = token.and_then(|sent| token::find(&app.console.tokens, sent));
            let token = token.ok_or_else(unknown_token)?;
            return Ok(Some(Self {
                name: token.name.clone(),
                grant: token.grant.clone(),
                session: None,
            }));
        }
        let Some(id) = cookie::read(headers, app.has_tls()) else { return Ok(None) };
        Self::of_session(app, sha256_hex(id)).await
    }

    async fn of_session(app: &Console, id_hash: String) -> Result<Option<Self>, Problem> {
        let Some(session) = app.sessions.use_now(&id_hash).await? else { return Ok(None) };
        // A user that is gone, or has another password, has no session.
        let user = app.user(&session.user);
        let user =
            user.filter(|user| sha256_hex(user.password_hash.expose_secret()) == session.password);
        Ok(user.map(|user| Self {
            name: user.name.clone(),
            grant: user.grant.clone(),
            session: Some(CallerSession { id_hash, csrf: session.csrf }),
        }))
    }

    /// Whether the caller is still signed in, for streams that stay open. Redis away ends none.
    pub(crate) async fn is_signed_in(&self, app: &Console) -> bool {
        match &self.session {
            None => true,
            Some(session) => app.sessions.is_live(&session.id_hash).await.unwrap_or(true),
        }
    }

    /// Writes the audit line of what the caller did.
    pub(crate) async fn record(
        &self,
        app: &Console,
        action: &str,
        integration_id: &str,
        detail: Option<&str>,
    ) -> Result<(), Problem> {
        let (operator, reason) = (self.name.as_str(), None);
        app.record(&Action { action, operator, integration_id, reason, detail, done: true }).await
    }
}

fn unknown_token() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "unknown_token",
        "the token is not one of [[console.tokens]]: `postern console new-token` makes one",
    )
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Problem::internal)
    }
}
