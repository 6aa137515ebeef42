//! Settings for what differs between tenants or is not documented, so that a client can be tested
//! with each variant (`docs/salto-ks.md`, Connect API and The OTP).

use chrono::TimeDelta;
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
    /// How late rows come into the event log; 0.7 to 3.2 s were measured, and up to 80 s.
    pub entry_delay_ms: u32,
    /// How late rows come into the event stream.
    pub stream_delay_ms: u32,
}

impl Settings {
    /// How late rows come into the event log.
    pub(crate) fn entry_delay(&self) -> TimeDelta {
        TimeDelta::milliseconds(i64::from(self.entry_delay_ms))
    }

    /// How late rows come into the event stream.
    pub(crate) fn stream_delay(&self) -> TimeDelta {
        TimeDelta::milliseconds(i64::from(self.stream_delay_ms))
    }
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
            entry_delay_ms: 0,
            stream_delay_ms: 0,
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
