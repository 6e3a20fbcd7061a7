"""A person at a browser: headless Chromium that notes what no page may do."""
import base64
import json
import os
import urllib.parse

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, TimeoutException, WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

from office import PATIENCE

DESKTOP, PHONE = (1280, 900), (390, 844)


def open_chromium(downloads, scripts=True):
    options = webdriver.ChromeOptions()
    for argument in ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                     "--no-first-run", "--disable-background-networking", "--disable-component-update",
                     "--disable-default-apps", "--lang=en-GB", "--force-prefers-reduced-motion",
                     f"--window-size={DESKTOP[0]},{DESKTOP[1]}"]:
        options.add_argument(argument)
    preferences = {"download.default_directory": downloads, "download.prompt_for_download": False,
                   "credentials_enable_service": False, "profile.password_manager_enabled": False,
                   "profile.password_manager_leak_detection": False}
    if not scripts:
        preferences["profile.managed_default_content_settings.javascript"] = 2
    options.add_experimental_option("prefs", preferences)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver", log_output=os.devnull),
                              options=options)
    driver.set_page_load_timeout(PATIENCE)
    driver.execute_cdp_cmd("Page.setDownloadBehavior", {"behavior": "allow", "downloadPath": downloads})
    return driver


class Browser:
    """One window. `faults` gathers console errors, CSP violations and requests to strangers."""

    def __init__(self, driver):
        self.driver = driver
        self.origin = ""
        self.faults = []
        # Texts of console errors that a test brings about on purpose, the 404 page's for example.
        self.expected = []

    # ---- Going places ----

    def at(self, server):
        self.origin = server.url
        return self

    def go(self, path):
        self.driver.get(self.origin + path)
        return self

    @property
    def path(self):
        return urllib.parse.urlsplit(self.driver.current_url).path

    @property
    def text(self):
        return self.find("main").text

    @property
    def heading(self):
        return self.find("h1").text

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def link(self, text):
        return self.driver.find_element(By.PARTIAL_LINK_TEXT, text)

    def button(self, text):
        for button in self.all("button"):
            if button.is_displayed() and button.text.strip() == text:
                return button
        raise AssertionError(f"There is no button “{text}” on {self.path}: {self.text[:600]}")

    def follow(self, text):
        """Clicks a link and waits for the page behind it."""
        return self.through(self.link(text))

    def press(self, text):
        return self.through(self.button(text))

    def through(self, element):
        body = self.find("html")
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()
        self.wait(lambda: gone(body) and self.driver.execute_script("return document.readyState") == "complete",
                  "the next page")
        return self

    def wait(self, condition, what, seconds=PATIENCE):
        def check(_):
            try:
                return condition()
            except (WebDriverException, AssertionError):
                # Between two pages the driver can say anything; what stays wrong runs into the time limit.
                return False
        try:
            return WebDriverWait(self.driver, seconds, poll_frequency=0.05).until(check)
        except TimeoutException:
            raise AssertionError(f"Waited {seconds} s for {what} on {self.path}. It says: {self.text[:800]}")

    def wait_for(self, text, seconds=PATIENCE):
        return self.wait(lambda: text in self.text, f"“{text}”", seconds)

    # ---- Forms ----

    def fill(self, **fields):
        for name, value in fields.items():
            element = self.find(f"[name='{name}']")
            if element.tag_name == "select":
                Select(element).select_by_value(value)
            else:
                element.clear()
                element.send_keys(value)
        return self

    def sign_in(self, username, password):
        self.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
        self.go("/auth/login")
        self.fill(username=username, password=password)
        return self.press("Sign in")

    def drop_files(self, selector, paths):
        """Drops files from outside the browser, the way a hand does: dragenter, dragover, drop."""
        helper = self.driver.execute_script(
            "const i = document.createElement('input'); i.type = 'file'; i.multiple = true;"
            "i.id = 'test-dropped'; i.hidden = true; document.documentElement.append(i); return i;")
        helper.send_keys("\n".join(paths))
        self.driver.execute_script(
            "const t = document.querySelector(arguments[0]), i = document.querySelector('#test-dropped');"
            "const d = new DataTransfer(); for (const f of i.files) d.items.add(f); i.remove();"
            "for (const k of ['dragenter', 'dragover', 'drop'])"
            "  t.dispatchEvent(new DragEvent(k, {bubbles: true, cancelable: true, dataTransfer: d}));",
            selector)
        return self

    # ---- How it looks ----

    def look(self, size, dark=False):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size == PHONE})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})
        return self

    def look_usual(self):
        self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})

    def picture(self, path):
        """The whole page, up to 3,000 points of it."""
        height = min(3000, self.driver.execute_script("return document.documentElement.scrollHeight"))
        width = self.driver.execute_script("return window.innerWidth")
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {
            "captureBeyondViewport": True,
            "clip": {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}})
        path.write_bytes(base64.b64decode(shot["data"]))

    @property
    def overflow(self):
        """How far the page is wider than the window."""
        return self.driver.execute_script(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth")

    # ---- What no page may do ----

    def note_faults(self):
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] != "Network.requestWillBeSent":
                continue
            url = message["params"]["request"]["url"]
            scheme, host = urllib.parse.urlsplit(url)[:2]
            if scheme in ("http", "https", "ws", "wss") and not host.startswith("127.0.0.1:"):
                self.faults.append(f"asked a stranger: {url}")
        for entry in self.driver.get_log("browser"):
            if entry["level"] == "SEVERE" or "Content Security Policy" in entry["message"]:
                if not any(text in entry["message"] for text in self.expected):
                    self.faults.append(f"{entry['level']}: {entry['message']}")
        return self.faults


def gone(element):
    try:
        element.is_enabled()
        return False
    except StaleElementReferenceException:
        return True
    except WebDriverException as problem:
        # The same in the words of a newer Chromium.
        return "does not belong to the document" in str(problem)
