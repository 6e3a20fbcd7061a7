"""Two offices on two boxes, driven through the browser: they pair, exchange, disagree, decide, and hold the same."""
import os
import pathlib
import time

import pytest

from browser import DESKTOP, PHONE
from office import PASSWORD, Server, calls, found_office, write_log
from test_every_page import axe, violations  # noqa: F401


@pytest.fixture(scope="module")
def boxes(tmp_path_factory):
    """Harbour Calls and Hill Branch, each with calls of its own and served."""
    folder = tmp_path_factory.mktemp("exchange")
    harbour, hill = Server(), Server()
    try:
        for server, name, agent, first in [(harbour, "Harbour Calls", "Ben Ashby", 100),
                                           (hill, "Hill Branch", "Zora Hill", 5000)]:
            found_office(server, name)
            result = server.run("import", write_log(folder, f"{agent.split()[1].lower()}.csv", calls(first, 30, agent)))
            assert result.returncode == 0, result.stderr
            server.start()
        yield harbour, hill
    finally:
        hill.stop()
        harbour.stop()


cookies = {}


def at(browser, server):
    """The admin of a box; the password is asked for once."""
    browser.at(server).go("/auth/login")
    if server.url in cookies:
        browser.driver.delete_all_cookies()
        browser.driver.add_cookie(cookies[server.url])
        browser.go("/")
    else:
        browser.sign_in("ann", PASSWORD)
        cookies[server.url] = browser.driver.get_cookie("rollcall")
    return browser


def words(browser, within="main"):
    """Six words as they stand on the page, in their order."""
    return [it.text.strip() for it in browser.all(f"{within} .checkwords")[0].find_elements("tag name", "li")]


def downloaded(downloads, press):
    """The one snapshot or card that pressing something brings."""
    before = set(os.listdir(downloads))
    press()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        new = set(os.listdir(downloads)) - before
        whole = [name for name in new if name.endswith(".rollcall")]
        if whole and not any(name.endswith(".crdownload") for name in new):
            kept = pathlib.Path(downloads) / "kept"
            kept.mkdir(exist_ok=True)
            return str((pathlib.Path(downloads) / whole[0]).rename(kept / whole[0]))
        time.sleep(0.1)
    raise AssertionError(f"nothing was downloaded: {os.listdir(downloads)}")


def choose(browser, path, button):
    browser.find("input[type=file]").send_keys(path)
    browser.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", browser.button(button))
    browser.button(button).click()


def card_of(browser, server, downloads):
    at(browser, server).go("/sync/pair")
    own = words(browser)
    path = downloaded(downloads, browser.link("Download the card").click)
    return path, own


def pair(browser, server, card, expected):
    at(browser, server).go("/sync/pair")
    choose(browser, card, "Show its words")
    browser.wait_for("Are they the same?")
    assert words(browser) == expected
    browser.press("Yes, pair")
    assert "Paired" in browser.text


def send(browser, source, target, downloads, pictures=None):
    """Writes a snapshot at one box and takes it in at the other; returns the receipt's words."""
    at(browser, source).go("/sync")
    browser.follow("Write what it lacks")
    browser.press("Write it")
    browser.wait_for("The snapshot is ready")
    path = downloaded(downloads, browser.link("Download it").click)
    at(browser, target).go("/sync/import")
    browser.drop_files(".drop", [path])
    browser.wait_for("Take it in?")
    if pictures:
        for size in (DESKTOP, PHONE):
            browser.look(size)
            browser.picture(pictures / f"sync-preview-{size[0]}.png")
        browser.look_usual()
    browser.press("Take it in")
    browser.wait_for("What this office held then")
    if pictures:
        browser.picture(pictures / "sync-receipt-1280.png")
    return words(browser)


def rename(browser, server, old, new):
    at(browser, server).go("/people?office=all&q=" + old.split()[0])
    browser.follow(old)
    browser.follow("Rename")
    browser.fill(name=new)
    browser.press("Rename")


def test_two_offices_pair_by_reading_six_words(browser, boxes, downloads):
    harbour, hill = boxes
    at(browser, harbour).go("/sync")
    assert "No other office yet" in browser.text
    card, own = card_of(browser, harbour, downloads)
    pair(browser, hill, card, own)
    card, own = card_of(browser, hill, downloads)
    pair(browser, harbour, card, own)
    assert "Hill Branch" in browser.text and "Never" in browser.text


def test_what_one_sends_the_other_takes_in_and_both_hold_the_same(browser, boxes, downloads, screenshots):
    harbour, hill = boxes
    send(browser, harbour, hill, downloads)
    last = send(browser, hill, harbour, downloads, screenshots)
    at(browser, hill).go("/sync")
    assert words(browser) == last
    at(browser, harbour).go("/sync")
    assert words(browser) == last
    assert "The same" in browser.text
    assert harbour.verify()["stateHash"] == hill.verify()["stateHash"]
    # What came is gone; what was written lies ready for an hour.
    assert [it for it in harbour.incoming if not it.endswith(".written")] == []


def test_a_conflict_is_seen_on_both_sides_and_decided_once(browser, boxes, downloads, axe, screenshots):  # noqa: F811
    harbour, hill = boxes
    rename(browser, harbour, "Ben Ashby", "Benjamin Ashby")
    rename(browser, hill, "Ben Ashby", "Benny Ashby")
    send(browser, hill, harbour, downloads)
    assert "What Benny Ashby is called" in browser.text
    browser.follow("Decide the conflicts")
    for size in (DESKTOP, PHONE):
        browser.look(size).go("/sync/conflicts")
        assert browser.overflow <= 0
        assert not axe or violations(browser, axe) == []
        if screenshots:
            browser.picture(screenshots / f"sync-conflict-open-{size[0]}.png")
    browser.look_usual()
    assert "Stands now" in browser.text and "Lost" in browser.text
    for name in ("Benjamin Ashby", "Benny Ashby", "Harbour Calls", "Hill Branch"):
        assert name in browser.text, name
    browser.fill(comment="his passport says so")
    browser.press("Do the other after all")
    assert "No conflict is open" in browser.text and "his passport says so" in browser.text
    send(browser, harbour, hill, downloads)
    at(browser, hill).go("/sync/conflicts")
    assert "No conflict is open" in browser.text and "Ann Hill" in browser.text
    at(browser, hill).go("/sync")
    there = words(browser)
    at(browser, harbour).go("/sync")
    assert words(browser) == there
    browser.go("/people?q=Benjamin")
    assert "Benjamin Ashby" in browser.text


def test_every_page_of_it_fits_a_phone_and_is_accessible(browser, boxes, axe, screenshots):  # noqa: F811
    harbour, _ = boxes
    at(browser, harbour)
    pages = ["/sync", "/sync/pair", "/sync/export", "/sync/import", "/sync/conflicts", "/sync/history"]
    browser.go("/sync/history")
    pages.append(browser.find("tbody th a").get_attribute("href").removeprefix(harbour.url))
    browser.go("/sync/conflicts")
    pages.append(browser.find(".looks a").get_attribute("href").removeprefix(harbour.url))
    for page in pages:
        for size in (DESKTOP, PHONE):
            for dark in (False, True):
                browser.look(size, dark).go(page)
                assert browser.overflow <= 0, page
                assert len(browser.all("h1")) == 1
                assert not axe or violations(browser, axe) == [], page
                if screenshots:
                    name = page.strip("/").replace("/", "-")[:40]
                    browser.picture(screenshots / f"{name}-{size[0]}{'-dark' if dark else ''}.png")
    browser.look_usual()
