#!/usr/bin/env bash
# test_tools.sh: what some tests need beside Python, where this machine lets us install it: a compiler for the disk shim of
# tests/faults, curl for the README's walk. Never fails: without them those tests are skipped and say so.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/apt.sh"

command -v gcc >/dev/null 2>&1 && [ -e /usr/include/stdio.h ] && command -v curl >/dev/null 2>&1 && exit 0
if command -v apt-get >/dev/null 2>&1; then
    as_root >/dev/null && echo "Test tools: installing gcc libc6-dev curl"
    apt_install gcc libc6-dev curl && exit 0
fi
echo "Test tools: gcc, libc6-dev or curl is missing; going on, the tests that need them are skipped."
exit 0
