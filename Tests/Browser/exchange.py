"""What people do with two or more offices in the browser: pair, write, carry, take in."""
import os
import pathlib
import time

from office import PASSWORD, PATIENCE

cookies = {}


def at(browser, server):
    """The admin of a box; the password is asked for once."""
    browser.at(server).go("/auth/login")
    if server.url in cookies:
        browser.driver.delete_all_cookies()
        browser.driver.add_cookie(cookies[server.url])
        browser.go("/")
    else:
        browser.sign_in("ann", PASSWORD)
        cookies[server.url] = browser.driver.get_cookie("rollcall")
    return browser


def words(browser, within="main"):
    """Six words as they stand on the page, in their order."""
    return [it.text.strip() for it in browser.all(f"{within} .checkwords")[0].find_elements("tag name", "li")]


def downloaded(downloads, press):
    """The one snapshot or card that pressing something brings."""
    before = set(os.listdir(downloads))
    press()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        new = set(os.listdir(downloads)) - before
        whole = [name for name in new if name.endswith(".rollcall")]
        if whole and not any(name.endswith(".crdownload") for name in new):
            kept = pathlib.Path(downloads) / "kept"
            kept.mkdir(exist_ok=True)
            # Two that were written in the same minute have one name.
            place = kept / f"{len(os.listdir(kept))}-{whole[0]}"
            return str((pathlib.Path(downloads) / whole[0]).rename(place))
        time.sleep(0.1)
    raise AssertionError(f"nothing was downloaded: {os.listdir(downloads)}")


def choose(browser, path, button):
    browser.find("input[type=file]").send_keys(path)
    browser.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", browser.button(button))
    browser.button(button).click()


def card_of(browser, server, downloads):
    at(browser, server).go("/sync/pair")
    own = words(browser)
    path = downloaded(downloads, browser.link("Download the card").click)
    return path, own


def pair(browser, server, card, expected):
    at(browser, server).go("/sync/pair")
    choose(browser, card, "Show its words")
    browser.wait_for("Are they the same?")
    assert words(browser) == expected
    browser.press("Yes, pair")
    assert "Paired" in browser.text


def write_for(browser, source, name, downloads):
    """Writes what the office of that name lacks; returns the file's path."""
    at(browser, source).go("/sync")
    card = next(it for it in browser.all("main section.card") if it.text.startswith(name))
    browser.through(card.find_element("xpath", ".//a[.='Write what it lacks']"))
    browser.press("Write it")
    browser.wait_for("The snapshot is ready")
    return downloaded(downloads, browser.link("Download it").click)


def take_in(browser, target, path, look=lambda: None):
    """Drops a snapshot where it is taken in, looks at what is said of it, and takes it in; returns whether anything in
    it was new."""
    at(browser, target).go("/sync/import")
    browser.drop_files(".drop", [path])
    browser.wait_for("Take it in?")
    look()
    browser.through(next(it for it in browser.all("form.form button.button-primary") if it.is_displayed()))
    browser.wait(lambda: browser.path != "/sync/import" and "Take it in?" not in browser.text, "it to be taken in", 60)
    if "Nothing in it was new" in browser.text:
        return False
    browser.wait_for("What this office held then", 60)
    return True


def send(browser, source, target, name, downloads):
    """Carries what the target, which is called so, lacks from one box to the other."""
    return take_in(browser, target, write_for(browser, source, name, downloads))


def rename(browser, server, old, new):
    at(browser, server).go("/people?office=all&q=" + old.split()[0])
    browser.follow(old)
    browser.follow("Rename")
    browser.fill(name=new)
    browser.press("Rename")
