# shellcheck shell=bash
# Prints what happens in the demo while it happens, and checks it. Sourced.
#
# It reads two growing files: the simulator's output (doors) and that of `postern tail` (events). Reading on from where
# the last look ended needs no further process.

events=()
mismatches=0
# shellcheck disable=SC2034 # read_on gets them by name
door_rest='' event_rest=''

# story_begin DIR: reads DIR/simulator.log and DIR/events.log from now on.
story_begin() {
  exec 4<"$1/simulator.log" 5<"$1/events.log"
  # What happened before has been printed.
  while read -r _ <&4; do :; done
}

# narrate TEXT…: a line with the time in milliseconds, UTC as in everything that postern and the simulator write.
narrate() {
  local now=$EPOCHREALTIME
  TZ=UTC0 printf '%(%H:%M:%S)T.%s  %s\n' "${now%[.,]*}" "${now:(-6):3}" "$*"
}

# look: prints what is new.
look() {
  local line
  while read_on 4 door_rest; do
    tell_door "$line"
  done
  while read_on 5 event_rest; do
    [[ $line != '{'* ]] || tell_event "$line"
  done
}

# read_on DESCRIPTOR REST: sets `line` to the next whole line; what there is of an unfinished one is kept in the variable
# that REST names.
read_on() {
  local -n rest=$2
  local part=''
  if IFS= read -r -u "$1" part; then
    line=$rest$part
    rest=''
    return 0
  fi
  rest+=$part
  return 1
}

# member NAME JSON: the first text or number of that name.
member() {
  if [[ $2 =~ \"$1\":(\"([^\"]*)\"|([0-9.]+)) ]]; then
    printf '%s' "${BASH_REMATCH[2]}${BASH_REMATCH[3]}"
  fi
}

tell_door() {
  # "12:00:00  room-12 opens  (lock a5091d73…, remote)"
  [[ $1 == *' opens '* || $1 == *' stays shut '* ]] || return 0
  local words=${1#*  }
  narrate "    the simulator     $words"
}

tell_event() {
  local json=$1 booking words
  events+=("$json")
  booking=$(member booking_id "$json")
  case $(member type "$json") in
  lock.opened.v1) words="$(member object_id "$json") was opened for $booking, with $(commands "$json")" ;;
  booking.check-in.v1) words="$booking is $(member status "$json"): its first door was opened" ;;
  lock.open-rejected.v1)
    words="no ($(member reason "$json")): $(member detail "$json")"
    [[ $json != *'"opens_at"'* ]] || words+=", it opens at $(clock "$(member opens_at "$json")")"
    ;;
  lock.open-failed.v1)
    words="failed ($(member reason "$json")): $(member detail "$json")"
    if [[ $(member class "$json") == temporary ]]; then words+=', trying again may help'; else words+=', an operator must act'; fi
    ;;
  *) words=$json ;;
  esac
  narrate "    postern publishes $words"
}

commands() {
  local attempts
  attempts=$(member attempts "$1")
  if [[ $attempts == 1 ]]; then printf '1 command'; else printf '%s commands' "$attempts"; fi
}

# clock TIME: hours and minutes of an RFC 3339 time.
clock() {
  printf '%s' "${1:11:5}"
}

# outcomes REQUEST: the terminal events of a request so far: reason and event id, one a line.
outcomes() {
  local json
  for json in "${events[@]}"; do
    [[ $(member request_id "$json") == "$1" ]] || continue
    case $(member type "$json") in
    lock.opened.v1) printf 'opened %s\n' "$(member id "$json")" ;;
    lock.open-rejected.v1 | lock.open-failed.v1)
      printf '%s %s\n' "$(member reason "$json")" "$(member id "$json")"
      ;;
    esac
  done
}

# opened_ids: the id of every opened event, as often as it came.
opened_ids() {
  local json
  for json in "${events[@]}"; do
    [[ $(member type "$json") != lock.opened.v1 ]] || printf '%s\n' "$(member id "$json")"
  done
}

# expect REQUEST OUTCOME…: waits until the request has so many terminal events; checks them, and that they are the
# same event however often it arrived.
expect() {
  local request=$1 until=$((SECONDS + 30)) found ids words
  shift
  while
    look
    mapfile -t found < <(outcomes "$request")
    ((${#found[@]} < $#))
  do
    if ((SECONDS >= until)); then
      mismatch "request $request: expected $*, and after 30 seconds there is only: ${found[*]:-nothing}"
      return
    fi
    sleep 0.02
  done
  words=("${found[@]%% *}")
  [[ ${words[*]} == "$*" ]] || mismatch "request $request: expected $*, and it is ${words[*]}"
  ids=$(printf '%s\n' "${found[@]##* }" | sort -u | wc -l)
  ((ids == 1)) || mismatch "request $request: its answers have $ids ids"
}

mismatch() {
  mismatches=$((mismatches + 1))
  narrate "NOT AS EXPECTED   $*"
}
