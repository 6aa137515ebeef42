//! The certificate.

use std::{path::Path, sync::Arc};

use config::TlsFiles;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio_rustls::TlsAcceptor;

use super::RunError;

pub(super) fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, RunError> {
    let TlsFiles { certificate, private_key } = files;
    let of_certificate = |what: String| unusable("certificate", certificate, what);
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| of_certificate(error.to_string()))?;
    if chain.is_empty() {
        return Err(of_certificate("has no certificate: it must be PEM".to_owned()));
    }
    let key = PrivateKeyDer::from_pem_file(private_key)
        .map_err(|error| unusable("private_key", private_key, error.to_string()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| of_certificate(error.to_string()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn unusable(key: &'static str, file: &Path, what: String) -> RunError {
    RunError::Certificate { key, file: file.to_owned(), what }
}
