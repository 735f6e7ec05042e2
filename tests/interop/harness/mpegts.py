# SPDX-License-Identifier: MIT
"""A narrow, strict reader of MPEG-TS (ISO/IEC 13818-1), to check segments.

ffmpeg forgives much; this forgives nothing: continuity counters, PAT and PMT
at the start of a segment, random access and PCR at its first keyframe, a PTS
in every PES header, PCR not rarer than 100 ms (clause 2.7.2).
"""

import itertools

PACKET = 188
SDT_PID = 0x11
PCR_HZ = 27000000
MAX_PCR_GAP_MS = 100


class Packet:
    def __init__(self, data):
        self.sync = data[0] == 0x47
        self.error = bool(data[1] & 0x80)
        self.start = bool(data[1] & 0x40)
        self.pid = (data[1] & 0x1f) << 8 | data[2]
        self.continuity = data[3] & 0x0f
        self.has_payload = bool(data[3] & 0x10)
        self.random_access = self.discontinuity = False
        self.pcr = None
        offset = 4
        if data[3] & 0x20:
            length = data[4]
            if length:
                self.read_adaptation(data[5:5 + length])
            offset = 5 + length
        self.payload = data[offset:] if self.has_payload else b''

    def read_adaptation(self, field):
        self.discontinuity = bool(field[0] & 0x80)
        self.random_access = bool(field[0] & 0x40)
        if field[0] & 0x10:
            base = int.from_bytes(field[1:6], 'big') >> 7
            self.pcr = base * 300 + (int.from_bytes(field[5:7], 'big') & 0x1ff)


def packets(path):
    with open(path, 'rb') as file:
        data = file.read()
    for offset in range(0, len(data) - len(data) % PACKET, PACKET):
        yield Packet(data[offset:offset + PACKET])


def section(payload):
    """The table after its pointer field."""
    return payload[1 + payload[0]:]


def pmt_pid(payload):
    table = section(payload)
    return (table[10] & 0x1f) << 8 | table[11]


def read_pmt(payload):
    """(PCR pid, {pid: stream type})."""
    table = section(payload)
    end = 3 + ((table[1] & 0x0f) << 8 | table[2]) - 4
    offset = 12 + ((table[10] & 0x0f) << 8 | table[11])
    types = {}
    while offset + 5 <= end:
        types[(table[offset + 1] & 0x1f) << 8 | table[offset + 2]] = table[offset]
        offset += 5 + ((table[offset + 3] & 0x0f) << 8 | table[offset + 4])
    return (table[8] & 0x1f) << 8 | table[9], types


VIDEO_TYPES = (0x1b, 0x24)


class Checker:
    """Reads segments in order; complaints collect in `wrong`."""

    def __init__(self, max_pcr_gap_ms=MAX_PCR_GAP_MS):
        self.max_pcr_gap = max_pcr_gap_ms * PCR_HZ // 1000
        self.wrong = []
        self.counters = {}
        self.pcr = None

    def complain(self, name, what):
        if len(self.wrong) < 20:
            self.wrong.append(f'{name}: {what}')

    def reset(self):
        """A discontinuity of the playlist: counters and clock start anew."""
        self.counters = {}
        self.pcr = None

    def read(self, path, name):
        table_pid = pcr_pid = None
        types, started = {}, set()
        others = (p for p in packets(path) if p.pid != SDT_PID)
        tables = list(itertools.islice(others, 2))
        for index, packet in enumerate(packets(path)):
            if not packet.sync or packet.error:
                self.complain(name, f'packet {index}: no sync byte')
                return
            self.check_continuity(name, index, packet)
            if packet.pid == 0 and packet.start:
                table_pid = pmt_pid(packet.payload)
            elif packet.pid == table_pid and packet.start:
                pcr_pid, types = read_pmt(packet.payload)
            elif packet.start and packet.pid in types:
                self.check_pes(name, index, packet, types, started)
            if packet.pid == pcr_pid:
                self.check_pcr(name, index, packet)
        if not tables or tables[0].pid != 0:
            self.complain(name, 'does not start with a PAT')
        if len(tables) < 2 or tables[1].pid != table_pid:
            self.complain(name, 'no PMT after the PAT')
        if not started:
            self.complain(name, 'no PES packet at all')

    def check_continuity(self, name, index, packet):
        last = self.counters.get(packet.pid)
        if packet.has_payload:
            self.counters[packet.pid] = packet.continuity
            if last is None or packet.discontinuity:
                return
            last = (last + 1) & 0x0f
        if last is not None and packet.continuity != last:
            self.complain(name, f'packet {index}: pid {packet.pid:#x} continuity '
                                f'{packet.continuity}, not {last}')

    def check_pes(self, name, index, packet, types, started):
        pes = packet.payload
        if pes[:3] != b'\0\0\1' or len(pes) < 9:
            self.complain(name, f'packet {index}: no PES start code')
            return
        if not pes[7] & 0x80:
            self.complain(name, f'packet {index}: PES without PTS')
        first_video = (types[packet.pid] in VIDEO_TYPES
                       and packet.pid not in started)
        started.add(packet.pid)
        if not first_video:
            return
        if not packet.random_access:
            self.complain(name, 'first picture without random_access_indicator')
        if packet.pcr is None:
            self.complain(name, 'first picture without PCR')

    def check_pcr(self, name, index, packet):
        if packet.pcr is None:
            return
        if self.pcr is not None:
            gap = packet.pcr - self.pcr
            if not 0 <= gap <= self.max_pcr_gap:
                self.complain(name, f'packet {index}: PCR moved by '
                                    f'{gap * 1000 / PCR_HZ:.1f} ms')
        self.pcr = packet.pcr
