#!/usr/bin/env bash
# make_venv.sh DIR: an empty virtual environment of Python 3.11 or later in DIR; one that is there is kept.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/apt.sh"
dir=${1:?usage: make_venv.sh DIR}

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

if [ -x "$dir/bin/python" ] && new_enough "$dir/bin/python" && "$dir/bin/python" -m pip --version >/dev/null 2>&1; then
    exit 0
fi
python=""
for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
    if new_enough "$candidate"; then python=$candidate && break; fi
done
if [ -z "$python" ]; then
    echo "No Python 3.11 or later was found. Install one, or name it: make PYTHON=/path/to/python3 ..." >&2
    exit 1
fi
if [ -e "$dir" ] && [ ! -e "$dir/pyvenv.cfg" ]; then
    echo "$dir exists and is not a virtual environment; name another: make VENV=DIR ..." >&2
    exit 1
fi
echo "Making $dir with $("$python" --version)"
if ! "$python" -m venv --clear "$dir" >/dev/null 2>&1; then
    # Debian splits the module from the interpreter; the half-made folder is cleared by the second try.
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    echo "Python's venv module is incomplete; installing python3-venv"
    apt_install python3-venv "python$version-venv" || apt_install python3-venv || {
        echo "Run this once, then try again:  sudo apt-get install python3-venv" >&2
        exit 1
    }
    "$python" -m venv --clear "$dir"
fi
