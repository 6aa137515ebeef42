# shellcheck shell=bash
# Programs from Debian's packages (RabbitMQ and Redis; Python; PHP; Prometheus; systemd's tools; dpkg-dev; Chromium), unpacked into a directory: nothing is installed,
# no service starts, and removing the directory undoes it. Sourced; needs say.sh.

# unpack_servers PREFIX: afterwards PREFIX/bin holds rabbitmq-server, rabbitmqctl, redis-server and redis-cli. Fails where the machine
# has no apt or the package lists cannot be read.
unpack_servers() {
  unpack_packages "$1" redis-server "RabbitMQ, Erlang and Redis (about 40 MB)" server_packages write_launchers
}

# unpack_python PREFIX: afterwards PREFIX/bin holds a python3 that has pip. Fails as unpack_servers does.
unpack_python() {
  unpack_packages "$1" python3 "Python and pip" python_packages write_python_launcher
}

# unpack_php PREFIX: afterwards PREFIX/bin holds a php that has php-amqplib. Fails as unpack_servers does.
unpack_php() {
  unpack_packages "$1" php "PHP and php-amqplib" php_packages write_php_launcher
}

# unpack_prometheus PREFIX: afterwards PREFIX/bin holds prometheus and promtool. Fails as unpack_servers does.
unpack_prometheus() {
  unpack_packages "$1" promtool "Prometheus (about 20 MB)" prometheus_packages write_prometheus_links
}

# unpack_systemd PREFIX: afterwards PREFIX/bin holds systemd's tools that need no running systemd. Fails as unpack_servers does.
unpack_systemd() {
  unpack_packages "$1" systemd-analyze "systemd's tools" systemd_packages write_systemd_launchers
}

# unpack_dpkg_dev PREFIX: afterwards PREFIX/bin holds dpkg-shlibdeps. Fails as unpack_servers does.
unpack_dpkg_dev() {
  unpack_packages "$1" dpkg-shlibdeps "dpkg-dev" dpkg_dev_packages write_dpkg_dev_launcher
}

# unpack_browser PREFIX: afterwards PREFIX/bin holds chromedriver, chromium for it, without windows, and pngquant, which makes
# pictures small. Fails as unpack_servers does.
unpack_browser() {
  unpack_packages "$1" chromedriver "Chromium and its driver (about 110 MB)" browser_packages write_browser_launchers
}

# unpack_packages PREFIX PROGRAM WHAT NAMES LAUNCHERS: NAMES prints the packages, LAUNCHERS writes PREFIX/bin; PROGRAM is there
# when all is done.
unpack_packages() {
  local prefix=$1 program=$2 what=$3 names=$4 launchers=$5
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
  mkdir -p "${prefix%/*}"
  # One at a time per checkout; a run that waited finds the work done.
  (
    flock 9
    [[ -x $prefix/bin/$program ]] && exit 0
    rm -rf "$prefix" "$prefix.new"
    mkdir -p "$prefix.new/archives"
    fetch_packages "$prefix.new/archives" "$what" "$names" || exit 1
    for archive in "$prefix.new"/archives/*.deb; do
      dpkg-deb -x "$archive" "$prefix.new"
    done
    rm -r "$prefix.new/archives"
    "$launchers" "$prefix.new"
    mv "$prefix.new" "$prefix"
  ) 9>"$prefix.lock"
}

# fetch_packages DIRECTORY WHAT NAMES: downloads the packages that NAMES prints. One run at a time per checkout, because apt
# lets only one refresh its lists.
fetch_packages() (
  local directory=$1 what=$2 names try options=()
  exec 8>"${directory%/*/*}/apt.lock"
  flock 8
  # As root, apt would download as its own user, which may not write here.
  ((EUID != 0)) || options=(-o APT::Sandbox::User=root)
  for try in 1 2 3; do
    if ((EUID == 0)); then
      say "refreshing the package lists (apt-get update)"
      # A failure of another source does not matter as long as the names below resolve.
      apt-get -q update >"$directory/update.log" 2>&1 || true
    fi
    if names=$("$3"); then
      say "downloading $what ($(wc -w <<<"$names") packages)"
      # shellcheck disable=SC2086 # one name per package
      if (cd "$directory" && apt-get -q "${options[@]}" download $names >download.log 2>&1); then
        return 0
      fi
    fi
    # Most likely another process holds apt's locks.
    ((try < 3)) && sleep 5
  done
  tail -n 5 "$directory"/*.log >&2 || true
  return 1
)

# The servers, all of Erlang (its parts fit only each other), and what else the machine lacks. Leaves out what is installed,
# and the C library: two of them in one process do not work.
server_packages() {
  local missing
  missing=$(apt-get -s --no-install-recommends install rabbitmq-server redis-server 2>/dev/null) || return 1
  {
    printf '%s\n' rabbitmq-server redis-server redis-tools
    apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
      --no-replaces --no-enhances rabbitmq-server | grep '^erlang-'
    sed -n 's/^Inst \([^ ]*\).*/\1/p' <<<"$missing"
  } | grep -vx 'libc6\|libc-bin' | sort -u
}

python_packages() {
  missing_packages python3 python3-pip
}

php_packages() {
  missing_packages php-cli php-amqplib
}

# Both, and the libraries that the machine lacks.
systemd_packages() {
  printf '%s\n' systemd libsystemd-shared
  missing_packages systemd | grep -vx 'systemd\|libsystemd-shared' || true
}

# Without the compiler and what else dpkg-dev depends on; what dpkg-shlibdeps runs comes with the linker.
dpkg_dev_packages() {
  printf '%s\n' dpkg-dev libdpkg-perl
}

# Without the Chromium that has windows, on which the driver depends. All pages are in one font, so that their pictures do not differ.
browser_packages() {
  printf '%s\n' chromium-driver chromium-common chromium-headless-shell fonts-dejavu-core pngquant
  missing_packages chromium-headless-shell pngquant | grep -v '^chromium\|^pngquant' || true
}

# missing_packages NAME…: those of these packages, and of what they need, that the machine lacks; without the C library, as above.
missing_packages() {
  local missing
  missing=$(apt-get -s --no-install-recommends install "$@" 2>/dev/null) || return 1
  sed -n 's/^Inst \([^ ]*\).*/\1/p' <<<"$missing" | grep -vx 'libc6\|libc-bin' | sort -u
}

# Prometheus alone: its programs need the C library only; the other packages that it depends on are for its web pages.
prometheus_packages() {
  printf 'prometheus\n'
}

# write_prometheus_links PREFIX
write_prometheus_links() {
  mkdir -p "$1/bin"
  ln -s ../usr/bin/prometheus ../usr/bin/promtool "$1/bin/"
}

# write_python_launcher PREFIX: a python3 that finds pip inside PREFIX; the machine's own one where it is installed.
write_python_launcher() {
  local prefix=$1
  mkdir -p "$prefix/bin"
  cat >"$prefix/bin/python3" <<'LAUNCHER'
#!/usr/bin/env bash
prefix=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
libraries=$(printf '%s:' "$prefix"/usr/lib/*-linux-gnu* "$prefix"/lib/*-linux-gnu*)
# The standard library too: the machine may have a part of it.
modules=$(printf '%s:' "$prefix"/usr/lib/python3.*[0-9] "$prefix"/usr/lib/python3.*[0-9]/lib-dynload)
export PYTHONPATH=${PYTHONPATH:+$PYTHONPATH:}$modules$prefix/usr/lib/python3/dist-packages
if [[ -x $prefix/usr/bin/python3 ]]; then
  export LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:-}
  exec "$prefix/usr/bin/python3" "$@"
fi
exec /usr/bin/python3 "$@"
LAUNCHER
  chmod +x "$prefix/bin/python3"
}

# write_php_launcher PREFIX: a php that finds php-amqplib and its extensions inside PREFIX; the machine's own one where it is
# installed.
write_php_launcher() {
  local prefix=$1
  mkdir -p "$prefix/bin"
  cat >"$prefix/bin/php" <<'LAUNCHER'
#!/usr/bin/env bash
shopt -s nullglob
prefix=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
libraries=$(printf '%s:' "$prefix"/usr/lib/*-linux-gnu* "$prefix"/lib/*-linux-gnu*)
options=(-d "include_path=.:$prefix/usr/share/php:/usr/share/php")
for extension in "$prefix"/usr/lib/php/*/{mbstring,sockets}.so; do
  options+=(-d "extension=$extension")
done
for program in "$prefix"/usr/bin/php[0-9]*.[0-9]; do
  export LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:-}
  # Without the machine's php.ini, which may name extensions that are not there.
  exec "$program" -n "${options[@]}" "$@"
done
exec /usr/bin/php "${options[@]}" "$@"
LAUNCHER
  chmod +x "$prefix/bin/php"
}

# write_systemd_launchers PREFIX: tools that find their libraries and systemd's units inside PREFIX.
write_systemd_launchers() {
  local prefix=$1 name
  # The package has programs there; only the launchers belong on the path.
  [[ ! -d $prefix/bin ]] || mv "$prefix"/bin/* "$prefix/usr/bin/"
  mkdir -p "$prefix/bin"
  for name in systemd-analyze systemd-sysusers systemd-tmpfiles; do
    cat >"$prefix/bin/$name" <<'LAUNCHER'
#!/usr/bin/env bash
prefix=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
libraries=$(printf '%s:' "$prefix"{,/usr}/lib/*-linux-gnu{,/systemd} "$prefix"/usr/lib/systemd)
export LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:-} SYSTEMD_UNIT_PATH=$prefix/lib/systemd/system:
exec "$prefix/usr/bin/${0##*/}" "$@"
LAUNCHER
    chmod +x "$prefix/bin/$name"
  done
}

# write_dpkg_dev_launcher PREFIX: a dpkg-shlibdeps that finds its modules inside PREFIX, and the machine's perl.
write_dpkg_dev_launcher() {
  mkdir -p "$1/bin"
  cat >"$1/bin/dpkg-shlibdeps" <<'LAUNCHER'
#!/usr/bin/env bash
prefix=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
export PERL5LIB=$prefix/usr/share/perl5 PATH=$PATH:$prefix/usr/bin
exec perl "$prefix/usr/bin/dpkg-shlibdeps" "$@"
LAUNCHER
  chmod +x "$1/bin/dpkg-shlibdeps"
}

# write_browser_launchers PREFIX: programs that find their libraries and the font inside PREFIX.
write_browser_launchers() {
  local prefix=$1 name
  mkdir -p "$prefix/bin"
  cat >"$prefix/bin/chromedriver" <<'LAUNCHER'
#!/usr/bin/env bash
prefix=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
libraries=$(printf '%s:' "$prefix"{,/usr}/lib/*-linux-gnu{,/pulseaudio})
export LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:-} FONTCONFIG_FILE=$prefix/fonts.conf XDG_CACHE_HOME=$prefix/cache
exec "$prefix"/PROGRAM "$@"
LAUNCHER
  for name in chromium pngquant; do
    cp "$prefix/bin/chromedriver" "$prefix/bin/$name"
  done
  sed -i 's|PROGRAM|usr/bin/chromedriver|' "$prefix/bin/chromedriver"
  sed -i 's|PROGRAM|usr/lib/chromium/chromium-headless-shell|' "$prefix/bin/chromium"
  sed -i 's|PROGRAM|usr/bin/pngquant|' "$prefix/bin/pngquant"
  chmod +x "$prefix"/bin/*
  cat >"$prefix/fonts.conf" <<'FONTS'
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">usr/share/fonts/truetype/dejavu</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
FONTS
}

# write_launchers PREFIX: programs that find their libraries and their Erlang inside PREFIX, wherever PREFIX is.
write_launchers() {
  local prefix=$1 name
  mkdir -p "$prefix/bin"
  cat >"$prefix/bin/erl" <<'LAUNCHER'
#!/usr/bin/env bash
ROOTDIR=$(cd "${BASH_SOURCE[0]%/*}/../usr/lib/erlang" && pwd)
BINDIR=$(echo "$ROOTDIR"/erts-*/bin)
export ROOTDIR BINDIR EMU=beam PROGNAME=erl
exec "$BINDIR/erlexec" "$@"
LAUNCHER
  for name in epmd redis-server redis-cli rabbitmq-server rabbitmqctl; do
    cat >"$prefix/bin/$name" <<'LAUNCHER'
#!/usr/bin/env bash
prefix=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
libraries=$(printf '%s:' "$prefix"/usr/lib/*-linux-gnu* "$prefix"/lib/*-linux-gnu*)
export PATH=$prefix/bin:$PATH LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:-}
exec "$prefix"/PROGRAM "$@"
LAUNCHER
  done
  sed -i 's|PROGRAM|usr/lib/erlang/erts-*/bin/epmd|' "$prefix/bin/epmd"
  sed -i 's|PROGRAM|usr/bin/redis-server|' "$prefix/bin/redis-server"
  sed -i 's|PROGRAM|usr/bin/redis-cli|' "$prefix/bin/redis-cli"
  sed -i 's|PROGRAM|usr/lib/rabbitmq/bin/rabbitmq-server|' "$prefix/bin/rabbitmq-server"
  sed -i 's|PROGRAM|usr/lib/rabbitmq/bin/rabbitmqctl|' "$prefix/bin/rabbitmqctl"
  chmod +x "$prefix"/bin/*
}
