//! The last step after secret and PIN are stored: Salto's cloud has checked them, and only an opening shows that the IQ
//! has the same (docs/salto-ks.md, The OTP).

use crate::cli::terminal::output::print_note;

/// Offers the proof.
pub(super) fn print_opening_proof(integration_id: &str) {
    print_note(&format!(
        "Salto's cloud has checked secret and PIN; only an opening proves that the IQ has them too. Last step: \
         `postern lock open LOCK --integration {integration_id} --reason TEXT`, with a lock of this IQ"
    ));
}
