#!/usr/bin/env bash
# Injects faults into a running postern, determined by a seed; a judge checks whether postern keeps its contract.
# The arguments are those of `chaos`:
#
#   deploy/chaos.sh --help
#   deploy/chaos.sh --seed 7 --duration 60s
#   deploy/chaos.sh outage redis --duration 60s
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=deploy/lib/say.sh
. deploy/lib/say.sh
# shellcheck source=deploy/lib/own_servers.sh
. deploy/lib/own_servers.sh

# A run starts servers of its own; only the programs are needed here. Messages go to standard error, because standard
# output may be JSON.
own_servers chaos >&2
say "building" >&2
cargo build --locked --package postern --package simulator --package chaos >&2
target=${CARGO_TARGET_DIR:-$PWD/target}/debug
export POSTERN_BIN=$target/postern SALTO_SIMULATOR_BIN=$target/salto-simulator
"$target/chaos" "$@"
