#!/usr/bin/env bash
# Runs an example of a publisher (docs/publishing.md): `BROKER_URL=amqp://… examples.sh python|node|php`. What it needs is put
# under .dev/ where it is missing: the language, and the client library in the version that the example names; for PHP the
# library of Debian's package php-amqplib.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly root dev=$root/.dev examples=$root/examples
# shellcheck source=deploy/lib/say.sh
. "$root/deploy/lib/say.sh"
# shellcheck source=deploy/lib/packages.sh
. "$root/deploy/lib/packages.sh"
# shellcheck source=deploy/lib/client_library.sh
. "$root/deploy/lib/client_library.sh"

run_python() {
  local requirements=$examples/python/requirements.txt packages=$dev/example-python
  find_python_for "$packages" "$requirements"
  install_once "$packages" "$requirements" pip_install "$requirements" "$packages"
  PYTHONPATH=$packages/site PYTHONDONTWRITEBYTECODE=1 exec python3 "$examples/python/open_door.py"
}

run_node() {
  local source=$examples/node packages=$dev/example-node
  find_node
  install_once "$packages" "$source/package-lock.json" npm_install "$source" open-door.mjs "$packages"
  exec node --preserve-symlinks-main "$packages/open-door.mjs"
}

run_php() {
  if ! php -r 'require "PhpAmqpLib/autoload.php";' >/dev/null 2>&1; then
    unpack_php "$dev/php" >&2 || fail "PHP and php-amqplib are needed: install Debian's packages php-cli and php-amqplib (on \
Debian, root can leave that to this script)"
    PATH=$dev/php/bin:$PATH
  fi
  exec php "$examples/php/open_door.php"
}

case "${1:-}" in
python | node | php) "run_$1" ;;
*)
  echo "usage: BROKER_URL=amqp://… $0 python | node | php" >&2
  exit 2
  ;;
esac
