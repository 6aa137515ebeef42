#!/usr/bin/env bash
# Checks what .deny.toml requires of all dependencies: bans, licences, sources; and advisories where their database can be
# reached. cargo-deny is used where it is installed; otherwise it is built once into .dev/tools
# (one to two minutes on two cores; without optimisation, as it runs for seconds).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=deploy/lib/say.sh
. deploy/lib/say.sh

readonly VERSION=0.20.2 TOOLS=.dev/tools

deny=$(command -v cargo-deny || true)
if [[ -z $deny ]]; then
  deny=$TOOLS/bin/cargo-deny
  if [[ ! -x $deny ]]; then
    say "building cargo-deny $VERSION into $TOOLS (once; one to two minutes)"
    CARGO_PROFILE_DEV_DEBUG=false cargo install --quiet --locked --debug --version "$VERSION" --root "$TOOLS" --target-dir "$TOOLS/target" cargo-deny
    rm -rf "$TOOLS/target"
  fi
fi

# Duplicate versions are allowed with a warning; `cargo deny check bans` lists them.
"$deny" --log-level error --locked check bans licenses sources
if timeout 60 "$deny" --log-level off fetch db >/dev/null 2>&1; then
  "$deny" --log-level error --locked check --disable-fetch advisories
else
  say "advisories are not checked: their database cannot be reached"
fi
