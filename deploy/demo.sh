#!/usr/bin/env bash
# The demo, in half a minute: bookings arrive, guests ask, doors open or stay shut, and every step is checked.
# Leaves nothing running; exit status 1 where a step is not as expected.
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
# shellcheck source=deploy/lib/story.sh
. deploy/lib/story.sh

dir=.dev/demo-$$

finish() {
  local status=$?
  trap '' INT TERM HUP
  say "stopping what was started"
  stack_stop "$dir"
  if ((status == 0)); then
    rm -rf "$dir"
  else
    say "ended with status $status; the logs are in $dir" >&2
  fi
  exit "$status"
}

# booking ID STATUS STARTS_AT ENDS_AT REVISION OBJECT…: publishes a status, and waits until a worker has stored it.
booking() {
  local id=$1 status=$2 starts_at=$3 ends_at=$4 revision=$5 object objects=() event
  for object in "${@:6}"; do
    objects+=(--object "$object")
  done
  narrate "  the booking system: $id is $status (revision $revision) for ${*:6}; it $(spoken beg "$starts_at") and $(spoken end "$ends_at")"
  event=$(postern publish booking-status --integration "$INTEGRATION" --booking "$id" --status "$status" \
    --starts-at "$starts_at" --ends-at "$ends_at" --revision "$revision" "${objects[@]}")
  # There is no order between two queues: without this wait, the next request might overtake the status.
  until_true 30 grep -q "$event" "$dir/worker-1.log" "$dir/worker-2.log" || mismatch "$id: no worker has stored it"
  look
}

# spoken beg|end TIME: "began 10m ago", "ends in 2h".
spoken() {
  case "$1 $2" in
  "beg "-*) printf 'began %s ago' "${2#-}" ;;
  "beg "+*) printf 'begins in %s' "${2#+}" ;;
  "beg "*) printf 'begins %s' "$2" ;;
  "end "-*) printf 'ended %s ago' "${2#-}" ;;
  "end "*) printf 'ends in %s' "${2#+}" ;;
  esac
}

# ask BOOKING [further arguments of publish]: a guest asks for a door; sets `request`.
ask() {
  local booking=$1 what=''
  shift
  case "${1:-}" in
  --object) what=" of $2" ;;
  --id) what=', the same request' ;;
  --time) what=", a request from ${2#-} ago" ;;
  esac
  narrate "  a guest with $booking asks for the door$what"
  request=$(postern publish open-request --integration "$INTEGRATION" --booking "$booking" "$@")
}

chapter() {
  printf '\n'
  narrate "$*"
}

mkdir -p "$dir"
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
stack_start "$dir"
story_begin "$dir"
printf '\nTimes are UTC.\n'

chapter "A guest with a confirmed booking"
booking b-1 confirmed -10m +2h 1 room-12
ask b-1
expect "$request" opened

chapter "The same request arrives a second time: the same answer, no second opening"
ask b-1 --id "$request"
expect "$request" opened opened

chapter "The guest comes back later: the door opens again, the check-in is not repeated"
ask b-1
expect "$request" opened

chapter "Too early: doors open 15 minutes before the booking"
booking b-2 confirmed +3h +5h 1 room-12
ask b-2
expect "$request" too_early

chapter "Too late"
booking b-3 paid -5h -1h 1 room-12
ask b-3
expect "$request" too_late

chapter "A status from which no door opens; then the guest pays"
booking b-4 pending -5m +1h 1 room-12
ask b-4
expect "$request" status_not_allowed
booking b-4 paid -5m +1h 2 room-12
ask b-4
expect "$request" opened

chapter "An older state of the booking arrives late and changes nothing"
booking b-4 pending -5m +1h 1 room-12
ask b-4
expect "$request" opened

chapter "Two doors booked: the request has to say which"
booking b-5 confirmed now +1h 1 room-12 front-door
ask b-5
expect "$request" object_ambiguous
ask b-5 --object front-door
expect "$request" opened
ask b-5 --object room-20
expect "$request" object_not_in_booking

chapter "Objects behind which there is no door to open"
booking b-6 confirmed now +1h 1 sauna cellar room-20
ask b-6 --object sauna
expect "$request" no_lock_mapped
ask b-6 --object cellar
expect "$request" lock_not_found
ask b-6 --object room-20
expect "$request" iq_not_activated

chapter "A request that comes after its time"
ask b-1 --time -2m --expires-at -1m
expect "$request" request_expired

chapter "A request overtakes its booking: postern waits a little for it"
ask b-7
overtaking=$request
booking b-7 confirmed now +1h 1 room-12
expect "$overtaking" opened

chapter "One of the two workers is killed (SIGKILL); the other continues"
kill_process "$dir" worker-1
ask b-1
expect "$request" opened

chapter "An unknown booking (postern waits 5 s for it)"
ask b-404
expect "$request" booking_unknown

printf '\n'
openings=$(member openings "$(http_get "$SIMULATOR_PORT" /control/counters | tail -n 1)")
opened=$(opened_ids | sort -u | wc -l)
narrate "The simulator counts $openings openings; postern published $opened openings."
[[ $openings == "$opened" ]] || mismatch "the numbers differ"
((mismatches == 0)) || exit 1
narrate "All as expected."
