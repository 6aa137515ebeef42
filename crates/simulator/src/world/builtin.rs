//! The world in use when no file is given. Its ids are fixed, so that documents can name them.

use uuid::{Uuid, uuid};

use super::model::{Account, Client, Iq, Lock, Site, World, default_roles, default_scopes};
use super::settings::Settings;
use crate::otp::OtpScheme;

const SITE: Uuid = uuid!("0f6f1a52-6d4c-4f6e-9d0c-6254340082aa");
const IQ_1: Uuid = uuid!("1a1a1a1a-0001-4000-8000-000000000001");
const IQ_2: Uuid = uuid!("1a1a1a1a-0002-4000-8000-000000000002");
const FRONT_DOOR: Uuid = uuid!("4d77312f-4a87-41db-a97b-f9d948dcc908");
const ROOM_12: Uuid = uuid!("a5091d73-d7ea-4eb7-b883-0a4d241584ca");
/// Room n has this id plus n; room 12 and the front door have ids of their own.
const ROOMS: u128 = 0x10c0_0000_0000_4000_8000_0000_0000_0000;

/// Where the browser returns to after a sign-in.
const REDIRECT_URI: &str = "http://127.0.0.1:8765/signed-in";

/// With 24 rooms the list of locks has a second page.
const LAST_ROOM: u32 = 24;

impl World {
    /// The built-in world: a confidential and a public client, a system user and a pod member, and
    /// one site with two IQs and 25 locks.
    pub fn builtin() -> Self {
        Self {
            clients: vec![
                client("postern-demo", Some("demo-client-secret")),
                client("postern-demo-public", None),
            ],
            accounts: vec![
                account("system-user@acme.example", "demo-password", default_roles()),
                // May invite guests (docs/salto-ks.md, Tokens).
                account(
                    "pod-member@acme.example",
                    "demo-password-2",
                    vec!["pod_member".to_owned()],
                ),
            ],
            sites: vec![Site {
                id: SITE,
                site_uid: "NL6254340082".to_owned(),
                customer_reference: "acme utrecht".to_owned(),
                iqs: vec![
                    iq(IQ_1, "iq-ground-floor", "GroundFloorIq001", "6596"),
                    iq(IQ_2, "iq-first-floor", "FirstFloorIq0002", "0042"),
                ],
                locks: locks(),
            }],
            settings: Settings::default(),
        }
    }
}

fn client(id: &str, secret: Option<&str>) -> Client {
    Client {
        id: id.to_owned(),
        secret: secret.map(str::to_owned),
        scopes: default_scopes(),
        redirect_uris: vec![REDIRECT_URI.to_owned()],
    }
}

fn account(username: &str, password: &str, roles: Vec<String>) -> Account {
    Account {
        username: username.to_owned(),
        password: password.to_owned(),
        roles,
        remote_access: true,
        suspended: false,
        blocked: false,
        override_privacy_mode: false,
        sites: None,
    }
}

fn iq(id: Uuid, name: &str, secret: &str, pin: &str) -> Iq {
    Iq {
        id,
        customer_reference: name.to_owned(),
        secret: secret.to_owned(),
        pin: pin.to_owned(),
        other_keys: Vec::new(),
        otp_enabled: true,
        otp_scheme: OtpScheme::default(),
        online: true,
        restore_required: false,
        pin_in_body: false,
        activated_for: Vec::new(),
        pin_requested_by: Vec::new(),
    }
}

/// The front door and rooms 1 to 24. Rooms 1 to 12 are on the ground floor, the others on the first.
fn locks() -> Vec<Lock> {
    let front_door = Lock {
        id: FRONT_DOOR,
        customer_reference: "front door".to_owned(),
        iq_id: Some(IQ_1),
        online: true,
        privacy_mode: false,
        open_seconds: None,
    };
    let rooms = (1..=LAST_ROOM).map(|number| Lock {
        id: if number == 12 { ROOM_12 } else { Uuid::from_u128(ROOMS + u128::from(number)) },
        customer_reference: format!("room-{number:02}"),
        iq_id: Some(if number <= 12 { IQ_1 } else { IQ_2 }),
        online: true,
        privacy_mode: false,
        open_seconds: None,
    });
    std::iter::once(front_door).chain(rooms).collect()
}
