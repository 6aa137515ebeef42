#!/usr/bin/env bash
# Runs one private RabbitMQ node in the foreground: loopback only, nothing outside its directory, with its own epmd that ends
# with it. SIGTERM stops it in order; SIGKILL to the process group acts as a power cut. Started again with the same
# arguments it has the same ports and the same data.
#
#   rabbitmq-node.sh DIR AMQP_PORT MANAGEMENT_PORT DISTRIBUTION_PORT EPMD_PORT
#
# Nodes of a cluster also get the AMQP ports of all its nodes. Their directories are beside each other, and they
# share an epmd that outlives each of them and is started first:
#
#   rabbitmq-node.sh DIR AMQP_PORT MANAGEMENT_PORT DISTRIBUTION_PORT EPMD_PORT AMQP_PORT_OF_EACH…
#   rabbitmq-node.sh epmd EPMD_PORT
#
# To run rabbitmqctl against a running single node:
#
#   rabbitmq-node.sh ctl DIR AMQP_PORT EPMD_PORT ARGUMENT…
#
# POSTERN_RABBITMQ_SERVER names the server's own script (the inner one: the wrapper that Debian puts into /usr/sbin
# becomes the user rabbitmq, which owns no files here).
set -euo pipefail

if [[ -z ${POSTERN_RABBITMQ_SERVER:-} ]] || { (($# < 5)) && [[ $# != 2 || $1 != epmd ]]; }; then
  echo "usage: POSTERN_RABBITMQ_SERVER=… $0 DIR AMQP_PORT MANAGEMENT_PORT DISTRIBUTION_PORT EPMD_PORT \
[AMQP_PORT_OF_EACH…] | epmd EPMD_PORT | ctl DIR AMQP_PORT EPMD_PORT ARGUMENT…" >&2
  exit 2
fi

# An unpacked server has its Erlang beside it; elsewhere epmd is beside erl where it is not on the path.
export PATH=${POSTERN_RABBITMQ_SERVER%/*}:$PATH
epmd=$(command -v epmd) || epmd=$(dirname "$(readlink -f "$(command -v erl)")")/epmd
export ERL_EPMD_ADDRESS=127.0.0.1
if [[ $1 == ctl ]]; then
  export HOME=$2 ERL_EPMD_PORT=$4 ERL_INETRC=$2/inetrc RABBITMQ_CONF_ENV_FILE=/dev/null
  export RABBITMQ_CTL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}'
  exec "${POSTERN_RABBITMQ_SERVER%/*}/rabbitmqctl" --node "postern-$3@localhost" "${@:5}"
fi
export ERL_EPMD_PORT=${5:-$2}
if [[ $1 == epmd ]]; then
  exec "$epmd"
fi

mkdir -p "$1"
dir=$(cd "$1" && pwd)
members=("${@:6}")

# A private home holds the private cookie; in a cluster it is one for all.
export HOME=$dir
((${#members[@]} == 0)) || HOME=$(dirname "$dir")
if [[ ! -f $HOME/.erlang.cookie ]]; then
  (umask 377 && head -c 18 /dev/urandom | base64 | tr -d '/+=\n' >"$dir/cookie")
  # The first of several nodes that start at once creates it, whole: no node reads half a cookie.
  ln "$dir/cookie" "$HOME/.erlang.cookie" 2>/dev/null || true
  rm -f "$dir/cookie"
fi

cat >"$dir/rabbitmq.conf" <<CONF
listeners.tcp.1 = 127.0.0.1:$2
management.tcp.ip = 127.0.0.1
management.tcp.port = $3
disk_free_limit.absolute = 50MB
log.console = false
CONF
if ((${#members[@]} > 0)); then
  echo 'cluster_formation.peer_discovery_backend = classic_config'
  # One node is first and looks for the others ten times.
  echo 'cluster_formation.discovery_retry_interval = 100'
  for number in "${!members[@]}"; do
    echo "cluster_formation.classic_config.nodes.$((number + 1)) = postern-${members[number]}@localhost"
  done
fi >>"$dir/rabbitmq.conf"
echo '[rabbitmq_management].' >"$dir/enabled_plugins"
# The node's own name must resolve, also where /etc/hosts does not say how.
echo '{host, {127,0,0,1}, ["localhost"]}. {lookup, [file, native]}.' >"$dir/inetrc"

# Overrides everything that /etc/rabbitmq or the environment could set.
unset RABBITMQ_USE_LONGNAME RABBITMQ_PID_FILE NOTIFY_SOCKET
export RABBITMQ_CONF_ENV_FILE=/dev/null
export RABBITMQ_CONFIG_FILE=$dir/rabbitmq.conf
export RABBITMQ_ADVANCED_CONFIG_FILE=$dir/none.config
export RABBITMQ_ENABLED_PLUGINS_FILE=$dir/enabled_plugins
export RABBITMQ_NODENAME=postern-$2@localhost
export RABBITMQ_NODE_PORT=$2
export RABBITMQ_DIST_PORT=$4
export RABBITMQ_MNESIA_BASE=$dir/data
export RABBITMQ_LOG_BASE=$dir/log
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}'
export ERL_INETRC=$dir/inetrc
export ERL_CRASH_DUMP=$dir/erl_crash.dump
# Makes the script become the server instead of waiting beside it.
export RUNNING_UNDER_SYSTEMD=true

# Without this, Erlang would start epmd as a daemon that stays.
epmd_pid=
if ((${#members[@]} == 0)); then
  "$epmd" &
  epmd_pid=$!
fi
until "$epmd" -names >/dev/null 2>&1; do
  [[ -z $epmd_pid ]] || kill -0 "$epmd_pid" 2>/dev/null || { echo "epmd ended: is port $5 taken?" >&2 && exit 1; }
  sleep 0.02
done

"$POSTERN_RABBITMQ_SERVER" &
server_pid=$!
trap 'kill -TERM "$server_pid" 2>/dev/null || true' TERM INT HUP

# A trapped signal ends a wait early, so wait until the server is really gone.
status=0
while kill -0 "$server_pid" 2>/dev/null; do
  status=0
  wait "$server_pid" || status=$?
done
if [[ $epmd_pid ]]; then
  kill -TERM "$epmd_pid" 2>/dev/null || true
  wait "$epmd_pid" 2>/dev/null || true
fi
exit "$status"
