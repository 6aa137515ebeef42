#!/usr/bin/env bash
# A private RabbitMQ and Redis for tests that are run by hand: `servers.sh start`, `servers.sh stop`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=deploy/lib/say.sh
. deploy/lib/say.sh
# shellcheck source=deploy/lib/processes.sh
. deploy/lib/processes.sh

readonly DIR=.dev/test-servers

start() {
  # Those of an earlier shell may have been killed, or the machine was started anew.
  if [[ -f $DIR/services.env ]] && ! all_run "$DIR"; then
    say "the servers in $DIR no longer run"
    stop
  fi
  if [[ ! -f $DIR/services.env ]]; then
    deploy/services.sh start "$DIR" --own-servers
  fi
  cat <<TEXT

RabbitMQ and Redis run. \`make test-one T=name\` uses them. For cargo in this shell:

  source $DIR/services.env

which sets:

$(sed 's/^/  /' "$DIR/services.env")

\`make servers-stop\` stops them.
TEXT
}

stop() {
  if [[ -d $DIR ]]; then
    deploy/services.sh stop "$DIR"
    rm -rf "$DIR"
    say "the servers have stopped"
  fi
}

case "${1:-}" in
start) start ;;
stop) stop ;;
*)
  echo "usage: $0 start | stop" >&2
  exit 2
  ;;
esac
