"""The first minutes of an office: a code from the server's console, one form, and it is open."""
import pytest

from office import PASSWORD, Server


@pytest.fixture(scope="module")
def empty():
    server = Server()
    server.start()
    yield server
    server.stop()


def fill_setup(browser, code):
    return browser.fill(code=code, office="Harbour Calls", timeZone="Europe/London", name="Ann Hill",
                        username="ann", password=PASSWORD, again=PASSWORD)


def test_everything_leads_to_the_setup_page_until_there_is_an_office(browser, empty):
    for path in ["/", "/files", "/auth/login"]:
        assert browser.at(empty).go(path).path in ("/setup", "/auth/login")
        assert browser.go("/").path == "/setup"


def test_a_wrong_code_opens_nothing_and_keeps_what_was_typed(browser, empty):
    browser.expected.append("400")
    browser.at(empty).go("/setup")
    fill_setup(browser, "aaaa-bbbb-cccc").press("Open the office")
    assert "set-up code" in browser.text
    assert browser.find("[name=office]").get_attribute("value") == "Harbour Calls"
    assert browser.find("[name=username]").get_attribute("value") == "ann"
    assert browser.find("[name=password]").get_attribute("value") == ""


def test_the_code_founds_the_office_and_signs_the_admin_in(browser, empty):
    browser.at(empty).go("/setup")
    fill_setup(browser, empty.setup_code).press("Open the office")
    assert browser.path == "/"
    assert "Harbour Calls" in browser.find(".topbar").text
    assert "Ann Hill" in browser.find(".account").text
    # An empty office says what to do next.
    browser.go("/files")
    assert "No files yet" in browser.text
    # The setup is over for good.
    browser.driver.delete_all_cookies()
    browser.expected.append("404")
    browser.go("/setup")
    assert not browser.all("[name=code]")
