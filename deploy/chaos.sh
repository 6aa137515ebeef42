#!/usr/bin/env bash
# Causes failures of everything at random, by a seed, and checks the contract's invariants. Arguments go to `chaos`:
#
#   deploy/chaos.sh --help
#   deploy/chaos.sh --seed 7 --duration 60s
#   deploy/chaos.sh outage redis --duration 60s
#   deploy/chaos.sh noisy                        # measures latencies, so with a release worker
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=deploy/lib/say.sh
. deploy/lib/say.sh
# shellcheck source=deploy/lib/own_servers.sh
. deploy/lib/own_servers.sh

# A run starts its own servers, so only their programs are needed here. Standard output is for JSON lines alone.
own_servers chaos >&2
say "building" >&2
target=${CARGO_TARGET_DIR:-$PWD/target}
mode=debug options=()
for argument in "$@"; do
  if [[ $argument == noisy ]]; then
    mode=release options=(--release)
  fi
done
cargo build --locked "${options[@]}" --package postern --package simulator >&2
cargo build --locked --package chaos >&2
export POSTERN_BIN=$target/$mode/postern SALTO_SIMULATOR_BIN=$target/$mode/salto-simulator
"$target/debug/chaos" "$@"
