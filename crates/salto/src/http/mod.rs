//! HTTP to Salto's hosts: the client, one call, what an answer says, lists in pages, and the check
//! of a host.

pub(crate) mod answer;
mod call_span;
pub(crate) mod client;
pub(crate) mod host_check;
pub(crate) mod pages;
pub(crate) mod salto_client;
mod salto_error;

/// Reads an answer as an error of Salto's, for the program that fuzzes this.
pub(crate) fn read_error(body: &[u8]) {
    salto_error::SaltoError::read(&reqwest::header::HeaderMap::new(), body);
}
