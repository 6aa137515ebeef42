# shellcheck shell=bash
# postern's demonstration: servers, the Salto KS simulator and two workers in one directory. Sourced, from the root of the
# checkout; needs say.sh, ports.sh and processes.sh.

readonly INTEGRATION=acme-utrecht
# The IQ on the simulated ground floor, with the front door and the rooms up to 12.
readonly IQ=1a1a1a1a-0001-4000-8000-000000000001

# stack_start DIR: everything runs and the IQ is activated; DIR/env is for using postern with it.
stack_start() {
  local dir=$1 ports worker
  deploy/services.sh start "$dir/services"
  # shellcheck source=/dev/null
  . "$dir/services/services.env"
  say "building (the first time takes a few minutes)"
  # The same build as for the tests, so that neither repeats the work of the other; a release build takes four times as long.
  cargo build --locked --package postern --package simulator
  say "built"

  mapfile -t ports < <(free_ports 4)
  write_environment "$dir" "${ports[@]}"
  # shellcheck source=/dev/null
  . "$dir/env"

  say "starting the Salto KS simulator: http://127.0.0.1:${ports[0]}"
  # Its page rings at doors; without TLS only.
  [[ $POSTERN_BROKER_URL != amqp://* ]] || export SIMULATOR_BROKER_URL=$POSTERN_BROKER_URL
  start_process "$dir" simulator salto-simulator --listen "127.0.0.1:${ports[0]}" --integration "$INTEGRATION"
  await "$dir" simulator is_well "${ports[0]}" /control/health

  say "starting two workers: they declare the queues and report when they are ready"
  for worker in 1 2; do
    POSTERN__HTTP__LISTEN=127.0.0.1:${ports[worker]} start_process "$dir" "worker-$worker" \
      postern --log-format human worker
  done
  for worker in 1 2; do
    await "$dir" "worker-$worker" is_well "${ports[worker]}" /readyz
  done

  say "listening to what postern publishes, as the booking system would"
  start_process "$dir" events postern tail --output json
  await "$dir" events grep -q listening "$dir/events.log"

  say "activating the IQ on the ground floor: Salto mails a PIN, which the operator types in"
  # The PIN comes by standard input, as from an operator; it is never on a command line.
  mailed_pin "${ports[0]}" | postern iq activate --integration "$INTEGRATION" --iq "$IQ" \
    >"$dir/activate.log" 2>&1 || fail "the activation failed: $(tail -n 3 "$dir/activate.log")"
}

# stack_console DIR: starts the console, on $CONSOLE_PORT.
stack_console() {
  local dir=$1
  say "starting the console: http://127.0.0.1:$CONSOLE_PORT"
  POSTERN__CONSOLE__LISTEN=127.0.0.1:$CONSOLE_PORT start_process "$dir" console postern --log-format human console
  await "$dir" console is_well "$CONSOLE_PORT" /sign-in
}

# await DIR NAME COMMAND…: waits until the command succeeds; fails when the process ends or after a minute.
await() {
  local dir=$1 name=$2
  shift 2
  until_true 60 settled "$dir" "$name" "$@" || fail "$name is not ready after a minute; see $dir/$name.log"
  runs "$dir" "$name" || fail "$name ended: $(tail -n 3 "$dir/$name.log")"
}

settled() {
  local dir=$1 name=$2
  shift 2
  ! runs "$dir" "$name" || "$@"
}

# write_environment DIR SIMULATOR_PORT WORKER_PORT WORKER_PORT CONSOLE_PORT: DIR/env, to be sourced; for this user alone, since it
# holds a key. Sets `console_password`, of which it holds the hash.
write_environment() {
  local dir=$1 target=${CARGO_TARGET_DIR:-$PWD/target} key hash
  key=$(head -c 32 /dev/urandom | base64)
  console_password=$(head -c 12 /dev/urandom | base64)
  hash=$("$target/debug/postern" console hash-password <<<"$console_password")
  (umask 077 && cat >"$dir/env") <<ENV
export PATH="$target/debug:\$PATH"
export POSTERN_CONFIG='$PWD/deploy/demo.toml'
export POSTERN_SECRETS_KEY='$key'
export CONSOLE_PASSWORD_HASH='$hash'
export POSTERN__BROKER__URL='$POSTERN_BROKER_URL'
export POSTERN__REDIS__URL='$POSTERN_REDIS_URL'
export POSTERN__REDIS__KEY_PREFIX='postern-${dir##*/}-$RANDOM:'
export POSTERN__SALTO__ENVIRONMENTS__SIMULATOR__IDENTITY_URL=http://127.0.0.1:$2
export POSTERN__SALTO__ENVIRONMENTS__SIMULATOR__API_URL=http://127.0.0.1:$2
export POSTERN__SALTO__ENVIRONMENTS__SIMULATOR__EVENTS_URL=http://127.0.0.1:$2
export SIMULATOR_PORT=$2
export CONSOLE_PORT=$5
ENV
}

# mailed_pin PORT: the newest PIN in the simulator's mailbox, as soon as there is one.
mailed_pin() {
  local until=$((SECONDS + 30)) mail
  while ((SECONDS < until)); do
    mail=$(http_get "$1" /control/mailbox | grep -o '{[^{}]*}' | grep "$IQ" | tail -n 1) || true
    if [[ $mail =~ \"pin\":\"([0-9]{4})\" ]]; then
      printf '%s\n' "${BASH_REMATCH[1]}"
      return
    fi
    sleep 0.1
  done
  return 1
}

# stack_stop DIR: stops the workers in order, then the rest.
stack_stop() {
  local dir=$1
  stop_processes "$dir" 20
  deploy/services.sh stop "$dir/services"
}
