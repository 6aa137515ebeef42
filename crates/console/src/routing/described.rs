//! What the API's document says of an operation, from the types of its handler.

use axum::http::StatusCode;
use utoipa::{
    IntoParams, ToSchema,
    openapi::{
        Content, Ref, RefOr, Required,
        path::{OperationBuilder, Parameter, ParameterIn},
        request_body::RequestBodyBuilder,
        response::ResponseBuilder,
        schema::Schema,
    },
};

use crate::problem::Problem;

/// A schema with its name.
pub(crate) type NamedSchema = (String, RefOr<Schema>);

/// The description of an operation, without its method, its path and its access, which the route has.
pub(crate) struct Described {
    pub(crate) operation: OperationBuilder,
    /// What the path's parameters are, by name.
    pub(crate) parameters: Vec<(&'static str, &'static str)>,
    pub(crate) schemas: Vec<NamedSchema>,
    pub(crate) takes_body: bool,
}

impl Described {
    /// `id`: its unique name, for programs that are generated. `tag`: its group.
    pub(crate) fn new(tag: &str, id: &str, summary: &str) -> Self {
        let operation =
            OperationBuilder::new().tag(tag).operation_id(Some(id)).summary(Some(summary));
        Self { operation, parameters: Vec::new(), schemas: Vec::new(), takes_body: false }
    }

    /// What it does, where the summary does not say it all.
    pub(crate) fn text(mut self, text: &str) -> Self {
        self.operation = self.operation.description(Some(text));
        self
    }

    /// What a parameter of the path is.
    pub(crate) fn parameter(mut self, name: &'static str, what: &'static str) -> Self {
        self.parameters.push((name, what));
        self
    }

    /// The parameters of the query.
    pub(crate) fn query<T: IntoParams>(mut self) -> Self {
        let parameters: Vec<Parameter> = T::into_params(|| Some(ParameterIn::Query));
        for parameter in parameters {
            self.operation = self.operation.parameter(parameter);
        }
        self
    }

    /// The body that it takes, in JSON.
    pub(crate) fn takes<T: ToSchema>(mut self) -> Self {
        let content = self.content_of::<T>();
        let body = RequestBodyBuilder::new().required(Some(Required::True));
        let body = body.content("application/json", content).build();
        self.operation = self.operation.request_body(Some(body));
        self.takes_body = true;
        self
    }

    /// An answer in JSON.
    pub(crate) fn answers<T: ToSchema>(mut self, status: StatusCode, what: &str) -> Self {
        let content = self.content_of::<T>();
        let response = ResponseBuilder::new().description(what);
        let response = response.content("application/json", content).build();
        self.operation = self.operation.response(status.as_str(), response);
        self
    }

    /// A problem that not every operation has.
    pub(crate) fn refuses(mut self, status: StatusCode, what: &str) -> Self {
        let content = Content::new(Some(Ref::from_schema_name(Problem::name())));
        let response = ResponseBuilder::new().description(what);
        let response = response.content("application/problem+json", content).build();
        self.operation = self.operation.response(status.as_str(), response);
        self
    }

    /// An answer of another kind, such as a stream.
    pub(crate) fn answers_with(mut self, media_type: &str, what: &str) -> Self {
        let response = ResponseBuilder::new().description(what);
        let response = response.content(media_type, Content::default()).build();
        self.operation = self.operation.response("200", response);
        self
    }

    fn content_of<T: ToSchema>(&mut self) -> Content {
        T::schemas(&mut self.schemas);
        self.schemas.push((T::name().into_owned(), T::schema()));
        Content::new(Some(Ref::from_schema_name(T::name())))
    }
}
