#!/usr/bin/env bash
# sanitize.sh asan|tsan: runs the tests under AddressSanitizer and UndefinedBehaviorSanitizer, or under ThreadSanitizer.
set -euo pipefail
cd "$(dirname "$0")/../.."
case ${1:-} in
asan | tsan) make --no-print-directory "test-$1" ;;
*)
    sed -n '2s/^# //p' "$0" >&2
    exit 64
    ;;
esac
