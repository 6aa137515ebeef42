//! Integrations, without their secrets: reading, checking, changing.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use config::{AppliedChange, Document, IntegrationOrigin, KnownIntegration, SecretForms};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{AdditionalProperties, ObjectBuilder, Schema},
    },
};

use crate::{
    access::caller::Caller,
    app::App,
    extract::{JsonBody, PathParameters, QueryParameters},
    problem::Problem,
};

/// The integrations that the caller may see.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IntegrationList {
    /// In the order of their ids.
    integrations: Vec<Integration>,
}

/// An integration, without its password.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Integration {
    /// Its id, which events name.
    id: String,
    /// `file`: it is changed in the configuration file only. `stored`: it is in Redis and can be changed here.
    origin: &'static str,
    /// The version of a stored one, on which a change must be based.
    version: Option<u64>,
    /// Who made the last change of a stored one.
    author: Option<String>,
    /// When that was.
    changed_at: Option<DateTime<Utc>>,
    /// Whether workers handle its requests.
    active: bool,
    /// Why no worker uses it.
    problem: Option<String>,
    /// What to do about that.
    next_step: Option<String>,
    /// Whether it has a password for Salto, which is never answered.
    has_password: bool,
    /// What was set, with the keys of `[[integrations]]` in the configuration; the rest has its default.
    #[schema(value_type = Object, additional_properties = true)]
    document: Map<String, Value>,
}

/// An integration that is to be stored.
#[derive(Debug, Deserialize)]
pub(crate) struct IntegrationDocument(Map<String, Value>);

/// Which keys there are, and what they may be, says the reader of the configuration, with all mistakes at once.
impl PartialSchema for IntegrationDocument {
    fn schema() -> RefOr<Schema> {
        let text = "An integration, with the keys of `[[integrations]]` in the configuration. A password that is not in it stays as \
             it is stored. `version` says which version of the stored integration it was made from.";
        let any = AdditionalProperties::FreeForm(true);
        let schema = ObjectBuilder::new().description(Some(text)).additional_properties(Some(any));
        schema.build().into()
    }
}

impl ToSchema for IntegrationDocument {}

/// A change that is in effect: no request that is handled from now on rests on what was before.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IntegrationChanged {
    /// The id of the integration.
    id: String,
    /// Its version now; of a removal the version of that.
    version: u64,
    /// Whether it is new.
    created: bool,
    /// The paths of the settings that changed; none where the document is what was stored.
    changed: Vec<String>,
}

/// A document without mistakes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IntegrationChecked {
    /// Always true: a document with mistakes is answered with a problem.
    ok: bool,
}

/// The version on which a change is based.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct BasedOn {
    /// The version of the stored integration that the caller has seen. A newer one is not overwritten. Needed where the
    /// integration is stored already, here or as `version` in the document.
    #[param(minimum = 0)]
    version: Option<u64>,
}

impl From<&KnownIntegration> for Integration {
    fn from(known: &KnownIntegration) -> Self {
        let (origin, version, author, changed_at) = match &known.origin {
            IntegrationOrigin::File => ("file", None, None, None),
            IntegrationOrigin::Stored { version, author, changed_at } => {
                ("stored", Some(*version), author.clone(), *changed_at)
            }
        };
        Self {
            id: known.id.clone(),
            origin,
            version,
            author,
            changed_at,
            active: known.settings.as_ref().is_some_and(|it| it.rules.active),
            problem: known.problem.as_ref().map(ToString::to_string),
            next_step: known.problem.as_ref().map(|it| it.next_step().to_owned()),
            has_password: known.has_password,
            document: known.document.clone(),
        }
    }
}

impl From<AppliedChange> for IntegrationChanged {
    fn from(change: AppliedChange) -> Self {
        Self {
            id: change.id,
            version: change.version,
            created: change.created,
            changed: change.changes.into_iter().map(|it| it.key).collect(),
        }
    }
}

pub(crate) async fn list(State(app): State<App>, caller: Caller) -> Json<IntegrationList> {
    let snapshot = app.snapshot();
    let seen = snapshot.all.iter().filter(|it| caller.grant.covers(&it.id));
    Json(IntegrationList { integrations: seen.map(Integration::from).collect() })
}

pub(crate) async fn get(
    State(app): State<App>,
    PathParameters(id): PathParameters<String>,
) -> Result<Json<Integration>, Problem> {
    Ok(Json(Integration::from(&app.known(&id)?)))
}

pub(crate) async fn put(
    State(app): State<App>,
    caller: Caller,
    PathParameters(id): PathParameters<String>,
    QueryParameters(BasedOn { version }): QueryParameters<BasedOn>,
    JsonBody(IntegrationDocument(keys)): JsonBody<IntegrationDocument>,
) -> Result<Json<IntegrationChanged>, Problem> {
    Ok(Json(apply(&app, &caller, &id, keys, version).await?.into()))
}

/// Stores a document of the integration in the name of the caller.
///
/// # Errors
///
/// All mistakes of the document, or why it was not stored.
pub(crate) async fn apply(
    app: &App,
    caller: &Caller,
    id: &str,
    keys: Map<String, Value>,
    version: Option<u64>,
) -> Result<AppliedChange, Problem> {
    let document = document(id, keys)?;
    let forms = SecretForms::InDocument;
    let change = app.current.store.apply(&document, forms, version, &caller.name).await?;
    // The next page shows it; where Redis has gone meanwhile, a later one does.
    let _ = app.current.refresh().await;
    Ok(change)
}

pub(crate) async fn check(
    State(app): State<App>,
    PathParameters(id): PathParameters<String>,
    JsonBody(IntegrationDocument(keys)): JsonBody<IntegrationDocument>,
) -> Result<Json<IntegrationChecked>, Problem> {
    let has_password = app.known(&id).is_ok_and(|known| known.has_password);
    app.current.store.check(&document(&id, keys)?, SecretForms::InDocument, has_password)?;
    Ok(Json(IntegrationChecked { ok: true }))
}

pub(crate) async fn remove(
    State(app): State<App>,
    caller: Caller,
    PathParameters(id): PathParameters<String>,
    QueryParameters(BasedOn { version }): QueryParameters<BasedOn>,
) -> Result<Json<IntegrationChanged>, Problem> {
    let removed = app.current.store.remove(&id, version, &caller.name).await?;
    let _ = app.current.refresh().await;
    let (id, version) = (removed.id, removed.version);
    Ok(Json(IntegrationChanged { id, version, created: false, changed: Vec::new() }))
}

/// The document with the id of the path, which it may repeat.
fn document(id: &str, mut keys: Map<String, Value>) -> Result<Document, Problem> {
    let own = keys.entry("id").or_insert_with(|| id.into());
    if own.as_str() != Some(id) {
        return Err(Problem::bad_request(format!(
            "the document must have the id of the path, {id:?}"
        )));
    }
    Ok(Document::from_json("document", &Value::Object(keys).to_string())?)
}
