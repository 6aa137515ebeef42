//! The commands of docs/operating.md, in their order, as an operator's first days.

use end_to_end::deadline::SOON;
use end_to_end::fixture::BOOKING;
use end_to_end::inbound::{booking_status, open_request};
use end_to_end::ports::free_port;
use end_to_end::processes::Process;
use end_to_end::services;
use end_to_end::setup::Setup;
use end_to_end::simulator::{IQ_FIRST_FLOOR, IQ_GROUND_FLOOR, ROOM_12};
use std::path::PathBuf;
use std::process::Command;

const OPERATING: &str = include_str!("../../docs/operating.md");
/// The PIN that the simulator mails for the IQ on the ground floor.
const PIN: &str = "6596";

/// The commands between ```sh and ```, one block after the other; each says where it has come to.
fn script() -> String {
    let mut script = String::from("set -euo pipefail\n");
    let (mut inside, mut blocks) = (false, 0);
    for line in OPERATING.lines().map(str::trim_start) {
        match line {
            "```sh" => {
                (inside, blocks) = (true, blocks + 1);
                script.push_str(&format!("echo 'block {blocks}'\n"));
            }
            "```" => inside = false,
            _ if inside => script.push_str(&format!("{line}\n")),
            _ => {}
        }
    }
    assert!(blocks >= 7, "docs/operating.md has {blocks} blocks of commands");
    script + "test -s backup.rdb\necho 'all done'\nwait\n"
}

/// Where the programs are that the commands name.
fn programs() -> String {
    let beside = |program: PathBuf| program.parent().expect("it is in a folder").to_owned();
    let folders = [beside(services::program("postern")), beside(services::redis_server())];
    let path = std::env::var_os("PATH").expect("there is a path");
    let folders = folders.into_iter().chain(std::env::split_paths(&path));
    std::env::join_paths(folders).expect("no folder has a colon").into_string().expect("UTF-8")
}

#[tokio::test]
async fn the_commands_of_the_operating_guide_lead_to_a_door_that_opens() {
    let mut setup = Setup::unactivated().await;
    setup.activate(IQ_FIRST_FLOOR).await;
    // The mapping of other tests has a lock that Salto does not know.
    setup.settings.map("room-nowhere", ROOM_12);
    let pin_file = setup.directory().join("pin");
    std::fs::write(&pin_file, PIN).expect("the PIN is written");
    let mut guide = Command::new("bash");
    guide.arg("-c").arg(script()).current_dir(setup.directory()).env("PATH", programs());
    guide.env("POSTERN_CONFIG", setup.write_settings("operating"));
    guide.env("POSTERN__HTTP__LISTEN", format!("127.0.0.1:{}", free_port()));
    guide.env("SECOND_LISTEN", format!("127.0.0.1:{}", free_port()));
    guide.env("IQ", IQ_GROUND_FLOOR).env("PIN_FILE", &pin_file).env("REDIS_URL", setup.redis_url());
    // Its workers end with it.
    let guide = Process::start("guide", setup.directory(), &mut guide);
    guide.wait_for_log("all done", SOON * 4).await;

    let bus = setup.vhost.bus().await;
    let outbound = bus.listen().await;
    bus.booking(&booking_status(BOOKING, "paid")).await;
    bus.open_request(&open_request("R-1", BOOKING)).await;
    let answer = outbound.terminal("R-1", SOON * 2).await;
    assert_eq!(answer.kind, "lock.opened.v1", "{}", guide.log());
}
