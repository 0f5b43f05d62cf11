#!/usr/bin/env bash
# Debian 12's fence-agents 4.12.1-1 (ClusterLabs), its own fence_dummy on a file; all agents of its Python library
#   alike.
#
# Expected: on standard input the argument "option" is "DEPRECATED; use action - same as action" (ClusterLabs,
#   "Fence Agent API", Attribute Specifications), so option=status asks whether the machine is on.
# Seen:     the library does not know "option" any more. It prints a warning, leaves the line out, falls back to the
#   default action, which is reboot, carries that out and exits 0, the very code that means "it is on".
# Exits 0 while that is so, 1 if it has changed, 2 if it cannot be tried here (it needs apt and Debian 12's package
#   list).
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
apt_get() { apt-get -qq -o APT::Sandbox::User=root "$@"; }       # its own user could not write to our folder
(cd "$work" && apt_get download fence-agents=4.12.1-1 && dpkg -x fence-agents_*.deb unpacked) ||
    { echo "Debian's fence-agents 4.12.1-1 cannot be fetched here (apt-get update?)."; exit 2; }
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check pexpect==4.9.0 pycurl==7.45.6 ||
    { echo "The packages cannot be installed here."; exit 2; }

ask() {     # gives the agent these lines on standard input; prints all that it says
    printf 'on' >"$work/plug"
    printf '%s\n' "$@" type=file "status_file=$work/plug" | PYTHONPATH="$work/unpacked/usr/share/fence" \
        timeout 60 "$work/venv/bin/python" "$work/unpacked/usr/sbin/fence_dummy" 2>&1 | grep . || true
}
action=$(ask action=status)
option=$(ask option=status)
echo "fence-agents 4.12.1-1 (Debian 12)"
echo 'expected: option=status does what action=status does ("Fence Agent API")'
while read -r line; do echo "seen:     action=status: $line"; done <<<"$action"
while read -r line; do echo "seen:     option=status: $line"; done <<<"$option"
if [[ "$action" != *"Status: ON"* || "$option" != *"unknown option 'option=status'"*"Success: Rebooted"* ]]; then
    echo "Changed: option=status is no longer left out in favour of a reboot."
    exit 1
fi
