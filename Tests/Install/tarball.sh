#!/usr/bin/env bash
# The packaged tarball, with the real program, in a bare Debian 12 root without Swift.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/support/support.sh"

root=''
if [[ ${ROLLCALL_QUICK:-no} == yes ]]; then skip "the tarball (--quick)"; exit 0; fi
tarball=${ROLLCALL_TARBALL:-$({ compgen -G "$checkout/dist/rollcall-*.tar.gz" || true; } | xargs -r ls -t | head -n 1)}
[[ -n $tarball ]] || { skip "there is no tarball: ./install.sh --package makes it"; exit 0; }
make_bare || exit 0
work=$(mktemp -d "$checkout/.build/install-test.XXXXXX")
trap 'rm -rf "$work"' EXIT
fresh_root box
folder=$(basename "$tarball" .tar.gz)
tar -xf "$tarball" -C "$root/dist"

sum_is_right() { (cd "$(dirname "$tarball")" && sha256sum -c "$(basename "$tarball").sha256"); }
holds_three_files() {
    tar -tvf "$tarball" --numeric-owner
    [[ $(tar -tf "$tarball" | sort | tr '\n' ' ') == \
        "$folder/ $folder/README.md $folder/install.sh $folder/rollcall " ]] &&
        [[ -z $(tar -tvf "$tarball" --numeric-owner | awk '$2 != "0/0"') ]]
}
needs_no_library() { ! readelf -d "$root/dist/$folder/rollcall" | grep NEEDED; }
installs() { inside "/dist/$folder/install.sh" && said "is installed" && said "setpriv" && said ":8443/"; }
serves() { fetch https://127.0.0.1:8443/healthz "exec $start"; }
pages_are_inside() {
    local page sheet
    page=$(fetch https://127.0.0.1:8443/setup "exec $start") || return 1
    printf '%s\n' "$page"
    grep -q '<form' <<<"$page" || return 1
    sheet=$(grep -oE '/[^"]+\.css[^"]*' <<<"$page" | head -n 1)
    [[ -n $sheet ]] || return 1
    # Kept first: a reader that leaves early would look like a server that does not answer.
    page=$(fetch "https://127.0.0.1:8443$sheet" "exec $start") || return 1
    grep -q '{' <<<"$page"
}
second_run() { inside "/dist/$folder/install.sh" && said "is up to date"; }
doctor_is_content() {
    inside "setpriv --reuid rollcall --regid rollcall --clear-groups rollcall doctor --data /var/lib/rollcall"
}
folder_is_private() { ! find "$root/var/lib/rollcall" -perm /077 -ls | grep .; }
demo_serves() {
    fetch http://127.0.0.1:8099/healthz "exec setpriv --reuid 65534 --regid 65534 --clear-groups \
        /dist/$folder/install.sh --run --port 8099"
}

check "its checksum is right" sum_is_right
check "it holds the program, the script and the README, owned by root" holds_three_files
check "the program needs no library" needs_no_library
check "it installs on a box without Swift" installs
start=$(sed -n 's/^ *\(setpriv .*\)/\1/p' "$root/out")
check "the command it prints serves over TLS" serves
check "pages and style sheets are inside the program" pages_are_inside
check "a second run finds it up to date" second_run
check "rollcall doctor finds nothing wrong" doctor_is_content
check "nobody else can read the data folder" folder_is_private
check "--run serves the demo office from the tarball, without root" demo_serves
