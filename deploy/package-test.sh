#!/usr/bin/env bash
# Debian's package in a minimal Debian that a systemd of its own runs: a worker is installed, started, reloaded, upgraded, removed
# and purged, and opens a door of the Salto KS simulator, with a private RabbitMQ and Redis. Needs root.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=deploy/lib/say.sh
. deploy/lib/say.sh
# shellcheck source=deploy/lib/ports.sh
. deploy/lib/ports.sh
# shellcheck source=deploy/lib/processes.sh
. deploy/lib/processes.sh
# shellcheck source=deploy/lib/stack.sh
. deploy/lib/stack.sh
# shellcheck source=deploy/lib/own_servers.sh
. deploy/lib/own_servers.sh
# shellcheck source=deploy/lib/debian_root.sh
. deploy/lib/debian_root.sh

# inside COMMAND…: in the minimal Debian.
inside() {
  nsenter --target "$leader" --all -- "$@"
}

# operator ARGUMENTS…: a command of postern, as the user of the service.
operator() {
  inside runuser -u postern -- postern --config /etc/postern/postern.toml "$@"
}

# expect WHAT EXPECTED FOUND
expect() {
  [[ $3 == "$2" ]] || fail "$1: expected '$2', and it is '$3'"
  say "$1: $3"
}

property() {
  inside systemctl show --value --property "$1" postern
}

boot() {
  cp -a "$DEBIAN_ROOT" "$tree"
  say "booting it"
  start_process "$own_servers_dir" debian systemd-nspawn --quiet --register=no --keep-unit --directory "$tree" --boot
  until_true 60 booted || fail "it does not boot; see $own_servers_dir/debian.log"
}

booted() {
  find_process "$own_servers_dir" debian
  read -r leader _ <"/proc/$pid/task/$pid/children"
  [[ $leader ]] && inside systemctl is-system-running 2>/dev/null | grep -qE '^(running|degraded)$'
}

off() {
  ! runs "$own_servers_dir" debian
}

configure() {
  local secrets=$tree/etc/postern/secrets
  inside install -d -o root -g postern -m 750 /etc/postern/secrets
  (umask 027 && head -c 32 /dev/urandom | base64 >"$secrets/secrets-key")
  sed -e "s|^url = \"amqp.*|url = \"$POSTERN_BROKER_URL\"|" -e "s|^url = \"redis.*|url = \"$POSTERN_REDIS_URL\"|" \
    -e "s|http://127.0.0.1:8080|http://127.0.0.1:${ports[0]}|" -e 's|/run/secrets|/etc/postern/secrets|' \
    deploy/compose.toml >"$tree/etc/postern/postern.toml"
  inside chgrp postern /etc/postern/postern.toml /etc/postern/secrets/secrets-key
  inside chmod 640 /etc/postern/postern.toml
  echo "POSTERN__HTTP__LISTEN=127.0.0.1:${ports[1]}" >>"$tree/etc/default/postern"
}

# opens REQUEST: a guest asks for the front door, and it opens.
opens() {
  local before
  before=$(openings)
  operator publish open-request --integration "$INTEGRATION" --booking B-1 --object front-door --id "$1" >/dev/null
  until_true 20 more_openings_than "$before" || fail "the door does not open: $(inside journalctl -u postern | tail -n 5)"
  say "a door has opened"
}

openings() {
  http_get "${ports[0]}" /control/counters | grep -o '"openings":[0-9]*' | cut -d : -f 2
}

# upgraded: another process than before is ready.
upgraded() {
  [[ $(property MainPID) != "$before" && "$(property ActiveState) $(property StatusText)" == "active ready" ]]
}

more_openings_than() {
  (($(openings) > $1))
}

need systemd-nspawn=systemd-container lintian=lintian
bootstrap
own_servers package-test keep
say "building"
cargo build --locked --package postern --package simulator
programs=${CARGO_TARGET_DIR:-$PWD/target}/debug
tree=$PWD/$own_servers_dir/debian
mapfile -t ports < <(free_ports 2)
export DPKG_DEB_COMPRESSOR_TYPE=gzip DPKG_DEB_COMPRESSOR_LEVEL=1
old=$(deploy/package.sh pack "$programs/postern" "$own_servers_dir" 0.0.1-1)
new=$(deploy/package.sh pack "$programs/postern" "$own_servers_dir" 0.0.2-1)
# The maintainer is named by who builds the package; the scripts ask systemd only where it runs.
lintian --allow-root --fail-on error,warning "$new" \
  --suppress-tags bogus-mail-host,bogus-mail-host-in-debian-changelog,initial-upload-closes-no-bugs,maintainer-script-calls-systemctl
say "lintian has nothing to say"
start_process "$own_servers_dir" simulator "$programs/salto-simulator" --listen "127.0.0.1:${ports[0]}"
until_true 20 is_well "${ports[0]}" /control/health || fail "the simulator does not start"

boot
cp "$old" "$new" "$tree/root/"
inside dpkg --install "/root/${old##*/}" >/dev/null
expect "owner and mode of /etc/postern/secrets" "root:postern 750" "$(inside stat -c '%U:%G %a' /etc/postern/secrets)"
expect "the service after the installation" inactive "$(property ActiveState)"

configure
operator check-config >/dev/null
inside systemctl enable --now --quiet postern
expect "the service" "active ready" "$(property ActiveState) $(property StatusText)"
expect "its user" postern "$(inside stat -c %U "/proc/$(property MainPID)")"
# Without a queue for its answer, a request waits.
POSTERN__BROKER__URL=$POSTERN_BROKER_URL start_process "$own_servers_dir" events "$programs/postern" tail
until_true 20 grep -q listening "$own_servers_dir/events.log"
mailed_pin "${ports[0]}" | operator iq activate --integration "$INTEGRATION" --iq "$IQ" >/dev/null
operator publish booking-status --integration "$INTEGRATION" --booking B-1 --object front-door --status paid \
  --starts-at now --ends-at +2h >/dev/null
opens R-1
operator doctor || fail "doctor is not content"

inside systemctl reload postern
say "reloaded"
echo 'mistake' >>"$tree/etc/postern/postern.toml"
! inside systemctl reload postern 2>/dev/null || fail "a configuration with mistakes was reloaded"
expect "the service after a reload of mistakes" active "$(property ActiveState)"
sed -i '$d' "$tree/etc/postern/postern.toml"

before=$(property MainPID)
inside dpkg --install "/root/${new##*/}" >/dev/null
until_true 30 upgraded || fail "the service is not ready after the upgrade"
say "upgraded: another process is ready, with the operator's files"
opens R-2

inside dpkg --remove postern >/dev/null 2>&1
expect "the service after the removal" inactive "$(property ActiveState)"
inside test -e /etc/postern/postern.toml
inside dpkg --purge postern >/dev/null 2>&1
! inside test -e /etc/postern || fail "/etc/postern is there after the purge"
inside id postern >/dev/null
find_process "$own_servers_dir" debian
# It powers the minimal Debian off.
kill -TERM "$pid"
until_true 20 off || fail "it does not power off"
say "the package works"
