#!/usr/bin/env bash
# Style, types and layers. All of them run, so that one run tells of everything. Usage: lint.sh VENV_BIN_FOLDER
set -uo pipefail
cd "$(dirname "$0")/.."
bin=$1
status=0
"$bin/ruff" check . || status=1
"$bin/ruff" format --check . || status=1
"$bin/mypy" || status=1
"$bin/lint-imports" || status=1
exit $status
