#!/usr/bin/env bash
# card_stack.sh VENV: the PC/SC service, the virtual reader and pyscard, where this machine lets us install them.
# Never fails: without them the card is read in-process, and the programs say so.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/apt.sh"
venv=${1:?usage: card_stack.sh VENV}
packages="pcscd vsmartcard-vpcd swig libpcsclite-dev pkg-config gcc python3-dev"

has_service() { [ -x /usr/sbin/pcscd ] && [ -n "$(find /usr/lib -name 'libifdvpcd.so*' -print -quit 2>/dev/null)" ]; }
has_compiler() {
    command -v gcc >/dev/null && command -v swig >/dev/null && command -v pkg-config >/dev/null &&
        pkg-config --exists libpcsclite
}
has_pyscard() { "$venv/bin/python" -c 'import smartcard.scard' 2>/dev/null; }
goes_on() {
    echo "Card stack: $1; going on with the card in-process."
    exit 0
}

has_service && has_pyscard && exit 0
if ! has_service || ! has_compiler; then
    command -v apt-get >/dev/null 2>&1 || goes_on "only Debian and Ubuntu are set up by this script"
    as_root >/dev/null && echo "Card stack: installing $packages"
    # shellcheck disable=SC2086  # a list on purpose
    apt_install $packages || {
        echo "For the real card reader run this once, then repeat:"
        echo "  sudo apt-get install --no-install-recommends $packages"
        goes_on "not installed"
    }
fi
if ! has_pyscard; then
    echo "Card stack: compiling pyscard"
    # setuptools is in the environment already, so the build needs no second one.
    "$venv/bin/python" -m pip install -qq --no-deps --no-build-isolation -r "$here/../requirements-pcsc.lock" ||
        goes_on "pyscard did not compile (see above)"
fi
has_pyscard || goes_on "pyscard is installed and cannot be imported"
echo "Card stack: ready. vsmartcard-vpcd is a reader for test cards; keep it off production tills."
