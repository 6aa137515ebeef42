//! The properties of a message that postern copies.

use lapin::BasicProperties;

/// The properties that cannot harm the message, without headers. A copied expiration would make it
/// expire, and the broker refuses another user's id (`docs/contract.md`, RabbitMQ).
pub(crate) fn safe_properties(original: &BasicProperties) -> BasicProperties {
    let mut kept = BasicProperties::default();
    if let Some(content_type) = original.content_type() {
        kept = kept.with_content_type(content_type.clone());
    }
    if let Some(message_id) = original.message_id() {
        kept = kept.with_message_id(message_id.clone());
    }
    if let Some(correlation_id) = original.correlation_id() {
        kept = kept.with_correlation_id(correlation_id.clone());
    }
    if let Some(kind) = original.kind() {
        kept = kept.with_type(kind.clone());
    }
    if let Some(timestamp) = original.timestamp() {
        kept = kept.with_timestamp(*timestamp);
    }
    if let Some(app_id) = original.app_id() {
        kept = kept.with_app_id(app_id.clone());
    }
    kept
}
