"""Versions of a file held against each other, and a rejected line found again by a phone number in it."""
from selenium.webdriver.common.by import By

from office import calls, row, write_log
from test_files import upload


def test_two_versions_are_compared_and_a_rejected_line_is_found(ann, tmp_path):
    rows = calls(61000, 8, agent="Ida Marsh", day="2026-11-12")
    bad = row(61500, agent="Ida Marsh", when="soon").replace("P", "+44 (20) 7946-0018 ", 1)
    upload(ann, write_log(tmp_path, "history.csv", rows + [bad]))
    changed = [rows[0].replace("No Answer", "Lead")] + rows[1:6]
    more = calls(61100, 2, agent="Ida Marsh", day="2026-11-13")
    upload(ann, write_log(tmp_path, "history.csv", changed + more))

    # From the list to the latest version, and on to what is different.
    ann.go("/files?q=history").follow("history.csv")
    ann.follow("Compare versions")
    assert ann.heading == "Difference of history.csv"
    tiles = {tile.find_element(By.CSS_SELECTOR, ".tile-label").text: tile for tile in ann.all(".tile")}
    numbers = {name: tile.find_element(By.CSS_SELECTOR, ".tile-value").text for name, tile in tiles.items()}
    assert numbers == {"Changed": "1", "New": "2", "Gone": "2"}
    assert "State: No Answer → Lead" in ann.text.replace("\n", " ").replace("Answer Lead", "Answer → Lead")
    ann.through(tiles["Gone"].find_element(By.CSS_SELECTOR, "a"))
    assert "These calls still count" in ann.text and len(ann.all("tbody tr")) == 2

    # Its line in the first version: there it counts, for no later file holds it.
    ann.through(ann.all("tbody td.num a")[0])
    assert ann.heading == "Lines of history.csv"
    asked = ann.all("tr.asked")
    assert len(asked) == 1 and rows[6] in asked[0].text and "accepted" in asked[0].text
    replaced = ann.find("#line-3")
    assert "A later file holds this call" in replaced.text
    ann.through(replaced.find_element(By.CSS_SELECTOR, "td a"))
    assert ann.path.startswith("/calls/")

    # Somebody asks after a number.
    ann.go("/files").follow("Rejected lines")
    ann.fill(q="442079460018")
    ann.button("Search").click()
    ann.wait(lambda: ann.all("tbody tr"), "the line to be found")
    found = ann.all("tbody tr")
    assert len(found) == 1 and "no date and time" in found[0].text and "version 1" in found[0].text
    ann.through(found[0].find_element(By.CSS_SELECTOR, "th a"))
    asked = ann.all("tr.asked")
    assert len(asked) == 1 and bad in asked[0].text and "rejected" in asked[0].text

    # The days of both.
    ann.go("/files/days?month=2026-11")
    day = next(line for line in ann.all("tbody tr") if "Thu 12 Nov" in line.text)
    assert "history.csv, version 2" in day.text and "6 rows, all count" in day.text
    assert "8 rows, 2 count" in day.text
