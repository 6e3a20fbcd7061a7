"""Data Entry asks to delete, a second admin approves, a third restores; every figure follows, down to the call."""
import pytest
from selenium.webdriver.common.by import By

from browser import PHONE
from office import Server, calls, found_office, write_log
from test_files import choose, open_file, upload, wait_for_state

OWN_PASSWORD = "copper lantern meadow"
FIRST_PASSWORD = "violet kettle harbour"


@pytest.fixture(scope="module")
def harbour():
    """An office of its own with one clerk and three admins: these tests change it."""
    server = Server()
    found_office(server)
    for username, role in (("dora", "data-entry"), ("bea", "admin"), ("cleo", "admin")):
        result = server.run("user", "add", username, "--role", role, "--name", username.capitalize(),
                            "--password-stdin", text=FIRST_PASSWORD + "\n")
        assert result.returncode == 0, result.stderr
    server.start()
    yield server
    assert server.verify()["ok"]
    server.stop()


@pytest.fixture(autouse=True)
def usual_look(browser):
    yield
    browser.look_usual()


def as_user(browser, server, username):
    browser.at(server)
    known = getattr(server, "known", set())
    browser.sign_in(username, OWN_PASSWORD if username in known else FIRST_PASSWORD)
    if browser.path == "/me/password":
        browser.fill(present=FIRST_PASSWORD, password=OWN_PASSWORD, again=OWN_PASSWORD).press("Change it")
    server.known = known | {username}
    return browser


def logs(browser):
    """Logs by agent, as the report says."""
    browser.go("/reports/performance?by=agent&from=2026-11-01&to=2026-11-30")
    head = [cell.get_attribute("textContent") for cell in browser.all("[aria-label=Figures] thead th")]
    if "Logs" not in head:
        return {}
    rows = {}
    for row in browser.all("[aria-label=Figures] :is(tbody, tfoot) tr"):
        cells = [cell.get_attribute("textContent").strip() for cell in row.find_elements(By.CSS_SELECTOR, "th, td")]
        rows[cells[0]] = int(cells[head.index("Logs")].replace(",", ""))
    return rows


def confirm_purge(browser):
    browser.button("Purge now").click()
    browser.wait(lambda: browser.all("dialog[open]"), "the question")
    browser.through(browser.find("dialog[open] .button-danger"))


def buttons(browser):
    return {button.text for button in browser.all("main form button") if button.is_displayed()}


def test_one_asks_a_second_approves_a_third_restores(browser, harbour, tmp_path):
    browser.expected.append("400")
    monday = calls(1000, 12, agent="Ben Ashby", day="2026-11-16")
    tuesday = calls(2000, 9, agent="Ben Ashby", day="2026-11-17") + calls(3000, 7, agent="Zoe Hart", day="2026-11-17")
    as_user(browser, harbour, "dora")
    upload(browser, write_log(tmp_path, "week.csv", monday + tuesday))
    upload(browser, write_log(tmp_path, "again.csv", tuesday[:4]))
    before = logs(browser)
    assert before == {"Ben Ashby": 21, "Zoe Hart": 7, "Total": 28}

    # She asks for one day of the file; what she leaves out is said, what she typed stays.
    open_file(browser, "week.csv").follow("Delete…")
    browser.find("input[name=what][value=days]").click()
    day = next(label for label in browser.all("label.check") if "17 Nov 2026" in label.text)
    assert "16 rows" in day.text
    day.click()
    browser.press("Show what it would do")
    assert browser.heading.startswith("Delete Tue 17 Nov 2026 of week.csv")
    browser.wait_for("Nothing is deleted yet")
    assert "again.csv, version 1" in browser.text
    tiles = [tile.text.split("\n")[:2] for tile in browser.all(".tile")]
    assert tiles == [["Rows that go", "16"], ["Calls that go", "12"], ["Rows whose call stays", "4"]]
    assert logs(browser) == before
    browser.driver.back()
    browser.driver.execute_script("document.querySelector('[name=reason]').required = false;")
    browser.press("Ask for this deletion")
    assert "needs a reason" in browser.text
    browser.fill(reason="The dialer sent the day twice").press("Ask for this deletion")
    page = browser.path
    assert "Nothing is deleted yet" in browser.text and "Approve and delete" not in buttons(browser)
    assert logs(browser) == before

    # The second admin finds it by the number in his menu, and approves on a phone.
    as_user(browser, harbour, "bea").look(PHONE).go("/deletions")
    assert "Waiting for you" in browser.text
    browser.follow("Tue 17 Nov 2026 of week.csv, version 1")
    assert browser.path == page and browser.overflow <= 0
    browser.press("Approve and delete")
    browser.wait_for("In the trash")
    browser.look_usual()
    after = {"Ben Ashby": 16, "Total": 16}
    assert logs(browser) == after
    browser.go("/calls?from=2026-11-17&to=2026-11-17")
    assert len(browser.all("tbody tr")) == 4

    # Data Entry cannot take it back; the third admin can, and every figure is as before.
    as_user(browser, harbour, "dora").go(page)
    assert buttons(browser) == {"Comment"}
    open_file(browser, "week.csv")
    assert "Some days of this version are deleted" in browser.text
    as_user(browser, harbour, "cleo").go("/deletions/trash").follow("Tue 17 Nov 2026 of week.csv, version 1")
    browser.press("Restore")
    assert "needs a comment" in browser.text
    browser.fill(comment="Tuesday was right after all").press("Restore")
    browser.wait_for("every figure is as if it had never been deleted")
    assert logs(browser) == before
    browser.go("/activity?kind=deletions")
    for words in ("asked to delete", "approved to delete", "restored", "12 calls left the figures", "12 calls came back"):
        assert words in browser.text, words


def test_an_import_is_undone_held_and_purged_with_a_certificate(browser, harbour, tmp_path):
    browser.expected.append("409")
    as_user(browser, harbour, "dora").go("/files")
    before = logs(browser)
    log = write_log(tmp_path, "mistake.csv", calls(9000, 5, agent="Zoe Hart", day="2026-11-18"))
    upload(browser, log)
    open_file(browser, "mistake.csv").follow("Delete…")
    browser.fill(reason="Wrong campaign").press("Show what it would do")
    browser.press("Ask for this deletion")
    page = browser.path

    as_user(browser, harbour, "bea").go(page).press("Approve and delete")
    browser.wait_for("In the trash")
    assert logs(browser) == before
    # The same bytes again: in the trash, and said so.
    browser.go("/files")
    choose(browser, log)
    wait_for_state(browser, "mistake.csv", "refused")
    assert "in the trash" in browser.text

    # A hold stops the purge.
    browser.go("/deletions/holds").fill(reason="Asked for by the court").press("Set the hold")
    assert "Every call of the office" in browser.text
    browser.go(page).fill(comment="Room is short")
    confirm_purge(browser)
    assert "A hold keeps some of these calls" in browser.text
    browser.go("/deletions/holds")
    browser.find("details.more summary").click()
    browser.find("details.more input[name=comment]").send_keys("The court has decided")
    browser.press("Lift the hold")
    assert "Nothing is held" in browser.text

    browser.go(page).fill(comment="Room is short")
    confirm_purge(browser)
    browser.wait_for("Erased for good")
    browser.follow("Erase certificate")
    assert browser.heading == "Erase certificate"
    assert "mistake.csv, version 1" in browser.text and "Nothing of it is kept" in browser.text
    assert logs(browser) == before
