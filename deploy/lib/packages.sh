# shellcheck shell=bash
# RabbitMQ and Redis from Debian's packages, unpacked into a directory: nothing is installed, no service starts,
# and removing the directory undoes it. Sourced; needs say.sh.

# unpack_servers PREFIX: afterwards PREFIX/bin holds rabbitmq-server, rabbitmqctl and redis-server. Fails where the machine
# has no apt or the package lists cannot be read.
unpack_servers() {
  local prefix=$1
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
  mkdir -p "${prefix%/*}"
  # One at a time per checkout; a run that waited finds the work done.
  (
    flock 9
    [[ -x $prefix/bin/redis-server ]] && exit 0
    rm -rf "$prefix" "$prefix.new"
    mkdir -p "$prefix.new/archives"
    fetch_packages "$prefix.new/archives" || exit 1
    for archive in "$prefix.new"/archives/*.deb; do
      dpkg-deb -x "$archive" "$prefix.new"
    done
    rm -r "$prefix.new/archives"
    write_launchers "$prefix.new"
    mv "$prefix.new" "$prefix"
  ) 9>"$prefix.lock"
}

# fetch_packages DIRECTORY: the servers, all of Erlang (its parts fit only each other), and what else the machine lacks.
fetch_packages() {
  local directory=$1 names try options=()
  # As root, apt would download as its own user, which may not write here.
  ((EUID != 0)) || options=(-o APT::Sandbox::User=root)
  for try in 1 2 3; do
    if ((EUID == 0)); then
      say "refreshing the package lists (apt-get update)"
      # A failure of another source does not matter as long as the names below resolve.
      apt-get -q update >"$directory/update.log" 2>&1 || true
    fi
    if names=$(package_names); then
      say "downloading RabbitMQ, Erlang and Redis ($(wc -w <<<"$names") packages, about 40 MB)"
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
}

# Leaves out what is installed, and the C library: two of them in one process do not work.
package_names() {
  local missing
  missing=$(apt-get -s --no-install-recommends install rabbitmq-server redis-server 2>/dev/null) || return 1
  {
    printf '%s\n' rabbitmq-server redis-server redis-tools
    apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
      --no-replaces --no-enhances rabbitmq-server | grep '^erlang-'
    sed -n 's/^Inst \([^ ]*\).*/\1/p' <<<"$missing"
  } | grep -vx 'libc6\|libc-bin' | sort -u
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
  for name in epmd redis-server rabbitmq-server rabbitmqctl; do
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
  sed -i 's|PROGRAM|usr/lib/rabbitmq/bin/rabbitmq-server|' "$prefix/bin/rabbitmq-server"
  sed -i 's|PROGRAM|usr/lib/rabbitmq/bin/rabbitmqctl|' "$prefix/bin/rabbitmqctl"
  chmod +x "$prefix"/bin/*
}
