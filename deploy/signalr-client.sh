#!/usr/bin/env bash
# Runs SignalR's own client (tests/signalr_client) against a hub: `TOKEN=… signalr-client.sh URL`. What it needs is put under
# .dev/ where it is missing: Node.js and npm from Debian's packages, and the client in the version of the lock file.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=deploy/lib/say.sh
. "$here/lib/say.sh"
# shellcheck source=deploy/lib/packages.sh
. "$here/lib/packages.sh"

readonly root=${here%/*}
readonly source=$root/tests/signalr_client client=$root/.dev/signalr-client unpacked=$root/.dev/node

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  unpack_node "$unpacked" >&2 ||
    fail "the test of the event stream needs Node.js and npm: install them (on Debian, root can leave that to this script)"
  PATH=$unpacked/bin:$PATH
fi

mkdir -p "$client"
(
  flock 9
  if ! cmp -s "$source/package-lock.json" "$client/installed"; then
    cp "$source/package.json" "$source/package-lock.json" "$client/"
    npm ci --prefix "$client" --ignore-scripts --no-audit --no-fund >"$client/npm.log" 2>&1 ||
      { tail -n 20 "$client/npm.log" >&2; fail "npm could not install SignalR's client"; }
    cp "$source/package-lock.json" "$client/installed"
  fi
) 9>"$client/lock"
cp "$source/listen.mjs" "$client/"
exec node "$client/listen.mjs" "$@"
