#!/usr/bin/env bash
# Runs SignalR's own client (tests/signalr_client) against a hub: `TOKEN=… signalr-client.sh URL`. What it needs is put under
# .dev/ where it is missing: Node.js and npm from Debian's packages, and the client in the version of the lock file.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=deploy/lib/say.sh
. "$here/lib/say.sh"
# shellcheck source=deploy/lib/packages.sh
. "$here/lib/packages.sh"
# shellcheck source=deploy/lib/client_library.sh
. "$here/lib/client_library.sh"

readonly root=${here%/*}
readonly source=$root/tests/signalr_client client=$root/.dev/signalr

find_node "$root/.dev/node"
install_once "$client" "$source/package-lock.json" npm_install "$source" listen.mjs "$client"
exec node --preserve-symlinks-main "$client/listen.mjs" "$@"
