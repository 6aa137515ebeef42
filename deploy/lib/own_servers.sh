# shellcheck shell=bash
# A private RabbitMQ and Redis for one run, stopped with it. Sourced, after say.sh, from the top directory.

# own_servers NAME [keep]: starts them below .dev and exports their addresses. They are stopped and removed however the run
# ends. With `keep`, a run that fails leaves their logs.
own_servers() {
  own_servers_dir=.dev/$1-$$ own_servers_keep=${2:-}
  trap end_own_servers EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  deploy/services.sh start "$own_servers_dir" --own-servers
  # shellcheck source=/dev/null
  . "$own_servers_dir/services.env"
}

end_own_servers() {
  local status=$?
  trap '' INT TERM
  deploy/services.sh stop "$own_servers_dir"
  if ((status)) && [[ $own_servers_keep ]]; then
    say "failed with status $status; the servers' logs are in $own_servers_dir" >&2
  else
    rm -rf "$own_servers_dir"
  fi
  exit "$status"
}
