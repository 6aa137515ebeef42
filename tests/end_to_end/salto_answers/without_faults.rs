//! Salto's answers without a fault of the simulator. (Its answers `id_invalid`, `bad_request` and `otp_missing` are for
//! commands that postern never sends.)

use super::row::{Change, End, ONCE, Row, UNTIL_EXPIRY};
use serde_json::json;

pub fn rows() -> Vec<Row> {
    let failed = |what: &str, reason| Row::new(what, End::Failed(reason)).commands(ONCE);
    // The check of the IQs at the start may have noticed before the first command.
    let noticed_by = |commands: usize| commands - 1..=commands;
    vec![
        Row::new("opened", End::Opened).commands(ONCE).openings(ONCE),
        Row::new("unauthorized: tokens revoked", End::Opened)
            .change(Change::RevokeTokens)
            .commands(noticed_by(2))
            .openings(ONCE),
        failed("unauthorized: tokens revoked, password changed", "credentials_rejected")
            .change(Change::RevokeTokens)
            .change(Change::Account(json!({"password": "of-next-year"})))
            .commands(noticed_by(1)),
        failed("forbidden: no remote access", "forbidden")
            .change(Change::Account(json!({"remote_access": false}))),
        failed("forbidden: blocked account", "forbidden")
            .change(Change::Account(json!({"blocked": true}))),
        failed("privacy_mode", "privacy_mode").change(Change::Lock(json!({"privacy_mode": true}))),
        Row::new("privacy_mode, which the account overrides", End::Opened)
            .change(Change::Lock(json!({"privacy_mode": true})))
            .change(Change::Account(json!({"override_privacy_mode": true})))
            .commands(ONCE)
            .openings(ONCE),
        failed("not_found: the account lost its site", "lock_not_found")
            .change(Change::Account(json!({"sites": []}))),
        failed("iq_offline", "iq_offline")
            .change(Change::Iq(json!({"online": false})))
            .commands(UNTIL_EXPIRY),
        failed("otp_invalid: another secret", "otp_invalid")
            .change(Change::Iq(json!({"secret": "AnotherSecret123"}))),
        failed("otp_invalid: another PIN", "otp_invalid")
            .change(Change::Iq(json!({"pin": "4321"}))),
        failed("otp_invalid: restore required", "otp_invalid")
            .change(Change::Iq(json!({"restore_required": true}))),
        failed("otp_blocked", "otp_blocked").change(Change::BlockOtp),
        failed("pin_not_changed: not activated any more", "iq_not_activated")
            .change(Change::Iq(json!({"activated_for": []}))),
    ]
}
