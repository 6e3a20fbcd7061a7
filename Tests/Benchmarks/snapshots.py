#!/usr/bin/env python3
"""How fast an office's whole truth goes into a snapshot, out of it into an empty office, and one day's work after it.

    snapshots.py BINARY [--rows 1000000] [--files 30] [--place FOLDER]

North takes in the call logs, South is empty; they are paired. Prints, each the median of three: the import of the logs,
`cp` of North's archives to the same disk with `sync` beside the export of a full snapshot, its inspection, its import
into the empty office, and export, size and import of the delta of one more day's file.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

GENERATOR = pathlib.Path(__file__).with_name("generate.py")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("binary")
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--files", type=int, default=30)
    options.add_argument("--place", help="where the folders are made and removed")
    options = options.parse_args()
    place = pathlib.Path(tempfile.mkdtemp(prefix="rollcall-snapshots-", dir=options.place))

    def run(folder, *arguments, text=None):
        begin = time.perf_counter()
        where = [] if arguments[1] == "inspect" else ["--data", place / folder]
        done = subprocess.run([options.binary, *map(str, arguments), *where], text=True, input=text,
                              capture_output=True)
        if done.returncode:
            sys.exit(f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout, time.perf_counter() - begin

    def say(name, seconds, rest=""):
        print(f"{name:38} {statistics.median(seconds):7.2f} s   {rest}", flush=True)

    def log(number, rows):
        path = place / f"log-{number}.csv"
        subprocess.run([sys.executable, GENERATOR, "--rows", str(rows), "--days", "1", "--seed", str(number),
                        "--first-id", str(700_000_000 + number * 1_000_000), "--out", path,
                        "--until", time.strftime("%Y-%m-%d", time.gmtime(1_790_000_000 + number * 86400))], check=True)
        return path

    try:
        logs = [log(number, options.rows // options.files) for number in range(options.files)]
        for folder in ("north", "south"):
            run(folder, "setup", "--office", folder.capitalize(), "--time-zone", "Europe/Berlin", "--admin", "bench",
                "--password-stdin", text="three brown horses\n")
            run(folder, "snapshot", "card", "--out", place / f"{folder}.card")
        run("south", "snapshot", "pair", place / "north.card", "--yes")
        run("north", "snapshot", "pair", place / "south.card", "--yes")
        _, seconds = run("north", "import", *logs)
        rate = options.rows / seconds
        say("import of the logs", [seconds], f"{rate:,.0f} calls/s")
        shutil.copytree(place / "south", place / "empty")

        copies, exports = [], []
        for _ in range(3):
            shutil.rmtree(place / "copy", ignore_errors=True)
            begin = time.perf_counter()
            shutil.copytree(place / "north" / "Files", place / "copy")
            subprocess.run(["sync", "-f", place], check=True)
            copies.append(time.perf_counter() - begin)
            exports.append(run("north", "snapshot", "export", "--full", "--out", place / "full.rollcall")[1])
        size = os.path.getsize(place / "full.rollcall")
        say("cp of the archives, and sync", copies)
        say("export of all", exports, f"{size / 1e6:.1f} MB, {size / statistics.median(exports) / 1e6:.0f} MB/s")
        say("inspect", [run("north", "snapshot", "inspect", place / "full.rollcall")[1] for _ in range(3)])
        merges = []
        for _ in range(3):
            shutil.rmtree(place / "south")
            shutil.copytree(place / "empty", place / "south")
            merges.append(run("south", "snapshot", "import", place / "full.rollcall", "--yes")[1])
        merge = options.rows / statistics.median(merges)
        say("import into an empty office", merges, f"{merge:,.0f} calls/s, {merge / rate:.2f} of the logs' import")

        # North hears what South holds, as after any exchange.
        run("south", "snapshot", "export", "--out", place / "back.rollcall")
        run("north", "snapshot", "import", place / "back.rollcall", "--yes")
        day = log(options.files, options.rows // options.files)
        run("north", "import", day)
        deltas = [run("north", "snapshot", "export", "--for", "South", "--out", place / "day.rollcall")[1]
                  for _ in range(3)]
        size = os.path.getsize(place / "day.rollcall")
        newest = max((place / "north" / "Files").rglob("*.tar.zst"), key=os.path.getmtime).stat().st_size
        say("export of one day's work", deltas, f"{size / 1e6:.2f} MB, {(size - newest) / 1e6:.2f} MB without its file")
        say("its import", [run("south", "snapshot", "import", place / "day.rollcall", "--yes")[1]])
        hashes = {json.loads(run(folder, "verify", "--json")[0])["stateHash"] for folder in ("north", "south")}
        assert len(hashes) == 1, "they do not hold the same"
    finally:
        shutil.rmtree(place)


if __name__ == "__main__":
    main()
