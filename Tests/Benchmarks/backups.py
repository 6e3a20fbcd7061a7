#!/usr/bin/env python3
"""How long a backup takes of an office with many calls, whom it keeps waiting while files come in, and its restore.

    backups.py BINARY FOLDER FILE... [--password PASSWORD]

FOLDER is a data folder with calls, a copy: it is changed. Its admin is `bench`. FILE, one or more of generate.py, are
imported again and again while backups are made. Prints seconds, MB/s beside those of `cp` of the same archives, and the
median and longest wait of a reader and of a writer with imports alone, and with imports and a backup.
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import people
from deletions import Probe


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("binary")
    options.add_argument("folder")
    options.add_argument("file", nargs="+")
    options.add_argument("--password", default="three brown horses")
    options = options.parse_args()
    folder = pathlib.Path(options.folder)

    def run(*arguments, fails=False):
        begin = time.perf_counter()
        done = subprocess.run([options.binary, *arguments], text=True, capture_output=True)
        if done.returncode and not fails:
            sys.exit(f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout, time.perf_counter() - begin

    server = subprocess.Popen([options.binary, "serve", "--port", str(people.PORT), "--data", options.folder],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(4)
        reader = people.Browser.signed_in("bench", options.password)
        writer = people.Browser.signed_in("bench", options.password)
        writer.ask("GET", "/me")
        ends = threading.Event()

        def take():
            number = 0
            with tempfile.TemporaryDirectory() as place:
                while not ends.is_set():
                    for file in options.file:
                        # One line end more: other bytes, so it is taken in again as the next version.
                        number += 1
                        copy = pathlib.Path(place) / pathlib.Path(file).name
                        copy.write_bytes(pathlib.Path(file).read_bytes() + b"\n" * number)
                        run("import", str(copy), "--data", options.folder, fails=True)

        def measured(name, work):
            probes = [Probe(lambda: reader.ask("GET", "/files")),
                      Probe(lambda: writer.ask("POST", "/me/name", {"csrf": writer.token, "name": "Bench"}))]
            for probe in probes:
                probe.start()
            begin = time.perf_counter()
            result = work()
            seconds = time.perf_counter() - begin
            waits = [probe.stop() for probe in probes]
            print(f"{name:38} {seconds:7.2f} s   reader {waits[0]}   writer {waits[1]}   (median / longest)", flush=True)
            return result

        def backup():
            return json.loads(run("backup", "--json", "--data", options.folder)[0])

        measured("nothing", lambda: time.sleep(5))
        first = measured("a backup", backup)
        print(f"  {first['calls']} calls, {first['bytes'] / 1e6:.1f} MB in {first['files']} files")
        imports = threading.Thread(target=take, daemon=True)
        imports.start()
        time.sleep(2)
        # In turns: what the imports themselves keep waiting is not the backup's doing.
        for _ in range(5):
            measured("imports", lambda: time.sleep(8))
            made = measured("imports and a backup", backup)
        ends.set()
        imports.join()
    finally:
        server.terminate()
        server.wait()

    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        begin = time.perf_counter()
        shutil.copytree(folder / "Files", pathlib.Path(place) / "Files")
        subprocess.run(["sync", "-f", place], check=True)
        print(f"{'cp of the archives, and sync':38} {time.perf_counter() - begin:7.2f} s")
        new = str(pathlib.Path(place) / "restored")
        _, seconds = run("verify", made["file"])
        print(f"{'verify FILE':38} {seconds:7.2f} s")
        out, seconds = run("restore", made["file"], "--yes", "--json", "--data", new)
        calls = json.loads(out)["calls"]
        print(f"{'restore on an empty box':38} {seconds:7.2f} s   {calls / seconds:,.0f} calls/s")


if __name__ == "__main__":
    main()
