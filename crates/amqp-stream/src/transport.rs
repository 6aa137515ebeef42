//! TCP to the broker, with or without TLS.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use lapin::uri::{AMQPScheme, AMQPUri};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A stream to the broker, before anything of AMQP is sent.
#[derive(Debug)]
pub enum Transport {
    /// For `amqp`.
    Plain(TcpStream),
    /// For `amqps`.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Transport {
    /// Connects to the host and port of `uri`, and for `amqps` completes the handshake of TLS. The server's
    /// certificate is checked against the platform's roots, or those of the PEM file in `SSL_CERT_FILE`.
    ///
    /// # Errors
    /// Those of TCP and TLS; where the host's name cannot be that of a certificate.
    pub async fn open(uri: &AMQPUri) -> io::Result<Self> {
        let host = uri.authority.host.as_str();
        let stream = TcpStream::connect((host, uri.authority.port)).await?;
        stream.set_nodelay(true)?;
        match uri.scheme {
            AMQPScheme::AMQP => Ok(Self::Plain(stream)),
            AMQPScheme::AMQPS => {
                let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
                let config = tls().map_err(io::Error::other)?;
                let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
                Ok(Self::Tls(Box::new(stream)))
            }
        }
    }
}

fn tls() -> Result<ClientConfig, rustls::Error> {
    // The provider is named here, so that callers need not install one for the process.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions()?.with_platform_verifier()?;
    Ok(builder.with_no_client_auth())
}

impl AsyncRead for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buffer),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, buffers),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, buffers),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
