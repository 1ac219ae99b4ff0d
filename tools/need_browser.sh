#!/usr/bin/env bash
# Sees to it that Debian's chromium is there for the browser tests, or says loudly that they will be skipped.
set -euo pipefail

# The driver of the browser tests is a program of its own, which wants libatomic; a minimal Debian has none.
have_all() { command -v chromium >/dev/null && [[ $(ldconfig -p) == *libatomic.so.1* ]]; }

export PATH="$PATH:/usr/sbin:/sbin" # an ordinary user's may lack ldconfig
have_all && exit 0
if [[ $EUID -eq 0 ]] && command -v apt-get >/dev/null; then
  echo "Installing chromium for the browser tests …"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium libatomic1; } \
    >/dev/null || true
  have_all && exit 0
fi
cat <<'TEXT'
************************************************************************
*  chromium or libatomic1 is missing and cannot be installed from here:*
*  THE BROWSER TESTS WILL BE SKIPPED.                                  *
*  As root:  apt-get install chromium libatomic1                       *
************************************************************************
TEXT
[[ ${REQUIRE_BROWSER:-0} != 1 ]] || exit 1
