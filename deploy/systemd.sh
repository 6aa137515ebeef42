#!/usr/bin/env bash
# systemd's tools; from Debian's package, unpacked under .dev/, where they are not installed.
#
#   systemd.sh check               systemd accepts the service in deploy/systemd/, and it is closed off
#   systemd.sh run COMMAND…        runs a command that finds systemd-sysusers and systemd-tmpfiles
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=deploy/lib/say.sh
. "$here/lib/say.sh"
# shellcheck source=deploy/lib/packages.sh
. "$here/lib/packages.sh"

readonly unpacked=${here%/*}/.dev/systemd
# The most exposure that is allowed, of 100: what is left is the network, which a worker needs.
readonly EXPOSURE=12

find_systemd() {
  local tool
  for tool in systemd-analyze systemd-sysusers systemd-tmpfiles; do
    if ! command -v "$tool" >/dev/null; then
      unpack_systemd "$unpacked" >&2 ||
        fail "systemd's tools are needed: install it (on Debian, root can leave that to this script)"
      PATH=$unpacked/bin:$PATH
      return
    fi
  done
}

check() (
  copy=$(mktemp -d)
  trap 'rm -rf "$copy"' EXIT
  # The programs have to exist on this machine.
  sed 's#^\(Exec[A-Za-z]*\)=[a-z]*#\1=/bin/true#' "$here/systemd/postern.service" >"$copy/postern.service"
  # An unknown key is only a warning.
  warnings=$(systemd-analyze verify "$copy/postern.service" 2>&1) || fail "$warnings"
  [[ -z $warnings ]] || fail "$warnings"
  systemd-analyze security --offline=true --no-pager --threshold="$EXPOSURE" "$copy/postern.service"
)

case "${1:-}" in
check)
  find_systemd
  check
  ;;
run)
  find_systemd
  exec "${@:2}"
  ;;
*)
  echo "usage: $0 check | run COMMAND…" >&2
  exit 2
  ;;
esac
