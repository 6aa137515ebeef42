#!/usr/bin/env bash
# Measures a release worker, with a private RabbitMQ and Redis:
#
#   deploy/bench.sh [drain [REQUESTS [ROOMS [WORKERS]]]]
#                                        how fast it drains waiting open requests (10000, of 24 rooms, by 1 worker)
#   deploy/bench.sh neighbour            whether an IQ whose commands hang delays other doors
#   deploy/bench.sh rolling_restart      what guests notice while four workers are restarted one after the other;
#                                        POSTERN_OLDER_BIN=FILE: they are upgraded from that build, and rolled back
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=deploy/lib/say.sh
. deploy/lib/say.sh
# shellcheck source=deploy/lib/own_servers.sh
. deploy/lib/own_servers.sh

bench=${1:-drain}
case $bench in
drain | neighbour | rolling_restart) ;;
*)
  echo "usage: $0 [drain [REQUESTS [ROOMS [WORKERS]]] | neighbour | rolling_restart]" >&2
  exit 2
  ;;
esac

own_servers bench
say "building in release mode"
cargo build --locked --release --package postern --package simulator
target=${CARGO_TARGET_DIR:-$PWD/target}/release
export POSTERN_BIN=$target/postern SALTO_SIMULATOR_BIN=$target/salto-simulator
cargo bench --locked --package end-to-end --bench "$bench" -- "${@:2}"
