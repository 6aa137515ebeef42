#!/usr/bin/env bash
# Runs SignalR's own client (tests/signalr_client) against a hub: `TOKEN=… signalr-client.sh URL`. What it needs is put under
# .dev/ where it is missing: Node.js and npm, and the client in the version of the lock file.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly root dev=$root/.dev source=$root/tests/signalr_client client=$root/.dev/signalr
# shellcheck source=deploy/lib/say.sh
. "$root/deploy/lib/say.sh"
# shellcheck source=deploy/lib/packages.sh
. "$root/deploy/lib/packages.sh"
# shellcheck source=deploy/lib/client_library.sh
. "$root/deploy/lib/client_library.sh"

find_node
install_once "$client" "$source/package-lock.json" npm_install "$source" listen.mjs "$client"
exec node --preserve-symlinks-main "$client/listen.mjs" "$@"
