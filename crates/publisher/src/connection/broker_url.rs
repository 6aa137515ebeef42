//! Reading the broker's URL. No error repeats it, because it contains a password.

use lapin::types::{FrameSize, Heartbeat};
use lapin::uri::AMQPUri;
use url::{Host, Url};

/// Half of the time after which a silent broker counts as lost. Seconds.
const HEARTBEAT: Heartbeat = 5;
/// RabbitMQ's own default. Bytes. The headers of a message are sent in one frame, and the broker
/// delivers them whatever size was negotiated: with a smaller frame, one message with large headers,
/// which any client may publish, would end the connection at each delivery.
pub(crate) const FRAME_MAX: FrameSize = 128 * 1024;
/// The maximum length of a virtual host, which is a short string in AMQP. Bytes.
const VIRTUAL_HOST_MAX: usize = 255;

/// The error of a URL that is not a broker's URL. It shows no part of the URL but the scheme.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    /// Not a URL at all.
    #[error("{0}; it must look like amqp://user:password@host:5672/virtual-host")]
    Syntax(url::ParseError),
    /// The scheme is not `amqp` or `amqps`.
    #[error("its scheme must be amqp or amqps")]
    Scheme,
    /// There is no host between `//` and the next `/`.
    #[error("it names no host")]
    NoHost,
    /// The virtual host is longer than AMQP allows.
    #[error("its virtual host is longer than {VIRTUAL_HOST_MAX} bytes")]
    VirtualHost,
    /// The user, password or virtual host is not text once decoded, or a query parameter
    /// (`heartbeat`, `frame_max`, `channel_max`, `auth_mechanism`) has an invalid value.
    #[error("its user, password, virtual host or one of its query parameters cannot be read")]
    Part,
}

/// Reads `url` and adds the defaults.
pub(crate) fn parse(url: &str) -> Result<AMQPUri, InvalidUrl> {
    let parsed = Url::parse(url).map_err(InvalidUrl::Syntax)?;
    if !matches!(parsed.scheme(), "amqp" | "amqps") {
        return Err(InvalidUrl::Scheme);
    }
    let host = match parsed.host() {
        None | Some(Host::Domain("")) => return Err(InvalidUrl::NoHost),
        Some(Host::Domain(_) | Host::Ipv4(_)) => None,
        // The client treats any IPv6 address as "localhost".
        Some(Host::Ipv6(address)) => Some(address.to_string()),
    };
    // Its error text may repeat the URL.
    let mut uri: AMQPUri = url.parse().map_err(|_| InvalidUrl::Part)?;
    if uri.vhost.len() > VIRTUAL_HOST_MAX {
        return Err(InvalidUrl::VirtualHost);
    }
    if let Some(host) = host {
        uri.authority.host = host;
    }
    uri.query.heartbeat.get_or_insert(HEARTBEAT);
    uri.query.frame_max.get_or_insert(FRAME_MAX);
    Ok(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_heartbeat_and_frame_size_unless_the_url_sets_them() {
        let bare = parse("amqp://127.0.0.1").unwrap();
        assert_eq!((bare.query.heartbeat, bare.query.frame_max), (Some(5), Some(131_072)));
        assert_eq!((bare.vhost.as_str(), bare.authority.port), ("/", 5672));

        let full = parse("amqps://h/%2f?heartbeat=30&frame_max=262144").unwrap();
        assert_eq!((full.query.heartbeat, full.query.frame_max), (Some(30), Some(262_144)));
        assert_eq!(full.authority.port, 5671);
    }

    #[test]
    fn keeps_an_ipv6_address() {
        let uri = parse("amqp://u:p@[2001:db8::1]:5673/v").unwrap();
        assert_eq!((uri.authority.host.as_str(), uri.authority.port), ("2001:db8::1", 5673));
    }

    #[test]
    fn the_error_names_the_mistake_and_never_repeats_the_password() {
        let long = format!("amqp://u:s3cret@h/{}", "v".repeat(256));
        for (url, wanted) in [
            ("s3cret", "relative URL"),
            ("u:s3cret@host:5672/", "scheme must be"),
            ("http://u:s3cret@h/", "scheme must be"),
            ("amqp:s3cret", "names no host"),
            ("amqp:///s3cret", "names no host"),
            ("amqp://u:s3cret@h:port/", "invalid port"),
            ("amqp://u:s3cret%ff@h/", "cannot be read"),
            ("amqp://u:s3cret@h/?heartbeat=soon", "cannot be read"),
            (long.as_str(), "longer than 255"),
        ] {
            let error = parse(url).unwrap_err();
            let text = format!("{error} {error:?}");
            assert!(text.contains(wanted), "{url}: {text}");
            assert!(!text.contains("s3cret"), "{url}: {text}");
        }
    }
}
