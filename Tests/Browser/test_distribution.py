"""The distribution board: agents are moved by hand, by keys, and without script."""
import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from browser import PHONE, Browser, open_chromium
from office import DEMO_PASSWORD, Server


@pytest.fixture(scope="module")
def office():
    """A demo office of its own, as moves change it."""
    server = Server("demo")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def board(browser, office):
    browser.at(office).sign_in("manager", DEMO_PASSWORD)
    return browser.go("/distribution")


def column(browser, name):
    return next(it for it in browser.all(".column") if it.find_element("css selector", "h3").text.startswith(name))


def names(browser, column_name):
    return [it.text for it in column(browser, column_name).find_elements("css selector", ".agentcard-name")]


def box(browser, name):
    return browser.find(f".agentcard input[aria-label='{name}']")


def test_a_card_is_dragged_to_another_team(board):
    assert [it.text.split("\n")[0] for it in board.all(".column h3")] == [
        "Idle", "Unassigned", "Nadia Rahman", "Sarah Mitchell", "Tom Ashworth"]
    before = len(names(board, "Nadia Rahman"))
    board.driver.execute_script(
        "const data = new DataTransfer(), send = (at, kind) => at.dispatchEvent("
        "  new DragEvent(kind, {bubbles: true, cancelable: true, dataTransfer: data}));"
        "send(arguments[0], 'dragstart'); send(arguments[1], 'dragenter'); send(arguments[1], 'dragover');"
        "send(arguments[1], 'drop');",
        box(board, "Karen Whitfield").find_element("xpath", ".."), column(board, "Nadia Rahman"))
    board.wait_for("Karen Whitfield is in the team of Nadia Rahman")
    assert len(names(board, "Nadia Rahman")) == before + 1
    assert names(board, "Idle") == []


def test_two_are_moved_by_keys_from_a_later_day(board):
    board.driver.execute_script("document.querySelector('#on').value = '2099-01-05'")
    board.press("Show")
    first = box(board, "Aisha Begum")
    first.send_keys(Keys.SPACE)
    first.send_keys(Keys.ARROW_DOWN)
    second = board.driver.switch_to.active_element
    assert second.get_attribute("aria-label") == "Ben Ashby"
    second.send_keys(Keys.SPACE)
    assert "2 ticked" in board.text
    second.send_keys("m")
    chooser = board.driver.switch_to.active_element
    Select(chooser).select_by_visible_text("Sarah Mitchell")
    chooser.send_keys(Keys.ENTER)
    board.wait_for("Aisha Begum, Ben Ashby are in the team of Sarah Mitchell from Mon 5 Jan 2099 on.")
    assert "Aisha Begum" in names(board, "Sarah Mitchell")
    board.go("/distribution")
    assert "Aisha Begum" in names(board, "Tom Ashworth")
    assert "from Mon 5 Jan → Sarah Mitchell" in column(board, "Tom Ashworth").text
    assert len([row for row in board.all("tbody tr") if "Sarah Mitchell" in row.text]) == 2


def test_the_search_narrows_the_columns(board):
    board.find("#q").send_keys("stone")
    shown = [card.text for card in board.all(".agentcard-name") if card.is_displayed()]
    assert shown == ["Natalie Stone"]
    assert "1 of " in column(board, "Nadia Rahman").text


def test_without_script_and_on_a_phone(office, downloads):
    driver = open_chromium(str(downloads), scripts=False)
    try:
        browser = Browser(driver).at(office)
        browser.look(PHONE)
        browser.sign_in("manager", DEMO_PASSWORD)
        browser.go("/distribution")
        assert "ticked" not in browser.text.replace("Move the ticked to", "")
        box(browser, "Priya Nair").click()
        Select(browser.find("#to")).select_by_visible_text("Tom Ashworth")
        browser.fill(reason="Nearer to her desk")
        browser.through(browser.find("button[value=move]"))
        assert "Priya Nair is in the team of Tom Ashworth" in browser.text
        assert "Priya Nair" in names(browser, "Tom Ashworth")
        # To another manager's team a request is needed.
        box(browser, "Priya Nair").click()
        browser.expected.append("404")
        browser.through(browser.find("button[value=request]"))
        assert browser.path == "/requests/new"
        assert browser.note_faults() == []
    finally:
        driver.quit()
