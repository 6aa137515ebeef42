#!/usr/bin/env bash
# Measures a release worker, with a RabbitMQ and a Redis of this run's own:
#
#   deploy/bench.sh [drain [REQUESTS]]   how fast it processes waiting open requests (default: 10000)
#   deploy/bench.sh neighbour            whether an IQ whose commands hang delays requests to other doors
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=deploy/lib/say.sh
. deploy/lib/say.sh
# shellcheck source=deploy/lib/own_servers.sh
. deploy/lib/own_servers.sh

bench=${1:-drain}
case $bench in
drain | neighbour) ;;
*)
  echo "usage: $0 [drain [REQUESTS] | neighbour]" >&2
  exit 2
  ;;
esac

own_servers bench
say "building in release mode"
cargo build --locked --release --package postern --package simulator
target=${CARGO_TARGET_DIR:-$PWD/target}/release
export POSTERN_BIN=$target/postern SALTO_SIMULATOR_BIN=$target/salto-simulator
cargo bench --locked --package end-to-end --bench "$bench" -- "${@:2}"
