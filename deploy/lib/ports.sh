# shellcheck shell=bash
# Free loopback ports. Sourced.

# Below the range from which the kernel takes ports for outgoing connections (32768 up, 16000 up in some sandboxes): a port from
# that range may be in use as an outgoing one when a server listens on it, or listens on it again.
readonly LOWEST_PORT=10000 PORTS=6000

# port_is_taken PORT: something accepts connections there.
port_is_taken() {
  (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# free_ports COUNT: as many different free ports, one a line.
free_ports() {
  local count=$1 port chosen=' '
  while ((count > 0)); do
    port=$((LOWEST_PORT + SRANDOM % PORTS))
    if [[ $chosen != *" $port "* ]] && ! port_is_taken "$port"; then
      chosen+="$port "
      printf '%s\n' "$port"
      count=$((count - 1))
    fi
  done
}

# answers PORT REQUEST PATTERN: the first bytes of the answer to REQUEST (a printf format) match PATTERN (a glob).
answers() {
  local port=$1 request=$2 pattern=$3 answer
  # The subshell's end closes the connection.
  answer=$(
    export LC_ALL=C
    exec 2>/dev/null 3<>"/dev/tcp/127.0.0.1/$port" || exit 1
    # shellcheck disable=SC2059 # a format on purpose: it holds \r, \n and \0
    printf "$request" >&3
    IFS= read -r -t 2 -n 12 -u 3 line
    printf '%s' "$line"
  ) || true
  # shellcheck disable=SC2053 # a pattern on purpose
  [[ $answer == $pattern ]]
}

# http_get PORT PATH: head and body of the answer.
http_get() (
  exec 2>/dev/null 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
  printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1:%s\r\n\r\n' "$2" "$1" >&3
  timeout 10 cat <&3
)

# is_well PORT PATH: the answer is 200.
is_well() {
  answers "$1" "GET $2 HTTP/1.0\r\nHost: 127.0.0.1:$1\r\n\r\n" 'HTTP/1.? 200'
}
