"""A folder that holds two offices: an admin chooses whose things he sees, everybody else sees the own alone."""
import json
import os
import shutil
import sqlite3

import pytest

from browser import DESKTOP, PHONE
from office import PASSWORD, Server, calls, found_office, write_log


def join(target, branch):
    """Brings what a branch shares into an office that does not run: its journal's entries and its archives. The next
    start folds all of them."""
    source = sqlite3.connect(os.path.join(branch.data, "rollcall.sqlite"))
    entries = source.execute("SELECT * FROM journal WHERE stream = 'shared'").fetchall()
    source.close()
    own = sqlite3.connect(os.path.join(target.data, "rollcall.sqlite"))
    with own:
        own.executemany(f"INSERT INTO journal VALUES ({','.join('?' * len(entries[0]))})", entries)
        own.execute("UPDATE folder SET rebuilding = 1")
    own.close()
    shutil.copytree(os.path.join(branch.data, "Files"), os.path.join(target.data, "Files"), dirs_exist_ok=True)


@pytest.fixture(scope="module")
def two_offices(tmp_path_factory):
    """Harbour Calls with Hill Branch in its folder."""
    folder = tmp_path_factory.mktemp("offices")
    main, branch = Server(), Server()
    try:
        for server, name, agent, first in [(main, "Harbour Calls", "Ben Ashby", 100),
                                           (branch, "Hill Branch", "Zora Hill", 5000)]:
            found_office(server, name)
            log = write_log(folder, f"{agent.split()[1].lower()}.csv",
                            calls(first, 30, agent) + calls(first + 50, 20, agent, day="2026-11-16"))
            result = server.run("import", log)
            assert result.returncode == 0, result.stderr
        user = main.run("user", "add", "dan", "--role", "data-entry", "--name", "Dan Data", "--password-stdin",
                        text=PASSWORD + "\n")
        assert user.returncode == 0, user.stderr
        join(main, branch)
        main.start()
        yield main
    finally:
        branch.stop()
        main.stop()


@pytest.fixture
def admin(browser, two_offices):
    browser.at(two_offices).sign_in("ann", PASSWORD)
    return browser


def choices(browser):
    return [(it.text, it.get_attribute("aria-current")) for it in browser.all("nav.offices a")]


def test_an_admin_chooses_whose_figures_he_sees(admin):
    admin.go("/reports/performance?from=2026-11-16&to=2026-11-17")
    assert choices(admin) == [("Harbour Calls", "true"), ("Hill Branch", None), ("All offices", None)]
    assert "Ben Ashby" in admin.text and "Zora Hill" not in admin.text
    admin.follow("Hill Branch")
    assert "office Hill Branch" in admin.text
    assert "Zora Hill" in admin.text and "Ben Ashby" not in admin.text
    # The period stays, and so does the office when the form asks again.
    assert "from=2026-11-16" in admin.driver.current_url
    admin.follow("All offices")
    assert "all offices" in admin.text and "Zora Hill" in admin.text and "Ben Ashby" in admin.text
    admin.go("/reports/performance?from=2026-11-16&to=2026-11-17&office=all&by=office")
    rows = [it.text for it in admin.all("table tbody tr > th")]
    assert rows[-2:] == ["Harbour Calls", "Hill Branch"], rows


def test_the_command_line_asks_for_offices_by_name(two_offices):
    def logs(*options):
        result = two_offices.run("report", "performance", "--from", "2026-11-16", "--to", "2026-11-17", "--json",
                                 *options)
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)["total"]["logs"]

    assert [logs(), logs("--office", "hill branch"), logs("--office", "all")] == [50, 50, 100]
    result = two_offices.run("report", "performance", "--office", "Nowhere")
    assert result.returncode != 0 and "There is no office “Nowhere” here." in result.stderr


def test_a_page_of_another_office_says_whose_it_is(admin):
    admin.go("/files?office=all")
    assert "ashby.csv" in admin.text and "hill.csv" in admin.text
    admin.follow("hill.csv")
    assert "Office Hill Branch" in admin.text
    assert "Read again" not in admin.text and "Undo this import" not in admin.text


def test_who_may_not_see_others_has_no_choice(browser, two_offices):
    browser.at(two_offices).sign_in("dan", PASSWORD)
    for path in ["/", "/agents", "/reports/performance", "/files", "/names/all"]:
        browser.go(path)
        assert browser.all("nav.offices") == []
        assert "Hill" not in browser.text, path


def test_paper_says_whose_figures_it_has(admin):
    admin.go("/reports/performance?office=all")
    admin.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    shown = [it.text for it in admin.all("nav.offices a") if it.is_displayed()]
    admin.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert shown == ["All offices"]


def test_the_choice_fits_every_screen(admin):
    for path in ["/", "/reports/performance?office=all", "/agents?office=all", "/people", "/files?office=all",
                 "/activity?office=all"]:
        for size, least in [(PHONE, 44), (DESKTOP, 32)]:
            admin.look(size).go(path)
            assert admin.overflow <= 0, path
            for link in admin.all("nav.offices a"):
                assert link.rect["height"] >= least, path
    admin.look_usual()
