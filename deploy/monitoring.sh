#!/usr/bin/env bash
# Prometheus for the files in deploy/monitoring/; from Debian's package, unpacked under .dev/, where it is not installed.
#
#   monitoring.sh check                     promtool accepts the alert rules, and their tests pass
#   monitoring.sh check-dashboard [FILE]    dashboard_picture knows all that the dashboard has; with the Python of Debian's package
#                                           where there is none
#   monitoring.sh prometheus ARGUMENTS…     runs prometheus
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=deploy/lib/say.sh
. "$here/lib/say.sh"
# shellcheck source=deploy/lib/packages.sh
. "$here/lib/packages.sh"

readonly dev=${here%/*}/.dev unpacked=${here%/*}/.dev/prometheus
# shellcheck source=deploy/lib/client_library.sh
. "$here/lib/client_library.sh"

find_prometheus() {
  if ! command -v prometheus >/dev/null || ! command -v promtool >/dev/null; then
    unpack_prometheus "$unpacked" >&2 ||
      fail "alerts and dashboard are checked with Prometheus: install it (on Debian, root can leave that to this script)"
    PATH=$unpacked/bin:$PATH
  fi
}

check() {
  promtool check rules "$here/monitoring/alerts.yml"
  promtool test rules "$here/monitoring/alerts.test.yml"
}

case "${1:-}" in
check)
  find_prometheus
  check
  ;;
check-dashboard)
  command -v python3 >/dev/null || find_python
  PYTHONDONTWRITEBYTECODE=1 exec python3 "$here/dashboard_picture" check ${2:+--dashboard "$2"}
  ;;
prometheus)
  find_prometheus
  exec prometheus "${@:2}"
  ;;
*)
  echo "usage: $0 check | check-dashboard [FILE] | prometheus ARGUMENTS…" >&2
  exit 2
  ;;
esac
