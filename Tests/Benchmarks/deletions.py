#!/usr/bin/env python3
"""How long deleting, restoring and purging take in an office with many calls, and whom that keeps waiting.

    deletions.py BINARY FOLDER FILE [--password PASSWORD]

FOLDER is a data folder with several imports of generate.py, FILE the name of one of them; the folder is changed: use a
copy. Its admin is `bench`. Prints seconds of each step, and the longest wait of a reader (the list of files) and of
a writer (a change of one's own name) meanwhile and before. Beside them: deleting the file's rows in SQLite itself.
"""
import argparse
import json
import pathlib
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import people


class Probe(threading.Thread):
    """Asks the same thing again and again; keeps how long each answer took."""

    def __init__(self, ask):
        super().__init__(daemon=True)
        self.ask, self.waits, self.ends = ask, [], threading.Event()

    def run(self):
        while not self.ends.is_set():
            begin = time.perf_counter()
            self.ask()
            self.waits.append(time.perf_counter() - begin)
            time.sleep(0.01)

    def stop(self):
        self.ends.set()
        self.join()
        return f"{1000 * statistics.median(self.waits):.0f} / {1000 * max(self.waits):.0f} ms"


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("binary")
    options.add_argument("folder")
    options.add_argument("file")
    options.add_argument("--password", default="three brown horses")
    options = options.parse_args()

    def run(*arguments, text=None):
        begin = time.perf_counter()
        done = subprocess.run([options.binary, *arguments, "--data", options.folder], input=text, text=True,
                              capture_output=True)
        if done.returncode:
            sys.exit(f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout, time.perf_counter() - begin

    # Nobody approves what he asked for: a second admin does, once he has a password of his own.
    subprocess.run([options.binary, "user", "add", "second", "--role", "admin", "--name", "Second", "--password-stdin",
                    "--data", options.folder], input=options.password + "\n", text=True, capture_output=True)
    server = subprocess.Popen([options.binary, "serve", "--port", str(people.PORT), "--data", options.folder],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(3)
        database = sqlite3.connect(f"file:{pathlib.Path(options.folder) / 'rollcall.sqlite'}?mode=ro", uri=True)
        number, first, rows = database.execute(
            "SELECT v.number, v.event ->> 'firstDay', v.event ->> '$.counts.accepted' FROM fileVersion v"
            " JOIN file f ON f.id = v.file WHERE f.name = ?", [options.file]).fetchone()
        calls = database.execute("SELECT count(*) FROM call").fetchone()[0]
        database.close()
        print(f"{calls} calls in the office, {rows} in {options.file}")
        reader = people.Browser.signed_in("bench", options.password)
        writer = people.Browser.signed_in("bench", options.password)
        writer.ask("GET", "/me")
        second, own = people.Browser.signed_in("second", options.password), options.password + " too"
        second.ask("GET", "/me/password")
        second.post("/me/password", present=options.password, password=own, again=own)

        def measured(name, work):
            probes = [Probe(lambda: reader.ask("GET", "/files")),
                      Probe(lambda: writer.ask("POST", "/me/name", {"csrf": writer.token, "name": "Bench"}))]
            for probe in probes:
                probe.start()
            begin = time.perf_counter()
            result = work()
            seconds = time.perf_counter() - begin
            waits = [probe.stop() for probe in probes]
            print(f"{name:34} {seconds:7.2f} s   reader {waits[0]}   writer {waits[1]}   (median / longest)", flush=True)
            return result

        def ask(*what):
            out, _ = run("files", "delete-request", options.file, *what, "--reason", "benchmark", "--json", "--user",
                         "bench", "--password-stdin", text=options.password + "\n")
            return json.loads(out)["id"]

        def approve(request):
            run("files", "approve", request, "--user", "second", "--password-stdin", text=own + "\n")

        def restore(request):
            run("files", "restore", request, "--comment", "benchmark")

        measured("nothing", lambda: time.sleep(5))
        day = measured("ask for one day", lambda: ask("--days", first))
        measured("approve one day", lambda: approve(day))
        measured("restore one day", lambda: restore(day))
        whole = measured("ask for the file", lambda: ask("--version", "1"))
        measured("approve the file", lambda: approve(whole))
        measured("restore the file", lambda: restore(whole))
        again = ask("--version", "1")
        approve(again)
        measured("purge the file", lambda: run("files", "purge", again, "--comment", "benchmark"))
    finally:
        server.terminate()
        server.wait()

    with tempfile.TemporaryDirectory(dir=pathlib.Path(options.folder).parent) as place:
        peer = shutil.copy(pathlib.Path(options.folder) / "rollcall.sqlite", place)
        database = sqlite3.connect(peer)
        other = database.execute("SELECT min(version) FROM call").fetchone()[0]
        begin = time.perf_counter()
        database.execute("DELETE FROM call WHERE number >= ?1 << 32 AND number < (?1 + 1) << 32", [other])
        database.commit()
        print(f"{'SQLite deletes the rows of a file':34} {time.perf_counter() - begin:7.2f} s")
        database.close()


if __name__ == "__main__":
    main()
