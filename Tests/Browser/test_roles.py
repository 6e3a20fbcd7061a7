"""Each role sees its own part of the office and nothing else; what is out of reach is not there."""
import re

import pytest
from selenium.webdriver.common.by import By

NAVIGATION = {
    "admin": ["Home", "Agents", "People", "Requests", "Calls", "Reports", "Files", "Deletions", "Offices", "Activity",
              "Settings"],
    "data": ["Home", "Agents", "People", "Calls", "Reports", "Files", "Deletions"],
    "manager": ["Home", "Agents", "People", "Requests", "Calls", "Reports", "Deletions"],
    "leader": ["Home", "Agents", "People", "Requests", "Calls", "Reports"],
    "agent": ["Home", "Agents", "People", "Requests", "Calls", "Reports"],
}
FORBIDDEN = {
    "data": ["/activity", "/admin", "/admin/users"],
    "manager": ["/files", "/activity", "/admin/users"],
    "leader": ["/files", "/activity", "/admin/users"],
    "agent": ["/files", "/activity", "/admin/users"],
}


def agents(browser):
    """Name to address of everybody on the agents page."""
    browser.go("/agents")
    return {link.text: link.get_attribute("href") for link in browser.all("tbody th a")}


@pytest.mark.parametrize("username", NAVIGATION)
def test_a_role_has_its_own_menu(as_role, username):
    browser = as_role(username)
    # What waits is a number behind the word.
    words = [link.text.splitlines()[0].split(" ")[0] for link in browser.all(".mainnav a")]
    assert words == NAVIGATION[username]
    for path in [link.get_attribute("href") for link in browser.all(".mainnav a")]:
        browser.driver.get(path)
        assert browser.all("h1"), path
        assert browser.all(".mainnav a[aria-current=page]"), path


@pytest.mark.parametrize("username", FORBIDDEN)
def test_what_a_role_may_not_see_is_not_there(as_role, username):
    browser = as_role(username)
    browser.expected.append("404")
    for path in FORBIDDEN[username] + ["/no-such-page"]:
        browser.go(path)
        assert "There is nothing here for you" in browser.text, path


def test_scopes_lie_within_each_other(as_role):
    """Everybody, own teams, own team, self."""
    everybody = agents(as_role("admin"))
    teams = agents(as_role("manager"))
    team = agents(as_role("leader"))
    own = agents(as_role("agent"))
    assert set(own) == {"Hannah Cole"}
    assert set(own) < set(team) < set(teams) < set(everybody)
    assert 5 <= len(team) <= 12
    assert "Victor Almeida" in everybody and "Victor Almeida" not in teams
    # An address that somebody else can open is nothing, for who may not.
    browser = as_role("leader")
    browser.expected.append("404")
    foreign = everybody["Victor Almeida"]
    browser.driver.get(foreign)
    assert "There is nothing here for you" in browser.text
    assert "Victor" not in browser.driver.page_source
    # Nor does a search, or a filter, tell of him.
    browser.go("/agents?q=victor")
    assert "Victor Almeida" not in browser.text
    number = re.search(r"[0-9a-f-]{36}", foreign).group()
    browser.go(f"/calls?agent={number}")
    assert not [row for row in browser.all("tbody tr") if row.find_elements(By.CSS_SELECTOR, "a")]


def test_the_total_of_a_team_is_the_sum_of_its_agents(as_role):
    browser = as_role("leader")
    browser.go("/reports/performance?by=agent")

    def logs(row):
        """The figure under “Logs”, whose place shifts where a cell spans several columns."""
        cells = []
        for cell in row.find_elements(By.CSS_SELECTOR, "th, td"):
            cells += [cell.text] + [""] * (int(cell.get_attribute("colspan") or 1) - 1)
        return int(cells[column].replace(",", ""))

    column = [cell.text for cell in browser.all("thead th")].index("Logs")
    rows = [logs(row) for row in browser.all("tbody tr")]
    assert len(rows) >= 5
    assert sum(rows) == logs(browser.find("tfoot tr")) > 0
