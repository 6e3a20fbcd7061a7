"""Whose a dialer's name is: linked by one press, divided by days, undone."""
import pytest

from office import DEMO_PASSWORD, Server, calls, write_log


@pytest.fixture(scope="module")
def office():
    """A demo office of its own, with a name that is nearly somebody's."""
    server = Server("demo")
    server.start()
    yield server
    server.stop()


def take_in(browser, path):
    browser.go("/files")
    browser.find("input[type=file]").send_keys(path)
    browser.button("Upload").click()
    browser.wait(lambda: "done" in browser.find(".imports").text, "the import", 60)


def test_a_new_spelling_is_matched_and_the_match_undone(browser, office, tmp_path):
    browser.at(office).sign_in("data", DEMO_PASSWORD)
    take_in(browser, write_log(tmp_path, "typo.csv", calls(990001, 6, agent="Ben Asby")))
    browser.go("/")
    browser.follow("nobody has matched")
    assert browser.heading == "Names to match"
    assert "Ben Asby" in browser.text and "one letter differs" in browser.text
    browser.through(browser.find("button[aria-label='Ben Ashby: the same person']"))
    assert "All names of Ben Asby are Ben Ashby now." in browser.text
    assert "one letter differs" not in browser.text
    browser.follow("Last changes")
    assert "Ben Asby is the same person as Ben Ashby" in browser.text
    browser.press("Undo")
    assert "Undone" in browser.text and "are two persons again" in browser.text
    browser.follow("To match")
    browser.through(browser.find("button[aria-label='Ben Ashby: not the same']"))
    assert "are not suggested again" in browser.text and "one letter differs" not in browser.text


def test_one_name_is_two_persons_at_different_dates(browser, office):
    browser.at(office).sign_in("admin", DEMO_PASSWORD)
    browser.go("/names/all?q=kofi").follow("Kofi Mensah")
    browser.fill(person="new", newName="Kofi Owusu")
    browser.find("input[name=days][value=from]").click()
    browser.driver.execute_script("document.querySelector('[name=from]').value = '2099-01-05'")
    browser.press("Link")
    assert "is Kofi Owusu from Mon 5 Jan 2099 on." in browser.text
    assert [row.text for row in browser.all("tbody th")] == ["Kofi Mensah", "Kofi Owusu"]
    browser.follow("All names")
    browser.fill(q="kofi").press("Search")
    assert "By dates" in browser.text and "until Sun 4 Jan 2099" in browser.text
    browser.follow("Kofi Mensah")
    browser.through(browser.all("button[aria-label^='Take back']")[1])
    assert [row.text for row in browser.all("tbody th")] == ["Kofi Mensah"]
