#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Our HTTP server and nginx, in turns; writes JSON and a plot.

  benchmarks/hls/compare.py [quick|full|smoke] [--out FOLDER] [--build FOLDER]

bench-hls (viewers.c) is all viewers. Low-latency ones wait for each playlist and
fetch its part; nginx, which has nothing to wait for, serves a file of the size of a
part to as many connections. Then segments of 1 MB, from our memory, from our folder,
and from nginx. What counts is the CPU time of the server's process (that of the viewers
is told beside it), and how long after the end of a part the answers with its playlist
and with itself were sent, which says something on a machine that does nothing else.
full takes eight minutes. smoke checks that all of it works.
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
    "full": dict(viewers=[10, 100, 1000, 2000], segments=[16, 64],
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
    print(tell(server, result), file=sys.stderr, flush=True)
    return result


def tell(server, result):
    line = (f"{server:13} {result['viewers']:5} viewers: "
            f"{result['requests_a_second']:6} requests a second, "
            f"{result['cpu_us_a_request']:6.1f} us each (viewers "
            f"{result['viewers_us_a_request']:.1f}), {result['core']:.2f} of a core")
    if "parts_made" in result:
        line += (f", {result['fewest_parts']} of {result['parts_made']} parts; ms "
                 "from part to answer sent, p50 and p99: playlist "
                 f"{result['list_ms_p50']} {result['list_ms_p99']}, part "
                 f"{result['part_ms_p50']} {result['part_ms_p99']}")
    return line


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


def panel(y, title, rows):
    """A bar each of @rows: name, color, value. SVG, and where it ends."""
    out = [f'<text x="190" y="{y}" font-weight="bold">{title}</text>']
    most = max(max(value for _, _, value in rows), 0.1)
    y += 8
    for name, color, value in rows:
        size = max(250 * value / most, 1)
        out.append(
            f'<text x="182" y="{y + 15}" text-anchor="end">{name}</text>'
            f'<rect class="bar" x="190" y="{y + 3}" width="{size:.1f}" '
            f'height="16" fill="{color}"/><text x="{196 + size:.1f}" '
            f'y="{y + 15}">{value:.1f}</text>')
        y += 22
    return out, y + 30


def panels(data):
    """Titles, and what their bars are."""
    def costs(what):
        return [(f'{row["server"]}, {row["viewers"]}',
                 "#1b6ac9" if row["server"].startswith("arcly") else "#6b7280",
                 row["cpu_us_a_request"])
                for row in data["results"] if row["what"] == what]

    return [
        ("CPU us a request of a part", costs("low-latency")),
        ("ms from a part to the answer sent, p99",
         [(f'{name}, {row["viewers"]}', color, row[f"{key}_ms_p99"])
          for row in data["results"] if "parts_made" in row
          for name, key, color in (("playlist", "list", "#7fb0ea"),
                                   ("part", "part", "#1b6ac9"))]),
        ("CPU us a segment of 1 MB", costs("segments")),
    ]


def bars(data):
    out, y = [], 24
    for title, rows in panels(data):
        drawn, y = panel(y, title, rows)
        out += drawn
    where = data["machine"]
    out.append(f'<text x="190" y="{y}">{where["cores"]} cores, load '
               f'{where["load"]:.1f}</text>')
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="520" '
            f'height="{y + 16}" font-family="sans-serif" font-size="12">'
            f'<rect width="520" height="{y + 16}" fill="white"/>'
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
    if len(found) != sum(len(rows) for _, rows in panels(data)):
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
