"""Who gets in, who does not, and what becomes of what he typed."""
import pytest

from office import DEMO_PASSWORD


def test_a_wrong_password_and_an_unknown_name_read_alike(browser, demo):
    browser.expected.append("401")
    texts = []
    for username in ["agent", "nobody"]:
        browser.at(demo).sign_in(username, "quite another phrase")
        assert browser.path == "/auth/login"
        assert browser.find("[name=username]").get_attribute("value") == username
        assert browser.find("[name=password]").get_attribute("value") == ""
        texts.append(browser.find("[role=alert]").text)
    assert texts[0] == texts[1] != ""


def test_a_person_lands_where_he_wanted_to_go(browser, demo):
    browser.at(demo).go("/agents?q=hannah")
    assert browser.path == "/auth/login"
    browser.fill(username="manager", password=DEMO_PASSWORD).press("Sign in")
    assert browser.driver.current_url == demo.url + "/agents?q=hannah"


def test_signing_out_ends_it_also_for_the_back_button(as_role):
    browser = as_role("leader")
    browser.go("/agents")
    browser.find(".account summary").click()
    browser.press("Sign out")
    assert browser.path == "/auth/login"
    browser.driver.back()
    browser.wait(lambda: browser.path == "/auth/login" or "Sign in" in browser.text, "the sign-in page")
    assert browser.go("/agents").path == "/auth/login"


def test_repeated_failures_make_somebody_wait_and_nobody_else(browser, demo):
    browser.expected += ["401", "429"]
    browser.at(demo)
    for attempt in range(8):
        browser.sign_in("mallory", f"wrong password {attempt}")
        if "wait" in browser.text.lower() or "too many" in browser.text.lower():
            break
    else:
        raise AssertionError(f"Eight wrong passwords, and no wait: {browser.text}")
    assert attempt >= 3, "A person may mistype a few times."
    browser.sign_in("agent", DEMO_PASSWORD)
    assert browser.path == "/"


def test_a_session_that_ends_in_the_middle_of_a_form_keeps_what_was_typed(ann):
    ann.expected += ["401", "403"]
    ann.go("/admin/users/new")
    ann.fill(username="kim", name="Kim Typed-a-lot")
    ann.driver.delete_cookie("rollcall")
    ann.through(ann.find("main form .button-primary"))
    assert "kept" in ann.text
    ann.fill(username="ann", password="three brown horses").press("Sign in")
    assert "Kim Typed-a-lot" in ann.find("main").text
