# Set-up that client/tour and tests/run share, for a bare Debian: sourced by a POSIX shell. Says what it
# does before it does it, and does nothing that is done already.
# shellcheck shell=sh

setup_fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

# Which of the packages are not installed?
setup_missing() {
    for setup_package; do
        case $(dpkg-query -W -f '${db:Status-Abbrev}' "$setup_package" 2>/dev/null) in
            ii*) ;;
            *) printf ' %s' "$setup_package" ;;
        esac
    done
}

setup_as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        env DEBIAN_FRONTEND=noninteractive "$@"
    else
        sudo env DEBIAN_FRONTEND=noninteractive "$@"
    fi
}

# A command whose output is of interest only if it fails.
setup_quietly() {
    setup_log=$(mktemp)
    if "$@" >"$setup_log" 2>&1 </dev/null; then
        rm -f "$setup_log"
        return 0
    fi
    cat "$setup_log" >&2
    rm -f "$setup_log"
    setup_fail "failed: $*"
}

# need_packages PACKAGE...: installs those that are missing.
need_packages() {
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        printf '%s\n' "This is no Debian: I go on and trust that the likes of these are there: $*"
        return 0
    fi
    setup_wanted=$(setup_missing "$@")
    [ -n "$setup_wanted" ] || return 0
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        setup_fail "These packages are missing:$setup_wanted
Run this as root, or as a user with sudo, or install them first."
    fi
    printf '%s\n' "Installing with apt-get:$setup_wanted"
    setup_quietly setup_as_root apt-get -q -o DPkg::Lock::Timeout=300 update
    # The list is meant to be split into words.
    # shellcheck disable=SC2086
    setup_quietly setup_as_root apt-get -q -y -o DPkg::Lock::Timeout=300 \
        install --no-install-recommends $setup_wanted
}
