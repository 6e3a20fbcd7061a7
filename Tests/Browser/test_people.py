"""Who reports to whom, from an empty office on: added, placed, moved, handed over, taken in as a roster."""
import datetime

from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from browser import PHONE

ROSTER = """Name,Designation,Group,Team leader,Team manager
Lea Long,Team Leader,North,,Meg Mason
Ned Noble,Team Leader,North,,Meg Mason
Al Archer,,,Lea Long,
Bea Bishop,,,Lea Long,
"""


def choose(browser, name, text):
    """Selects the option of a select whose label begins with the text."""
    select = Select(browser.find(f"[name='{name}']"))
    for option in select.options:
        if option.text.startswith(text):
            select.select_by_value(option.get_attribute("value"))
            return
    raise AssertionError(f"{name} has no “{text}”: {[option.text for option in select.options]}")


def set_day(browser, day, name="from"):
    browser.driver.execute_script("document.querySelector(`[name='${arguments[0]}']`).value = arguments[1]",
                                  name, day.isoformat())


def team(browser, leader):
    """The names in a leader's team on the chart."""
    for box in browser.all(".team"):
        if box.find_element(By.CSS_SELECTOR, "h3").text.startswith(leader):
            return [link.text for link in box.find_elements(By.CSS_SELECTOR, ".members a")]
    return None


def test_an_office_gets_its_people(ann, tmp_path):
    browser = ann
    browser.expected.append("409")
    today = datetime.date.today()
    browser.go("/people")
    assert "How to begin" in browser.text
    browser.follow("Add a team manager")
    browser.fill(name="Meg Mason", group="North")
    browser.press("Add")
    assert browser.heading == "Meg Mason" and "Team Manager" in browser.text

    # A roster brings the others, all or nobody.
    browser.go("/people/roster")
    browser.fill(text=ROSTER + "Cy Carter,Astronaut,,Lea Long,\n")
    browser.press("Look at it first")
    assert "“Astronaut” is no designation" in browser.text and "4 added" in browser.text
    browser.press("Change it")
    assert "Cy Carter" in browser.find("[name='text']").get_attribute("value")
    path = tmp_path / "roster.csv"
    path.write_text(ROSTER)
    browser.find("[name='file']").send_keys(str(path))
    browser.press("Look at it first")
    assert "4 added, 0 placed, 0 unchanged, 0 refused" in browser.text
    browser.press("Take it in")
    assert "The roster is taken in" in browser.text
    assert team(browser, "Lea Long") == ["Al Archer", "Bea Bishop"]

    # Two agents, ticked, on a phone, from a day to come.
    browser.look(PHONE)
    later = today + datetime.timedelta(days=7)
    for name in ["Al Archer", "Bea Bishop"]:
        row = browser.driver.find_element(By.XPATH, f"//li[a='{name}']")
        box = row.find_element(By.CSS_SELECTOR, "input")
        browser.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", box)
        box.click()
    browser.press("Place whom I ticked…")
    assert browser.heading == "Place 2 people"
    set_day(browser, later)
    choose(browser, "seat", "Ned Noble")
    browser.fill(reason="Lea's team is full")
    browser.press("Look at it first")
    assert "2 people are placed" in browser.text
    assert browser.overflow <= 0
    browser.press("Place them")
    browser.look_usual()
    assert "2 people from" in browser.text and "Scheduled" in browser.text
    assert team(browser, "Lea Long") == ["Al Archer", "Bea Bishop"]
    browser.go(f"/people?on={later}")
    assert team(browser, "Ned Noble") == ["Al Archer", "Bea Bishop"]

    # What is scheduled for one is taken back.
    browser.follow("Al Archer")
    assert "Moved from the team of Lea Long to the team of Ned Noble" in browser.text
    assert "Lea's team is full" in browser.text
    browser.follow("Cancel").press("Look at it first").press("Cancel the change")
    browser.go(f"/people?on={later}")
    assert team(browser, "Lea Long") == ["Al Archer"]

    # The leader goes; an agent takes over, in one step.
    browser.go("/people").follow("Lea Long").follow("Leave").press("Look at it first")
    assert "would be left without a team leader" in browser.text
    browser.follow("Back").follow("Hand over")
    choose(browser, "successor", "Bea Bishop")
    browser.find("input[name='fate'][value='Left']").click()
    browser.press("Look at it first")
    assert "Al Archer" in browser.text and "Status: Employee" in browser.text
    browser.press("Hand over")
    assert "Handed over" in browser.text and "Left" in browser.text
    browser.go("/people")
    assert team(browser, "Bea Bishop") == ["Al Archer"]
    assert team(browser, "Lea Long") is None
    browser.go("/activity")
    assert "handed over the people of" in browser.text
