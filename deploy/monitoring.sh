#!/usr/bin/env bash
# Prometheus for the files in deploy/monitoring/; from Debian's package, unpacked under .dev/, where it is not installed.
#
#   monitoring.sh check                     promtool accepts the alert rules, and their tests pass
#   monitoring.sh prometheus ARGUMENTS…     runs prometheus
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=deploy/lib/say.sh
. "$here/lib/say.sh"
# shellcheck source=deploy/lib/packages.sh
. "$here/lib/packages.sh"

readonly unpacked=${here%/*}/.dev/prometheus

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
prometheus)
  find_prometheus
  exec prometheus "${@:2}"
  ;;
*)
  echo "usage: $0 check | prometheus ARGUMENTS…" >&2
  exit 2
  ;;
esac
