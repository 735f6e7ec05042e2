#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Players at arclyrtmpsink and at nginx-rtmp, in turns; writes JSON and a plot.

  benchmarks/rtmp/compare.py [quick|full|smoke] [--out FOLDER] [--build FOLDER]

bench-players publishes and plays (see players.c); the servers run beside it,
and what counts is their CPU time. nginx has one worker, as it says to use;
arclyrtmpsrc ! arclyrtmpsink run in gst-launch-1.0, once with a send a frame
and once with send-interval=100 ms. smoke checks that all of it works.
"""
import argparse
import json
import os
import pathlib
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SERVERS = ["arcly", "arcly-100ms", "nginx-rtmp"]
MODES = {
    "smoke": dict(sizes=[3], gops=[15], repeat=1, seconds=1, join_ms=300,
                  slow=[(3, 1)]),
    "quick": dict(sizes=[100, 1000], gops=[60], repeat=3, seconds=5,
                  join_ms=5000, slow=[]),
    "full": dict(sizes=[100, 300, 1000, 2000], gops=[60, 300], repeat=3,
                 seconds=10, join_ms=10000, slow=[(500, 100)]),
}
NGINX_MODULE = "/usr/lib/nginx/modules/ngx_rtmp_module.so"
NGINX = """load_module {module};
worker_processes 1;
daemon off;
{user}
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 20000; }}
rtmp {{ server {{ listen 127.0.0.1:{port};
  application live {{ live on; }} }} }}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, ready, seconds=20):
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            sys.exit(f"{what}: not within {seconds} s")
        time.sleep(0.02)


def is_listening(port):
    line = f"0100007F:{port:04X} 00000000:0000 0A"
    return line in pathlib.Path("/proc/net/tcp").read_text()


def child_of(pid):
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return int(children.split()[0]) if children.split() else 0


class Server:
    """One server process; `pid` is the one that does the work."""

    def __init__(self, kind, build):
        self.port = free_port()
        self.folder = tempfile.mkdtemp(prefix="arcly-bench-")
        command = self.nginx() if kind == "nginx-rtmp" else self.arcly(kind)
        env = dict(os.environ)
        env.setdefault("GST_PLUGIN_PATH", str(build / "gst"))
        env.setdefault("GST_REGISTRY", str(build / "bench-registry.bin"))
        self.child = subprocess.Popen(command, env=env,
                                      stdout=subprocess.DEVNULL)
        self.pid = self.child.pid
        wait_for(f"{kind} on port {self.port}",
                 lambda: is_listening(self.port))
        if kind == "nginx-rtmp":
            wait_for("nginx's worker", lambda: child_of(self.child.pid))
            self.pid = child_of(self.child.pid)

    def nginx(self):
        config = pathlib.Path(self.folder) / "nginx.conf"
        config.write_text(NGINX.format(
            module=NGINX_MODULE, folder=self.folder, port=self.port,
            user="user root;" if os.getuid() == 0 else ""))
        return [shutil.which("nginx") or "/usr/sbin/nginx", "-c", str(config),
                "-e", f"{self.folder}/error.log"]

    def arcly(self, kind):
        where = f"location=rtmp://127.0.0.1:{self.port}/live/bench"
        interval = 100_000_000 if kind == "arcly-100ms" else 0
        return ["gst-launch-1.0", "-q", "arclyrtmpsrc", "name=in", where,
                "arclyrtmpsink", "name=out", where,
                f"send-interval={interval}", "in.video_0", "!", "out.video_0",
                "in.audio_0", "!", "out.audio_0"]

    def close(self):
        self.child.terminate()
        self.child.wait()
        shutil.rmtree(self.folder)


def run(build, kind, players, **options):
    server = Server(kind, build)
    try:
        command = [build / "benchmarks" / "bench-players",
                   f"--port={server.port}", f"--pid={server.pid}",
                   f"--players={players}"]
        command += [f"--{name.replace('_', '-')}={value}"
                    for name, value in options.items()]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True,
                              check=True)
    finally:
        server.close()
    result = dict(server=kind, **json.loads(done.stdout))
    print(f"{kind:12} {players:5} players: "
          f"{result['cpu-ms-per-mbit']:.4f} ms CPU a Mbit, first keyframe p50 "
          f"{result['first-keyframe-ms']['p50']:.1f} ms, "
          f"{result['frames']:.0f} of {result['frames-expected']:.0f} frames",
          file=sys.stderr, flush=True)
    return result


def median(values):
    """Of each number by itself, all the way down."""
    if isinstance(values[0], dict):
        return {key: median([value[key] for value in values])
                for key in values[0]}
    return sorted(values)[len(values) // 2]


def measure(build, mode):
    common = dict(seconds=mode["seconds"], join_ms=mode["join_ms"])
    servers = [kind for kind in SERVERS
               if kind != "nginx-rtmp" or os.path.exists(NGINX_MODULE)]
    results, slow = [], []
    for gop in mode["gops"]:
        for size in mode["sizes"]:
            turns = [[run(build, kind, size, gop=gop, **common)
                      for kind in servers] for _ in range(mode["repeat"])]
            results += [median(list(same)) for same in zip(*turns)]
    for size, n in mode["slow"]:
        slow += [run(build, kind, size, slow=n, **common) for kind in servers]
    return dict(results=results, slow=slow)


def machine():
    return dict(cores=os.cpu_count(), kernel=platform.release(),
                load=os.getloadavg()[0])


COLORS = {"arcly": "#1b6ac9", "arcly-100ms": "#0f8a5f", "nginx-rtmp": "#c2410c"}
NAMES = {"arcly-100ms": "arcly, send-interval 100 ms"}


def bars(data):
    """CPU time and time to the first keyframe, a row of bars a size."""
    rows = [result for result in data["results"]
            if result["gop"] == data["results"][0]["gop"]]
    sizes = sorted({int(result["players"]) for result in rows})
    out, y = [], 24
    for title, value, unit in (
            ("server CPU, ms a Mbit",
             lambda result: result["cpu-ms-per-mbit"], "%.3f"),
            ("connect to first keyframe, p50, ms",
             lambda result: result["first-keyframe-ms"]["p50"], "%.1f")):
        most = max(max(value(result), 1e-6) for result in rows)
        out.append(f'<text x="12" y="{y}" font-weight="bold">{title}</text>')
        y += 12
        for size in sizes:
            out.append(f'<text x="12" y="{y + 13}">{size} players</text>')
            for result in rows:
                if int(result["players"]) != size:
                    continue
                width = 320 * value(result) / most
                out.append(
                    f'<rect class="bar" x="110" y="{y}" width="{width:.1f}" '
                    f'height="14" fill="{COLORS[result["server"]]}"/>'
                    f'<text x="{116 + width:.1f}" y="{y + 12}">'
                    f'{unit % value(result)}</text>')
                y += 18
            y += 8
        y += 22
    x = 12
    for kind, color in COLORS.items():
        out.append(f'<rect x="{x}" y="{y - 10}" width="12" height="12" '
                   f'fill="{color}"/><text x="{x + 18}" y="{y}">'
                   f'{NAMES.get(kind, kind)}</text>')
        x += 110 if kind != "arcly-100ms" else 220
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="500" '
            f'height="{y + 16}" font-family="sans-serif" font-size="12">'
            f'<rect width="500" height="{y + 16}" fill="white"/>'
            + "\n".join(out) + "</svg>\n")


def check(data, svg):
    """What holds for tiny numbers too."""
    from xml.etree import ElementTree
    for result in data["results"] + data["slow"]:
        if (result["got-keyframe"] != result["players"] - result["slow"]
                or result["closed"]):
            sys.exit(f"{result['server']}: players without a picture")
        if result["frames"] <= 0 or result["mbit"] <= 0:
            sys.exit(f"{result['server']}: nothing was played")
    found = ElementTree.parse(svg).findall('.//{*}rect[@class="bar"]')
    if len(found) != 2 * len(data["results"]):
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
    data = dict(machine=machine(), mode=arguments.mode,
                **measure(build, MODES[arguments.mode]))
    (out / "rtmp.json").write_text(json.dumps(data, indent=1) + "\n")
    (out / "rtmp.svg").write_text(bars(data))
    if arguments.mode == "smoke":
        check(data, out / "rtmp.svg")
    print(f"wrote {out}/rtmp.json and {out}/rtmp.svg", file=sys.stderr)


if __name__ == "__main__":
    main()
