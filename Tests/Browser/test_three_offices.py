"""A month of three offices on three boxes: two share a folder, the third has a stick that is carried in a bad order.
They take in files, place and rename the same people, delete, disagree, decide, and end with one state hash."""
import datetime

import pytest

from browser import DESKTOP, PHONE
from exchange import at, card_of, pair, rename, send, take_in, words, write_for
from office import Server, calls, found_office, write_log
from test_deletions import FIRST_PASSWORD, as_user
from test_files import open_file, upload
from test_people import choose, set_day

NAMES = {"harbour": "Harbour Calls", "hill": "Hill Branch", "dock": "Dock Street"}
AGENTS = {"harbour": ["Ben Ashby", "Cora Lane"], "hill": ["Zora Hill", "Yan Moss"], "dock": ["Dora Quay", "Ed Pier"]}
MONDAYS = ["2026-10-26", "2026-11-02", "2026-11-09", "2026-11-16"]


@pytest.fixture(scope="module")
def month(tmp_path_factory):
    """The three boxes, and a folder that two of them reach."""
    shared = tmp_path_factory.mktemp("shared")
    boxes = {}
    try:
        for key, name in NAMES.items():
            boxes[key] = Server()
            found_office(boxes[key], name)
            second = boxes[key].run("user", "add", "bea", "--role", "admin", "--name", "Bea Second",
                                    "--password-stdin", text=FIRST_PASSWORD + "\n")
            assert second.returncode == 0, second.stderr
            boxes[key].start()
        yield boxes, shared
    finally:
        for server in boxes.values():
            server.stop()


def roster(key):
    leaders = [f"Lee {key.title()}", f"Lou {key.title()}"]
    lines = ["Name,Designation,Group,Team leader,Team manager", f"Max {key.title()},Team Manager,,,"]
    lines += [f"{leader},Team Leader,,,Max {key.title()}" for leader in leaders]
    lines += [f"{agent},,,{leaders[0]}," for agent in AGENTS[key]]
    return "\n".join(lines) + "\n"


def week(folder, key, number):
    """A box's file of one week: its two agents' calls, each day's in its own hour."""
    first = 1_000_000 * (1 + list(NAMES).index(key)) + 10_000 * number
    rows = []
    for place, agent in enumerate(AGENTS[key]):
        rows += calls(first + 100 * place, 12 + number, agent, day=MONDAYS[number])
    return write_log(folder, f"{key}-week-{number}.csv", rows)


def find_person(browser, name):
    return browser.go(f"/people?office=all&q={name.split()[0]}").follow(name)


def place(browser, server, name, leader, day):
    """Puts somebody into another team from a day on."""
    at(browser, server)
    find_person(browser, name).follow("Place")
    set_day(browser, datetime.date.fromisoformat(day))
    choose(browser, "seat", leader)
    browser.fill(reason="as agreed on the phone")
    browser.press("Look at it first").press("Place")


def by_folder(browser, boxes, *keys):
    """Each of them writes its file and reads the other's, when somebody presses “Now”."""
    for key in keys:
        at(browser, boxes[key]).go("/sync/exchange")
        browser.press("Exchange now")
        browser.wait(lambda: not browser.all("progress[data-reload]"), "the exchange to end", 60)
        assert not browser.all("#questions"), browser.text


def logs_of(browser, server, agent):
    """An agent's calls of the month, over all offices, as a box's report has them."""
    at(browser, server).go("/reports/performance?from=2026-10-26&to=2026-11-20&office=all&by=agent")
    # A name in the files of several offices is somebody in each, until an admin links them.
    lines = [it for it in browser.all("[aria-label=Figures] tbody tr") if it.find_element("css selector", "th").text == agent]
    assert lines, f"{agent} is in no line:\n{browser.text}"
    return sum(int(it.find_element("css selector", "[data-label=Logs]").text.replace(",", "")) for it in lines)


def picture(browser, screenshots, name):
    if screenshots:
        for size in (DESKTOP, PHONE):
            browser.look(size)
            browser.picture(screenshots / f"month-{name}-{size[0]}.png")
        browser.look_usual()


def test_the_offices_begin_and_pair(browser, month, downloads, tmp_path):
    boxes, shared = month
    for key, server in boxes.items():
        at(browser, server).go("/people/roster")
        set_day(browser, datetime.date.fromisoformat(MONDAYS[0]))
        browser.fill(text=roster(key)).press("Look at it first").press("Take it in")
        assert "The roster is taken in" in browser.text
        upload(browser, week(tmp_path, key, 0))
    cards = {key: card_of(browser, server, downloads) for key, server in boxes.items()}
    for key, server in boxes.items():
        for other in NAMES:
            if other != key:
                pair(browser, server, *cards[other])
    for key in ("harbour", "hill"):
        at(browser, boxes[key]).go("/sync/exchange")
        browser.fill(folder=str(shared)).press("Save the folder")
        assert "Files in it" in browser.text or "folder" in browser.text
    by_folder(browser, boxes, "harbour", "hill", "harbour")
    assert send(browser, boxes["dock"], boxes["hill"], "Hill Branch", downloads)
    assert send(browser, boxes["hill"], boxes["dock"], "Dock Street", downloads)
    by_folder(browser, boxes, "hill", "harbour")
    assert logs_of(browser, boxes["harbour"], "Dora Quay") == 12
    assert logs_of(browser, boxes["dock"], "Ben Ashby") == 12


def test_they_go_apart_for_a_month(browser, month, downloads, tmp_path, screenshots):
    boxes, _ = month
    sticks = {"from dock": [], "to dock": []}
    for number in (1, 2, 3):
        for key in NAMES:
            at(browser, boxes[key])
            upload(browser, week(tmp_path, key, number))
        if number == 1:
            # Two who do not know of each other call the same agent by another name.
            rename(browser, boxes["hill"], "Ben Ashby", "Benjamin Ashby")
            rename(browser, boxes["dock"], "Ben Ashby", "Benny Ashby")
        if number == 2:
            # And place the same agent.
            place(browser, boxes["harbour"], "Yan Moss", "Lou Hill", "2026-11-09")
            place(browser, boxes["dock"], "Yan Moss", "Nobody", "2026-11-09")
            # One file reached two branches.
            both = write_log(tmp_path, "both.csv", calls(9_000_000, 10, "Cora Lane", day="2026-11-10"))
            for key in ("hill", "dock"):
                at(browser, boxes[key])
                upload(browser, both)
        if number == 3:
            # A week is deleted where it came in, by two people.
            at(browser, boxes["hill"])
            open_file(browser, "hill-week-1.csv").follow("Delete…")
            browser.press("Show what it would do").wait_for("Nothing is deleted yet")
            browser.fill(reason="the dialer was set up wrongly").press("Ask for this deletion")
            page = browser.path
            as_user(browser, boxes["hill"], "bea").go(page)
            browser.press("Approve and delete").wait_for("In the trash")
        by_folder(browser, boxes, "harbour", "hill", "harbour")
        sticks["from dock"].append(write_for(browser, boxes["dock"], "Harbour Calls", downloads))
        sticks["to dock"].append(write_for(browser, boxes["harbour"], "Dock Street", downloads))
    # The newest first, then the oldest, then the one between, then one twice.
    first, second, third = sticks["from dock"]
    assert take_in(browser, boxes["harbour"], third)
    picture(browser, screenshots, "receipt")
    assert not take_in(browser, boxes["harbour"], first)
    assert not take_in(browser, boxes["harbour"], second)
    assert not take_in(browser, boxes["harbour"], third)
    first, second, third = sticks["to dock"]
    assert take_in(browser, boxes["dock"], second)
    assert not take_in(browser, boxes["dock"], first)
    assert take_in(browser, boxes["dock"], third)
    by_folder(browser, boxes, "harbour", "hill")


def test_every_conflict_is_shown_on_every_box_and_decided_once(browser, month, downloads, screenshots):
    boxes, _ = month
    send(browser, boxes["harbour"], boxes["dock"], "Dock Street", downloads)
    for server in boxes.values():
        at(browser, server).go("/sync/conflicts")
        assert len(browser.all("main form[action*='conflicts']")) == 2, browser.text
        for text in ("Benjamin Ashby", "Benny Ashby", "Yan Moss", "Lou Hill", "Mon 9 Nov 2026"):
            assert text in browser.text, text
    picture(browser, screenshots, "conflicts")
    # The name is decided at Hill, the place at the Dock, each by who knows.
    at(browser, boxes["hill"]).go("/sync/conflicts")
    answer(browser, "Benny Ashby", "Keep what stands", "so he signs himself")
    at(browser, boxes["dock"]).go("/sync/conflicts")
    answer(browser, "Yan Moss", "Do the other after all", "he never moved")
    by_folder(browser, boxes, "hill", "harbour")
    send(browser, boxes["dock"], boxes["harbour"], "Harbour Calls", downloads)
    send(browser, boxes["harbour"], boxes["dock"], "Dock Street", downloads)
    by_folder(browser, boxes, "harbour", "hill", "harbour")
    for server in boxes.values():
        at(browser, server).go("/sync/conflicts")
        assert "No conflict is open" in browser.text, browser.text
        assert "so he signs himself" in browser.text and "he never moved" in browser.text


def answer(browser, about, button, comment):
    card = next(it for it in browser.all("main section.card") if about in it.text
                and it.find_elements("css selector", "form[action*='conflicts']"))
    card.find_element("css selector", "[name=comment]").send_keys(comment)
    browser.through(card.find_element("xpath", f".//button[.='{button}']"))


def test_they_end_with_one_truth_and_one_hash(browser, month, screenshots):
    boxes, _ = month
    shown = []
    for key, server in boxes.items():
        for agent, count in [("Zora Hill", 12 + 14 + 15), ("Dora Quay", 12 + 13 + 14 + 15), ("Yan Moss", 12 + 14 + 15),
                             ("Cora Lane", 12 + 13 + 14 + 15 + 10)]:
            assert logs_of(browser, server, agent) == count, (key, agent)
        assert "10 calls are also in another office's files and counted once." in browser.text
        at(browser, server).go("/sync")
        shown.append(words(browser))
        if key == "harbour":
            picture(browser, screenshots, "offices")
            browser.go("/reports/performance?from=2026-10-26&to=2026-11-20&office=all&by=office")
            picture(browser, screenshots, "report")
            browser.go("/sync/history")
            picture(browser, screenshots, "history")
    assert shown[0] == shown[1] == shown[2]
    hashes = {key: server.verify()["stateHash"] for key, server in boxes.items()}
    assert len(set(hashes.values())) == 1, hashes
