"""Measures a replica from exec to its first 200 on /_/ready, compared with bare Python.

    python -m bench.cold_start_runtime [rounds]

Bare Python is ``python -I -S`` with one socket that answers a fixed 200: the floor of this machine.
The rounds go through all rows in turn, so that other load on the machine meets them alike.
"""

import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNTIMES = Path(__file__).parents[1] / "runtimes"
BARE = """
import os, socket
server = socket.socket(socket.AF_UNIX)
server.bind(os.environ["PLAT_SOCKET"])
server.listen()
while True:
    connection, _ = server.accept()
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")
    connection.close()
"""
ASYNC = "async def handler(request):\n    return 'hello'\n"
DEADLINE = 30.0


def install(folder: Path) -> None:
    """Install the packages of both runtimes with bytecode, like the builder."""
    requirements = RUNTIMES / "python-flask" / "requirements.txt"
    # the environment of the checkout, not that of the shell
    command = [sys.executable, "-m", "uv", "pip", "install", "-q", "--compile-bytecode"]
    command += ["--python", sys.executable]
    subprocess.run([*command, "--target", str(folder), "-r", str(requirements)], check=True)


def answers(path: Path) -> bool:
    """Return whether the replica reports ready."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.settimeout(DEADLINE)
            probe.connect(str(path))
            probe.sendall(b"GET /_/ready HTTP/1.1\r\nHost: r\r\nConnection: close\r\n\r\n")
            return probe.recv(64).startswith(b"HTTP/1.1 200")
        except OSError:
            return False


def cold_start(command: list[str], folder: Path, code: Path, site: Path) -> float:
    """Return the milliseconds from exec to the first 200."""
    path = folder / "s"
    path.unlink(missing_ok=True)
    env = {"PLAT_SOCKET": str(path), "PLAT_CODE": str(code), "PLAT_SITE": str(site)}
    begin = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", *command],
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while not answers(path):
            if process.poll() is not None or time.perf_counter() - begin > DEADLINE:
                raise SystemExit(f"the replica of {code} did not start")
            time.sleep(0.001)
        return (time.perf_counter() - begin) * 1000
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def main() -> None:
    """Measure and print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        site, code = folder / "site", folder / "async"
        install(site)
        code.mkdir()
        (code / "app.py").write_text(ASYNC)
        runtime = [str(RUNTIMES / "plat_runtime")]
        rows = {
            "bare Python, one socket": (["-c", BARE], code),
            "python: handler(request)": (runtime, RUNTIMES / "python" / "template"),
            "python: async handler(request)": (runtime, code),
            "python-flask: Flask app": (runtime, RUNTIMES / "python-flask" / "template"),
        }
        times: dict[str, list[float]] = {row: [] for row in rows}
        for _ in range(rounds):
            for row, (command, source) in rows.items():
                times[row].append(cold_start(command, folder, source, site))
    floor = statistics.median(times["bare Python, one socket"])
    print("| exec → first 200 | median ms | min | max | × bare |")
    print("|---|---|---|---|---|")
    for row, found in times.items():
        median = statistics.median(found)
        print(
            f"| {row} | {median:.0f} | {min(found):.0f} | {max(found):.0f} | {median / floor:.1f} |"
        )


if __name__ == "__main__":
    main()
