#!/usr/bin/env bash
# Installs what Tamis is built from. Everything is checked first: a machine that has it all is left alone, without
# the network, in well under a second.
#
#   tools/setup.sh         what building takes (tools/packages.txt, requirements.txt, package.json)
#   tools/setup.sh demo    the same
#   tools/setup.sh test    and what the tests take (tools/packages-test.txt)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
log=build/setup.log

fail() {
  echo "tools/setup.sh: $*" >&2
  exit 1
}

# Runs a command, once more after a pause if it fails; its output goes to the log.
twice() {
  mkdir -p build
  echo "== $*" >>"$log"
  "$@" >>"$log" 2>&1 && return
  sleep "${TAMIS_SETUP_PAUSE:-5}"
  "$@" >>"$log" 2>&1
}

# The packages of the given lists that are not installed, or older than the list asks.
missing_packages() {
  local name least installed
  declare -A have=()
  while read -r name installed; do
    have[$name]=$installed
  done < <(grep -hvE '^(#|$)' "$@" | awk '{print $1}' | xargs dpkg-query -W -f \
    '${binary:Package} ${db:Status-Status} ${Version}\n' 2>/dev/null | awk '$2 == "installed" {sub(/:.*/, "", $1); print $1, $3}')
  while read -r name least; do
    installed=${have[$name]:-}
    if [[ -z $installed ]] || ! dpkg --compare-versions "$installed" ge "$least"; then echo "$name"; fi
  done < <(grep -hvE '^(#|$)' "$@")
}

install_packages() {
  local command="apt-get install --no-install-recommends $*"
  local as_root=()
  command -v apt-get >/dev/null || fail "this machine has no apt-get; install what these Debian packages hold: $*"
  if [[ $(id -u) != 0 ]]; then
    command -v sudo >/dev/null || fail "neither root nor sudo; let an administrator run: $command"
    as_root=(sudo)
  fi
  echo "tools/setup.sh: installing $# Debian packages: $*" >&2
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a
    apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold)
  # A source that cannot be reached need not be the one these packages come from: only the install decides.
  twice "${apt[@]}" update || echo "tools/setup.sh: apt-get update failed, going on with the lists at hand" >&2
  twice "${apt[@]}" install --no-install-recommends "$@" ||
    fail "could not install the Debian packages (see $log); check the network, or run: $command"
}

setup_packages() {
  if ! command -v dpkg-query >/dev/null; then
    echo "tools/setup.sh: not a Debian machine, packages are not checked; needed: $(grep -hvE '^(#|$)' "$@" | awk '{printf "%s ", $1}')" >&2
    return
  fi
  local missing
  mapfile -t missing < <(missing_packages "$@")
  command -v npm >/dev/null || missing+=(npm)
  ((${#missing[@]} == 0)) && return
  if ! grep -qs '^VERSION_ID="12"' /etc/os-release || ! grep -qs '^ID=debian' /etc/os-release; then
    echo "tools/setup.sh: this is not Debian 12, whose packages the versions are pinned to; trying all the same" >&2
  fi
  install_packages "${missing[@]}"
}

# A stamp written last tells a finished .venv from one that was interrupted.
setup_wheels() {
  local stamp=.venv/requirements.installed
  if cmp -s requirements.txt "$stamp" && .venv/bin/python -c '' 2>/dev/null; then return; fi
  echo "tools/setup.sh: installing the wheels of requirements.txt into .venv" >&2
  # The system's own python3: another one, first in PATH, may lack venv or be too new for the pinned wheels.
  mkdir -p build
  .venv/bin/python -c '' 2>/dev/null || /usr/bin/python3 -m venv --clear .venv >>"$log" 2>&1 ||
    fail "could not make .venv with /usr/bin/python3 (see $log)"
  twice .venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt ||
    fail "could not install the wheels of requirements.txt (see $log); check the network"
  cp requirements.txt "$stamp"
}

# npm writes node_modules/.package-lock.json last.
setup_scripts() {
  local wanted
  wanted=$(sed -n 's/.*"echarts": "\([0-9.]*\)".*/\1/p' package.json)
  [[ -n $wanted ]] || fail "package.json does not pin echarts"
  if [[ -f node_modules/.package-lock.json && -f node_modules/echarts/dist/echarts.min.js ]] &&
    grep -qF "\"version\": \"$wanted\"" node_modules/echarts/package.json; then
    return
  fi
  echo "tools/setup.sh: installing ECharts $wanted into node_modules" >&2
  twice npm ci --no-audit --no-fund --ignore-scripts ||
    fail "could not install ECharts from npm (see $log); check the network"
}

case ${1:-demo} in
  demo) setup_packages tools/packages.txt ;;
  test) setup_packages tools/packages.txt tools/packages-test.txt ;;
  *) fail "unknown argument \"$1\"; accepted: demo, test" ;;
esac
setup_wheels
setup_scripts
