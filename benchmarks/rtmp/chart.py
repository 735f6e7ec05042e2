# SPDX-License-Identifier: MIT
"""Bars of what compare.py measured, as SVG text."""

COLORS = {"arcly": "#1b6ac9", "arcly-100ms": "#0f8a5f", "nginx-rtmp": "#c2410c"}
NAMES = {"arcly-100ms": "arcly, send-interval 100 ms"}
WIDTH, LEFT, BAR = 320, 150, 18


def panels(data):
    """Title, number format and bars: a label, a server, a number, a remark."""
    sizes, joins = data["sizes"], data["joins"]

    def by_size(value):
        return [(f"{int(result['players'])} players", result["server"],
                 value(result), remark(result)) for result in sizes]

    yield "server CPU, ms a Mbit", "%.3f", by_size(
        lambda result: result["cpu-ms-per-mbit"])
    yield "RSS of the server, MiB", "%.1f", by_size(
        lambda result: result["rss-kib"] / 1024)
    yield "latency of a frame, p50, ms", "%.1f", by_size(
        lambda result: result["latency-ms"]["p50"])
    yield (f"connect to first keyframe, ms, {int(joins[0]['players'])} players "
           "at random moments" if joins else ""), "%.1f", [
        (f"{result['gop'] / result['fps']:.0f} s GOPs, {part}",
         result["server"], result["first-keyframe-ms"][part], "")
        for result in joins for part in ("p50", "p99")]


def remark(result):
    if result["complete"]:
        return ""
    part = 100 * result["frames"] / result["frames-expected"]
    return f" (late: {part:.0f} % of the frames)"


def draw(data):
    out, y = [], 24

    def text(x, line, more=""):
        out.append(f'<text x="{x:.1f}" y="{y}"{more}>{line}</text>')

    def rect(x, width, server, name=""):
        out.append(f'<rect{name} x="{x}" y="{y - 12}" width="{width:.1f}" '
                   f'height="14" fill="{COLORS[server]}"/>')

    for title, form, bars in panels(data):
        if not bars:
            continue
        most = max(max(value, 1e-6) for _, _, value, _ in bars)
        text(12, title, ' font-weight="bold"')
        y += 22
        label_before = None
        # Those of one label stay together, in the order in which they came.
        labels = list(dict.fromkeys(label for label, _, _, _ in bars))
        for label, server, value, more in sorted(
                bars, key=lambda bar: labels.index(bar[0])):
            if label != label_before:
                y += 8 if label_before else 0
                text(12, label)
            label_before = label
            width = WIDTH * max(value, 0) / most
            rect(LEFT, width, server, ' class="bar"')
            text(LEFT + width + 6, form % value + more)
            y += BAR
        y += 26
    x = 12
    for server in COLORS:
        rect(x, 12, server)
        text(x + 18, NAMES.get(server, server))
        x += 250 if server == "arcly-100ms" else 110
    y += 22
    where = data["machine"]
    text(12, f"{where['cores']} cores, {where['cpu']}, Linux "
             f"{where['kernel']}, load {where['load']:.1f}")
    width, height = LEFT + WIDTH + 210, y + 16
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
            f'height="{height}" font-family="sans-serif" font-size="12">'
            f'<rect width="{width}" height="{height}" fill="white"/>'
            + "\n".join(out) + "</svg>\n")
