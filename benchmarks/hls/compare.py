#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Our HTTP server and nginx, in turns; writes JSON and a plot.

  benchmarks/hls/compare.py [quick|full|smoke] [--out FOLDER] [--build FOLDER]

bench-hls (viewers.c) is all viewers. Low-latency ones wait for each playlist and
fetch its part; nginx, which has nothing to wait for, serves a file of the size of a
part to as many connections. Then segments of 1 MB, from our memory, from our folder,
and from nginx. What counts is the CPU time of the server's process. smoke checks
that all of it works.
"""
import argparse
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "rtmp"))
# pylint: disable=wrong-import-position
from compare import child_of, free_port, is_listening, median, wait_for

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PART, SEGMENT = 25_000, 1_000_000
MODES = {
    "smoke": dict(viewers=[3], segments=[3], seconds=1, repeat=1),
    "quick": dict(viewers=[100, 1000], segments=[64], seconds=5, repeat=3),
    "full": dict(viewers=[10, 100, 300, 1000, 2000], segments=[16, 64, 256],
                 seconds=10, repeat=3),
}
NGINX = """worker_processes 1;
worker_rlimit_nofile 20000;
daemon off;
{user}
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 9000; }}
http {{
  access_log off;
  sendfile on;
  keepalive_requests 100000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; root {folder}; }}
}}
"""


class Nginx:
    """One worker, as is told for one core, with a file of each size."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="arcly-bench-")
        self.port = free_port()
        folder = pathlib.Path(self.folder)
        (folder / "part.ts").write_bytes(bytes(PART))
        (folder / "file.ts").write_bytes(bytes(SEGMENT))
        config = folder / "nginx.conf"
        config.write_text(NGINX.format(
            folder=self.folder, port=self.port,
            user="user root;" if os.getuid() == 0 else ""))
        self.child = subprocess.Popen(
            [shutil.which("nginx") or "/usr/sbin/nginx", "-c", str(config),
             "-e", f"{self.folder}/error.log"])
        wait_for("nginx", lambda: is_listening(self.port))
        wait_for("nginx's worker", lambda: child_of(self.child.pid))
        self.pid = child_of(self.child.pid)

    def options(self, name):
        return [f"--plain-port={self.port}", f"--plain-pid={self.pid}",
                f"--plain-path=/{name}"]

    def close(self):
        self.child.terminate()
        self.child.wait()
        shutil.rmtree(self.folder)


def run(build, server, viewers, seconds, *options):
    command = [build / "benchmarks" / "bench-hls", f"--viewers={viewers}",
               f"--seconds={seconds}", f"--part-bytes={PART}", *options]
    result = json.loads(subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True).stdout)
    print(f"{server:12} {viewers:5} {result['cpu_us_a_request']:8.1f} us a "
          f"request, {result['requests_a_second']} a second",
          file=sys.stderr, flush=True)
    return result


def measure(build, mode):
    nginx = Nginx()
    jobs = []
    for viewers in mode["viewers"]:
        jobs += [("low-latency", "arcly", viewers, []),
                 ("low-latency", "nginx, a file", viewers,
                  nginx.options("part.ts"))]
    for viewers in mode["segments"]:
        jobs += [("segments", "arcly, memory", viewers,
                  [f"--file-bytes={SEGMENT}"]),
                 ("segments", "arcly, folder", viewers,
                  [f"--file-bytes={SEGMENT}", f"--folder={nginx.folder}"]),
                 ("segments", "nginx", viewers, nginx.options("file.ts"))]
    try:
        turns = [[run(build, server, viewers, mode["seconds"], *options)
                  for _, server, viewers, options in jobs]
                 for _ in range(mode["repeat"])]
    finally:
        nginx.close()
    return dict(results=[
        dict(what=job[0], server=job[1], **median(list(same)))
        for job, same in zip(jobs, zip(*turns))])


def bars(data):
    """CPU us a request, a bar each."""
    out, y = [], 24
    for what, title in (("low-latency", "CPU us a request of a part"),
                        ("segments", "CPU us a segment of 1 MB")):
        rows = [row for row in data["results"] if row["what"] == what]
        most = max(max(row["cpu_us_a_request"] for row in rows), 0.1)
        out.append(f'<text x="150" y="{y}" font-weight="bold">{title}</text>')
        y += 8
        for row in rows:
            color = "#1b6ac9" if row["server"].startswith("arcly") \
                else "#6b7280"
            size = max(250 * row["cpu_us_a_request"] / most, 1)
            out.append(
                f'<text x="142" y="{y + 15}" text-anchor="end">'
                f'{row["server"]}, {row["viewers"]}</text>'
                f'<rect class="bar" x="150" y="{y + 3}" width="{size:.1f}" '
                f'height="16" fill="{color}"/><text x="{156 + size:.1f}" '
                f'y="{y + 15}">{row["cpu_us_a_request"]:.1f}</text>')
            y += 22
        y += 30
    where = data["machine"]
    out.append(f'<text x="150" y="{y}">{where["cores"]} cores, load '
               f'{where["load"]:.1f}</text>')
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="480" '
            f'height="{y + 16}" font-family="sans-serif" font-size="12">'
            f'<rect width="480" height="{y + 16}" fill="white"/>'
            + "\n".join(out) + "</svg>\n")


def check(data, svg):
    """What holds for tiny numbers too."""
    from xml.etree import ElementTree
    for row in data["results"]:
        if row["requests"] <= 0:
            sys.exit(f"{row['server']}: nothing was answered")
        if row.get("fewest_parts") == 0:
            sys.exit("a viewer got no part")
    found = ElementTree.parse(svg).findall('.//{*}rect[@class="bar"]')
    if len(found) != len(data["results"]):
        sys.exit(f"{len(found)} bars are in the plot")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("mode", nargs="?", default="quick", choices=MODES)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--out", type=pathlib.Path)
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    out = arguments.out or build / "bench"
    out.mkdir(parents=True, exist_ok=True)
    start = time.strftime("%Y-%m-%d")
    data = dict(machine=dict(cores=os.cpu_count(), kernel=platform.release(),
                             load=os.getloadavg()[0], date=start),
                mode=arguments.mode, **measure(build, MODES[arguments.mode]))
    (out / "hls.json").write_text(json.dumps(data, indent=1) + "\n")
    (out / "hls.svg").write_text(bars(data))
    if arguments.mode == "smoke":
        check(data, out / "hls.svg")
    print(f"wrote {out}/hls.json and {out}/hls.svg", file=sys.stderr)


if __name__ == "__main__":
    main()
