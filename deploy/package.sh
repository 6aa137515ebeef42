#!/usr/bin/env bash
# Debian's package of postern, by Debian's own dpkg-deb.
#
#   package.sh                                   builds a release and packs it into target/debian/
#   package.sh pack PROGRAM DIRECTORY [VERSION]  packs a postern that is built; prints the package's file
#
# DEBFULLNAME and DEBEMAIL name the maintainer, as with Debian's other tools.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here root=${here%/*}
# shellcheck source=deploy/lib/say.sh
. "$here/lib/say.sh"
# shellcheck source=deploy/lib/packages.sh
. "$here/lib/packages.sh"

# pack PROGRAM DIRECTORY VERSION
pack() {
  local program=$1 directory=$2 version=$3 architecture file
  architecture=$(dpkg --print-architecture)
  file=$directory/postern_${version}_$architecture.deb
  tree=$(mktemp -d)
  trap 'rm -rf "$tree"' EXIT
  chmod 755 "$tree"
  # Files have the time of the commit, so that the same commit makes the same package.
  SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct 2>/dev/null || date +%s)}
  export SOURCE_DATE_EPOCH
  umask 022
  lay_out "$program" "$tree" "$version"
  write_control "$tree" "$version" "$architecture"
  mkdir -p "$directory"
  dpkg-deb --root-owner-group --build "$tree" "$file" >/dev/null
  printf '%s\n' "$file"
}

# lay_out PROGRAM TREE VERSION: the package's files.
lay_out() {
  local program=$1 tree=$2 version=$3 share=$2/usr/share
  local documents=$share/doc/postern
  install -D -m 755 "$program" "$tree/usr/bin/postern"
  strip --strip-unneeded "$tree/usr/bin/postern"
  install -D -m 644 "$here/systemd/postern.service" "$tree/usr/lib/systemd/system/postern.service"
  install -D -m 644 "$here/systemd/postern.sysusers" "$tree/usr/lib/sysusers.d/postern.conf"
  install -D -m 644 "$here/systemd/postern.tmpfiles" "$tree/usr/lib/tmpfiles.d/postern.conf"
  install -D -m 644 "$here/debian/default" "$tree/etc/default/postern"

  mkdir -p "$share/man/man1" "$share/bash-completion/completions" "$share/zsh/vendor-completions" \
    "$share/fish/vendor_completions.d"
  "$program" man-pages "$share/man/man1" >/dev/null
  gzip -9n "$share/man/man1"/*.1
  "$program" completions bash >"$share/bash-completion/completions/postern"
  "$program" completions zsh >"$share/zsh/vendor-completions/_postern"
  "$program" completions fish >"$share/fish/vendor_completions.d/postern.fish"

  install -D -m 644 -t "$documents/examples" "$here/postern.example.toml" "$here"/monitoring/{alerts.yml,dashboard.json}
  install -D -m 644 -t "$documents" "$root"/docs/{contract,publishing,runbook,security}.md
  gzip -9nc "$root/CHANGELOG.md" >"$documents/changelog.gz"
  {
    printf 'postern (%s) stable; urgency=medium\n\n  * See changelog.gz.\n\n' "$version"
    printf ' -- %s  %s\n' "$(maintainer)" "$(date -uRd "@$SOURCE_DATE_EPOCH")"
  } | gzip -9nc >"$documents/changelog.Debian.gz"
  {
    cat "$here/debian/copyright"
    printf 'License: Expat\n'
    tail -n +2 "$root/LICENSE-MIT" | sed -e '/./,$!d' -e 's/^$/./' -e 's/^/ /'
  } >"$documents/copyright"
}

# write_control TREE VERSION ARCHITECTURE: what dpkg reads.
write_control() {
  local tree=$1 version=$2 architecture=$3 control=$1/DEBIAN needed size
  mkdir "$control"
  install -m 755 "$here"/debian/{postinst,prerm,postrm} "$control"
  printf '/etc/default/postern\n' >"$control/conffiles"
  (cd "$tree" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$control/md5sums"
  needed=$(libraries "$tree/usr/bin/postern")
  size=$(du -sk --exclude=DEBIAN "$tree" | cut -f 1)
  sed -e "s/VERSION/$version/" -e "s/ARCHITECTURE/$architecture/" -e "s/SIZE/$size/" -e "s/DEPENDS/$needed/" \
    -e "s/MAINTAINER/$(maintainer)/" "$here/debian/control" >"$control/control"
}

maintainer() {
  printf '%s <%s>' "${DEBFULLNAME:-the postern authors}" "${DEBEMAIL:-postern@localhost}"
}

# libraries PROGRAM: the packages with the libraries that it is linked to, in the versions that it needs.
libraries() (
  find_shlibdeps
  place=$(mktemp -d)
  trap 'rm -rf "$place"' EXIT
  mkdir "$place/debian"
  printf 'Source: postern\n\nPackage: postern\nArchitecture: any\n' >"$place/debian/control"
  cd "$place"
  found=$(dpkg-shlibdeps -O "$1" 2>errors) || { cat errors >&2; exit 1; }
  printf '%s' "${found#shlibs:Depends=}"
)

find_shlibdeps() {
  local unpacked=$root/.dev/dpkg-dev
  if ! command -v dpkg-shlibdeps >/dev/null; then
    unpack_dpkg_dev "$unpacked" >&2 ||
      fail "dpkg-shlibdeps is needed: install Debian's package dpkg-dev (root can leave that to this script)"
    PATH=$unpacked/bin:$PATH
  fi
}

# own_version: that of the workspace; "-rc.1" comes before the version without it.
own_version() {
  local version
  version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -n 1)
  printf '%s-1' "${version/-/\~}"
}

case "${1:-}" in
'')
  cd "$root"
  say "building a release (some minutes)"
  cargo build --locked --release --package postern
  target=${CARGO_TARGET_DIR:-target}
  pack "$target/release/postern" "$target/debian" "$(own_version)"
  ;;
pack) pack "$2" "$3" "${4:-$(own_version)}" ;;
*)
  echo "usage: $0 [pack PROGRAM DIRECTORY [VERSION]]" >&2
  exit 2
  ;;
esac
