#!/usr/bin/env bash
# lint.sh: formatting, clang-tidy, shell scripts, the walls between the rooms, and these workflows.
set -euo pipefail
cd "$(dirname "$0")/../.."
make --no-print-directory lint
tests/guide/files.py workflows "$PWD"
