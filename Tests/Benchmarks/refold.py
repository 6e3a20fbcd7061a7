#!/usr/bin/env python3
"""How long folding a journal of several offices takes.

    refold.py BINARY [--events 100000] [--offices 4] [--keep FOLDER]

Writes a data folder whose journal holds so many lawful shared entries of so many offices that heard of each other now
and then: moves, names, links of names, requests that are opened and approved, merges. Then times `rollcall rebuild`,
and prints what has no effect by its reason: entries of the same time that contradict each other, and nothing else.
"""
import argparse
import hashlib
import json
import os
import random
import sqlite3
import subprocess
import tempfile
import time
import uuid

MILLISECOND = 1 << 16
START = 1_795_413_600_000


def text(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def escaped(field):
    return field.replace("\\", "\\\\").replace("\n", "\\n")


class Network:
    def __init__(self, database, numbers, first):
        self.database, self.numbers, self.now = database, numbers, START
        self.offices, self.persons, self.leaders, self.rows = [first], [], [], []
        self.heads, self.seen, self.count = {}, {}, 0
        row = database.execute("SELECT seq, hash, time FROM journal WHERE stream = 'shared' ORDER BY seq DESC").fetchone()
        self.heads[first] = (row[0], row[1])
        self.now = max(self.now, row[2] >> 16)
        self.names, self.seats = {}, {}

    def id(self):
        return str(uuid.UUID(int=self.numbers.getrandbits(128), version=4))

    def append(self, office, kind, payload):
        self.now += self.numbers.randrange(1, 2000)
        seq, previous = self.heads.get(office, (0, bytes(32)))
        bits = self.now * MILLISECOND
        fields = ["rollcall-event-1", "shared", office, "1", str(seq + 1), str(bits), "-", "Bench", "bench", kind,
                  text(payload), previous.hex()]
        digest = hashlib.sha256("".join(escaped(f) + "\n" for f in fields).encode()).digest()
        self.rows.append(("shared", office, 1, seq + 1, bits, "Bench", "bench", kind, self.subject(kind, payload, office),
                          text(payload), previous, digest))
        self.heads[office] = (seq + 1, digest)
        self.count += 1

    @staticmethod
    def subject(kind, payload, office):
        if kind == "personAdded":
            return payload["person"]["id"]
        return payload.get("from") if kind == "snapshotMerged" else payload.get("person")

    def placement(self, person, day, **other):
        return {"person": person, "from": day, "designation": "Cold Caller", "employment": "Full-Timer",
                "status": "Employee", "group": "Unassigned", **other}

    def people(self, office, number):
        manager = self.id()
        self.add(office, manager, "Manager", designation="Team Manager")
        leaders = [self.id() for _ in range(10)]
        for leader in leaders:
            self.add(office, leader, "Leader", designation="Team Leader", manager=manager)
        agents = [self.id() for _ in range(number)]
        for agent in agents:
            self.seats[agent] = self.numbers.choice(leaders)
            self.add(office, agent, "Agent", leader=self.seats[agent])
        self.persons.append(agents)
        self.leaders.append(leaders)

    def add(self, office, person, name, **other):
        name = f"{name} {len(self.names)}"
        self.names[person] = name
        self.append(office, "personAdded", {
            "person": {"id": person, "name": name}, "folded": name.lower().replace(" ", ""),
            "placement": self.placement(person, "2026-01-05", **other)})

    def merge(self, office):
        heads = [{"office": o, "incarnation": 1, "seq": s, "hash": h.hex()} for o, (s, h) in sorted(self.heads.items())]
        other = self.numbers.choice([o for o in self.offices if o != office])
        self.append(office, "snapshotMerged", {
            "from": other, "name": "Other", "made": self.now, "heads": heads, "entries": 9, "files": 0, "calls": 0,
            "conflicts": 0, "stateHash": "00"})

    def act(self, index):
        office, numbers = self.offices[index], self.numbers
        # Mostly one's own people; now and then another office's.
        whose = index if numbers.random() < 0.95 else numbers.randrange(len(self.offices))
        agent = numbers.choice(self.persons[whose])
        day = f"2026-{numbers.randrange(2, 12):02}-{numbers.randrange(1, 29):02}"
        kind = numbers.random()
        if kind < 0.6:
            self.append(office, "personsPlaced", {
                "added": [], "reason": "moves",
                "placements": [self.placement(agent, day, leader=numbers.choice(self.leaders[whose]))]})
        elif kind < 0.8:
            after = f"Agent {numbers.randrange(10 ** 6)}"
            self.append(office, "personRenamed", {"person": agent, "before": self.names[agent], "after": after})
            self.names[agent] = after
        elif kind < 0.9:
            self.append(office, "delegationChanged", {"after": {
                "id": self.id(), "person": numbers.choice(self.leaders[whose]),
                "delegate": numbers.choice(self.leaders[whose]), "from": "2026-11-20", "until": "2026-11-27"}})
        else:
            first, second = sorted(numbers.sample(self.persons[whose], 2))
            self.append(office, "namesHeldApart", {"first": first, "second": second})

    def write(self):
        self.database.executemany(
            "INSERT INTO journal (stream, office, incarnation, seq, time, actor, via, kind, subject, payload,"
            " previousHash, hash) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", self.rows)
        self.database.commit()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--offices", type=int, default=4)
    parser.add_argument("--keep")
    options = parser.parse_args()
    folder = options.keep or tempfile.mkdtemp(prefix="rollcall-refold-")
    environment = {**os.environ, "ROLLCALL_DATA": folder}

    def rollcall(*arguments, **other):
        return subprocess.run([options.binary, *arguments], env=environment, check=True, text=True, **other)

    rollcall("setup", "--office", "North", "--time-zone", "Europe/Berlin", "--admin", "bench", "--password-stdin",
             input="three brown horses\n", stdout=subprocess.DEVNULL)
    database = sqlite3.connect(f"{folder}/rollcall.sqlite")
    first, payload = database.execute("SELECT office, payload FROM journal WHERE kind = 'officeFounded'").fetchone()
    network = Network(database, random.Random(1), first)
    for number in range(1, options.offices):
        office = network.id()
        network.offices.append(office)
        founding = json.loads(payload)
        founding["rules"]["name"] = f"Office {number}"
        for source in founding["sources"]:
            source["id"] = network.id()
        network.append(office, "officeFounded", founding)
    for office in network.offices:
        network.people(office, 250)
    for office in network.offices:
        network.merge(office)
    while network.count < options.events:
        index = network.numbers.randrange(options.offices)
        if network.numbers.random() < 0.005:
            network.merge(network.offices[index])
        else:
            network.act(index)
    network.write()
    database.close()
    begin = time.perf_counter()
    rollcall("rebuild", stdout=subprocess.DEVNULL)
    print(f"{network.count} entries of {options.offices} offices: {time.perf_counter() - begin:.2f} s to rebuild")
    database = sqlite3.connect(f"{folder}/rollcall.sqlite")
    for reason, count in database.execute(
            "SELECT refusal, count(*) FROM journal WHERE refusal IS NOT NULL GROUP BY substr(refusal, 1, 30)"):
        print(f"  {count} without effect: {reason}")
    print(f"  {database.execute('SELECT count(*) FROM conflict').fetchone()[0]} conflicts")


if __name__ == "__main__":
    main()
