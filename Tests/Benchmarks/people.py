#!/usr/bin/env python3
"""How long moving, renaming and merging people takes in an office with many calls, over HTTP, journal and all.

    people.py BINARY FOLDER [--password PASSWORD]

FOLDER is a data folder with calls whose agents nobody has placed (several imports of generate.py); it is changed:
use a copy. Signs in as the admin `bench`. Prints medians in milliseconds, and beside them what the same costs
where the team stands in every call row: an UPDATE of one agent's rows in SQLite, with an index by agent.
"""
import argparse
import http.client
import pathlib
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

PORT = 18473


class Browser:
    """Just enough of one: cookies, the form token of the last page, no redirects."""

    @classmethod
    def signed_in(cls, username, password):
        browser = cls()
        browser.ask("GET", "/auth/login")
        browser.post("/auth/login", username=username, password=password)
        return browser

    def __init__(self):
        self.cookies, self.token = {}, ""
        self.link = http.client.HTTPConnection("127.0.0.1", PORT)

    def ask(self, method, path, fields=None):
        """The answer's status, its text, and the seconds until its last byte."""
        body = urllib.parse.urlencode(fields, doseq=True) if fields is not None else None
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()), "User-Agent": "bench",
                   "Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
        begin = time.perf_counter()
        self.link.request(method, path, body, headers)
        answer = self.link.getresponse()
        text = answer.read().decode()
        seconds = time.perf_counter() - begin
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.split(";")[0]
        token = re.search(r'name="csrf" value="([^"]*)"', text)
        if token:
            self.token = token.group(1)
        return answer.status, text, seconds

    def post(self, path, **fields):
        status, text, seconds = self.ask("POST", path, {"csrf": self.token, **fields})
        if status not in (302, 303):
            sys.exit(f"POST {path} was answered with {status}:\n{re.sub('<[^>]*>', ' ', text)[:2000]}")
        return seconds


def wait_for(server):
    for _ in range(600):
        try:
            link = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
            link.request("GET", "/healthz")
            if link.getresponse().status == 200:
                return
        except OSError:
            pass
        if server.poll() is not None:
            sys.exit("The server ended.")
        time.sleep(0.1)
    sys.exit("The server does not answer.")


def peer(folder, agent):
    """Milliseconds of rewriting one agent's rows, and how many rows that is."""
    with tempfile.TemporaryDirectory() as scratch:
        db = sqlite3.connect(pathlib.Path(scratch) / "peer.db", isolation_level=None)
        db.execute("ATTACH ? AS office", (f"file:{folder}/rollcall.sqlite?mode=ro",))
        db.execute("CREATE TABLE call AS SELECT n.name AS agent, c.time, 'Lea Leader' AS leader, "
                   "'Mia Manager' AS manager, 'North' AS groupName FROM office.call c "
                   "JOIN office.agentName n ON n.number = c.name")
        db.execute("CREATE INDEX callByAgent ON call (agent)")
        took = []
        for leader in ("Leo", "Lia", "Lou"):
            begin = time.perf_counter()
            rows = db.execute("UPDATE call SET leader = ? WHERE agent = ?", (leader, agent)).rowcount
            took.append((time.perf_counter() - begin) * 1000)
        return statistics.median(took), rows


def swaps(options):
    """The approvals of six swaps: a leader opens each, the other one accepts, their manager approves."""
    def account(username, role, person):
        first, own = "three brown horses", "seven green horses"
        subprocess.run([options.binary, "user", "add", username, "--data", options.folder, "--role", role, "--person",
                        person, "--password-stdin"], input=first, text=True, check=True, stdout=subprocess.DEVNULL)
        browser = Browser.signed_in(username, first)
        browser.ask("GET", "/me/password")
        browser.post("/me/password", present=first, password=own, again=own)
        return Browser.signed_in(username, own)

    one = account("one", "team-leader", "Leader 0")
    other = account("other", "team-leader", "Leader 1")
    manager = account("manager", "team-manager", "Mia Manager")
    took = []
    for turn in range(6):
        _, page, _ = one.ask("GET", "/requests/new?kind=swap")
        own = re.findall(r'<option value="([^"]{36})"', re.search(r'<select[^>]*name="agent".*?</select>', page, re.S)[0])
        group = re.search(r'<optgroup label="[^"]*Leader 1".*?</optgroup>', page, re.S)[0]
        theirs = re.findall(r'<option value="([^"]{36})"', group)
        one.post("/requests/new", kind="swap", agent=own[turn % len(own)], other=theirs[turn % len(theirs)],
                 effective="2027-03-01", reason="bench")
        for browser, step in ((other, "accept"), (manager, "approve")):
            _, page, _ = browser.ask("GET", "/requests")
            request = re.search(r'href="(/requests/[0-9a-f-]{36})"', page)[1]
            browser.ask("GET", request)
            seconds = browser.post(f"{request}/{step}", comment="")
        took.append(seconds)
    return took


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("folder")
    parser.add_argument("--password", default="three brown horses")
    options = parser.parse_args()
    # What the office holds is read before the server has it.
    before = sqlite3.connect(f"file:{options.folder}/rollcall.sqlite?mode=ro", uri=True)
    calls = before.execute("SELECT count(*) FROM call").fetchone()[0]
    agent = before.execute("SELECT name FROM agentName ORDER BY name LIMIT 1").fetchone()[0]
    before.close()
    rewriting, rows = peer(options.folder, agent)

    server = subprocess.Popen([options.binary, "serve", "--data", options.folder, "--port", str(PORT), "--tls", "off"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    took = {}
    try:
        wait_for(server)
        browser = Browser.signed_in("bench", options.password)
        browser.ask("GET", "/people/new")
        add = dict(employment="Full-Timer", **{"from": "2024-01-01"})
        browser.post("/people/new", name="Mia Manager", designation="Team Manager", seat="", **add)
        _, page, _ = browser.ask("GET", "/people/new")
        manager = re.search(r'value="(manager:[0-9a-f-]{36})"', page).group(1)
        for leader in range(20):
            browser.post("/people/new", name=f"Leader {leader}", designation="Team Leader", seat=manager, **add)

        def board():
            """Agents and teams as the board has them, and how long it took."""
            status, page, seconds = browser.ask("GET", "/distribution?on=2026-11-23")
            agents = re.findall(r'name="agent" value="([^"]+)"', page)
            teams = re.findall(r'<option value="([^"]+)"[^>]*>Leader \d+', page)
            if status != 200 or not agents or not teams:
                sys.exit("The board is not as expected.")
            return agents, teams, seconds

        agents, teams, _ = board()
        move = dict(on="2026-11-23", do="move", reason="")
        for index, team in enumerate(teams):
            browser.post("/distribution", agent=agents[index::len(teams)], to=team, **move)
        took["the board of %d agents in %d teams" % (len(agents), len(teams))] = [board()[2] for _ in range(20)]
        took["moving one agent"] = [
            browser.post("/distribution", agent=agents[i], to=teams[(i + 3) % len(teams)], **move) for i in range(20)]
        took["moving twenty agents together"] = [
            browser.post("/distribution", agent=agents[i * 10:i * 10 + 20], to=teams[(i + 7) % len(teams)], **move)
            for i in range(10)]
        took["renaming a person"] = [
            browser.post(f"/people/{agents[i]}/name", name=f"Renamed {i}") for i in range(20)]
        took["approving a swap"] = swaps(options)
        took["merging two persons"] = [
            browser.post("/names/merge", person=agents[100 + i], into=agents[150 + i], reason="") for i in range(20)]
    finally:
        server.terminate()
        server.wait()
    print(f"{calls:,} calls; the rows of one agent: {rows:,}\n")
    print("| what | Rollcall, ms | rewriting the agents' rows, ms | ratio |\n|---|---|---|---|")
    for what, seconds in took.items():
        ours = statistics.median(seconds) * 1000
        theirs = rewriting * (20 if "twenty" in what else 2 if "swap" in what else 1)
        print(f"| {what} | {ours:.1f} | " + ("| |" if "board" in what else f"{theirs:.0f} | {ours / theirs:.3f} |"))


if __name__ == "__main__":
    main()
