//! Traces for OpenTelemetry: spans of the `tracing` crate whose target is [`TARGET`] are exported by OTLP over HTTP, where
//! the standard variables (`OTEL_EXPORTER_OTLP_ENDPOINT` and others) ask for it. Otherwise nobody listens to that target,
//! and such a span costs nothing.
//!
//! No log line goes into a span, and no span into the log: spans have only the attributes that their own code gives them.
//!
//! - [`export`] is the exporter with a thread of its own; a collector that does not answer delays nobody.
//! - [`settings`] reads the variables that OpenTelemetry's libraries do not read themselves.
//! - [`context`] connects spans with `traceparent`, as events carry it.

mod context;
mod export;
mod settings;

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::ResourceBuilder;
use opentelemetry_sdk::trace::{BatchSpanProcessor, SdkTracerProvider};
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::registry::LookupSpan;

pub use context::{add_link, set_parent, traceparent};
use export::CollectorClient;
pub use settings::Settings;

/// The target of spans that are exported.
pub const TARGET: &str = "otel";

/// How long the spans that are left may take at the stop.
const LAST_EXPORT: Duration = Duration::from_millis(500);

/// What every collector shows where nobody has set another name.
const SERVICE_NAME: &str = "postern";

/// Traces cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// The protocol of `OTEL_EXPORTER_OTLP_PROTOCOL`, or of the variable for traces alone, is not there.
    #[error("{variable}: {value:?} is not supported; allowed is \"http/protobuf\"")]
    Protocol {
        /// The variable.
        variable: &'static str,
        /// Its value.
        value: String,
    },
    /// A variable has a value that OpenTelemetry's library does not accept.
    #[error("a variable OTEL_EXPORTER_OTLP_… cannot be used")]
    Exporter(#[from] ExporterBuildError),
    /// The exporter's own thread cannot start.
    #[error("the exporter of traces cannot start")]
    Runtime(#[from] std::io::Error),
}

/// The exporter of spans, until it is shut down.
#[derive(Debug)]
pub struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Starts exporting. `client` is used for the collector alone; `version` is that of the program.
    ///
    /// # Errors
    ///
    /// A variable has a value that cannot be used.
    pub fn start(
        settings: &Settings,
        client: reqwest::Client,
        version: &'static str,
    ) -> Result<Self, TracesError> {
        settings.check_protocol()?;
        let client = CollectorClient::new(client, settings.timeout())?;
        let exporter = SpanExporter::builder().with_http().with_http_client(client).build()?;
        let provider = SdkTracerProvider::builder()
            .with_span_processor(BatchSpanProcessor::builder(exporter).build())
            .with_resource(resource(version))
            .build();
        Ok(Self { provider })
    }

    /// The layer that makes spans of OpenTelemetry.
    pub fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer(SERVICE_NAME))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_context_activation(false)
            .with_filter(Targets::new().with_target(TARGET, LevelFilter::TRACE))
    }

    /// Exports the spans that are left, for half a second at most.
    pub fn stop(&self) {
        if let Err(error) = self.provider.shutdown_with_timeout(LAST_EXPORT) {
            tracing::warn!(%error, "the last traces were not exported");
        }
    }
}

/// What the variables say of the service, and else what postern knows of itself.
fn resource(version: &'static str) -> Resource {
    let given = Resource::builder().build();
    let has = |key: &'static str| given.get(&key.into()).is_some();
    let unnamed = given
        .get(&"service.name".into())
        .is_none_or(|name| name.as_str().starts_with("unknown_service"));
    let with = |builder: ResourceBuilder, key: &'static str, value: String| {
        if has(key) { builder } else { builder.with_attribute(KeyValue::new(key, value)) }
    };
    let mut builder = Resource::builder();
    if unnamed {
        builder = builder.with_service_name(SERVICE_NAME);
    }
    builder = with(builder, "service.version", version.to_owned());
    with(builder, "service.instance.id", uuid::Uuid::new_v4().to_string()).build()
}
