#!/usr/bin/env bash
# Runs the tests whose names contain NAME, with real RabbitMQ and Redis: with those of `make servers` where they run, else with
# private ones. Further arguments go to `cargo test`; `--test end_to_end` builds only the end-to-end tests.
#
#   deploy/test-one.sh NAME [ARGUMENT…]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=deploy/lib/say.sh
. deploy/lib/say.sh
# shellcheck source=deploy/lib/own_servers.sh
. deploy/lib/own_servers.sh

if [[ -z ${1:-} ]]; then
  echo "usage: $0 NAME [ARGUMENT…]" >&2
  exit 2
fi

if [[ -f .dev/test-servers/services.env ]]; then
  # shellcheck source=/dev/null
  . .dev/test-servers/services.env
else
  own_servers test-one keep
fi

say "building"
cargo build --locked --workspace --features postern/failpoints
say "testing"
output=$(mktemp)
cargo test --locked --workspace --features postern/failpoints --no-fail-fast "${@:2}" "$1" 2>&1 | tee "$output"
if ! grep -qE '^running [1-9][0-9]* tests?$' "$output"; then
  rm -f "$output"
  fail "no test has $1 in its name"
fi
rm -f "$output"
