#!/usr/bin/env bash
# Every test, with a RabbitMQ and a Redis of this run's own. Arguments go to `cargo test`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=deploy/lib/say.sh
. deploy/lib/say.sh

dir=.dev/test-$$
finish() {
  local status=$?
  trap '' INT TERM
  deploy/services.sh stop "$dir"
  if ((status == 0)); then
    rm -rf "$dir"
  else
    say "failed with status $status; the servers' logs are in $dir" >&2
  fi
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

deploy/services.sh start "$dir" --own-servers
# shellcheck source=/dev/null
. "$dir/services.env"

# The end-to-end tests start the programs themselves, with the points at which tests kill them.
say "building"
cargo build --locked --workspace --features postern/failpoints
# Most of them wait most of the time, for processes and for time to pass.
export RUST_TEST_THREADS=${RUST_TEST_THREADS:-4}
say "testing"
cargo test --locked --workspace --features postern/failpoints --no-fail-fast "$@"
say "all tests passed"
