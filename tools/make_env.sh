#!/usr/bin/env bash
# Builds the environment from the hash-locked requirements with Python's own venv and pip. Usage: make_env.sh FOLDER
# Does nothing when it was already built from the same lock, project file, place and Python.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$1
stamp=$venv/callboard-env

say() { printf '%s\n' "$*" >&2; }

find_python() {
  local name
  for name in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11; do
    if [[ -n $name ]] && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
  say "make env: Python 3.11 or newer was not found; install it, or name it: make env PYTHON=/path/to/python3"
  return 1
}

# Debian keeps the part of venv that brings pip in a package of its own.
need_venv() {
  "$python" -c 'import ensurepip, venv' 2>/dev/null && return
  local package
  package=python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv
  if [[ $EUID -eq 0 ]] && command -v apt-get >/dev/null; then
    say "Installing $package …"
    apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >&2
  else
    say "make env: this Python cannot build environments; ask an administrator for: apt-get install $package"
    return 1
  fi
}

python=$(find_python)
key=$(cat requirements.lock pyproject.toml | sha256sum; pwd -P; "$python" -VV)
[[ -x $venv/bin/python && -f $stamp && $(<"$stamp") == "$key" ]] && exit 0

need_venv
say "Building the environment in $venv (the first time this takes a minute or two) …"
rm -f "$stamp"
"$python" -m venv --clear "$venv"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
# The lock is complete, so nothing is resolved; and what has no wheel would need a compiler, so it is said at once.
"$venv/bin/python" -m pip install --quiet --no-deps --require-hashes --only-binary :all: --requirement requirements.lock
"$venv/bin/python" -m pip install --quiet --no-deps --no-build-isolation --editable .
printf '%s\n' "$key" >"$stamp"
