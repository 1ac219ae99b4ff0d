#!/usr/bin/env bash
# Sees to it that Debian's chromium is there for the browser tests, or says loudly that they will be skipped.
set -euo pipefail

find_chromium() { command -v chromium || command -v chromium-browser; }

find_chromium >/dev/null && exit 0
if [[ $EUID -eq 0 ]] && command -v apt-get >/dev/null; then
  echo "Installing chromium for the browser tests …"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } \
    >/dev/null || true
  find_chromium >/dev/null && exit 0
fi
cat <<'TEXT'
************************************************************************
*  chromium is not installed and could not be installed from here:     *
*  THE BROWSER TESTS WILL BE SKIPPED.                                  *
*  As root:  apt-get install chromium                                  *
************************************************************************
TEXT
[[ ${REQUIRE_BROWSER:-0} != 1 ]] || exit 1
