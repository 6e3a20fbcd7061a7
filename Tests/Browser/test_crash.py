"""A power cut in the middle of an import: the office is as it was, or has all of it, and answers soon."""
import pytest

from office import IS_RELEASE, PASSWORD, Server, calls, found_office, large_log, write_log
from test_files import choose, imports, upload, wait_for_state


@pytest.mark.parametrize("moment", ["reading", "saving"])
def test_killed_in_the_middle_of_an_import_it_comes_back_whole(browser, tmp_path, moment):
    browser.expected += ["ERR_", "events"]
    server = Server()
    try:
        found_office(server)
        server.start()
        browser.at(server).sign_in("ann", PASSWORD)
        upload(browser, write_log(tmp_path, "before.csv", calls(1, 40)))
        path = large_log(tmp_path, 2_000_000 if IS_RELEASE else 200_000)
        browser.go("/files")
        choose(browser, path)
        wait_for_state(browser, "large.csv", moment, "done")
        state = imports(browser)["large.csv"]
        server.kill()
        browser.driver.get("about:blank")

        seconds = server.start()
        print(f"killed while {state}; answers again after {seconds:.2f} s")
        # Who was signed in still is.
        browser.go("/files")
        assert browser.path == "/files"
        names = {row.find_element("css selector", "a").text: row.text for row in browser.all("tbody tr")}
        assert "40" in names["before.csv"]
        if "large.csv" in names:
            assert ("2,000,000" if IS_RELEASE else "200,000") in names["large.csv"]
        browser.wait(lambda: server.incoming == [], "Incoming/ to be empty")
        assert server.verify()["ok"]
        # Uploading it again needs no other answer than before.
        if "large.csv" not in names and moment == "reading":
            browser.go("/files")
            choose(browser, path)
            wait_for_state(browser, "large.csv", "done")
    finally:
        server.stop()
