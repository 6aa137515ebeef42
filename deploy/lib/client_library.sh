# shellcheck shell=bash
# Libraries of other languages, in the versions of a lock file, installed into a directory. Sourced; needs say.sh and packages.sh.

# install_once DIRECTORY FILE COMMAND…: runs the command unless it has succeeded before with FILE as it is now. One at a time; a
# run that waited finds the work done.
install_once() {
  local directory=$1 file=$2
  mkdir -p "$directory"
  (
    flock 9
    ! cmp -s "$file" "$directory/installed" || exit 0
    "${@:3}" >"$directory/install.log" 2>&1 ||
      { tail -n 20 "$directory/install.log" >&2; fail "what $file names could not be installed"; }
    cp "$file" "$directory/installed"
  ) 9>"$directory/lock"
}

# find_node PREFIX: node and npm are on the path, from PREFIX where the machine has none.
find_node() {
  command -v node >/dev/null && command -v npm >/dev/null && return
  unpack_node "$1" >&2 || fail "Node.js and npm are needed: install them (on Debian, root can leave that to this script)"
  PATH=$1/bin:$PATH
}

# npm_install SOURCE PROGRAM DIRECTORY: the packages of SOURCE's lock file, and a link to SOURCE/PROGRAM beside them. The
# program runs with --preserve-symlinks-main, so that it finds them.
npm_install() {
  cp "$1/package.json" "$1/package-lock.json" "$3/" && ln -sfn "$1/$2" "$3/$2" &&
    npm ci --prefix "$3" --ignore-scripts --no-audit --no-fund
}
