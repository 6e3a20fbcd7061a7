#!/usr/bin/env bash
# Measures Rollcall beside its peers and prints a table for RESULTS.md.
#
#   Tests/Benchmarks/run.sh [BINARY]     the static release binary of ./install.sh --package, unless named
#
# Everything is run in turns on the same files, three times each; the median stands. Quote the ratio, not
# the seconds: boxes differ, and noise hits both.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
binary=${1:-$here/.build-release/release/rollcall}
rows=${ROWS:-1000000}
[[ -x $binary ]] || { echo "There is no $binary. Build it with ./install.sh --package." >&2; exit 66; }
for tool in sqlite3 python3 curl; do
    command -v "$tool" >/dev/null || { echo "$tool is missing: apt-get install $tool" >&2; exit 69; }
done
work=$(mktemp -d)
server=
trap '[[ -z $server ]] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work"
python3 "$here/Tests/Benchmarks/generate.py" --rows "$rows" --out ascending.csv
python3 "$here/Tests/Benchmarks/generate.py" --rows "$rows" --ids random --out random.csv

# timed NAME COMMAND…: seconds and peak MB into NAME.times.
timed() {
    local name=$1
    shift
    python3 - "$name" "$@" <<'PY'
import os, subprocess, sys, time
name, command = sys.argv[1], sys.argv[2:]
start = time.monotonic()
child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
with open(name + ".times", "a") as out:
    print(time.monotonic() - start, usage.ru_maxrss / 1024, file=out)
sys.exit(0 if status == 0 else 1)
PY
}
median() { sort -n "$1.times" | awk '{v[NR]=$1; if ($2>m) m=$2} END {printf "%.2f %.0f", v[int((NR+1)/2)], m}'; }

office() {
    rm -rf office
    echo 'three brown horses' | "$binary" setup --data office --office Bench --time-zone Europe/Berlin \
        --admin bench --password-stdin >/dev/null
}
peer() {
    rm -f peer.db
    timed "$1" sqlite3 peer.db "CREATE TABLE call(agent,profile,id,time,type,state,callType,original,current,ember);" \
        "CREATE UNIQUE INDEX a ON call(id);" "CREATE INDEX b ON call(agent,time);" "CREATE INDEX c ON call(state);" \
        ".mode csv" ".import --skip 1 $2 call"
}
for _ in 1 2 3; do
    for kind in ascending random; do
        peer "peer-$kind" "$kind.csv"
        office
        timed "import-$kind" "$binary" import --data office "$kind.csv"
    done
done

# An empty pass over the same calls: the file with one line end more has other bytes and the same calls.
cp ascending.csv again.csv && printf '\n' >>again.csv
office
"$binary" import --data office ascending.csv >/dev/null
timed again "$binary" import --data office again.csv

for _ in 1 2 3; do
    timed report "$binary" report performance --data office --from 2000-01-01 --to 2099-12-31 --by agent --format json
done
port=$((20000 + RANDOM % 20000))
for _ in 1 2 3; do
    begin=$(date +%s%N)
    "$binary" serve --data office --port "$port" >/dev/null 2>&1 &
    server=$!
    until curl -fs -o /dev/null "http://127.0.0.1:$port/healthz"; do :; done
    echo "$(((($(date +%s%N) - begin)) / 1000000)) 0" >>start.times
    kill "$server" && wait "$server" || true
    server=
done

read -r peer_a peer_am <<<"$(median peer-ascending)"
read -r ours_a ours_am <<<"$(median import-ascending)"
read -r peer_r peer_rm <<<"$(median peer-random)"
read -r ours_r ours_rm <<<"$(median import-random)"
read -r again_s again_m <<<"$(median again)"
read -r report_s _ <<<"$(median report)"
read -r start_ms _ <<<"$(median start)"
ratio() { awk -v a="$1" -v b="$2" 'BEGIN {printf "%.2f", a / b}'; }
cat <<TABLE
$(date -u +%F), $(nproc) cores, $(awk '/MemTotal/ {printf "%.0f GB", $2 / 1048576}' /proc/meminfo), load $(cut -d ' ' -f 1 /proc/loadavg), $rows rows of $(($(stat -c %s ascending.csv) / 1000000)) MB

| what | Rollcall | peer | ratio |
|---|---|---|---|
| import, ids ascending (sqlite3 .import, unique key and two indexes) | $ours_a s, $ours_am MB | $peer_a s, $peer_am MB | $(ratio "$ours_a" "$peer_a") |
| import, ids in random order (the same peer) | $ours_r s, $ours_rm MB | $peer_r s, $peer_rm MB | $(ratio "$ours_r" "$peer_r") |
| the same calls once more, all known | $again_s s, $again_m MB | | $(ratio "$again_s" "$ours_a") of the first import |
| report by agent over every day, as a command | $report_s s | | |
| start to first answer | $start_ms ms | | |
TABLE
