"""What holds of every page that a role can reach by its links: found by following them."""
import re
import subprocess
import sys
import urllib.parse

import pytest

from browser import DESKTOP, PHONE
from office import CHECKOUT

TOOLS = CHECKOUT / ".build/browser-tools"
# Downloads and what ends the session.
NOT_PAGES = re.compile(r"\.(csv|xlsx|crt|json)$|/export|/original|/logout|/healthz|/metrics|/assets/")
# A site that links to ever more pages of itself is a fault, too.
MOST_PAGES = 150


def pattern(url):
    """One name for pages that differ only in whose they are."""
    parts = urllib.parse.urlsplit(url)
    path = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", ":id", parts.path)
    path = re.sub(r"/\d+(?=/|$)", "/:n", path)
    path = re.sub(r"^/calls/.+", "/calls/:key", path)
    by = urllib.parse.parse_qs(parts.query).get("by")
    view = urllib.parse.parse_qs(parts.query).get("view") or urllib.parse.parse_qs(parts.query).get("v")
    # A report has many questions in one address; two of its faces are enough.
    return path + (f"?by={by[0]}" if by and by[0] in ("agent", "hour") else "") + (f"?view={view[0]}" if view else "")


def pages(browser):
    """Walks the site from the first screen, one address for each pattern."""
    found, waiting = {}, [browser.origin + "/"]
    while waiting and len(found) < MOST_PAGES:
        url = waiting.pop(0)
        if pattern(url) in found or NOT_PAGES.search(urllib.parse.urlsplit(url).path):
            continue
        browser.driver.get(url)
        if browser.driver.current_url.split("#")[0] != url:
            found[pattern(url)] = None
            url = browser.driver.current_url.split("#")[0]
            if pattern(url) in found:
                continue
        found[pattern(url)] = url
        yield pattern(url), url
        for link in browser.driver.execute_script(
                "return [...document.querySelectorAll('a[href]:not([download])')]"
                ".map(a => new URL(a.getAttribute('href'), document.baseURI).href)"):
            link = link.split("#")[0]
            if link.startswith(browser.origin + "/") and pattern(link) not in found:
                waiting.append(link)


@pytest.fixture(scope="session")
def axe():
    """The source of axe-core; None where it cannot be had."""
    found = list(TOOLS.glob("**/axe.min.js"))
    if not found:
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(TOOLS),
             "axe-playwright-python==0.1.8"], check=False, capture_output=True)
        found = list(TOOLS.glob("**/axe.min.js"))
    return found[0].read_text() if found else None


def violations(browser, axe):
    """What axe-core finds against WCAG 2.2 A and AA."""
    browser.driver.execute_script(axe)
    # A row that is scrolled half under a fixed line of totals is no small target: let tables have their height.
    browser.driver.execute_script(
        "for (const t of document.querySelectorAll('.tablewrap')) t.style.maxHeight = 'none'")
    result = browser.driver.execute_async_script("""
        const done = arguments[0];
        axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})
          .then(r => done(r.violations.map(v => v.id + ': ' + v.help + ' @ '
            + v.nodes.slice(0, 3).map(n => n.target.join(' ') + ' | ' + n.html.slice(0, 120)).join(' ;; '))));""")
    browser.driver.execute_script(
        "for (const t of document.querySelectorAll('.tablewrap')) t.style.maxHeight = ''")
    return result


@pytest.mark.parametrize("username", ["admin", "data", "manager", "leader", "agent"])
def test_every_page_is_whole_accessible_and_fits_a_phone(as_role, username, axe, screenshots):
    browser = as_role(username)
    wrong, seen = [], []
    for name, url in pages(browser):
        seen.append(name)
        note = lambda text: wrong.append(f"{name}: {text}")  # noqa: E731, B023
        if len(browser.all("h1")) != 1:
            note(f"{len(browser.all('h1'))} h1")
        if not browser.driver.title.strip():
            note("no title")
        if "Internal error" in browser.text or "{{" in browser.driver.page_source:
            note(browser.text[:300])
        for size in (DESKTOP, PHONE):
            for dark in (False, True):
                browser.look(size, dark)
                if size == PHONE and not dark and browser.overflow > 0:
                    note(f"{browser.overflow} points wider than a phone")
                if axe and (username == "admin" or not dark):
                    for violation in violations(browser, axe):
                        note(f"{size[0]}{' dark' if dark else ''} {violation}")
                if screenshots:
                    file = re.sub(r"\W+", "-", name).strip("-") or "home"
                    browser.picture(screenshots / f"{username}-{file}-{size[0]}{'-dark' if dark else ''}.png")
        browser.look_usual()
    print(f"{username}: {len(seen)} pages: {' '.join(seen)}")
    assert 3 <= len(seen) < MOST_PAGES
    assert not wrong, "\n".join(wrong)
    if axe is None:
        pytest.skip("All but accessibility was tried: axe-core could not be installed.")


@pytest.mark.parametrize("path", ["/auth/login", "/trust", "/no-such-page"])
def test_pages_for_everybody_are_accessible(browser, demo, axe, screenshots, path):
    browser.expected.append("404")
    browser.at(demo).go(path)
    assert len(browser.all("h1")) == 1
    for size in (DESKTOP, PHONE):
        for dark in (False, True):
            browser.look(size, dark)
            if axe:
                assert violations(browser, axe) == []
            assert browser.overflow == 0
            if screenshots:
                file = re.sub(r"\W+", "-", path).strip("-")
                browser.picture(screenshots / f"anyone-{file}-{size[0]}{'-dark' if dark else ''}.png")
    browser.look_usual()
