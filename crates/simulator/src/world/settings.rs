//! Settings for what differs between tenants or is not documented, so that a client can be tested
//! with each variant (`docs/salto-ks.md`, Connect API and The OTP).

use serde::{Deserialize, Serialize};

/// Settings of the whole cloud.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The form of lists.
    pub list_form: ListForm,
    /// The form of `ErrorCode`.
    pub error_codes: ErrorCodes,
    /// The number of consecutive rejected OTPs that block a user at an IQ; 3 and 8 were measured.
    pub otp_failures: u32,
    /// The duration of a block; about 20 minutes were measured.
    pub otp_block_seconds: u32,
    /// `expires_in` of access tokens; 3600 was measured.
    pub token_lifetime_seconds: u32,
    /// How long a door stays open: a few seconds, according to Salto.
    pub open_seconds: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            list_form: ListForm::Pages,
            error_codes: ErrorCodes::Alternate,
            otp_failures: 8,
            otp_block_seconds: 20 * 60,
            token_lifetime_seconds: 3600,
            open_seconds: 5,
        }
    }
}

/// The form of lists.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListForm {
    /// `{"items", "next_page_link", "count"}`, 20 items a page.
    Pages,
    /// An array of all items.
    Array,
}

/// The form of `ErrorCode`.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorCodes {
    /// `"2202"`
    String,
    /// `2202`
    Number,
    /// Text and number in turn.
    Alternate,
}
