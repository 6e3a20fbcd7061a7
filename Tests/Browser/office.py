"""Real Rollcall servers for tests, each with a data folder of its own, and call logs to feed them."""
import datetime
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("ROLLCALL_BINARY", str(CHECKOUT / ".build/debug/rollcall"))
GENERATOR = CHECKOUT / "Tests/Benchmarks/generate.py"
IS_RELEASE = "release" in os.path.realpath(BINARY)
# Seconds after which what does not come is taken for missing: far longer than on a busy box.
PATIENCE = 120
PASSWORD = "three brown horses"
DEMO_PASSWORD = "violet kettle harbour"
HEADER = ("Agent name,Profile ID,Call Log ID,Log Time,Log Type,State,Call Type,Original Campaign,"
          "Current Campaign,Ember")


class Server:
    """`rollcall` on a free port of the loopback; stopped, and its folder removed, by `stop`."""

    def __init__(self, command="serve", data=None):
        self.command = command
        self.data = data or tempfile.mkdtemp(prefix="rollcall-browser-")
        self.output = open(os.path.join(self.data, "server.log"), "a+")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None

    def start(self):
        """Starts it and waits until it answers; returns the seconds that took."""
        began = time.monotonic()
        self.process = subprocess.Popen(
            [BINARY, self.command, "--data", self.data, "--port", str(self.port)],
            stdin=subprocess.DEVNULL, stdout=self.output, stderr=subprocess.STDOUT)
        while time.monotonic() - began < PATIENCE:
            if self.process.poll() is not None:
                raise AssertionError(f"rollcall {self.command} ended at once:\n{self.log}")
            try:
                with urllib.request.urlopen(self.url + "/healthz", timeout=5):
                    return time.monotonic() - began
            except urllib.error.HTTPError:
                return time.monotonic() - began
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"rollcall {self.command} does not answer:\n{self.log}")

    @property
    def log(self):
        return pathlib.Path(self.output.name).read_text()

    @property
    def setup_code(self):
        return re.search(r"code: (\S+)", self.log).group(1)

    def kill(self):
        """As a power cut ends it."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, remove=True):
        if self.process and self.process.poll() not in (None, -signal.SIGKILL):
            raise AssertionError(f"The server ended by itself, {self.process.returncode}:\n{self.log[-6000:]}")
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError("The server did not end on SIGTERM.")
        self.output.close()
        if remove:
            shutil.rmtree(self.data, ignore_errors=True)

    def run(self, *arguments, text=None):
        """A command on the same office."""
        return subprocess.run([BINARY, *arguments, "--data", self.data], input=text, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def verify(self):
        result = self.run("verify", "--json")
        assert result.returncode == 0, result.stdout + result.stderr
        return json.loads(result.stdout)

    @property
    def incoming(self):
        return sorted(os.listdir(os.path.join(self.data, "Incoming")))


def found_office(server, name="Harbour Calls"):
    """Sets the office up from the command line: user `ann`, PASSWORD."""
    result = server.run("setup", "--office", name, "--time-zone", "Europe/London", "--admin", "ann",
                        "--name", "Ann Hill", "--password-stdin", text=PASSWORD + "\n")
    assert result.returncode == 0, result.stderr


def row(number, agent="Ben Ashby", when="2026-11-17 10:00:00", state="No Answer", campaign="Solar North"):
    return f"{agent},P{number % 97:05},{number},{when},Outbound,{state},Predictive,{campaign},{campaign},"


def calls(first, count, agent="Ben Ashby", day="2026-11-17", minutes=4):
    """Calls of one agent, `minutes` apart, from ten o'clock on; every fifth is a lead."""
    start = datetime.datetime.fromisoformat(day + " 10:00:00")
    return [row(first + i, agent, str(start + datetime.timedelta(minutes=minutes * i)),
                "Lead" if i % 5 == 4 else "No Answer") for i in range(count)]


def write_log(folder, name, rows, header=HEADER):
    """Writes a call log and returns its path as text."""
    path = pathlib.Path(folder) / name
    path.write_text("\r\n".join([header, *rows]) + "\r\n")
    return str(path)


def large_log(folder, rows, name="large.csv", seed=1):
    path = pathlib.Path(folder) / name
    subprocess.run(["python3", str(GENERATOR), "--rows", str(rows), "--agents", "60", "--days", "20",
                    "--seed", str(seed), "--out", str(path)], check=True)
    return str(path)
