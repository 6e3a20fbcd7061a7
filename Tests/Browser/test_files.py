"""Call logs come in: by choosing, by dropping, without script; and every figure leads back to its line."""
import pathlib
import time

import pytest
from selenium.webdriver.common.by import By

from browser import Browser, open_chromium
from office import HEADER, IS_RELEASE, calls, large_log, row, write_log


def choose(browser, *paths):
    browser.find("#files").send_keys("\n".join(map(str, paths)))
    browser.button("Upload").click()


def imports(browser):
    """Name to the state and text of each import on the page, read at one instant."""
    rows = browser.driver.execute_script("""
        return [...document.querySelectorAll('.import')].map(row => ['.import-name', '[data-import-state]',
          '[data-import-text]'].map(part => row.querySelector(part)?.innerText.trim() ?? ''));""")
    return {name: (state.lower(), text) for name, state, text in rows}


def wait_for_state(browser, name, *states):
    browser.wait(lambda: imports(browser).get(name, ("",))[0] in states, f"{name} to be {states}")
    return imports(browser)[name][1]


def upload(browser, *paths):
    browser.go("/files")
    choose(browser, *paths)
    for path in paths:
        wait_for_state(browser, pathlib.Path(path).name, "done")


def open_file(browser, name):
    browser.go("/files")
    return browser.through(next(link for link in browser.all("tbody th a") if link.text == name))


def test_a_chosen_file_comes_in_and_its_figures_lead_down_to_the_line(ann, tmp_path):
    rows = calls(1000, 12, agent="Ben Ashby") + calls(2000, 7, agent="Zoë O'Hara")
    path = write_log(tmp_path, "monday.csv", rows)
    ann.go("/files")
    choose(ann, path)
    words = wait_for_state(ann, "monday.csv", "done")
    ann.wait(lambda: "monday.csv" in [link.text for link in ann.all("tbody th a")], "the file to be in the list")
    assert "19 calls" in words and "2 agents" in words
    ann.follow("monday.csv")
    assert ann.heading == "monday.csv"
    assert "19" in ann.text

    ann.go("/agents?from=2026-11-17&to=2026-11-17").follow("Zoë O'Hara")
    assert ann.heading == "Zoë O'Hara"
    figure = next(link for link in ann.all("main a") if link.text.strip() == "7" and link.is_displayed())
    ann.through(figure)
    assert ann.path == "/calls"
    lines = ann.all("tbody tr")
    assert len(lines) == 7
    ann.through(lines[2].find_element(By.CSS_SELECTOR, "a"))
    # Down to file, version and line, with the text as the dialer wrote it.
    assert "monday.csv" in ann.text
    found = [code.text for code in ann.all("code, .mono, pre")]
    originals = [text for text in found if text in rows]
    assert originals, f"No original line among {found}"
    number = rows.index(originals[0]) + 2
    assert str(number) in ann.text



def test_dropped_files_come_in_and_a_bad_one_holds_up_no_other(ann, tmp_path):
    good = write_log(tmp_path, "tuesday.csv", calls(3000, 5))
    bad = tmp_path / "pivot.csv"
    bad.write_text("Row Labels,Count of calls\r\nGrand Total,1234\r\n")
    late = write_log(tmp_path, "wednesday.csv", calls(3100, 6, agent="Ella Winters", day="2026-11-18"))
    ann.go("/files").drop_files(".drop", [good, str(bad), late])
    wait_for_state(ann, "tuesday.csv", "done")
    wait_for_state(ann, "wednesday.csv", "done")
    words = wait_for_state(ann, "pivot.csv", "refused")
    assert "no call log" in words and "Row Labels" in words
    ann.go("/files")
    names = [cell.text for cell in ann.all("tbody th a")]
    assert "tuesday.csv" in names and "wednesday.csv" in names and "pivot.csv" not in names


def test_the_same_bytes_are_refused_and_name_the_version_that_holds_them(ann, tmp_path):
    rows = calls(4000, 3)
    upload(ann, write_log(tmp_path, "once.csv", rows))
    ann.go("/files")
    choose(ann, write_log(tmp_path, "twice.csv", rows))
    words = wait_for_state(ann, "twice.csv", "refused")
    assert "once.csv" in words and "version 1" in words
    # More calls under the same name are its next version.
    upload(ann, write_log(tmp_path, "once.csv", rows + calls(4100, 2, day="2026-11-18")))
    open_file(ann, "once.csv")
    ann.through(ann.all(".crumbs a")[1])
    assert len(ann.all("tbody tr")) == 2


def test_dates_that_can_be_read_two_ways_are_asked_about(ann, tmp_path):
    rows = [row(5000 + n, agent="Carla Mendes", when=f"0{n}/04/2026 11:00:00") for n in (3, 5, 6)]
    ann.go("/files")
    choose(ann, write_log(tmp_path, "april.csv", rows))
    wait_for_state(ann, "april.csv", "question")
    ann.follow("april.csv")
    assert "day comes first" in ann.text and "month comes first" in ann.text
    ann.find("input[value=dmy]").click()
    ann.press("Go on")
    ann.wait(lambda: "The file is in" in ann.go(ann.path).text, "the file to be in")
    assert "3 Apr" in ann.text and "6 Apr" in ann.text


def test_rejected_lines_are_shown_with_reasons_and_can_be_mended_and_sent_again(ann, tmp_path, downloads):
    rows = calls(6000, 4, agent="Owen Hughes")
    rows.insert(2, row(6100, agent="Owen Hughes", when="2026-13-45 10:00:00"))
    rows.append(row(6101, agent=""))
    upload(ann, write_log(tmp_path, "faulty.csv", rows))
    open_file(ann, "faulty.csv")
    assert "2026-13-45" in ann.text and "is no date and time" in ann.text
    assert [cell.text for cell in ann.all("#lines tbody th")] == ["4", "7"]
    ann.link("Download the rejected lines").click()
    saved = downloads / "rejects of faulty.csv"
    ann.wait(lambda: saved.exists() and saved.stat().st_size > 0, "the download")
    lines = saved.read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith(HEADER) and len(lines) == 3
    assert lines[1].startswith(rows[2])
    mended = tmp_path / "mended.csv"
    mended.write_text(saved.read_text(encoding="utf-8-sig").replace("2026-13-45", "2026-11-17")
                      .replace("\n,P", "\nOwen Hughes,P"))
    ann.go("/files")
    choose(ann, mended)
    assert "2 calls" in wait_for_state(ann, "mended.csv", "done")
    # Nobody ever asked to keep a temporary copy.
    saved.unlink()


def test_a_reload_in_the_middle_of_an_import_keeps_its_progress(ann, tmp_path, office):
    path = large_log(tmp_path, 600_000 if IS_RELEASE else 60_000)
    ann.go("/files")
    choose(ann, path)
    wait_for_state(ann, "large.csv", "reading")
    ann.go("/files")
    # A quick box may be done.
    assert imports(ann)["large.csv"][0] in ("reading", "saving", "done"), "the page came back without the import"
    ann.wait(lambda: "of about" in imports(ann)["large.csv"][1] or imports(ann)["large.csv"][0] != "reading",
             "rows done of rows estimated")
    # Nobody waits for an import: other pages answer meanwhile.
    ann.go("/agents")
    ann.go("/files")
    wait_for_state(ann, "large.csv", "done")


def test_a_cancelled_import_leaves_nothing(ann, tmp_path, office):
    path = large_log(tmp_path, 900_000 if IS_RELEASE else 90_000, "unwanted.csv", seed=2)
    ann.go("/files")
    choose(ann, path)
    wait_for_state(ann, "unwanted.csv", "reading", "queued")
    ann.wait(lambda: ann.find("[data-import-cancel] button"), "the cancel button").click()
    wait_for_state(ann, "unwanted.csv", "cancelled")
    ann.go("/files")
    assert "unwanted.csv" not in [cell.text for cell in ann.all("tbody th a")]
    ann.wait(lambda: office.incoming == [], "Incoming/ to be empty")


def test_files_are_found_by_name_and_by_day(ann):
    ann.go("/files?q=tuesday")
    assert [cell.text for cell in ann.all("tbody th a")] == ["tuesday.csv"]
    ann.go("/files?from=2026-04-01&to=2026-04-30")
    assert [cell.text for cell in ann.all("tbody th a")] == ["april.csv"]
    ann.go("/files?q=nowhere")
    assert "No file fits" in ann.text


@pytest.fixture
def scriptless(ann, downloads):
    """Ann in a browser whose scripts are switched off."""
    driver = open_chromium(str(downloads), scripts=False)
    window = Browser(driver)
    window.origin = ann.origin
    window.go("/auth/login")
    driver.add_cookie(ann.driver.get_cookie("rollcall"))
    yield window
    faults = window.note_faults()
    driver.quit()
    assert faults == []


def test_without_script_the_plain_form_takes_files_in(scriptless, tmp_path):
    paths = [write_log(tmp_path, "plain.csv", calls(7000, 8, agent="Tessa Vaughan"))]
    scriptless.go("/files")
    scriptless.find("#files").send_keys(paths[0])
    scriptless.press("Upload")
    scriptless.wait(lambda: "The file is in" in scriptless.go(scriptless.path).text, "the file to be in")
    assert "8 calls" in scriptless.text
    # Two at once.
    for name, first in [("plain2.csv", 7100), ("plain3.csv", 7200)]:
        paths.append(write_log(tmp_path, name, calls(first, 3, agent="Tessa Vaughan", day="2026-11-18")))
    scriptless.go("/files")
    scriptless.find("#files").send_keys("\n".join(paths[1:]))
    scriptless.press("Upload")
    scriptless.wait(lambda: {"plain2.csv", "plain3.csv"} <= {
        cell.text for cell in scriptless.go("/files").all("tbody th a")}, "both files")


def test_what_is_in_can_be_verified(office):
    assert office.verify()["ok"]
