//! The name of an IQ.

/// An IQ of an integration. Secret and PIN belong to a user at an IQ, so the IQ alone does not name them
/// (docs/salto-ks.md, The OTP).
#[derive(Debug, Clone, Copy)]
pub struct IqRef<'a> {
    /// The integration.
    pub integration_id: &'a str,
    /// The id of the IQ at Salto.
    pub iq_id: &'a str,
}
