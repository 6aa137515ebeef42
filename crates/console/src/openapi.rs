//! The document that describes the API, made of the table of routes and the types of the handlers.

use std::collections::BTreeMap;

use axum::http::Method;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ComponentsBuilder, Content, HttpMethod, InfoBuilder, OpenApiBuilder, PathItem,
        PathsBuilder, Ref, Required,
        extensions::ExtensionsBuilder,
        path::{Operation, ParameterBuilder, ParameterIn},
        response::ResponseBuilder,
        schema::{ObjectBuilder, Type},
        security::{
            ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
        },
    },
};

use crate::{
    problem::Problem,
    routing::{
        described::{Described, NamedSchema},
        route::{Access, INTEGRATION, Route, parameters},
        table::table,
    },
};

const DESCRIPTION: &str = "Integrations, bookings, requests and the audit of postern. Every error is a problem \
     (RFC 9457, `application/problem+json`) whose `code` is for programs and whose `detail` is for people. Times are in UTC (RFC 3339).";

/// The document, in JSON, with a newline at its end. `schemas/console.json` is a copy.
///
/// # Errors
///
/// Where it cannot be written as JSON, which no table causes.
pub fn document() -> Result<String, serde_json::Error> {
    let mut paths: BTreeMap<&'static str, PathItem> = BTreeMap::new();
    let mut schemas: BTreeMap<String, _> = BTreeMap::new();
    let mut described: Vec<NamedSchema> = vec![(Problem::name().into_owned(), Problem::schema())];
    for route in table() {
        let Route { method, path, access, described: Some(operation), .. } = route else {
            continue;
        };
        let (operation, used) = operation_of(path, access, operation);
        described.extend(used);
        let item = PathItem::new(http_method(&method), operation);
        paths.entry(path).or_default().merge_operations(item);
    }
    schemas.extend(described);
    let components = ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .security_scheme("token", SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("A token of `[[console.tokens]]`.")).build()))
        .security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description("postern-session", "The session of a person; with TLS its name is `__Host-postern-session`. What changes something also needs the header `X-CSRF-Token`."))))
        .build();
    let paths =
        paths.into_iter().fold(PathsBuilder::new(), |all, (path, item)| all.path(path, item));
    let info = InfoBuilder::new()
        .title("postern console")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION));
    let api = OpenApiBuilder::new().info(info).paths(paths).components(Some(components)).build();
    api.to_pretty_json().map(|text| text + "\n")
}

/// The operation with what follows from its route: parameters of the path, security, and problems.
fn operation_of(
    path: &'static str,
    access: Access,
    described: Described,
) -> (Operation, Vec<NamedSchema>) {
    let Described { mut operation, parameters: texts, schemas, takes_body } = described;
    for name in parameters(path) {
        let own = texts.iter().find(|(of, _)| *of == name).map(|(_, text)| *text);
        let text = own.or((name == INTEGRATION).then_some("The id of the integration."));
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .description(text)
            .schema(Some(
                ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).build(),
            ));
        operation = operation.parameter(parameter);
    }
    let has_parameters = path.contains('{');
    let mut problems = vec![(
        "503",
        "Redis or another server does not answer: try again after `Retry-After` seconds.",
    )];
    match access {
        Access::Public => {}
        Access::Role(role) | Access::Integration(role) => {
            problems.push(("400", "The request cannot be read."));
            problems.push(("401", "There is no session, or the token is unknown."));
            problems.push(("403", "The role does not suffice, or the request does not come from the console's own page."));
            operation = operation
                .security(SecurityRequirement::new("token", Vec::<String>::new()))
                .security(SecurityRequirement::new("session", Vec::<String>::new()));
            let needs = ExtensionsBuilder::new().add("x-role", role.code()).build();
            operation = operation.extensions(Some(needs));
        }
    }
    if takes_body {
        problems.push(("413", "The body is larger than 256 KiB."));
        problems.push(("415", "The body is not JSON, or Content-Type does not say so."));
    }
    if has_parameters {
        problems.push(("404", "There is nothing of this name that the caller may see."));
    }
    for (status, what) in problems {
        let content = Content::new(Some(Ref::from_schema_name(Problem::name())));
        let response = ResponseBuilder::new().description(what);
        operation = operation
            .response(status, response.content("application/problem+json", content).build());
    }
    (operation.build(), schemas)
}

fn http_method(method: &Method) -> HttpMethod {
    match method.as_str() {
        "POST" => HttpMethod::Post,
        "PUT" => HttpMethod::Put,
        "DELETE" => HttpMethod::Delete,
        "PATCH" => HttpMethod::Patch,
        _ => HttpMethod::Get,
    }
}
