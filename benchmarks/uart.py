# SPDX-License-Identifier: LGPL-2.1-or-later
"""Throughput: unpaced against the bare loop, and on a paced UART against the bytes that the protocol needs at that rate, which the
bare loop counts: command, prompt, payload, OK and result up, the URC with its head and tail down.
"""
from figures import Figure
from gateway import BITS_PER_BYTE, SIZES
from latency import run_script

BAUD_RATES = [115200, 460800, 921600]
# Up as much as the module takes, down as the simulated module cuts it.
PIECE_BYTES = {'upload': 1024, 'download': 1400}
FORMATS = {'text': 'bench', 'hex': 'hex'}


class Line:
    """A module on a line of @baud (None: not paced), a server that takes and one that gives."""

    def __init__(self, gateway, baud, sink, source):
        self.gateway, self.baud, self.sink, self.source = gateway, baud, sink, source
        self.sim = gateway.start_sim(baud)

    def needs_s(self, line_bytes):
        return line_bytes * BITS_PER_BYTE / self.baud

    def raw(self, way, form, count):
        result = self.gateway.measure('raw-' + way, self.sim.link, 'localhost', self.sink if way == 'upload' else self.source,
                                      PIECE_BYTES[way], count, self.baud or 115200, form)
        result['rate'] = result['payload_bytes'] / sum(result['ns']) * 1e9
        result['cost'] = result['line_bytes'] / result['payload_bytes']
        return result

    def daemon_rate(self, way, form, count, least_s=0):
        """Payload bytes a second."""
        context = FORMATS[form]
        daemon = self.gateway.start_daemon(self.sim)
        if way == 'upload':
            ns = self.gateway.measure(way, context, 'localhost', self.sink, PIECE_BYTES[way], count, int(least_s * 1000))['ns']
            rate = PIECE_BYTES[way] * count / ns[0] * 1e9
        else:
            result = self.gateway.measure(way, context, 'localhost', self.source, PIECE_BYTES[way], count)
            rate = result['payload_bytes'] / result['ns'][0] * 1e9
        daemon.stop()
        return rate

    def close(self):
        self.gateway.stop(self.sim.process)


def unpaced(gateway, sink, source):
    line = Line(gateway, None, sink, source)
    count = 1000 if gateway.quick else 4000
    for way in ('upload', 'download'):
        ours, bare = [], []
        for _ in range(gateway.rounds):
            bare.append(line.raw(way, 'text', count)['rate'] / 1e6)
            ours.append(line.daemon_rate(way, 'text', count) / 1e6)
        yield Figure('throughput', f'{way}, unpaced, {PIECE_BYTES[way]}-byte pieces, to the bare loop', 'MB/s', ours, bare)
    line.close()


def paced(gateway, baud, sink, source):
    """The share of the line that is used: payload and what the protocol needs around it."""
    line = Line(gateway, baud, sink, source)
    seconds, rounds = (1, 1) if gateway.quick else (3, 3)
    for form in FORMATS:
        for way in ('upload', 'download'):
            count = max(8, seconds * baud // BITS_PER_BYTE // PIECE_BYTES[way] // (2 if form == 'hex' else 1))
            shares, bares = [], []
            for _ in range(rounds):
                raw = line.raw(way, form, count)
                rate = line.daemon_rate(way, form, count, line.needs_s(PIECE_BYTES[way] * count * raw['cost']) * 0.99)
                shares.append(line.needs_s(rate * raw['cost']))
                bares.append(line.needs_s(raw['rate'] * raw['cost']))
            budget = 0.99 if (form, way) == ('text', 'upload') else None
            name = f'{way}, {baud} baud, {form}, {PIECE_BYTES[way]}-byte pieces'
            yield Figure('paced UART', f'{name}, to what the protocol needs', 'of the line', shares, [1.0] * len(shares), budget, True)
            yield Figure('paced UART', f'{name}, to the bare loop', 'of the line', shares, bares)
            if (form, way) == ('text', 'download'):
                yield Figure('paced UART', f'pace of the simulator itself, {baud} baud, off the rate', '%',
                             [abs(bare - 1) * 100 for bare in bares], None, 1)
    line.close()


def paced_script(gateway, baud, echo):
    """Latency where the line is the limit."""
    line = Line(gateway, baud, echo, echo)
    for size in SIZES:
        ours, theirs = [], []
        count = 10 if gateway.quick else 30
        for _ in range(max(2, gateway.rounds // 3)):
            theirs.append(run_script(gateway, line.sim.link, echo, size, count))
            daemon = gateway.start_daemon(line.sim)
            ours.append(gateway.median_us('stream', 'bench', 'localhost', echo, size, count))
            daemon.stop()
        yield Figure('paced UART', f'send and echo, {baud} baud, {size} bytes, to a pyserial script', 'us', ours, theirs)
    line.close()


def run(gateway):
    sink, source = gateway.start_sink(), gateway.start_source()
    yield from unpaced(gateway, sink, source)
    for baud in BAUD_RATES:
        yield from paced(gateway, baud, sink, source)
    yield from paced_script(gateway, BAUD_RATES[0], gateway.start_echo())
