#!/usr/bin/env bash
# A browser for tests. What is missing is put under .dev/: Chromium and its driver from Debian's packages, and axe-core, which
# checks accessibility, from npm.
#
#   browser.sh driver PORT     runs chromedriver on 127.0.0.1:PORT
#   browser.sh chromium        prints the path of the browser that it starts
#   browser.sh axe             prints the path of axe-core
#   browser.sh shrink FILE…    makes pictures (PNG) small
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly root dev=$root/.dev axe_source=$root/tests/axe
# shellcheck source=deploy/lib/say.sh
. "$root/deploy/lib/say.sh"
# shellcheck source=deploy/lib/packages.sh
. "$root/deploy/lib/packages.sh"
# shellcheck source=deploy/lib/client_library.sh
. "$root/deploy/lib/client_library.sh"

find_browser() {
  unpack_browser "$dev/browser" >&2 ||
    fail "Chromium is needed for the tests in a browser: on Debian, root can leave that to this script"
}

case "${1:-} ${2:-}" in
"driver "?*)
  find_browser
  exec "$dev/browser/bin/chromedriver" --port="$2" --log-level=WARNING
  ;;
"chromium ")
  find_browser
  printf '%s\n' "$dev/browser/bin/chromium"
  ;;
"shrink "?*)
  find_browser
  exec "$dev/browser/bin/pngquant" --force --skip-if-larger --strip --speed 1 --quality 80-98 --ext .png "${@:2}"
  ;;
"axe ")
  find_node
  install_once "$dev/axe" "$axe_source/package-lock.json" npm_packages "$axe_source" "$dev/axe"
  printf '%s\n' "$dev/axe/node_modules/axe-core/axe.min.js"
  ;;
*)
  echo "usage: $0 driver PORT | chromium | axe | shrink FILE…" >&2
  exit 2
  ;;
esac
