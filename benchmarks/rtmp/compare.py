#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Players at arclyrtmpsink and at nginx-rtmp, in turns; writes JSON and a plot.

  benchmarks/rtmp/compare.py [quick|full|smoke] [--only PART]
                             [--out FOLDER] [--build FOLDER]

bench-players publishes and plays (see players.c); the servers run beside it,
and what counts is their CPU time. nginx has one worker, as it says to use;
arclyrtmpsrc ! arclyrtmpsink run in gst-launch-1.0, once with a send a frame
and once with send-interval=100 ms.

Parts: "sizes" is CPU time, memory and latency by number of players, each number
the median of several runs; "joins" is the time to the first keyframe of players
that come at random moments; "slow" is some that read 10 kbit/s. full takes 14
minutes, quick two. smoke checks that all of it works. Nothing else should run
meanwhile: a server that is late merges frames, which is cheaper, so a result
with frames missing or a frame late is marked as not complete.
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

import chart

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SERVERS = ["arcly", "arcly-100ms", "nginx-rtmp"]
FPS = 30
# gop: frames. sizes: players; how often; seconds of each run. joins: players,
# frames a GOP, ms in which they come; how often. slow: players, and how many.
MODES = {
    "smoke": dict(gop=15, sizes=[3], repeat=1, seconds=1, join_ms=300,
                  joins=[(3, 15, 300)], join_repeat=1, slow=[(3, 1)]),
    "quick": dict(gop=60, sizes=[300], repeat=3, seconds=5, join_ms=2000,
                  joins=[(1000, 60, 5000)], join_repeat=1, slow=[]),
    "full": dict(gop=60, sizes=[100, 300, 1000, 2000], repeat=3, seconds=8,
                 join_ms=4000, joins=[(1000, 60, 10000), (1000, 300, 10000)],
                 join_repeat=3, slow=[(500, 100)]),
}
# More than these nginx-rtmp cannot serve on two cores.
NGINX_MOST = 1000
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
    result = dict(server=kind, fps=FPS, **json.loads(done.stdout))
    # Late frames go out together, which is cheaper.
    late_ms = 1000 / FPS + (100 if kind == "arcly-100ms" else 0)
    result["complete"] = (result["frames"] > 0.98 * result["frames-expected"]
                          and result["latency-ms"]["p50"] < late_ms)
    print(f"{kind:12} {players:5} players: "
          f"{result['cpu-ms-per-mbit']:.4f} ms CPU a Mbit, first keyframe p50 "
          f"{result['first-keyframe-ms']['p50']:.1f} ms, "
          f"p99 {result['first-keyframe-ms']['p99']:.1f} ms, latency p50 "
          f"{result['latency-ms']['p50']:.1f} ms, "
          f"{result['frames']:.0f} of {result['frames-expected']:.0f} frames",
          file=sys.stderr, flush=True)
    return result


def median(values):
    """Of each number by itself, all the way down."""
    if isinstance(values[0], dict):
        return {key: median([value[key] for value in values])
                for key in values[0]}
    if isinstance(values[0], bool):
        return all(values)
    return sorted(values)[len(values) // 2]


def servers():
    return [kind for kind in SERVERS
            if kind != "nginx-rtmp" or os.path.exists(NGINX_MODULE)]


def measure_sizes(build, mode):
    results = []
    for size in mode["sizes"]:
        kinds = [kind for kind in servers()
                 if kind != "nginx-rtmp" or size <= NGINX_MOST]
        turns = [[run(build, kind, size, gop=mode["gop"], fps=FPS,
                      seconds=mode["seconds"], join_ms=mode["join_ms"])
                  for kind in kinds] for _ in range(mode["repeat"])]
        same = [median(list(each)) for each in zip(*turns)]
        # Of what ran in one turn, so the machine was the same.
        if "nginx-rtmp" in kinds:
            for index, result in enumerate(same):
                result["cpu-of-nginx"] = median(
                    [turn[index]["cpu-ms-per-mbit"] /
                     max(turn[-1]["cpu-ms-per-mbit"], 1e-9) for turn in turns])
        results += same
    return results


def measure_joins(build, mode):
    """nginx-rtmp once: its players wait for the next keyframe, as designed."""
    results = []
    for size, gop, join_ms in mode["joins"]:
        for kind in servers():
            if kind == "arcly-100ms":
                continue
            times = 1 if kind == "nginx-rtmp" else mode["join_repeat"]
            results.append(median([
                run(build, kind, size, gop=gop, fps=FPS, seconds=1,
                    join_ms=join_ms) for _ in range(times)]))
    return results


def measure_slow(build, mode):
    return [run(build, kind, size, slow=n, gop=mode["gop"], fps=FPS,
                seconds=mode["seconds"], join_ms=mode["join_ms"])
            for size, n in mode["slow"] for kind in servers()]


PARTS = {"sizes": measure_sizes, "joins": measure_joins, "slow": measure_slow}


def machine():
    model = platform.machine()
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
    return dict(cpu=model, cores=os.cpu_count(), kernel=platform.release(),
                load=os.getloadavg()[0])


def check(data, svg):
    """What holds for tiny numbers too."""
    from xml.etree import ElementTree
    for result in data["sizes"] + data["joins"] + data["slow"]:
        if (result["got-keyframe"] != result["players"] - result["slow"]
                or result["closed"]):
            sys.exit(f"{result['server']}: players without a picture")
        if result["frames"] <= 0 or result["mbit"] <= 0:
            sys.exit(f"{result['server']}: nothing was played")
    found = ElementTree.parse(svg).findall('.//{*}rect[@class="bar"]')
    if len(found) != 3 * len(data["sizes"]) + 2 * len(data["joins"]):
        sys.exit(f"{len(found)} bars are in the plot")


def summarize(results):
    """Ours against nginx-rtmp."""
    late = {result["players"] for result in results if not result["complete"]}
    for result in results:
        if result["server"] != "nginx-rtmp" and "cpu-of-nginx" in result:
            print(f"{result['server']:12} {result['players']:5.0f} players: "
                  f"{result['cpu-of-nginx']:.2f} of nginx-rtmp's CPU time"
                  + (", but one was late" if result["players"] in late else ""),
                  file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("mode", nargs="?", default="quick", choices=MODES)
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--out", type=pathlib.Path)
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    out = arguments.out or build / "bench"
    out.mkdir(parents=True, exist_ok=True)
    data = dict(machine=machine(), mode=arguments.mode,
                **{part: [] for part in PARTS})
    for part in [arguments.only] if arguments.only else PARTS:
        data[part] = PARTS[part](build, MODES[arguments.mode])
        # After each part: what is measured is not lost with the rest.
        (out / "rtmp.json").write_text(json.dumps(data, indent=1) + "\n")
        (out / "rtmp.svg").write_text(chart.draw(data))
    if arguments.mode == "smoke":
        check(data, out / "rtmp.svg")
    summarize(data["sizes"])
    print(f"wrote {out}/rtmp.json and {out}/rtmp.svg", file=sys.stderr)


if __name__ == "__main__":
    main()
