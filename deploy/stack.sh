#!/usr/bin/env bash
# The demo's simulator, workers and console, kept running: `stack.sh up`, `stack.sh down`.
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

dir=.dev/up

half_up() {
  local status=$?
  trap '' INT TERM HUP
  stack_stop "$dir"
  say "it did not start; the logs are in $dir" >&2
  exit "$status"
}

up() {
  [[ ! -f $dir/processes ]] || fail "it is running already: make down stops it"
  rm -rf "$dir"
  mkdir -p "$dir"
  trap half_up EXIT
  trap 'exit 130' INT TERM HUP
  stack_start "$dir"
  stack_console "$dir"
  trap - EXIT
  cat <<TRY

It runs. The doors:            http://127.0.0.1:$SIMULATOR_PORT   (book and ring there)
The console:                   http://127.0.0.1:$CONSOLE_PORT   (name: demo, password: $console_password)
What postern publishes:        tail -f $dir/events.log
The workers, the console:      tail -f $dir/worker-1.log $dir/worker-2.log $dir/console.log

In this shell, first:          source $dir/env

A booking, from now on:        postern publish booking-status --integration $INTEGRATION --booking b-1 \\
                                 --status confirmed --object room-12 --starts-at now --ends-at +2h
Its guest asks for the door:   postern publish open-request --integration $INTEGRATION --booking b-1
The booking is cancelled:      postern publish booking-status --integration $INTEGRATION --booking b-1 \\
                                 --status cancelled --object room-12 --starts-at now --ends-at +2h
(ask for the door again)
The site's locks and IQs:      postern lock list --integration $INTEGRATION
                               postern iq list --integration $INTEGRATION
The IQ on the first floor:     postern iq activate --integration $INTEGRATION --iq 1a1a1a1a-0002-4000-8000-000000000002
                               (the PIN comes to the mailbox: http://127.0.0.1:$SIMULATOR_PORT/control/mailbox)
Events as they arrive:         postern tail

make down stops it.
TRY
}

down() {
  if [[ -d $dir ]]; then
    stack_stop "$dir"
    rm -rf "$dir"
    say "it has stopped"
  fi
}

case "${1:-}" in
up) up ;;
down) down ;;
*)
  echo "usage: $0 up | down" >&2
  exit 2
  ;;
esac
