#!/usr/bin/env bash
# Runs all tests with a private RabbitMQ and Redis. Arguments go to `cargo test`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=deploy/lib/say.sh
. deploy/lib/say.sh
# shellcheck source=deploy/lib/own_servers.sh
. deploy/lib/own_servers.sh

own_servers test keep

# The end-to-end tests start the programs themselves, with failpoints.
say "building"
cargo build --locked --workspace --features postern/failpoints
# Most tests wait most of the time, for processes or for time to pass.
export RUST_TEST_THREADS=${RUST_TEST_THREADS:-4}
say "testing"
cargo test --locked --workspace --features postern/failpoints --no-fail-fast "$@"
say "all tests passed"
