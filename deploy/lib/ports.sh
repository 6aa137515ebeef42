# shellcheck shell=bash
# Free loopback ports. Sourced.

# Below the range the kernel takes ports for outgoing connections from (32768 up, 16000 up in some sandboxes): a port from
# that range may be somebody's outgoing one by the time a server listens on it or comes back to it.
readonly LOWEST_PORT=10000 PORTS=6000

# port_is_taken PORT: something accepts connections there.
port_is_taken() {
  (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# free_ports COUNT: as many different ports on which nobody listens, one a line.
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

# answers PORT REQUEST PATTERN: the server on PORT answers REQUEST (a printf format) with bytes that begin with PATTERN.
answers() {
  local port=$1 request=$2 pattern=$3 answer=''
  # The subshell's end closes the connection.
  answer=$(
    exec 2>/dev/null 3<>"/dev/tcp/127.0.0.1/$port" || exit 1
    # shellcheck disable=SC2059 # the request is a format on purpose: it holds \r, \n and \0
    printf "$request" >&3
    IFS= read -r -t 2 -n "${#pattern}" -u 3 line
    printf '%s' "$line"
  ) || true
  [[ $answer == "$pattern" ]]
}
