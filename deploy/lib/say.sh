# shellcheck shell=bash
# Messages for the person who runs a script. Sourced.

# say TEXT…: one line with the time of day.
say() {
  printf '%(%H:%M:%S)T  %s\n' -1 "$*"
}

# fail TEXT…: the same on standard error, then leave with status 1.
fail() {
  printf '%(%H:%M:%S)T  %s\n' -1 "$*" >&2
  exit 1
}
