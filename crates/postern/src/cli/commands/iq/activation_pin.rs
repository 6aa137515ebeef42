//! The PIN of an activation, which the operator types or a file has.

use std::{
    io::{self, IsTerminal},
    path::Path,
};

use operations::{activation::IqActivation, iqs::PIN_NOT_RECEIVED};
use salto::{PinDelivery, activation::Step};
use secrecy::{ExposeSecret, SecretString};

use crate::cli::terminal::{output::print_note, secret_input};

/// The PIN for this step; nothing where it is stored.
pub(super) async fn read(
    activation: &IqActivation<'_>,
    step: Step,
    file: Option<&Path>,
) -> anyhow::Result<Option<SecretString>> {
    let ask = match (step, file) {
        (Step::Done, _) => return Ok(None),
        (Step::PinSent(_) | Step::PinAwaited | Step::PinShown | Step::PinKnown, Some(file)) => {
            print_note("the IQ's secret is stored; reading the PIN from the file");
            return Ok(Some(secret_input::read_pin(Some(file)).await?));
        }
        (Step::PinShown, None) => {
            show_pin(activation).await;
            return Ok(None);
        }
        (Step::PinKnown, None) => {
            print_note("the IQ's secret and PIN are stored");
            return Ok(None);
        }
        (Step::PinSent(PinDelivery::Email), None) => {
            "Salto sends the PIN to the account's user by mail"
        }
        (Step::PinSent(PinDelivery::Sms), None) => {
            "Salto sends the PIN to the account's user as a text message"
        }
        (Step::PinAwaited, None) => {
            print_note(&format!(
                "the IQ's secret is stored, and an earlier run requested the PIN: it is in the message \
                 that Salto sent then; {PIN_NOT_RECEIVED}"
            ));
            return Ok(Some(secret_input::read_pin(None).await?));
        }
    };
    print_note(&format!("the IQ's secret is stored; {ask}"));
    Ok(Some(secret_input::read_pin(None).await?))
}

/// Shows the PIN from Salto's answer, on a terminal only: standard error may be written to a file.
async fn show_pin(activation: &IqActivation<'_>) {
    match activation.stored_pin().await {
        Some(pin) if io::stderr().is_terminal() => print_note(&format!(
            "the IQ's secret is stored; so is the PIN from Salto's answer: {}",
            pin.expose_secret()
        )),
        Some(_) | None => {
            print_note("the IQ's secret is stored, and so is the PIN from Salto's answer");
        }
    }
}
