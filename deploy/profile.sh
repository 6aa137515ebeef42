#!/usr/bin/env bash
# Where a release worker's processor time or its allocations go, while it drains waiting open requests:
#
#   deploy/profile.sh cpu [REQUESTS]          samples by program, thread and function (Debian's linux-perf)
#   deploy/profile.sh allocations [REQUESTS]  allocations per request by place (Debian's heaptrack)
#
# Default: 10000 requests. What it prints is in docs/performance.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=deploy/lib/say.sh
. deploy/lib/say.sh
# shellcheck source=deploy/lib/own_servers.sh
. deploy/lib/own_servers.sh

what=${1:-} requests=${2:-10000}
case $what in
cpu) tool=perf package=linux-perf ;;
allocations) tool=heaptrack package=heaptrack ;;
*)
  echo "usage: $0 cpu | allocations [REQUESTS]" >&2
  exit 2
  ;;
esac
command -v "$tool" >/dev/null || {
  say "$tool is missing: apt-get install $package" >&2
  exit 1
}

say "building in release mode"
cargo build --locked --release --package postern --package simulator
target=${CARGO_TARGET_DIR:-$PWD/target}/release
records=$PWD/.dev/profile
rm -rf "$records"
mkdir -p "$records"

# The benchmark starts this in place of the worker.
cat >"$records/postern" <<WRAPPER
#!/usr/bin/env bash
case " \$* " in
*" worker "*)
  case $what in
  cpu) perf record --quiet -F 999 -e cpu-clock -p \$\$ -o '$records'/\$\$.perf >/dev/null 2>&1 & ;;
  allocations)
    export LD_PRELOAD=/usr/lib/heaptrack/libheaptrack_preload.so DUMP_HEAPTRACK_OUTPUT='$records'/\$\$.raw
    ;;
  esac
  ;;
esac
exec '$target/postern' "\$@"
WRAPPER
chmod +x "$records/postern"

own_servers profile
export POSTERN_BIN=$records/postern SALTO_SIMULATOR_BIN=$target/salto-simulator
cargo bench --locked --package end-to-end --bench drain -- "$requests"

# The worker that drained has the largest record.
record=$(find "$records" \( -name '*.perf' -o -name '*.raw' \) -printf '%s %p\n' | sort -n | tail -1 | cut -d ' ' -f 2-)
case $what in
cpu)
  for sort in dso comm,dso symbol; do
    perf report -i "$record" --stdio --no-children -g none --sort "$sort" 2>/dev/null | grep '%' | head -30
    echo
  done
  ;;
allocations)
  /usr/lib/heaptrack/libexec/heaptrack_interpret <"$record" >"$records/heap"
  heaptrack_print -f "$records/heap" -p 0 -a 0 -T 0 -l 0 -F "$records/stacks" --flamegraph-cost-type allocations >/dev/null
  c++filt --format rust <"$records/stacks" | python3 deploy/lib/allocations.py "$requests"
  ;;
esac
