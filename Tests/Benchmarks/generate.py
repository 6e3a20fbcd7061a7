#!/usr/bin/env python3
"""Writes a ReadyMode call log of any size for benchmarks: seeded, so the same options give the same bytes.

    generate.py --rows 1000000 --out million.csv
    generate.py --rows 1000000 --ids random --agents 250 --days 30 --seed 7 --out random.csv

Ten columns, about 124 bytes a row. Agents keep to shifts with a lunch gap, differ in pace and luck, and
work one or two campaigns; ids ascend with time, or come in random order with --ids random.
"""
import argparse
import datetime
import random
import sys

FIRST = """Aaron Abigail Adam Aisha Alan Alice Amir Amy Andrea Anita Ben Bianca Carla Carlos Chloe Claire Craig
Dana Daniel Diego Elena Ella Emeka Emma Farid Fiona Gareth Grace Hana Harry Ines Isaac Jade Jonas Karim Kate Lena
Liam Lucia Marta Milan Nadia Nina Oscar Paula Petra Rafael Rosa Samir Sofia Tariq Tessa Uma Victor Wendy Yusuf
Zoe""".split()
LAST = """Abbott Adeyemi Barlow Becker Boyle Brandt Castro Chandler Costa Dawson Diaz Doyle Ellis Farrell Fischer
Frost Garcia Gibson Hanley Hassan Holt Hughes Ivanov Jansen Keller Khan Kirby Lambert Lopez Marsh Mendes Moreno
Nash Novak Okafor Osborne Patel Pearce Quinn Reyes Rossi Sadler Santos Schmidt Shaw Silva Sutton Tanner Underwood
Vance Walsh Weber Yates Young Zimmer""".split()
CAMPAIGNS = ["Solar North", "Solar South", "Home Insurance 2", "Windows Spring", "Energy Switch", "Roof Survey",
             "Broadband Trial", "Care Plan"]
# State and weight; the successes' weight is scaled by each agent's luck.
STATES = [("No Answer", 38), ("Answering Machine", 21), ("Busy", 5), ("Disconnected", 4), ("Wrong Number", 3),
          ("Hung Up", 8), ("Not Interested", 11), ("Callback", 4), ("Not Qualified", 2), ("Do Not Call", 1),
          ("Appointment Set", 2), ("Lead", 1)]
SUCCESSES = {"Appointment Set", "Lead"}
TYPES = [("Outbound", 90), ("Manual", 7), ("Inbound", 3)]
HEADER = "Agent name,Profile ID,Call Log ID,Log Time,Log Type,State,Call Type,Original Campaign,Current Campaign,Ember\n"


def agents_of(count, rng):
    """Names with each agent's weight (pace), shift and table of states."""
    names = [f"{first} {last}" for first in FIRST for last in LAST]
    rng.shuffle(names)
    while len(names) < count:
        names.append(f"{names[len(names) % 3000]} {len(names)}")
    agents = []
    for index, name in enumerate(names[:count]):
        luck = rng.uniform(0.3, 2.2)
        states, weights = zip(*[(s, w * luck if s in SUCCESSES else w) for s, w in STATES])
        campaigns = rng.sample(CAMPAIGNS, 2)
        part_timer = index % 6 == 5
        agents.append({
            "name": name + (" P" if part_timer else ""), "pace": rng.uniform(0.7, 1.3) * (0.5 if part_timer else 1),
            "shift": (13, 18) if part_timer else rng.choice([(9, 18), (10, 19)]),
            # Drawn once: a call takes the next of these, which is far quicker than a draw for each call.
            "tails": [(f",{t},{s},", f",{c},{d},") for s, t, c, d in zip(
                rng.choices(states, weights, k=997), rng.choices(*zip(*TYPES), k=997),
                rng.choices(campaigns, [7, 3], k=997), rng.choices(campaigns, [9, 1], k=997))],
        })
    return agents


def shares(total, weights):
    """Splits `total` by weights so that the parts sum up exactly."""
    whole, taken, reached = sum(weights), 0, 0.0
    for weight in weights:
        reached += weight
        upto = round(total * reached / whole)
        yield upto - taken
        taken = upto


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--agents", type=int, default=250)
    parser.add_argument("--days", type=int, default=30, help="working days (default 30)")
    parser.add_argument("--until", type=datetime.date.fromisoformat, default=datetime.date(2026, 11, 20),
                        help="the last day (default 2026-11-20)")
    parser.add_argument("--ids", choices=["ascending", "random"], default="ascending")
    parser.add_argument("--first-id", type=int, default=700_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default="-", help="a file, or - for standard output")
    options = parser.parse_args()

    rng = random.Random(options.seed)
    agents = agents_of(options.agents, rng)
    days = []
    day = options.until
    while len(days) < options.days:
        if day.weekday() < 5:
            days.append(day)
        day -= datetime.timedelta(days=1)
    days.reverse()
    clocks = [f"{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}" for s in range(86400)]

    if options.ids == "random":
        numbers = list(range(options.first_id, options.first_id + options.rows))
        rng.shuffle(numbers)
        ids = iter(numbers)
    else:
        ids = iter(range(options.first_id, options.first_id + options.rows))

    out = sys.stdout if options.out == "-" else open(options.out, "w", encoding="ascii", newline="")
    out.write(HEADER)
    randrange = rng.randrange
    for day, calls in zip(days, shares(options.rows, [rng.uniform(0.85, 1.1) for _ in days])):
        date = day.isoformat()
        present = [a for a in agents if rng.random() > 0.06] or agents
        moments = []
        for agent, count in zip(present, shares(calls, [a["pace"] for a in present])):
            begin, end = agent["shift"]
            lunch = (begin + end) // 2 * 3600 + randrange(1800)
            span = (end - begin) * 3600
            for _ in range(count):
                second = begin * 3600 + randrange(span)
                if lunch <= second < lunch + 2700:
                    second += 2700
                moments.append((min(second, 86399), agent))
        moments.sort(key=lambda moment: moment[0])
        lines = []
        for second, agent in moments:
            tails = agent["tails"]
            middle, end = tails[randrange(997)]
            profile = randrange(4_000_000)
            lines.append(f"{agent['name']},P{profile:08},{next(ids)},{date} {clocks[second]}{middle}"
                         f"Predictive{end}\n")
        out.write("".join(lines))
    if out is not sys.stdout:
        out.close()


if __name__ == "__main__":
    main()
