# SPDX-License-Identifier: MIT
"""Compares a source clip with the HLS that was made of it.

By hand, exit status 1 if they differ:

    python3 -m harness.compare clip.mp4 hls/live/cam/index.m3u8
"""

import argparse
import difflib
import fractions
import os
import sys
import tempfile

from . import media, mpegts, playlist

MILLISECOND = fractions.Fraction(1, 1000)
# One rounding to RTMP's milliseconds, two to ticks of 90 kHz.
TOLERANCE = MILLISECOND + fractions.Fraction(2, 90000)
MAX_COMPLAINTS = 8


def compare_payloads(source, result, prefix=False):
    """Complaints about frames lost, doubled, changed or out of order.

    With @prefix the result may end early, as that of a killed publisher does.
    """
    name = f'{source.kind} ({source.codec})'
    want = [frame.digest for frame in source.frames]
    have = [frame.digest for frame in result.frames]
    if prefix and have:
        want = want[:len(have)]
    if want == have:
        return []

    wrong = [f'{name}: {len(have)} frames, the source has {len(want)}']
    matcher = difflib.SequenceMatcher(None, want, have, autojunk=False)
    for what, w0, w1, h0, h1 in matcher.get_opcodes():
        if what == 'delete':
            wrong.append(f'{name}: lost frames {w0} to {w1 - 1}')
        elif what == 'insert':
            known = set(want)
            doubled = all(digest in known for digest in have[h0:h1])
            wrong.append(f'{name}: {"doubled" if doubled else "alien"} frames '
                         f'at {h0} to {h1 - 1}')
        elif what == 'replace':
            wrong.append(f'{name}: frames {w0} to {w1 - 1} differ from what '
                         f'is at {h0} to {h1 - 1}')
    return wrong[:MAX_COMPLAINTS]


def offsets(source, result):
    """By how much each PTS and DTS was moved; frames must match already."""
    for index, (a, b) in enumerate(zip(source.frames, result.frames)):
        yield b.pts - a.pts, f'{source.kind} frame {index} PTS'
        yield b.dts - a.dts, f'{source.kind} frame {index} DTS'


def compare_times(pairs, tolerance):
    """Complaints if anything moved differently from the rest, A/V included."""
    moved = [item for pair in pairs for item in offsets(*pair)]
    if not moved:
        return []
    low, high = min(moved), max(moved)
    if high[0] - low[0] <= tolerance:
        return []
    wrong = ['timestamps moved apart by '
             f'{float(high[0] - low[0]) * 1000:.3f} ms: '
             f'{high[1]} by {float(high[0]) * 1000:.3f} ms, '
             f'{low[1]} by {float(low[0]) * 1000:.3f} ms']
    for source, result in pairs:
        own = [o for o, _ in offsets(source, result)]
        if own:
            wrong.append(f'{source.kind} alone: {float(min(own)) * 1000:.3f} to '
                         f'{float(max(own)) * 1000:.3f} ms')
    return wrong


def compare_tracks(source, result, tolerance=TOLERANCE, prefix=False):
    wrong, pairs = [], []
    for track in source:
        match = [t for t in result if t.kind == track.kind]
        if not match:
            wrong.append(f'{track.kind}: no such track')
            continue
        if match[0].codec != track.codec:
            wrong.append(f'{track.kind}: {match[0].codec}, not {track.codec}')
        wrong += compare_payloads(track, match[0], prefix)
        pairs.append((track, match[0]))
    kinds = {track.kind for track in source}
    wrong += [f'{track.kind}: not in the source'
              for track in result if track.kind not in kinds]
    if wrong:
        return wrong
    return compare_times(pairs, tolerance)


def compare_files(source, result, tolerance=TOLERANCE, prefix=False):
    return compare_tracks(media.tracks(source), media.tracks(result),
                          tolerance, prefix)


def check_segments(found, max_pcr_gap_ms=mpegts.MAX_PCR_GAP_MS):
    """Complaints about the form of playlist and segments."""
    wrong = playlist.lint(found)
    checker = mpegts.Checker(max_pcr_gap_ms)
    for group in found.groups():
        checker.reset()
        for segment in group:
            checker.read(segment.path, os.path.basename(segment.path))
    return wrong + checker.wrong


def compare_hls(source, index, tolerance=TOLERANCE,
                max_pcr_gap_ms=mpegts.MAX_PCR_GAP_MS):
    """Complaints about the ended HLS at @index, made of the clip @source."""
    found = playlist.read(index)
    wrong = check_segments(found, max_pcr_gap_ms)
    if wrong:
        return wrong
    if not found.ended:
        wrong.append('no EXT-X-ENDLIST')
    if len(found.groups()) > 1:
        wrong.append('an unexpected discontinuity')
    with tempfile.TemporaryDirectory() as folder:
        whole = playlist.concatenate(found.segments,
                                     os.path.join(folder, 'all.ts'))
        return wrong + compare_files(source, whole, tolerance)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('source', help='the clip that was published')
    parser.add_argument('index', help='index.m3u8 of the HLS made of it')
    parser.add_argument('--tolerance', type=fractions.Fraction,
                        default=TOLERANCE, help='seconds, default 1 ms and '
                        'the rounding to 90 kHz')
    args = parser.parse_args()
    wrong = compare_hls(args.source, args.index, args.tolerance)
    print('\n'.join(wrong) or 'equal')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
