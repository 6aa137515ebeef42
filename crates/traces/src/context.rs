//! `traceparent` (W3C Trace Context), as events carry it, to and from spans.

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Makes the span part of the trace of `traceparent`, below the span that it names. Without one, the span begins a trace.
/// To be called before anything else is asked of the span.
pub fn set_parent(span: &Span, traceparent: Option<&str>) {
    if span.is_disabled() {
        return;
    }
    if let Some(parent) = traceparent.and_then(read) {
        // It fails only where nobody listens to the span.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent));
    }
}

/// Links the span to the one that `traceparent` names.
pub fn add_link(span: &Span, traceparent: Option<&str>) {
    if span.is_disabled() {
        return;
    }
    if let Some(other) = traceparent.and_then(read) {
        span.add_link(other);
    }
}

/// The `traceparent` that names this span; none where traces are off.
#[must_use]
pub fn traceparent(span: &Span) -> Option<String> {
    if span.is_disabled() {
        return None;
    }
    let context = span.context();
    let span = context.span();
    let context = span.span_context();
    let (trace, span, flags) = (context.trace_id(), context.span_id(), context.trace_flags());
    context.is_valid().then(|| format!("00-{trace}-{span}-{:02x}", flags.to_u8()))
}

/// Reads a `traceparent` that was checked before.
fn read(traceparent: &str) -> Option<SpanContext> {
    let mut fields = traceparent.split('-').skip(1);
    let trace = TraceId::from_hex(fields.next()?).ok()?;
    let span = SpanId::from_hex(fields.next()?).ok()?;
    let flags = u8::from_str_radix(fields.next()?, 16).ok()?;
    Some(SpanContext::new(trace, span, TraceFlags::new(flags), true, TraceState::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_a_traceparent_are_read() {
        let context = read("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").unwrap();
        assert_eq!(context.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(context.span_id().to_string(), "b7ad6b7169203331");
        assert!(context.is_sampled() && context.is_remote());
        assert!(read("00-0af7651916cd43dd8448eb211c80319c").is_none());
    }

    #[test]
    fn a_span_that_nobody_listens_to_names_nothing() {
        let span = tracing::trace_span!(target: crate::TARGET, "test");
        set_parent(&span, Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
        assert_eq!(traceparent(&span), None);
    }
}
