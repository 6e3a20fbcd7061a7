#!/usr/bin/env bash
# install.sh in a bare Debian 12 root, with a stand-in for the binary and for systemctl.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/support/support.sh"

root=''
make_bare || exit 0
work=$(mktemp -d "$checkout/.build/install-test.XXXXXX")
trap 'rm -rf "$work"' EXIT

owner_and_mode() {
    local is
    is=$(chroot "$root" stat -c '%U %a' "$1")
    [[ $is == "$2" ]] || { printf '%s is %s, not %s\n' "$1" "$is" "$2"; return 1; }
}
line_of() { grep -c "$1" "$root/var/lib/rollcall/rollcall.sqlite" || true; }

# -------- no systemd

fresh_root plain
fake 1.0
installs() {
    inside "/dist/install.sh --port 9001 --tls off" && said "Rollcall 1.0 is installed" &&
        said "setup code, which the first page asks for: 123-456" && said ":9001/" && owner_and_mode /var/lib/rollcall "rollcall 700" &&
        owner_and_mode /usr/local/bin/rollcall "root 755" &&
        owner_and_mode /var/lib/rollcall/rollcall.sqlite "rollcall 600"
}
printed_command_serves() {
    local start
    start=$(sed -n 's/^ *\(setpriv .*\)/\1/p' "$root/out")
    [[ -n $start ]] && inside "$start & sleep 1
        exec 3<>/dev/tcp/127.0.0.1/9001; echo >&3; cat <&3; stat -c %U /proc/\$!" && said "200 OK" && said rollcall
}
second_run() {
    inside /dist/install.sh && said "1.0 is up to date" && said ":9001/" && ! said "setup code" &&
        [[ ! -e $root/usr/local/bin/rollcall.previous && ! -e $root/var/lib/rollcall/.before-upgrade ]] &&
        [[ $(line_of "made by") == 1 ]]
}
running_without_systemd() {
    ends 75 inside "/usr/local/bin/rollcall serve --data /var/lib/rollcall --port 9001 & sleep 0.5; /dist/install.sh" &&
        said "Rollcall is running (process" && said "kill "
}
upgrade() {
    fake 2.0
    inside /dist/install.sh && said "upgraded from 1.0 to 2.0" &&
        [[ $("$root/usr/local/bin/rollcall.previous" --version) == 1.0 ]]
}
uninstall() {
    inside "/dist/install.sh --uninstall" && said "/var/lib/rollcall" && [[ ! -e $root/usr/local/bin/rollcall ]] &&
        [[ -s $root/var/lib/rollcall/rollcall.sqlite ]] && inside "/dist/install.sh --uninstall" && said "not installed"
}
back_again() { inside /dist/install.sh && said ":9001/" && ! said "setup code" && [[ $(line_of "made by") == 1 ]]; }

check "a bare box without systemd gets program, user, data, code and address" installs
check "the command it prints starts the server as its own user" printed_command_serves
check "a second run changes nothing and keeps the port" second_run
check "a running server without systemd is named, not disturbed" running_without_systemd
check "a newer program replaces the old one and keeps it" upgrade
check "--uninstall removes the program and keeps the data" uninstall
check "an install after that finds the data and the settings again" back_again

# -------- refusals

fresh_root refusals
fake 1.0
untouched() { [[ ! -e $root/usr/local/bin/rollcall && ! -e $root/etc/rollcall.conf ]] && ! grep -q rollcall "$root/etc/passwd"; }
busy_port() {
    ends 75 inside "cp /dist/rollcall /dist/other; /dist/other serve --data /tmp --port 8443 & sleep 0.5; /dist/install.sh" &&
        said "Port 8443 is taken by other (process" && said "--port" && untouched
}
odd_settings() {
    local words
    for words in "--port 0" "--port 70000" "--port x" "--host my-box" "--data relative" "--data /home/me/data" \
        "--data /srv/../etc" "--prefix '/a b'" "--tls maybe"; do
        ends 64 inside "/dist/install.sh $words" || { echo "$words"; return 1; }
        untouched || { echo "$words changed something"; return 1; }
    done
    ends 66 inside "/dist/install.sh --tls /a.pem:/b.pem"
}
foreign_folder() {
    ends 73 inside "/dist/install.sh --data /etc" && said "holds other things" && owner_and_mode /etc "root 755"
}
full_disk() {
    ends 74 inside "mount -t tmpfs -o size=1m tmpfs /usr/local && /dist/install.sh" && said "Not enough disk space" &&
        ends 74 inside "mount -t tmpfs -o size=9m tmpfs /var/lib && /dist/install.sh" && said "for the data" && untouched
}
wrong_machine() {
    printf '\x7fELF not for here' >"$root/dist/rollcall"
    ends 70 inside /dist/install.sh && said "does not start on this machine" && untouched
}
no_binary() {
    rm "$root/dist/rollcall"
    ends 66 inside /dist/install.sh && said "no rollcall binary" && untouched
}
# Swift's own libraries are among the packages: on a bare box it does not even say its version.
packages_before_swift() {
    touch "$root/dist/Package.swift"
    printf '#!/bin/sh\n[ -e /tmp/asked ] && echo "Swift version 5.1"\n' >"$root/usr/local/bin/swift"
    printf '#!/bin/sh\ncase "$*" in *libcurl4*) touch /tmp/asked ;; esac\n' >"$root/usr/local/bin/apt-get"
    chmod 0755 "$root/usr/local/bin/swift" "$root/usr/local/bin/apt-get"
    ends 69 inside /dist/install.sh && said "Installing" && said "Swift 5.1 is too old" && untouched
}

check "a busy port is named with its program, and nothing is changed" busy_port
check "settings that cannot work are refused before anything is done" odd_settings
check "a folder that holds other things is left alone" foreign_folder
check "a full disk is said before anything is done" full_disk
check "a program for another machine is refused" wrong_machine
check "a script alone says what is missing" no_binary
check "a checkout on a bare box gets the packages before it asks Swift anything" packages_before_swift

# -------- systemd

fresh_root service
fake 1.0
fake_systemd
mkdir -p "$root/etc/avahi/services"
service_starts() {
    inside "/dist/install.sh --tls off && cat /systemctl.log" && said "is installed" && said "setup code" &&
        said "enable --quiet rollcall" && said "restart rollcall" && said ".local:8443/" &&
        grep -q '<port>8443</port>' "$root/etc/avahi/services/rollcall.service"
}
unit=/etc/systemd/system/rollcall.service
# The bare root has no sysinit.target, which every service wants: that complaint is not about ours.
unit_is_valid() {
    local complaints
    complaints=$(systemd-analyze verify --man=no --root="$root" "$unit" 2>&1 | grep -v 'sysinit.target not found') || true
    [[ -z $complaints ]] || { printf '%s\n' "$complaints"; return 1; }
}
unit_is_right() {
    unit_is_valid || return 1
    local score
    score=$(systemd-analyze security --offline=true --root="$root" "$unit" |
        sed -n 's/.*Overall exposure level.*: \([0-9.]*\) .*/\1/p')
    printf 'exposure %s\n' "$score"
    awk -v score="$score" 'BEGIN { exit !(score != "" && score < 2.0) }'
}
goes_back() {
    local before
    before=$(<"$root/var/lib/rollcall/rollcall.sqlite")
    fake broken-3
    ends 70 inside "/usr/bin/systemctl start; /dist/install.sh --port 9009; code=\$?
        exec 3<>/dev/tcp/127.0.0.1/8443 && echo >&3 && cat <&3; exit \$code" &&
        said "did not come up" && said "going back" && said "runs again" && said "200 OK" &&
        [[ $("$root/usr/local/bin/rollcall" --version) == 1.0 ]] && grep -q PORT=8443 "$root/etc/rollcall.conf" &&
        [[ $(line_of broken) == 0 && $(<"$root/var/lib/rollcall/rollcall.sqlite") == "$before"* ]] &&
        [[ ! -e $root/var/lib/rollcall/.before-upgrade ]]
}
upgrades_while_serving() {
    fake 2.0
    inside "/usr/bin/systemctl start; /dist/install.sh --host 127.0.0.1" && said "upgraded from 1.0 to 2.0" &&
        [[ $(line_of "served by 2.0") == 1 ]] && grep -q HOST=127.0.0.1 "$root/etc/rollcall.conf"
}
# The copy of the database is cut off, with an older program beside the one that runs.
is_cut_off() {
    local before
    before=$(<"$root/var/lib/rollcall/rollcall.sqlite")
    fake 3.0
    mkdir -p "$root/cut"
    cat >"$root/cut/cp" <<'EOF'
#!/bin/bash
case "$*" in
*/rollcall.sqlite*) head -c 3 "${@: -2:1}" >"${@: -1}rollcall.sqlite"; exit 1 ;;
*) exec /bin/cp "$@" ;;
esac
EOF
    chmod 0755 "$root/cut/cp"
    [[ -e $root/usr/local/bin/rollcall.previous ]] || return 1
    ends 1 inside "PATH=/cut:\$PATH /dist/install.sh" && said "was cut off" && said "runs again" &&
        [[ $("$root/usr/local/bin/rollcall" --version) == 2.0 ]] &&
        [[ $(<"$root/var/lib/rollcall/rollcall.sqlite") == "$before"* ]] &&
        [[ ! -e $root/var/lib/rollcall/.before-upgrade ]]
}
low_port() {
    inside "echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start; /dist/install.sh --port 443" &&
        grep -q '^AmbientCapabilities=CAP_NET_BIND_SERVICE' "$root$unit" && unit_is_valid
}
service_goes() {
    inside "/dist/install.sh --uninstall" && [[ ! -e $root/etc/systemd/system/rollcall.service ]] &&
        [[ ! -e $root/etc/avahi/services/rollcall.service && -s $root/var/lib/rollcall/rollcall.sqlite ]]
}

check "with systemd the service starts, and avahi knows it" service_starts
if command -v systemd-analyze >/dev/null; then
    check "the unit is valid and its exposure is under 2.0" unit_is_right
else
    skip "systemd-analyze is not installed"
fi
check "a version that does not come up is taken back, with settings and data" goes_back
check "an upgrade while it serves" upgrades_while_serving
check "an upgrade that is cut off while it copies leaves the data alone" is_cut_off
check "a port under 1024 gets the one right it needs" low_port
check "--uninstall takes the service away" service_goes
