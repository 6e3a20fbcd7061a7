"""Two offices on two boxes, driven through the browser: they pair, exchange, disagree, decide, and hold the same."""
import tarfile

import pytest

from browser import DESKTOP, PHONE
from exchange import at, card_of, pair, rename, send, take_in, words, write_for
from office import Server, calls, found_office, write_log
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
    assert send(browser, harbour, hill, "Hill Branch", downloads)
    path = write_for(browser, hill, "Harbour Calls", downloads)

    def look():
        if screenshots:
            for size in (DESKTOP, PHONE):
                browser.look(size)
                browser.picture(screenshots / f"sync-preview-{size[0]}.png")
            browser.look_usual()

    assert take_in(browser, harbour, path, look)
    last = words(browser)
    if screenshots:
        browser.picture(screenshots / "sync-receipt-1280.png")
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
    send(browser, hill, harbour, "Harbour Calls", downloads)
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
    # Somebody mends it by hand meanwhile: that is what stands.
    rename(browser, harbour, "Benny Ashby", "Ben A. Ashby")
    for size in (DESKTOP, PHONE):
        for dark in (False, True):
            browser.look(size, dark).go("/sync/conflicts")
            assert browser.overflow <= 0
            assert not axe or violations(browser, axe) == []
            if screenshots:
                browser.picture(screenshots / f"sync-conflict-since-{size[0]}{'-dark' if dark else ''}.png")
    browser.look_usual()
    assert "Ben A. Ashby" in browser.text and "Won" in browser.text and "changed it since" in browser.text
    browser.fill(comment="his passport says so")
    browser.press("Do what lost after all")
    assert "No conflict is open" in browser.text and "his passport says so" in browser.text
    send(browser, harbour, hill, "Hill Branch", downloads)
    at(browser, hill).go("/sync/conflicts")
    assert "No conflict is open" in browser.text and "Ann Hill" in browser.text
    at(browser, hill).go("/sync")
    there = words(browser)
    at(browser, harbour).go("/sync")
    assert words(browser) == there
    browser.go("/people?q=Benjamin")
    assert "Benjamin Ashby" in browser.text


def test_a_damaged_snapshot_says_so_on_a_phone(browser, boxes, tmp_path):
    harbour, hill = boxes
    path = tmp_path / "damaged.rollcall"
    assert hill.run("snapshot", "export", "--out", str(path)).returncode == 0
    with tarfile.open(path) as tar:
        calls_of = next(it for it in tar if it.name.startswith("files/"))
    data = bytearray(path.read_bytes())
    data[calls_of.offset_data + calls_of.size // 2] ^= 1
    path.write_bytes(data)
    at(browser, harbour).go("/sync/import")
    browser.drop_files(".drop", [str(path)])
    browser.wait_for("Nothing of it was taken in")
    assert f"damaged at {calls_of.name}" in browser.text
    browser.look(PHONE)
    assert browser.overflow <= 0
    browser.look_usual()


def test_every_page_of_it_fits_a_phone_and_is_accessible(browser, boxes, axe, screenshots):  # noqa: F811
    harbour, _ = boxes
    at(browser, harbour)
    pages = ["/sync", "/sync/pair", "/sync/export", "/sync/import", "/sync/conflicts", "/sync/history", "/sync/exchange",
             "/admin/backups"]
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
