//! The variables of OpenTelemetry that its libraries do not read themselves, or not in this way. All others
//! (`OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_TRACES_SAMPLER`, `OTEL_BSP_…` and so on) they read.

use std::time::Duration;

use super::TracesError;

/// How long the collector may take for a batch where no variable says so.
const TIMEOUT: Duration = Duration::from_secs(10);

const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
const PROTOCOLS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
const TIMEOUTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"];

/// What the variables say.
#[derive(Debug, PartialEq, Eq)]
pub struct Settings {
    protocol: Option<(&'static str, String)>,
    timeout: Duration,
}

impl Settings {
    /// Reads the variables of this process. None where no traces are asked for: without an endpoint, with
    /// `OTEL_SDK_DISABLED=true`, or with `OTEL_TRACES_EXPORTER=none`.
    #[must_use]
    pub fn from_environment() -> Option<Self> {
        Self::read(|variable| std::env::var(variable).ok())
    }

    fn read(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        // An empty one is as if it were not there, says the specification.
        let value = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let first = |names: [&'static str; 2]| {
            names.into_iter().find_map(|name| value(name).map(|value| (name, value)))
        };
        let is = |name: &str, text: &str| {
            value(name).is_some_and(|value| value.trim().eq_ignore_ascii_case(text))
        };
        if is("OTEL_SDK_DISABLED", "true") || is("OTEL_TRACES_EXPORTER", "none") {
            return None;
        }
        first(ENDPOINTS)?;
        let timeout = first(TIMEOUTS).and_then(|(_, millis)| millis.trim().parse().ok());
        let timeout = timeout.map_or(TIMEOUT, Duration::from_millis);
        Some(Self { protocol: first(PROTOCOLS), timeout })
    }

    pub(super) fn check_protocol(&self) -> Result<(), TracesError> {
        match &self.protocol {
            Some((variable, value)) if value.trim() != "http/protobuf" => {
                Err(TracesError::Protocol { variable, value: value.clone() })
            }
            Some(_) | None => Ok(()),
        }
    }

    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Option<Settings> {
        Settings::read(|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");

    #[test]
    fn traces_are_off_unless_an_endpoint_is_set() {
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[("OTEL_SERVICE_NAME", "doors")]), None);
        assert_eq!(read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]), None);
        assert!(read(&[ENDPOINT]).is_some());
        assert!(read(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://collector/t")]).is_some());
    }

    #[test]
    fn traces_can_be_disabled() {
        for off in [("OTEL_SDK_DISABLED", "TRUE"), ("OTEL_TRACES_EXPORTER", "none")] {
            assert_eq!(read(&[ENDPOINT, off]), None, "{off:?}");
        }
        for on in [("OTEL_SDK_DISABLED", "false"), ("OTEL_TRACES_EXPORTER", "otlp")] {
            assert!(read(&[ENDPOINT, on]).is_some(), "{on:?}");
        }
    }

    #[test]
    fn the_variable_for_traces_alone_comes_first() {
        let all = ("OTEL_EXPORTER_OTLP_TIMEOUT", "2000");
        let traces = ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "500");
        let timeout = |variables: &[_]| read(variables).map(|it| it.timeout().as_millis());
        assert_eq!(timeout(&[ENDPOINT]), Some(10_000));
        assert_eq!(timeout(&[ENDPOINT, all]), Some(2_000));
        assert_eq!(timeout(&[ENDPOINT, traces, all]), Some(500));
    }

    #[test]
    fn other_protocols_are_refused_by_name() {
        let protocol = |value| read(&[ENDPOINT, ("OTEL_EXPORTER_OTLP_PROTOCOL", value)]);
        assert!(protocol("http/protobuf").is_some_and(|it| it.check_protocol().is_ok()));
        let error = protocol("grpc").and_then(|it| it.check_protocol().err()).unwrap();
        assert!(error.to_string().starts_with("OTEL_EXPORTER_OTLP_PROTOCOL: \"grpc\""), "{error}");
    }
}
