"""The disk's use, and what happens when it gets full: told in time, refused in words, nothing lost."""
import pathlib

from browser import DESKTOP, PHONE
from office import calls, write_log
from test_files import choose, imports, upload, wait_for_state

FIELDS = {"warnPercent": "0", "warnMegabytes": "4000", "refuseMegabytes": "1000"}


def set_marks(browser, **fields):
    browser.go("/admin/settings").fill(**{**FIELDS, **fields})
    return browser.press("Save the limits")


def test_storage_is_a_tab_of_the_files_and_leads_to_each(ann, tmp_path):
    paths = [write_log(tmp_path, name, calls(first, count)) for name, first, count in
             [("small.csv", 100, 3), ("large.csv", 1000, 400)]]
    upload(ann, *paths)
    ann.go("/files").follow("Storage")
    assert ann.path == "/files/storage" and ann.heading == "Storage"
    assert [tab.text for tab in ann.all(".tabs a[aria-current=page]")] == ["Storage"]
    assert [link.text for link in ann.all("#files tbody th a")] == ["large.csv", "small.csv"]
    ann.follow("Versions")
    ann.through(ann.all("#files tbody th a")[0])
    assert ann.heading == "large.csv" and "Version 1" in ann.text
    for size in (DESKTOP, PHONE):
        ann.look(size)
        ann.go("/files/storage")
        assert ann.overflow == 0
    ann.look_usual()


def test_a_full_disk_is_told_and_refuses_uploads_until_there_is_room(ann, office, tmp_path):
    ann.expected.append("507")
    # More than the disk has: what a disk that is nearly full looks like.
    set_marks(ann, warnMegabytes="10000000")
    for path in ("/", "/files", "/files/storage"):
        assert "The disk is getting full" in ann.go(path).text
    set_marks(ann, warnMegabytes="10000000", refuseMegabytes="10000000")
    for path in ("/", "/files", "/files/storage"):
        assert "No file is taken in" in ann.go(path).text
    log = write_log(tmp_path, "late.csv", calls(9000, 4))
    ann.go("/files")
    choose(ann, log)
    words = wait_for_state(ann, "late.csv", "refused")
    assert "MB free" in words and "the mark is 10000000 MB" in words
    ann.follow("Show what takes the space")
    assert ann.path == "/files/storage"
    # Reading goes on, and what is refused leaves nothing behind.
    assert ann.go("/agents").heading == "Agents"
    assert office.incoming == []
    refused = office.run("import", log)
    assert refused.returncode == 74 and "not taken in" in refused.stderr
    set_marks(ann)
    assert "No file is taken in" not in ann.go("/files").text
    upload(ann, log)
    assert pathlib.Path(log).name in imports(ann) or "late.csv" in ann.text
    office.verify()
