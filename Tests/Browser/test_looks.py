"""What a page shows of itself: tables that go on sideways, filters on a narrow and on a wide screen, paper."""
from selenium.webdriver.common.keys import Keys

from browser import DESKTOP, PHONE


def edges(browser):
    table = browser.find(".tablewrap")
    return {side for side in ("start", "end") if f"more-{side}" in table.get_attribute("class").split()}


def visible(browser, element):
    # What a folded <details> skips has a box, so the driver would call it displayed.
    return browser.driver.execute_script("return arguments[0].checkVisibility()", element)


def test_a_wide_table_says_that_it_goes_on_and_keeps_its_first_column(as_role):
    browser = as_role("leader")
    for size in (DESKTOP, PHONE):
        browser.look(size).go("/reports/performance")
        browser.wait(lambda: edges(browser) == {"end"}, "the shade at the table's end")
        table, name = browser.find(".tablewrap"), browser.find(".tablewrap tbody th")
        before = name.rect["x"]
        browser.driver.execute_script("arguments[0].focus()", table)
        for _ in range(3):
            table.send_keys(Keys.ARROW_RIGHT)
        browser.wait(lambda: edges(browser) == {"start", "end"}, "shades at both ends")
        assert abs(name.rect["x"] - before) <= 1
        browser.driver.execute_script("arguments[0].scrollLeft = 10000", table)
        browser.wait(lambda: edges(browser) == {"start"}, "the shade at the table's start alone")
    browser.look_usual()


def test_the_calendar_opens_at_its_latest_day(as_role):
    browser = as_role("admin")
    browser.look(PHONE).go("/")
    place = browser.find("[data-latest]")
    browser.wait(lambda: "more-start" in place.get_attribute("class"), "the latest days")
    assert "more-end" not in place.get_attribute("class")
    browser.look_usual()


def test_filters_are_one_bar_on_a_wide_screen_and_one_line_on_a_narrow_one(as_role):
    browser = as_role("admin")
    browser.look(DESKTOP).go("/agents?q=an&group=Insurance")
    assert len(browser.all(".filters")) == 1
    field, summary = browser.find("#q"), browser.find(".filterbox > summary")
    assert visible(browser, field) and not visible(browser, summary)
    assert field.get_attribute("value") == "an"
    wide = len(browser.all("tbody tr"))
    assert 0 < wide < 20
    browser.look(PHONE).go("/agents?q=an&group=Insurance")
    field, summary = browser.find("#q"), browser.find(".filterbox > summary")
    assert not visible(browser, field)
    assert "“an”" in summary.text and "Group: Insurance" in summary.text
    assert summary.rect["height"] >= 44
    browser.find("body").send_keys("/")
    assert browser.driver.switch_to.active_element == field and visible(browser, field)
    browser.look_usual()


def test_what_a_finger_touches_is_large_enough(as_role):
    browser = as_role("admin")
    for path in ("/", "/agents", "/reports/performance", "/calls", "/files", "/admin/settings"):
        browser.look(PHONE).go(path)
        small = browser.driver.execute_script("""
            const found = [];
            for (const e of document.querySelectorAll(
                'main :is(button, select, summary, input:not([type=hidden], [type=file], [type=checkbox]))')) {
              const box = e.getBoundingClientRect();
              if (box.height > 0 && box.height < 43.5) found.push(e.outerHTML.slice(0, 80) + ' ' + box.height);
            }
            return found;""")
        assert small == [], path
    browser.look_usual()


def test_paper_says_what_was_asked_and_shows_no_controls(as_role):
    browser = as_role("admin")
    browser.go("/reports/performance?group=Insurance&by=agent")
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert "Group: Insurance" in browser.find(".filterbox > summary").text
    for selector in (".filters", ".mainnav", ".actions", ".account"):
        assert not browser.find(selector).is_displayed(), selector
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
