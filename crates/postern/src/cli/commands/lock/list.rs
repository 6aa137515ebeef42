//! `postern lock list`: the locks of a site, with the objects that are mapped to each.

use consumer::Settings;
use operations::{
    connections::site_access,
    site::{LockReport, SiteLocks, site_locks},
};

use crate::cli::{
    arguments::integration::SiteListArguments,
    failure::CommandFailure,
    terminal::{observer::TerminalObserver, output::Output, text::yes_or_no},
};

pub(super) const LOCK_LIST: &str = "\
The ids are for the configuration, in the section of the integration; a name will do where it is unique.
An object (product) of the
booking system opens the lock that it is mapped to; every other object opens the default lock, where
there is one:
  default_lock = \"4d77312f-…\"
  [integrations.locks]
  \"room-12\" = \"a5091d73-…\"
`postern mapping check` then checks whether these doors can be opened.";

/// Lists the locks, and warns about configured locks that the site does not have.
pub(super) async fn run(
    arguments: SiteListArguments,
    settings: &Settings,
) -> Result<(), CommandFailure> {
    let access =
        site_access::open(settings, &arguments.integration.integration_id, &TerminalObserver)
            .await?;
    let SiteLocks { locks, missing } = site_locks(&access).await?;
    for lock in missing {
        tracing::warn!(%lock, "configured lock not found at the site");
    }
    let header = ["ID", "NAME", "IQ", "IQ NAME", "ONLINE", "BATTERY", "PRIVACY", "OBJECTS"];
    Output::new(arguments.output).print_all(&locks, header, cells)
}

fn cells(lock: &LockReport) -> [String; 8] {
    let mut objects = lock.objects.clone();
    objects.extend(lock.default.then(|| "(all others)".to_owned()));
    if objects.is_empty() {
        objects.push("(none)".to_owned());
    }
    [
        lock.id.to_string(),
        lock.name.clone().unwrap_or_default(),
        lock.iq_id.clone().unwrap_or_default(),
        lock.iq_name.clone().unwrap_or_default(),
        yes_or_no(lock.online),
        lock.battery_level.clone().unwrap_or_default(),
        yes_or_no(lock.privacy_mode),
        objects.join(", "),
    ]
}
