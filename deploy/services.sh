#!/usr/bin/env bash
# RabbitMQ and Redis for the demo, for tests and for trials.
#
#   services.sh start DIR                  writes DIR/services.env; every server that it starts has its files in DIR
#   services.sh start DIR --own-servers    also requires server programs that tests can start and kill
#   services.sh stop DIR                   stops what `start` started, and nothing else
#
# In this order: running ones named by POSTERN_BROKER_URL and POSTERN_REDIS_URL; installed programs, started privately on
# free loopback ports; Docker Compose, where an engine answers; Debian's packages, unpacked under .dev/ (nothing is
# installed).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=deploy/lib/say.sh
. "$here/lib/say.sh"
# shellcheck source=deploy/lib/ports.sh
. "$here/lib/ports.sh"
# shellcheck source=deploy/lib/processes.sh
. "$here/lib/processes.sh"
# shellcheck source=deploy/lib/packages.sh
. "$here/lib/packages.sh"

readonly unpacked=${here%/*}/.dev/servers

# find_servers: sets rabbitmq_server and redis_server to installed programs, or leaves them empty.
find_servers() {
  local candidate
  rabbitmq_server='' redis_server=''
  # The inner script: the wrapper on the path would change the user.
  for candidate in "${POSTERN_RABBITMQ_SERVER:-}" /usr/lib/rabbitmq/bin/rabbitmq-server \
    /opt/rabbitmq/sbin/rabbitmq-server /usr/local/sbin/rabbitmq-server "$unpacked/bin/rabbitmq-server"; do
    if [[ -x $candidate ]] && { [[ $candidate == "$unpacked"/* ]] || command -v erl >/dev/null; }; then
      rabbitmq_server=$candidate
      break
    fi
  done
  for candidate in "${POSTERN_REDIS_SERVER:-}" "$(command -v redis-server || true)" "$unpacked/bin/redis-server"; do
    if [[ -x $candidate ]]; then
      redis_server=$candidate
      break
    fi
  done
}

# want_servers: programs for both are installed or can be unpacked.
want_servers() {
  find_servers
  [[ $rabbitmq_server && $redis_server ]] && return
  unpack_servers "$unpacked" && find_servers && [[ $rabbitmq_server && $redis_server ]]
}

docker_answers() {
  [[ -z ${POSTERN_WITHOUT_DOCKER:-} ]] && docker compose version >/dev/null 2>&1 && docker info >/dev/null 2>&1
}

rabbitmq_is_up() {
  answers "$1" 'AMQP\0\0\11\1' $'\x01*' && is_well "$2" /
}

start_rabbitmq() {
  local dir=$1 try ports
  for try in 1 2 3; do
    mapfile -t ports < <(free_ports 4)
    say "starting RabbitMQ on 127.0.0.1:${ports[0]} (about six seconds)"
    POSTERN_RABBITMQ_SERVER=$rabbitmq_server start_process "$dir" "rabbitmq-$try" \
      "$here/rabbitmq-node.sh" "$dir/rabbitmq-$try" "${ports[@]}"
    # Another run may have taken a port meanwhile: then the server ends, and other ports are tried.
    until_true 60 rabbitmq_settled "$dir" "rabbitmq-$try" "${ports[@]:0:2}" || true
    if rabbitmq_is_up "${ports[@]:0:2}" && runs "$dir" "rabbitmq-$try"; then
      broker_url="amqp://guest:guest@127.0.0.1:${ports[0]}/%2f"
      management_url="http://guest:guest@127.0.0.1:${ports[1]}"
      return
    fi
  done
  fail "RabbitMQ does not start; its output is in $dir/rabbitmq-$try.log"
}

rabbitmq_settled() {
  ! runs "$1" "$2" || rabbitmq_is_up "$3" "$4"
}

start_redis() {
  local dir=$1 try port
  for try in 1 2 3; do
    port=$(free_ports 1)
    say "starting Redis on 127.0.0.1:$port"
    mkdir -p "$dir/redis-$try"
    start_process "$dir" "redis-$try" "$redis_server" --port "$port" --bind 127.0.0.1 \
      --dir "$dir/redis-$try" --appendonly yes --save '' --maxmemory-policy noeviction --daemonize no
    until_true 20 redis_settled "$dir" "redis-$try" "$port" || true
    if answers "$port" 'PING\r\n' '+PONG*' && runs "$dir" "redis-$try"; then
      redis_url="redis://127.0.0.1:$port/0"
      return
    fi
  done
  fail "Redis does not start; its output is in $dir/redis-$try.log"
}

redis_settled() {
  ! runs "$1" "$2" || answers "$3" 'PING\r\n' '+PONG*'
}

compose() {
  docker compose --project-name "postern-$(cksum <<<"$1" | cut -d ' ' -f 1)" --file "$here/compose.yaml" "${@:2}"
}

# with_docker DIR: both servers as containers on ports that Docker chooses.
with_docker() {
  local dir=$1
  say "starting RabbitMQ and Redis with Docker Compose"
  : >"$dir/compose"
  compose "$dir" up --detach --wait rabbitmq redis >"$dir/compose.log" 2>&1 ||
    fail "Docker Compose failed; its output is in $dir/compose.log"
  : "${broker_url:=amqp://guest:guest@$(compose "$dir" port rabbitmq 5672)/%2f}"
  : "${management_url:=http://guest:guest@$(compose "$dir" port rabbitmq 15672)}"
  : "${redis_url:=redis://$(compose "$dir" port redis 6379)/0}"
}

# management_of URL: RabbitMQ's usual management address beside an AMQP address.
management_of() {
  local rest=${1#*://}
  rest=${rest%%/*}
  printf 'http://%s:15672' "${rest%:*}"
}

start() {
  local dir=$1 own_servers=${2:-}
  mkdir -p "$dir"
  dir=$(cd "$dir" && pwd)
  # A part of the servers is of no use.
  trap 'stop "$dir"' EXIT
  broker_url=${POSTERN_BROKER_URL:-} redis_url=${POSTERN_REDIS_URL:-}
  management_url=${POSTERN_BROKER_MANAGEMENT_URL:-${broker_url:+$(management_of "$broker_url")}}
  [[ -z $broker_url ]] || say "using the RabbitMQ that POSTERN_BROKER_URL names"
  [[ -z $redis_url ]] || say "using the Redis that POSTERN_REDIS_URL names"

  find_servers
  if [[ $own_servers ]]; then
    want_servers || fail "the tests start and kill RabbitMQ and Redis themselves and need their programs: install \
rabbitmq-server and redis-server (on Debian, root can leave that to this script)"
  fi
  [[ $broker_url || -z $rabbitmq_server ]] || start_rabbitmq "$dir"
  [[ $redis_url || -z $redis_server ]] || start_redis "$dir"
  if [[ -z $broker_url || -z $redis_url ]]; then
    if docker_answers; then
      with_docker "$dir"
    elif want_servers; then
      [[ $broker_url ]] || start_rabbitmq "$dir"
      [[ $redis_url ]] || start_redis "$dir"
    else
      fail "no RabbitMQ or no Redis: install rabbitmq-server and redis-server, or start Docker, or run this as root on \
Debian, or name running ones in POSTERN_BROKER_URL (amqp://user:password@host:5672/%2f) and POSTERN_REDIS_URL \
(redis://host:6379/0)"
    fi
  fi

  # The addresses may hold credentials.
  (umask 077 && cat >"$dir/services.env") <<ENV
export POSTERN_BROKER_URL='$broker_url'
export POSTERN_BROKER_MANAGEMENT_URL='$management_url'
export POSTERN_REDIS_URL='$redis_url'
export POSTERN_RABBITMQ_SERVER='$rabbitmq_server'
export POSTERN_RABBITMQ_NODE='$here/rabbitmq-node.sh'
export POSTERN_REDIS_SERVER='$redis_server'
ENV
  trap - EXIT
}

stop() {
  local dir=$1
  [[ -d $dir ]] || return 0
  dir=$(cd "$dir" && pwd)
  stop_processes "$dir" 0
  if [[ -f $dir/compose ]]; then
    compose "$dir" down --volumes >>"$dir/compose.log" 2>&1 || say "docker compose down failed, see $dir/compose.log"
  fi
  rm -f "$dir/compose" "$dir/services.env"
}

case "${1:-} ${2:-}" in
"start "?*) start "$2" "${3:-}" ;;
"stop "?*) stop "$2" ;;
*)
  echo "usage: $0 start DIR [--own-servers] | stop DIR" >&2
  exit 2
  ;;
esac
