# Sourced by the other scripts: install Debian packages where that is allowed, and say what to type where it is not.

# Print how to become root without being asked ("" for root, "sudo -n"), or fail.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        echo ""
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        echo "sudo -n"
    else
        return 1
    fi
}

# apt_install PACKAGE...: quiet; on failure print the end of apt's own words and return 1.
apt_install() {
    local root log
    command -v apt-get >/dev/null 2>&1 || return 1
    root=$(as_root) || return 1
    log=$(mktemp)
    apt_try() {
        # A fresh machine runs its own upgrade in the background: wait for its lock rather than fail.
        $root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" >>"$log" 2>&1 </dev/null
    }
    # The lists may be missing or old; they are fetched only when the first try fails.
    if apt_try install --no-install-recommends "$@" ||
        { apt_try update && apt_try install --no-install-recommends "$@"; }; then
        rm -f "$log"
        return 0
    fi
    tail -n 5 "$log" >&2
    rm -f "$log"
    return 1
}
