# shellcheck shell=bash
# Background processes that a later command can stop by their exact identity. Sourced.
#
# Every process is the leader of its own session, so that its children end with it, and Ctrl-C on the terminal reaches only
# the script, which then stops them in order. A directory's file `processes` names them: pid, start time, name. The start
# time tells a process from a later one with the same number.

# start_time PID: when the process started, in clock ticks since the machine did; fails where it has ended or is a zombie.
start_time() {
  local stat fields
  { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
  # The name in parentheses may hold spaces: count after it.
  read -ra fields <<<"${stat##*) }"
  [[ ${fields[0]} != [ZX] ]] && printf '%s' "${fields[19]}"
}

# is_running PID START_TIME
is_running() {
  [[ $(start_time "$1") == "$2" ]]
}

# start_process DIR NAME COMMAND…: starts it with its output in DIR/NAME.log.
start_process() {
  local dir=$1 name=$2 pid
  shift 2
  setsid "$@" </dev/null >>"$dir/$name.log" 2>&1 &
  pid=$!
  disown "$pid"
  printf '%s %s %s\n' "$pid" "$(start_time "$pid" || true)" "$name" >>"$dir/processes"
}

# find_process DIR NAME: sets `pid` and `start` to the newest process of that name.
find_process() {
  local one_pid one_start name
  pid='' start=''
  while read -r one_pid one_start name; do
    [[ $name != "$2" ]] || pid=$one_pid start=$one_start
  done <"$1/processes"
  [[ $pid ]]
}

# runs DIR NAME: the process is running.
runs() {
  local pid start
  find_process "$@" && is_running "$pid" "$start"
}

# all_run DIR: every process that was started is running.
all_run() {
  local pid start _
  [[ ! -f $1/processes ]] || while read -r pid start _; do
    is_running "$pid" "$start" || return 1
  done <"$1/processes"
}

# kill_process DIR NAME: SIGKILL.
kill_process() {
  local pid start
  find_process "$@" && is_running "$pid" "$start" && kill -KILL -- "-$pid"
}

# stop_process PID START_TIME SECONDS: asks it to stop, waits so long, then kills what is left of its session.
stop_process() {
  local pid=$1 start=$2 until=$((SECONDS + $3))
  is_running "$pid" "$start" || return 0
  kill -TERM "$pid" 2>/dev/null || true
  while is_running "$pid" "$start" && ((SECONDS < until)); do
    sleep 0.05
  done
  kill -KILL -- "-$pid" 2>/dev/null || true
}

# stop_processes DIR SECONDS: stops all, the newest first; 0 seconds where there is nothing to finish.
stop_processes() {
  local dir=$1 lines line
  [[ -f $dir/processes ]] || return 0
  mapfile -t lines <"$dir/processes"
  for ((line = ${#lines[@]} - 1; line >= 0; line--)); do
    local pid start _
    read -r pid start _ <<<"${lines[line]}"
    stop_process "$pid" "$start" "$2"
  done
  rm -f "$dir/processes"
}

# until_true SECONDS COMMAND…: repeats the command every tenth of a second; fails when the time is over.
until_true() {
  local until=$((SECONDS + $1))
  shift
  while ! "$@"; do
    ((SECONDS < until)) || return 1
    sleep 0.1
  done
}
