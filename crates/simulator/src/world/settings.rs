//! What differs between tenants, or is not documented: switchable, so that a client is tested with both.

use serde::{Deserialize, Serialize};

/// Switches of the whole cloud.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Lists as pages, or bare. \[M\]
    pub list_form: ListForm,
    /// `ErrorCode` as text, as a number, or now so and then so. \[M\]
    pub error_codes: ErrorCodes,
    /// A user is blocked at an IQ after this many rejected OTPs in a row (seen: 8, and 3). \[M\]
    pub otp_failures: u32,
    /// How long a block lasts (seen: about 20 minutes). \[M\]
    pub otp_block_seconds: u32,
    /// `expires_in` of access tokens (3600 measured). \[M\]
    pub token_lifetime_seconds: u32,
    /// How long a door stays open ("a few seconds"). \[D\]
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
    /// A bare array of everything.
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
    /// Now the one, then the other.
    Alternate,
}
