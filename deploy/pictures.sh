#!/usr/bin/env bash
# Takes the pictures of the pages in docs/pictures anew, with real servers.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=deploy/lib/say.sh
. deploy/lib/say.sh
# shellcheck source=deploy/lib/own_servers.sh
. deploy/lib/own_servers.sh

own_servers pictures
say "building"
cargo build --locked --package postern --package simulator --features postern/failpoints
rm -f docs/pictures/*.png
cargo test --locked --package end-to-end --test end_to_end -- --ignored --exact console_pages::pictures
deploy/browser.sh shrink docs/pictures/*.png
say "the pictures are in docs/pictures"
