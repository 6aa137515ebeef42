//! The properties of a message that postern copies.

use lapin::BasicProperties;

/// The name by which a client asks for an answer on its own channel. The broker replaces it when it
/// receives the message, and refuses it from a channel that waits for no answers.
const DIRECT_REPLY_TO: &str = "amq.rabbitmq.reply-to";

/// All properties but those that would harm the message, without headers and delivery mode. A copied
/// expiration would make it expire, and the broker refuses another user's id (`docs/contract.md`, Dead
/// letters).
pub(crate) fn safe_properties(original: &BasicProperties) -> BasicProperties {
    let mut kept = BasicProperties::default();
    if let Some(content_type) = original.content_type() {
        kept = kept.with_content_type(content_type.clone());
    }
    if let Some(content_encoding) = original.content_encoding() {
        kept = kept.with_content_encoding(content_encoding.clone());
    }
    if let Some(priority) = original.priority() {
        kept = kept.with_priority(*priority);
    }
    if let Some(correlation_id) = original.correlation_id() {
        kept = kept.with_correlation_id(correlation_id.clone());
    }
    // Another protocol than AMQP 0-9-1 may have left it in a message.
    let reply_to = original.reply_to().as_ref();
    if let Some(reply_to) = reply_to.filter(|name| name.as_str() != DIRECT_REPLY_TO) {
        kept = kept.with_reply_to(reply_to.clone());
    }
    if let Some(message_id) = original.message_id() {
        kept = kept.with_message_id(message_id.clone());
    }
    if let Some(timestamp) = original.timestamp() {
        kept = kept.with_timestamp(*timestamp);
    }
    if let Some(kind) = original.kind() {
        kept = kept.with_type(kind.clone());
    }
    if let Some(app_id) = original.app_id() {
        kept = kept.with_app_id(app_id.clone());
    }
    if let Some(cluster_id) = original.cluster_id() {
        kept = kept.with_cluster_id(cluster_id.clone());
    }
    kept
}
