#!/usr/bin/env bash
# postgres.sh: the PostgreSQL server for the tests of the second store, where this machine lets us install it.
# Never fails: without it those tests are skipped and say so. The book in SQLite needs none.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/apt.sh"
oldest=15 # older servers are refused by the book

has_server() {
    local version
    for folder in /usr/lib/postgresql/*/bin; do
        version=${folder#/usr/lib/postgresql/}
        version=${version%/bin}
        [ -x "$folder/initdb" ] && [ "${version%%.*}" -ge "$oldest" ] 2>/dev/null && return 0
    done
    return 1
}
goes_on() {
    echo "PostgreSQL: $1; going on without it, its tests are skipped."
    exit 0
}

has_server && exit 0
command -v apt-get >/dev/null 2>&1 || goes_on "only Debian and Ubuntu are set up by this script"
as_root >/dev/null && echo "PostgreSQL: installing postgresql"
apt_install postgresql || {
    echo "For the tests on PostgreSQL run this once, then repeat:"
    echo "  sudo apt-get install --no-install-recommends postgresql"
    goes_on "not installed"
}
has_server || goes_on "what this system offers is older than $oldest"
echo "PostgreSQL: ready. The tests start a server of their own; the one that Debian set up is not touched."
