#!/usr/bin/env bash
# Calls every operation of an API as its OpenAPI document allows and forbids it, and checks each answer against the document:
# `TOKEN=… schemathesis.sh URL [OPTION…]`, with the URL of the document, a token of the API, and options of `schemathesis run`.
# schemathesis is put under .dev/ where it is missing. Exit status 1: an answer is a server's error (5xx) or not as documented.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here dev=${here%/*}/.dev
# shellcheck source=deploy/lib/say.sh
. "$here/lib/say.sh"
# shellcheck source=deploy/lib/packages.sh
. "$here/lib/packages.sh"
# shellcheck source=deploy/lib/client_library.sh
. "$here/lib/client_library.sh"

if [[ -z ${1:-} || -z ${TOKEN:-} ]]; then
  echo "usage: TOKEN=… $0 URL-OF-THE-OPENAPI-DOCUMENT [OPTION…]" >&2
  exit 2
fi

requirements=$here/lib/schemathesis-requirements.txt packages=$dev/schemathesis
find_python_for "$packages" "$requirements"
install_once "$packages" "$requirements" pip_install "$requirements" "$packages"
# It keeps what it found where it runs.
cd "$packages"
PYTHONPATH=$packages/site exec python3 -m schemathesis.cli --no-color --config-file "$here/lib/schemathesis.toml" run "$@"
