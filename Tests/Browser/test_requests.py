"""A swap between two teams, from its opening to its last word, on a phone; figures agree to the call."""
import datetime
import re

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from browser import PHONE
from office import DEMO_PASSWORD, Server, calls, write_log
from test_files import upload

OTHER = "Tom Ashworth"
OWN_PASSWORD = "copper lantern meadow"


@pytest.fixture(scope="module")
def teams():
    """A demo office of its own: this test changes it."""
    server = Server("demo")
    server.start()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def usual_look(browser):
    """The window is everybody's: the next test finds it as it was."""
    yield
    browser.look_usual()


def as_user(browser, server, username):
    browser.at(server).look(PHONE).sign_in(username, DEMO_PASSWORD)
    return browser


def logs_by_leader(browser, first, last):
    """What the report says, as the admin's page shows it on a desktop: leader to logs."""
    browser.go(f"/reports/performance?by=leader&from={first}&to={last}")
    column = [cell.get_attribute("textContent") for cell in browser.all("[aria-label=Figures] thead th")].index("Logs")
    rows = {}
    for row in browser.all("[aria-label=Figures] :is(tbody, tfoot) tr"):
        cells = [cell.get_attribute("textContent").strip() for cell in row.find_elements(By.CSS_SELECTOR, "th, td")]
        rows[cells[0]] = int(cells[column].replace(",", ""))
    return rows


def choose(browser, name, text):
    Select(browser.find(f"select[name='{name}']")).select_by_visible_text(text)


def waiting(browser):
    """The number on the menu that a phone shows."""
    found = browser.all(".navmenu > summary .waiting")
    return int(re.match(r"\d+", found[0].get_attribute("textContent")).group()) if found else 0


def test_a_swap_is_opened_accepted_and_approved_on_a_phone(browser, teams, tmp_path):
    browser.expected.append("400")
    today = datetime.date.today().isoformat()
    yesterday = (datetime.date.today() - datetime.timedelta(days=1)).isoformat()
    past = (datetime.date.today() - datetime.timedelta(days=60)).isoformat()

    # The other leader gets an account, and both agents have calls today, from just after midnight.
    browser.at(teams).look_usual()
    browser.sign_in("admin", DEMO_PASSWORD).go("/admin/users/new")
    browser.fill(name=OTHER, username="tom", password=DEMO_PASSWORD)
    choose(browser, "role", "Team Leader")
    choose(browser, "person", OTHER)
    browser.press("Add")
    agents = {}
    for leader in ("Sarah Mitchell", OTHER):
        browser.go("/agents")
        for row in browser.all("tbody tr"):
            cells = [cell.text for cell in row.find_elements(By.CSS_SELECTOR, "th, td")]
            if cells[2] == leader and cells[0] not in ("Hannah Cole", "Connor O'Brien", "Anne-Marie Weiss"):
                if "\n" not in cells[0] and "also" not in cells[0]:
                    agents.setdefault(leader, cells[0])
    mine, theirs = agents["Sarah Mitchell"], agents[OTHER]
    rows = calls(970_001, 7, mine, today, minutes=0) + calls(970_101, 4, theirs, today, minutes=0)
    log = write_log(tmp_path, "today.csv", [line.replace(f"{today} 10:00:00", f"{today} 00:00:00") for line in rows])
    upload(browser, log)
    browser.wait(lambda: logs_by_leader(browser, today, today).get("Total") == 11, "today's calls", 60)
    before_today = logs_by_leader(browser, today, today)
    before_past = logs_by_leader(browser, past, yesterday)
    assert before_today["Sarah Mitchell"] == 7 and before_today[OTHER] == 4

    # The leader opens it, with what she forgot shown and what she typed kept.
    as_user(browser, teams, "leader").go("/requests/new?kind=swap")
    choose(browser, "agent", mine)
    choose(browser, "other", theirs)
    browser.driver.execute_script(
        "const f = document.querySelector('[name=effective]'); f.value = arguments[0];"
        "document.querySelector('[name=reason]').required = false;", today)
    browser.press("Open the request")
    assert "needs a reason" in browser.text
    assert Select(browser.find("[name=other]")).first_selected_option.text == theirs
    browser.fill(reason="Both live nearer to the other desk")
    assert browser.overflow <= 0
    browser.press("Open the request")
    assert browser.heading.startswith(f"Swap {mine} of Sarah Mitchell with {theirs} of {OTHER}")
    assert f"It waits for {OTHER}, to accept" in browser.text
    page = browser.path

    # The other leader finds it by the number on his menu.
    as_user(browser, teams, "tom")
    assert browser.path == "/me/password"
    browser.fill(present=DEMO_PASSWORD, password=OWN_PASSWORD, again=OWN_PASSWORD).press("Change it")
    assert waiting(browser) >= 1
    browser.go("/requests").follow(f"Swap {mine}")
    assert browser.path == page and browser.overflow <= 0
    browser.press("Accept")
    assert "It waits for Rachel Donovan, to approve" in browser.text

    # The manager sees on the first screen what it does, and approves.
    as_user(browser, teams, "manager")
    assert f"Swap {mine}" in browser.text and "agents" in browser.text
    asked = waiting(browser)
    browser.follow(f"Swap {mine}")
    assert "What it does to both teams" in browser.text and browser.overflow <= 0
    browser.press("Reject")
    assert "needs a comment" in browser.text
    browser.press("Approve")
    assert "Applied" in browser.text and waiting(browser) == asked - 1

    # To the call: both teams' sum is what it was, their parts are swapped, the past is as it was.
    browser.look_usual()
    browser.sign_in("admin", DEMO_PASSWORD)
    after_today = logs_by_leader(browser, today, today)
    assert after_today["Sarah Mitchell"] == 4 and after_today[OTHER] == 7
    assert after_today["Total"] == before_today["Total"] == 11
    assert logs_by_leader(browser, past, yesterday) == before_past
    assert teams.process.poll() is None


def test_a_leader_sets_a_stand_in_without_script(teams, downloads):
    from browser import Browser, open_chromium
    driver = open_chromium(str(downloads), scripts=False)
    try:
        browser = as_user(Browser(driver), teams, "leader")
        browser.go("/requests/stand-in")
        choose(browser, "delegate", "Rachel Donovan")
        browser.find("[name=until]").send_keys((datetime.date.today() + datetime.timedelta(days=3)).strftime("%m%d%Y"))
        browser.press("Set")
        assert "The stand-in is set" in browser.text and "Rachel Donovan" in browser.text
        browser.press("End it")
        assert "The stand-in has ended" in browser.text
    finally:
        driver.quit()
