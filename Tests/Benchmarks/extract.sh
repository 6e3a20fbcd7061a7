#!/usr/bin/env bash
# Measures `rollcall files extract` beside plain tar and prints a table for RESULTS.md.
#
#   Tests/Benchmarks/extract.sh [BINARY]     the static release binary of ./install.sh --package, unless named
#
# Both unpack the original of one archive, in turns, five times each; the median stands. Rollcall's file is on the
# disk when it ends, so tar is measured with a sync of its file, too. Quote the ratio: boxes differ.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
binary=${1:-$here/.build-release/release/rollcall}
rows=${ROWS:-3000000}
[[ -x $binary ]] || { echo "There is no $binary. Build it with ./install.sh --package." >&2; exit 66; }
for tool in python3 tar zstd; do
    command -v "$tool" >/dev/null || { echo "$tool is missing: apt-get install $tool" >&2; exit 69; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 "$here/Tests/Benchmarks/generate.py" --rows "$rows" --out original.csv
echo 'three brown horses' | "$binary" setup --data office --office Bench --time-zone Europe/Berlin \
    --admin bench --password-stdin >/dev/null
"$binary" import --data office original.csv >/dev/null
archive=$(echo office/Files/*/v0001.tar.zst)

# timed NAME COMMAND…: seconds of the wall and of the processor into NAME.times.
timed() {
    local name=$1
    shift
    rm -f out.csv
    sync
    python3 - "$name" "$@" <<'PY'
import os, subprocess, sys, time
name, command = sys.argv[1], sys.argv[2:]
start = time.monotonic()
child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
with open(name + ".times", "a") as out:
    print(time.monotonic() - start, usage.ru_utime + usage.ru_stime, file=out)
sys.exit(0 if status == 0 else 1)
PY
    cmp -s original.csv out.csv || { echo "$name gave other bytes." >&2; exit 70; }
}
for _ in 1 2 3 4 5; do
    timed ours "$binary" files extract original.csv --out out.csv --data office
    timed tar sh -c "tar --zstd -xOf $archive original.csv > out.csv"
    timed synced sh -c "tar --zstd -xOf $archive original.csv > out.csv && sync out.csv"
done
median() { sort -n "$1.times" | awk '{v[NR]=$1; c[NR]=$2} END {m=int((NR+1)/2); printf "%.2f %.2f", v[m], c[m]}'; }
read -r ours ours_cpu <<<"$(median ours)"
read -r tar tar_cpu <<<"$(median tar)"
read -r synced synced_cpu <<<"$(median synced)"
size=$(stat -c %s original.csv)
rate() { awk -v b="$size" -v s="$1" 'BEGIN {printf "%.0f MB/s", b / s / 1000000}'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN {printf "%.2f", a / b}'; }
cat <<TABLE
$(date -u +%F), $(nproc) cores, load $(cut -d ' ' -f 1 /proc/loadavg), an original of $((size / 1000000)) MB, $(($(stat -c %s "$archive") / 1000000)) MB packed

| extracting an original | seconds | of the processor | | Rollcall's ratio to it |
|---|---|---|---|---|
| rollcall files extract (durable when it ends) | $ours | $ours_cpu | $(rate "$ours") | |
| tar --zstd -xOf, then sync of the file | $synced | $synced_cpu | $(rate "$synced") | $(ratio "$ours" "$synced") |
| tar --zstd -xOf, left in the page cache | $tar | $tar_cpu | $(rate "$tar") | $(ratio "$ours" "$tar") |
TABLE
