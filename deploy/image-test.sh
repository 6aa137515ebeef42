#!/usr/bin/env bash
# Builds the images of deploy/Containerfile with buildah, from a minimal Debian and the programs of the debug build, and has a worker
# become ready from its image: as the image's user, without capabilities, its files read-only, with a private RabbitMQ and Redis and
# the Salto KS simulator from the other image. Needs root.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=deploy/lib/say.sh
. deploy/lib/say.sh
# shellcheck source=deploy/lib/ports.sh
. deploy/lib/ports.sh
# shellcheck source=deploy/lib/processes.sh
. deploy/lib/processes.sh
# shellcheck source=deploy/lib/own_servers.sh
. deploy/lib/own_servers.sh
# shellcheck source=deploy/lib/debian_root.sh
. deploy/lib/debian_root.sh

# Everything of buildah is below .dev/, and needs no file system of the kernel's own.
in_storage() {
  command buildah --root "$storage/root" --runroot "$storage/run" --storage-driver vfs "$@"
}

# import_debian: the minimal Debian as an image, in place of one of a registry.
import_debian() {
  local container
  ! in_storage inspect --type image localhost/debian >/dev/null 2>&1 || return 0
  container=$(in_storage from scratch)
  in_storage add --quiet "$container" "$DEBIAN_ROOT" / >/dev/null
  in_storage commit --quiet --rm "$container" localhost/debian >/dev/null
}

# build TARGET: from what cargo has built.
build() {
  in_storage build --quiet --isolation chroot --build-arg DEBIAN_IMAGE=localhost/debian --build-arg RUST_IMAGE=localhost/debian \
    --build-arg PROGRAMS=. --target "$1" --tag "localhost/$1" --file deploy/Containerfile "$context" >"$own_servers_dir/$1-build.log" 2>&1 ||
    fail "the image does not build; see $own_servers_dir/$1-build.log"
}

# open_image NAME: sets `files` to the directory with its files.
open_image() {
  local container
  container=$(in_storage from "localhost/$1")
  files=$(in_storage mount "$container")
}

# settings NAME FIELD: a list of the image's configuration, one a line.
settings() {
  in_storage inspect --type image --format "{{range .OCIv1.Config.$2}}{{println .}}{{end}}" "localhost/$1" | sed '/^$/d'
}

# run_image NAME [VARIABLE=VALUE…] -- [ARGUMENT…]: runs it as a container engine does with --read-only, --cap-drop ALL and
# no-new-privileges; the image's own arguments where none are given. Mounts `configuration` at /etc/postern.
run_image() {
  local name=$1 user variables entrypoint arguments
  open_image "$name"
  user=$(in_storage inspect --type image --format '{{.OCIv1.Config.User}}' "localhost/$name")
  mapfile -t variables < <(settings "$name" Env)
  mapfile -t entrypoint < <(settings "$name" Entrypoint)
  mapfile -t arguments < <(settings "$name" Cmd)
  while shift && [[ $1 != -- ]]; do
    variables+=("$1")
  done
  shift
  (($# == 0)) || arguments=("$@")
  # shellcheck disable=SC2016 # for the inner shell
  start_process "$own_servers_dir" "$name" unshare --mount sh -euc '
    files=$1 configuration=$2
    shift 2
    mount --bind "$files" "$files"
    mount -o remount,bind,ro "$files"
    mount --bind -o ro "$configuration" "$files/etc/postern"
    exec "$@"
  ' sh "$files" "$configuration" /usr/bin/env -i "${variables[@]}" /usr/bin/setpriv --no-new-privs \
    /usr/sbin/chroot --userspec "$user" --groups '' "$files" "${entrypoint[@]}" "${arguments[@]}"
}

# only_what_is_needed NAME PROGRAM: the image has the program, its libraries, certificates and three short lists.
only_what_is_needed() {
  local found expected
  open_image "$1"
  found=$(cd "$files" && find . ! -type d | LC_ALL=C sort)
  expected=$({
    ldd "$programs/$2" | sed -n 's|^[^/]*\(/[^ ]*\) .*|.\1|p'
    printf '%s\n' "./usr/local/bin/$2" ./etc/{group,nsswitch.conf,passwd} ./etc/ssl/certs/ca-certificates.crt
  } | LC_ALL=C sort)
  [[ $found == "$expected" ]] || fail "the image $1 holds other files: $(diff <(echo "$expected") <(echo "$found"))"
  say "the image $1 holds $(wc -l <<<"$found") files and no shell; $(du -shx "$files" | cut -f 1) with the debug build"
}

# status_line NAME: a line of the worker's status in the kernel.
status_line() {
  sed -n "s/^$1:[[:space:]]*//p" "/proc/$pid/status" | cut -f 1
}

expect() {
  [[ $3 == "$2" ]] || fail "$1: expected '$2', and it is '$3'"
  say "$1: $3"
}

need buildah=buildah setpriv=util-linux
bootstrap
own_servers image-test keep
say "building"
cargo build --locked --package postern --package simulator
programs=${CARGO_TARGET_DIR:-$PWD/target}/debug
storage=$PWD/.dev/debian/images context=$own_servers_dir/context configuration=$PWD/$own_servers_dir/configuration
mkdir -p "$context" "$configuration"
strip --strip-unneeded -o "$context/postern" "$programs/postern"
strip --strip-unneeded -o "$context/salto-simulator" "$programs/salto-simulator"
say "building the images"
in_storage rm --all >/dev/null
import_debian
build postern
build simulator
only_what_is_needed postern postern
only_what_is_needed simulator salto-simulator

mapfile -t ports < <(free_ports 2)
head -c 32 /dev/urandom | base64 >"$configuration/secrets-key"
sed -e "s|^url = \"amqp.*|url = \"$POSTERN_BROKER_URL\"|" -e "s|^url = \"redis.*|url = \"$POSTERN_REDIS_URL\"|" \
  -e "s|http://127.0.0.1:8080|http://127.0.0.1:${ports[0]}|" -e 's|/run/secrets|/etc/postern|' \
  deploy/compose.toml >"$configuration/postern.toml"
chown -R 65532:65532 "$configuration"
chmod -R go= "$configuration"
run_image simulator -- --listen "127.0.0.1:${ports[0]}"
until_true 20 is_well "${ports[0]}" /control/health || fail "the simulator does not start; see $own_servers_dir/simulator.log"
listen=POSTERN__HTTP__LISTEN=127.0.0.1:${ports[1]}
run_image postern "$listen" --
until_true 20 is_well "${ports[1]}" /readyz || fail "the worker is not ready; see $own_servers_dir/postern.log"
say "a worker is ready"

find_process "$own_servers_dir" postern
expect "its user" 65532 "$(status_line Uid)"
expect "its capabilities" 0000000000000000 "$(status_line CapEff)"
expect "it may gain no rights" 1 "$(status_line NoNewPrivs)"
! touch "/proc/$pid/root/new" 2>/dev/null || fail "its files can be written"
expect "what the health check says" ready \
  "$(env -i "$listen" POSTERN_CONFIG=/etc/postern/postern.toml /usr/sbin/chroot "/proc/$pid/root" /usr/local/bin/postern ready)"
kill -TERM "$pid"
until_true 20 grep -q '"stopped"' "$own_servers_dir/postern.log" || fail "it does not stop"
in_storage rm --all >/dev/null
say "the images work"
