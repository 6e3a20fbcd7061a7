"""Lines that were rejected are mended and join their file; a version is read again with other answers."""
from test_files import choose, open_file, upload, wait_for_state

from office import calls, row, write_log


def test_mended_lines_join_their_file(ann, tmp_path, downloads):
    rows = calls(8000, 4, agent="Nia Solberg")
    rows.insert(2, row(8100, agent="Nia Solberg", when="soon"))
    upload(ann, write_log(tmp_path, "weekly.csv", rows))
    open_file(ann, "weekly.csv")
    ann.link("Download the rejected lines").click()
    saved = downloads / "rejects of weekly.csv"
    ann.wait(lambda: saved.exists() and saved.stat().st_size > 0, "the download")
    mended = tmp_path / "rejects of weekly (1).csv"
    mended.write_text(saved.read_text(encoding="utf-8-sig").replace("soon", "2026-11-17 12:00:00"))
    saved.unlink()
    ann.go("/files")
    choose(ann, mended)
    words = wait_for_state(ann, mended.name, "done")
    assert "Joined “weekly.csv” as version 2" in words
    ann.follow(mended.name)
    assert ann.heading == "weekly.csv" and "Version 2 of 2" in ann.text
    assert "Uploaded as “rejects of weekly (1).csv”" in ann.text
    # On the page of the version any name will do.
    other = tmp_path / "by hand.csv"
    other.write_text(mended.read_text().replace("8100", "8101"))
    open_file(ann, "weekly.csv")
    ann.through(ann.all(".crumbs a")[1])
    ann.follow("Version 1")
    ann.find("#mended").send_keys(str(other))
    ann.press("Upload mended lines")
    ann.wait(lambda: "The mended lines are in" in ann.text, "the mended lines to be in")
    ann.follow("Show what came in")
    assert "Version 3 of 3" in ann.text


def test_a_renamed_heading_is_asked_about_once(ann, tmp_path):
    def write(name, first):
        path = write_log(tmp_path, name, calls(first, 3, agent="Nia Solberg", day="2026-11-19"))
        with open(path, newline="") as file:
            text = file.read()
        with open(path, "w", newline="") as file:
            file.write(text.replace(",State,", ",Result,", 1))
        return path
    ann.go("/files")
    choose(ann, write("renamed.csv", 8200))
    assert "“State” is missing" in wait_for_state(ann, "renamed.csv", "question")
    ann.follow("renamed.csv")
    ann.find("[name='column.state'] option[value=Result]").click()
    ann.press("Go on")
    ann.wait(lambda: "The file is in" in ann.text, "the file to be in")
    upload(ann, write("renamed next.csv", 8300))


def test_a_version_is_read_again_and_its_figures_follow(ann, tmp_path):
    rows = [row(8500 + n, agent="Ines Falk", when=f"0{n}/07/2026 11:00:00") for n in (3, 5, 6)]
    path = write_log(tmp_path, "july.csv", rows)
    ann.go("/files")
    choose(ann, path)
    wait_for_state(ann, "july.csv", "question")
    ann.follow("july.csv")
    ann.find("input[value=mdy]").click()
    ann.press("Go on")
    ann.wait(lambda: "The file is in" in ann.go(ann.path).text, "the file to be in")
    open_file(ann, "july.csv")
    ann.follow("Read it again")
    assert "Sat 7 Mar 2026, 11:00:00" in ann.text
    ann.expected.append("409")
    ann.press("Read it again")
    assert "Nothing would change" in ann.text
    ann.find("#dateOrder option[value=dmy]").click()
    ann.press("Preview")
    assert "Fri 3 Jul 2026, 11:00:00" in ann.text
    assert ann.find("#dateOrder").get_attribute("value") == "dmy"
    ann.press("Read it again")
    ann.wait(lambda: "Version 1 is read again" in ann.text, "the reading to end")
    ann.follow("Show what came in")
    assert "Version 2 of 2" in ann.text
    assert "Dates: day first (before: month first)" in ann.text
    ann.go("/calls?from=2026-03-01&to=2026-07-31&agent=")
    assert "3 Jul" in ann.text and "7 Mar" not in ann.text
    # The same bytes lead to the version that holds them now.
    ann.go("/files")
    choose(ann, write_log(tmp_path, "july again.csv", rows))
    assert "version 2" in wait_for_state(ann, "july again.csv", "refused")
    ann.follow("Open that version")
    assert ann.heading == "july.csv" and "Version 2 of 2" in ann.text
