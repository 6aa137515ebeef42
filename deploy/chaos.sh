#!/usr/bin/env bash
# Causes failures of everything at random, by a seed, and checks the contract's invariants. Arguments go to `chaos`:
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

# A run starts its own servers, so only their programs are needed here. Standard output is for JSON lines alone.
own_servers chaos >&2
say "building" >&2
cargo build --locked --package postern --package simulator --package chaos >&2
target=${CARGO_TARGET_DIR:-$PWD/target}/debug
export POSTERN_BIN=$target/postern SALTO_SIMULATOR_BIN=$target/salto-simulator
"$target/chaos" "$@"
