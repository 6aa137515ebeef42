#!/usr/bin/env bash
# Every test, with a RabbitMQ and a Redis of this run's own. Arguments go to `cargo test`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=deploy/lib/say.sh
. deploy/lib/say.sh
# shellcheck source=deploy/lib/own_servers.sh
. deploy/lib/own_servers.sh

own_servers test keep

# The end-to-end tests start the programs themselves, with the points at which tests kill them.
say "building"
cargo build --locked --workspace --features postern/failpoints
# Most of them wait most of the time, for processes and for time to pass.
export RUST_TEST_THREADS=${RUST_TEST_THREADS:-4}
say "testing"
cargo test --locked --workspace --features postern/failpoints --no-fail-fast "$@"
say "all tests passed"
