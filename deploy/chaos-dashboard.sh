#!/usr/bin/env bash
# A chaos run whose workers a Prometheus reads, with the alert rules of deploy/monitoring/: prints which alerts fired, and draws
# the dashboard with what was measured.
#
#   deploy/chaos-dashboard.sh [--picture FILE] [ARGUMENT…]      arguments go to `chaos`, see deploy/chaos.sh --help
#   deploy/chaos-dashboard.sh --seed 7 --duration 8m --rate 60
#   deploy/chaos-dashboard.sh outage broker --duration 3m
#
# The rules are those of alerts.yml as they are, so that alerts which need some minutes fire only in runs and outages that are
# long enough. Prometheus reads and evaluates every 5 s, where an installation does so every 15 s: a run has only minutes.
# The picture is target/dashboard.png if FILE is not given. It needs matplotlib, which is put under .dev/ with its own
# dependencies, and Prometheus, as deploy/monitoring.sh does. Exit status: that of chaos.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly root dev=$root/.dev interval=5
# shellcheck source=deploy/lib/say.sh
. "$root/deploy/lib/say.sh"
# shellcheck source=deploy/lib/packages.sh
. "$root/deploy/lib/packages.sh"
# shellcheck source=deploy/lib/client_library.sh
. "$root/deploy/lib/client_library.sh"

prometheus='' directory=''

end() {
  local status=$?
  [[ -z $prometheus ]] || kill "$prometheus" 2>/dev/null || true
  [[ -z $prometheus ]] || wait "$prometheus" || true
  [[ -z $directory ]] || rm -rf "$directory"
  exit "$status"
}

# start_prometheus: reads the workers named in $directory/targets.json, once that file is there.
start_prometheus() {
  local port
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  url=http://127.0.0.1:$port
  cat >"$directory/prometheus.yml" <<CONFIG
global: { scrape_interval: ${interval}s, scrape_timeout: ${interval}s, evaluation_interval: ${interval}s }
rule_files: ['$root/deploy/monitoring/alerts.yml']
scrape_configs:
  - job_name: postern
    file_sd_configs: [{ files: ['$directory/targets.json'], refresh_interval: 1s }]
CONFIG
  "$root/deploy/monitoring.sh" prometheus --config.file="$directory/prometheus.yml" --storage.tsdb.path="$directory/data" \
    --web.listen-address="127.0.0.1:$port" 2>"$directory/prometheus.log" &
  prometheus=$!
  # The first run unpacks it.
  local deadline=$((SECONDS + 180))
  until python3 -c "import urllib.request; urllib.request.urlopen('$url/-/ready')" 2>/dev/null; do
    if ((SECONDS > deadline)) || ! kill -0 "$prometheus" 2>/dev/null; then
      tail -n 20 "$directory/prometheus.log" >&2
      fail "Prometheus does not start"
    fi
    sleep 0.2
  done
}

picture=$root/target/dashboard.png
case "${1:-}" in
-h | --help)
  sed -n '2,/^set /{s/^# \{0,1\}//p}' "$0"
  exit
  ;;
--picture)
  picture=$(realpath -m "${2:?--picture needs a file}")
  shift 2
  ;;
esac

trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
directory=$(mktemp -d)
requirements=$root/deploy/dashboard_picture/requirements.txt packages=$dev/dashboard-picture
find_python_for "$packages" "$requirements"
install_once "$packages" "$requirements" pip_install "$requirements" "$packages"
start_prometheus
status=0
"$root/deploy/chaos.sh" --targets "$directory/targets.json" "$@" || status=$?
# Without workers there is nothing to draw, and chaos has said why.
[[ -e $directory/targets.json ]] || exit "$status"
mkdir -p "${picture%/*}"
PYTHONPATH=$packages/site PYTHONDONTWRITEBYTECODE=1 python3 "$root/deploy/dashboard_picture" draw --prometheus "$url" \
  --interval "$interval" --title "chaos $*" --output "$picture"
say "the picture is $picture" >&2
exit "$status"
