//! What stands before every route: who calls, whether the role and the grant suffice, and whether what changes
//! something comes from the console's own page.

use axum::{
    RequestExt,
    body::{Body, Bytes, to_bytes},
    extract::{RawPathParams, Request, State},
    http::{HeaderMap, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use config::Role;

use super::route::{API, Access, INTEGRATION};
use crate::{
    access::{
        caller::{Caller, CallerSession},
        csrf,
    },
    app::App,
    problem::Problem,
};

/// The largest body, in bytes.
pub(super) const LARGEST_BODY: usize = 256 * 1024;

/// What a guard needs to know.
#[derive(Clone)]
pub(super) struct Guard {
    pub(super) app: App,
    pub(super) access: Access,
}

pub(super) async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let uri = request.uri().clone();
    let is_api = uri.path().starts_with(API);
    match guard.admit(request, is_api).await {
        Ok(request) => next.run(request).await,
        Err(problem) if problem.status() == StatusCode::UNAUTHORIZED && !is_api => {
            Redirect::to(&sign_in_address(&uri)).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

/// The sign-in page, which leads back to this one.
fn sign_in_address(uri: &Uri) -> String {
    let path = uri.path_and_query().map_or("/", |it| it.as_str());
    let escaped: String = path
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect();
    if path == "/" { "/sign-in".to_owned() } else { format!("/sign-in?next={escaped}") }
}

impl Guard {
    /// The request with its caller, where it may go on.
    async fn admit(&self, mut request: Request, is_api: bool) -> Result<Request, Problem> {
        let is_safe = request.method().is_safe();
        // Tokens are for the API: a page is for a person.
        if !is_api {
            request.headers_mut().remove(header::AUTHORIZATION);
        }
        let caller = match self.access {
            Access::Public => None,
            Access::Role(role) | Access::Integration(role) => {
                let caller = Caller::of(&self.app, request.headers()).await?;
                let caller = caller.ok_or_else(not_signed_in)?;
                self.check_grant(&caller, role, &mut request).await?;
                Some(caller)
            }
        };
        if !is_safe {
            let session = caller.as_ref().map(|caller| caller.session.as_ref());
            request = self.check_source(session, request).await?;
        }
        if let Some(caller) = caller {
            request.extensions_mut().insert(caller);
        }
        Ok(request)
    }

    async fn check_grant(
        &self,
        caller: &Caller,
        role: Role,
        request: &mut Request,
    ) -> Result<(), Problem> {
        if caller.grant.role < role {
            return Err(forbidden(caller, role));
        }
        if let Access::Integration(_) = self.access {
            let parameters = request.extract_parts::<RawPathParams>().await;
            // Not UTF-8: nothing has such an address.
            let parameters = parameters.map_err(|_| Problem::of_status(StatusCode::NOT_FOUND))?;
            let id = parameters.iter().find(|(name, _)| *name == INTEGRATION);
            let (_, id) = id.ok_or_else(Problem::internal)?;
            if !caller.grant.covers(id) {
                return Err(Problem::unknown_integration(id));
            }
        }
        Ok(())
    }

    /// `session`: that of the caller, none for a program; nothing where there is no caller.
    async fn check_source(
        &self,
        session: Option<Option<&CallerSession>>,
        request: Request,
    ) -> Result<Request, Problem> {
        match session {
            // No browser sends a token by itself.
            Some(None) => Ok(request),
            None => {
                csrf::check_origin(request.headers(), &self.app.console)?;
                Ok(request)
            }
            Some(Some(session)) => {
                csrf::check_origin(request.headers(), &self.app.console)?;
                check_csrf_token(session, request).await
            }
        }
    }
}

/// The token is in a header, or in the form.
async fn check_csrf_token(session: &CallerSession, request: Request) -> Result<Request, Problem> {
    if let Some(sent) = request.headers().get(csrf::HEADER) {
        csrf::check_token(sent.to_str().ok(), &session.csrf)?;
        return Ok(request);
    }
    if !is_form(request.headers()) {
        csrf::check_token(None, &session.csrf)?;
    }
    let (parts, body) = request.into_parts();
    let body: Bytes = to_bytes(body, LARGEST_BODY)
        .await
        .map_err(|_| Problem::of_status(StatusCode::PAYLOAD_TOO_LARGE))?;
    csrf::check_token(token_in(&body).as_deref(), &session.csrf)?;
    Ok(Request::from_parts(parts, Body::from(body)))
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    kind.is_some_and(|kind| kind.split(';').next() == Some("application/x-www-form-urlencoded"))
}

fn token_in(form: &[u8]) -> Option<String> {
    let mut fields = url::form_urlencoded::parse(form);
    fields.find(|(name, _)| name == csrf::FIELD).map(|(_, token)| token.into_owned())
}

fn not_signed_in() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "not_signed_in",
        "sign in at /sign-in, or send a token: Authorization: Bearer TOKEN",
    )
}

fn forbidden(caller: &Caller, role: Role) -> Problem {
    let (has, needs) = (caller.grant.role.code(), role.code());
    Problem::new(
        StatusCode::FORBIDDEN,
        "role_too_low",
        format!(
            "this needs the role {needs}, and {:?} has the role {has}: ask an admin",
            caller.name
        ),
    )
}
