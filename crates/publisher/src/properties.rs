//! The properties that a message keeps on its way through postern.

use lapin::BasicProperties;

/// Those that cannot harm it; headers apart. A copied expiration would let the message evaporate; a
/// foreign user id makes the broker refuse it.
pub(crate) fn harmless(original: &BasicProperties) -> BasicProperties {
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
