"""What a person sees and does, tried in a real browser against a real server.

    swift build
    /usr/bin/python3 -m pytest Tests/Browser [--screenshots]

Needs the Debian packages chromium, chromium-driver, python3-selenium and python3-pytest. ROLLCALL_BINARY
names another binary than .build/debug/rollcall. With --screenshots every page is kept in
.build/screenshots/, in two widths, light and dark.
"""
import os
import pathlib
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.dont_write_bytecode = True

from browser import Browser, open_chromium  # noqa: E402
from office import BINARY, CHECKOUT, DEMO_PASSWORD, PASSWORD, Server, found_office  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--screenshots", action="store_true", help="keep pictures of every page")


def pytest_configure(config):
    if not os.path.exists(BINARY):
        pytest.exit(f"{BINARY} is missing: run “swift build” first, or set ROLLCALL_BINARY.", 2)
    if not shutil.which("chromedriver"):
        pytest.exit("chromedriver is missing: install the Debian package chromium-driver.", 2)


@pytest.fixture(scope="session")
def downloads(tmp_path_factory):
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="session")
def chromium(downloads):
    driver = open_chromium(str(downloads))
    yield driver
    driver.quit()


@pytest.fixture
def browser(chromium):
    """A clean window; the test fails if any of its pages did what no page may do."""
    chromium.get("about:blank")
    chromium.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": "*", "storageTypes": "all"})
    chromium.execute_cdp_cmd("Network.clearBrowserCookies", {})
    window = Browser(chromium)
    window.note_faults()
    window.faults = []
    yield window
    assert window.note_faults() == []


@pytest.fixture(scope="session")
def demo():
    """The demo office, served; tests only read it."""
    server = Server("demo")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def office():
    """A founded office without files, one for each module."""
    server = Server()
    found_office(server)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def ann(browser, office):
    """The admin of `office`, signed in."""
    browser.at(office).go("/auth/login")
    cookie = signed_in.get(office.url)
    if cookie:
        # Signing in costs seconds on purpose: once for each office is enough.
        browser.driver.add_cookie(cookie)
    else:
        browser.sign_in("ann", PASSWORD)
        signed_in[office.url] = browser.driver.get_cookie("rollcall")
    return browser.go("/")


signed_in = {}


@pytest.fixture
def as_role(browser, demo):
    """Signs in to the demo office as one of its users."""
    def sign_in(username):
        return browser.at(demo).sign_in(username, DEMO_PASSWORD)
    return sign_in


@pytest.fixture(scope="session")
def screenshots(request):
    """The folder for pictures; None without the option."""
    if not request.config.getoption("--screenshots"):
        return None
    folder = CHECKOUT / ".build/screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
