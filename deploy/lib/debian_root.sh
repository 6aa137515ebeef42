# shellcheck shell=bash
# A minimal Debian for tests of the package and the image, made once under .dev/. Sourced, after say.sh, from the top directory.

# The release of this machine: programs that were built here run there.
readonly DEBIAN_ROOT=.dev/debian/root

# need PROGRAM=PACKAGE…: installs Debian's packages with programs that are missing. Root only.
need() {
  local pair missing=()
  ((EUID == 0)) || fail "this test needs root: it makes a Debian with files of several users, and mounts"
  for pair; do
    command -v "${pair%=*}" >/dev/null || missing+=("${pair#*=}")
  done
  if ((${#missing[@]})); then
    say "installing ${missing[*]} with apt-get"
    apt-get -q update >/dev/null || true
    DEBIAN_FRONTEND=noninteractive apt-get -qqy --no-install-recommends install "${missing[@]}" >/dev/null
  fi
}

# bootstrap: DEBIAN_ROOT has a minimal Debian with systemd and what postern's package needs.
bootstrap() {
  local log=${DEBIAN_ROOT%/*}/debootstrap.log
  [[ ! -e $DEBIAN_ROOT ]] || return 0
  need debootstrap=debootstrap
  say "making a minimal Debian in $DEBIAN_ROOT (once; a minute or two)"
  mkdir -p "${DEBIAN_ROOT%/*}"
  rm -rf "$DEBIAN_ROOT.new"
  # shellcheck source=/dev/null
  debootstrap --variant=minbase --include=ca-certificates,libgcc-s1,systemd-sysv \
    "$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")" "$DEBIAN_ROOT.new" >"$log" 2>&1 ||
    fail "debootstrap failed; its output is in $log"
  rm -f "$DEBIAN_ROOT.new"/var/cache/apt/archives/*.deb
  mv "$DEBIAN_ROOT.new" "$DEBIAN_ROOT"
}
