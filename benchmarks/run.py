#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the measurements and puts them together: every figure is a ratio between two things that were measured in turns in one run,
with median and spread; absolute values stand beside it. Writes a table, JSON and SVG plots (gnuplot).

    run.py [--quick] [--only NAME] OUTPUT-DIRECTORY

Needs the environment of the integration tests, and MODEMSSL_BENCH.
"""
import argparse
import json
import os
import platform
import pwd
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.environ['MODEMSSL_SOURCE_ROOT'], 'tests', 'integration'))

import matrix_servers  # noqa: E402
from certificates import Ca  # noqa: E402
from client import Client  # noqa: E402
from servers import free_port  # noqa: E402
from lab import Lab, make_policy  # noqa: E402

BENCH = os.environ['MODEMSSL_BENCH']
SCRATCH = tempfile.TemporaryDirectory(prefix='modemssl-bench-')
ECHO_NAME = 'org.modemssl.Bench'
HERE = os.path.dirname(os.path.abspath(__file__))
SIZES = [16, 64, 1024]
BAUD_RATES = [115200, 460800, 921600]
BITS_PER_BYTE = 10
SETTLE_S = 3
IDLE_S = 20
FAST = ('prompt-delay-ms=0', 'reply-delay-ms=0')


class Figure:
    """A ratio: ours over theirs, from pairs that were measured one after the other. @budget: what it may be, or None."""

    def __init__(self, group, name, unit, ours, theirs, budget=None, at_least=False):
        self.group, self.name, self.unit, self.budget, self.at_least = group, name, unit, budget, at_least
        self.ours, self.theirs = statistics.median(ours), statistics.median(theirs)
        ratios = sorted(our / their for our, their in zip(ours, theirs))
        self.ratio = statistics.median(ratios)
        self.spread = (ratios[0], ratios[-1])

    @property
    def verdict(self):
        if self.budget is None:
            return ''
        good = self.ratio >= self.budget if self.at_least else self.ratio <= self.budget
        return ('within ' if good else 'OVER ') + f'{">=" if self.at_least else "<="} {self.budget}'

    def as_row(self):
        return (self.group, self.name, f'{self.ours:.4g}', f'{self.theirs:.4g}', self.unit, f'{self.ratio:.2f}',
                f'{self.spread[0]:.2f}-{self.spread[1]:.2f}', self.verdict)

    def as_json(self):
        return {'group': self.group, 'name': self.name, 'unit': self.unit, 'ours': self.ours, 'theirs': self.theirs,
                'ratio': self.ratio, 'spread': self.spread, 'budget': self.budget}


def make_bench_policy():
    """The shipped policy, and a name for the bare echo service. The file goes with the temporary directory of the process."""
    policy = os.path.join(SCRATCH.name, 'policy.conf')
    rule = f'<policy user="{pwd.getpwuid(os.getuid()).pw_name}"><allow own="{ECHO_NAME}"/><allow send_destination="{ECHO_NAME}"/></policy>'
    with open(policy, 'w', encoding='utf-8') as file:
        file.write(make_policy().replace('</busconfig>', rule + '</busconfig>'))
    os.chmod(SCRATCH.name, 0o711)
    return policy


class Bench:
    """One laboratory for all: a bus, a simulated module, a TLS server that echoes, a daemon when it is asked for."""

    def __init__(self, quick):
        self.rounds = 3 if quick else 9
        self.count = 100 if quick else 300
        self.lab = Lab(make_bench_policy())
        self.ca = Ca(self.lab.dir)
        self.server = self.ca.issue('server')
        self.echo_port = self.start_echo()
        self.daemon = None

    def start_echo(self):
        port = matrix_servers.start_gnutls(self.lab, self.ca, self.server, 'tls', 'AES-128', False)
        port = getattr(port, 'port', port)
        return port

    def start_sink(self):
        """A server that takes everything and says nothing."""
        port = free_port()
        silence, self.silent_end = os.pipe()
        matrix_servers.start(self.lab, ['openssl', 's_server', '-quiet', '-accept', f'127.0.0.1:{port}', '-cert', self.server.cert,
                                        '-key', self.server.key, '-cipher', matrix_servers.openssl_list('AES-128'), '-no_tls1_3'],
                             port, 'sink', stdin=silence, stdout=subprocess.DEVNULL)
        os.close(silence)
        return port

    def start_sim(self, baud=None):
        return self.lab.sim(*FAST, baud=baud)

    def start_daemon(self, sim, **context):
        """A daemon that has the port, and a context for it."""
        daemon = self.lab.daemon(sim, quiet=True)
        client = Client(self.lab.bus)
        if 'bench' not in [os.path.basename(path) for path in client.manager('GetContexts')]:
            client.create_context('bench', authentication='none', **context)
        client.close()
        return daemon

    def measure(self, *args):
        process = self.lab.run([BENCH, *map(str, args)])
        if process.returncode != 0:
            raise SystemExit(f'{args}: {process.errors}')
        return json.loads(process.output)

    def median_us(self, *args):
        return statistics.median(self.measure(*args)['ns']) / 1000

    def close(self):
        complaints = self.lab.close()
        self.lab.remove()
        if complaints:
            raise SystemExit('\n'.join(complaints))


def latency(bench):
    """Send and echo, module answering at once: the stream and the signals against bare loops on the same port."""
    service = bench.lab.start([BENCH, 'bus-service'], 'bus-service', stdout=subprocess.PIPE)
    service.stdout.readline()
    script = [sys.executable, os.path.join(HERE, 'integrator.py')]
    sim = bench.start_sim()
    for size in SIZES:
        bare, pair, bus, stream, signals, scripted = [], [], [], [], [], []
        for _ in range(bench.rounds):
            bare.append(bench.median_us('raw', sim.link, 'localhost', bench.echo_port, size, bench.count))
            process = bench.lab.run([*script, sim.link, 'localhost', str(bench.echo_port), str(size), str(bench.count)])
            scripted.append(statistics.median(json.loads(process.output)['ns']) / 1000)
            pair.append(bench.median_us('socketpair', size, bench.count))
            bus.append(bench.median_us('bus', size, bench.count))
            daemon = bench.start_daemon(sim)
            stream.append(bench.median_us('stream', 'bench', 'localhost', bench.echo_port, size, bench.count))
            signals.append(bench.median_us('signals', 'bench', 'localhost', bench.echo_port, size, bench.count))
            daemon.stop()
        yield Figure('send and echo', f'stream fd, {size} bytes, to bare loop + socket pair', 'us', stream, add(bare, pair), 1.5)
        yield Figure('send and echo', f'Send + Received, {size} bytes, to bare loop + bus', 'us', signals, add(bare, bus), 1.25)
        yield Figure('send and echo', f'stream fd, {size} bytes, to a pyserial script', 'us', stream, scripted, 1)
    sim.process.terminate()


def add(left, right):
    return [a + b for a, b in zip(left, right)]


def paced(bench):
    """Payload over a paced UART in text format, against the bytes that the protocol needs at that rate."""
    port = bench.start_sink()
    for baud in BAUD_RATES:
        sim = bench.start_sim(baud)
        count = max(10, bench.count * baud // 115200 // 10)
        ours, ideal = [], []
        for _ in range(max(1, bench.rounds // 3)):
            daemon = bench.start_daemon(sim)
            seconds = bench.measure('upload', 'bench', 'localhost', port, 1024, count)['ns'][0] / 1e9
            daemon.stop()
            line_bytes = bytes_on_line(1024) * count
            ours.append(line_bytes * BITS_PER_BYTE / baud / seconds)
            ideal.append(1.0)
        yield Figure('paced UART', f'{baud} baud, text, 1024-byte sends, to what the protocol allows', 'of the line', ours, ideal,
                     0.99, at_least=True)
        sim.process.terminate()


def bytes_on_line(size):
    """Of one counted send in text format: command, prompt, payload, OK, result; they follow each other."""
    return len(f'AT+QSSLSEND=0,0,{size}\r') + len('\r\n> ') + size + len('\r\nOK\r\n') + len('\r\n+QSSLSEND: 0,0,0\r\n')


def parser(bench):
    """The parser alone: against memcpy's own order of magnitude it is enough to say MB/s; linear means equal at each size."""
    for kind, budget in (('payload', 200), ('hex', None), ('lines', None)):
        rates = {}
        for megabytes in (0.001, 1, 64):
            result = bench.measure('parser', kind, megabytes, 20 if megabytes < 64 else 3)
            rates[megabytes] = [result['bytes'] / ns * 1000 for ns in result['ns']]
        best = [max(rates[64])]
        yield Figure('parser', f'{kind}: MB/s at 64 MB', 'MB/s', best, [1], budget, at_least=True)
        yield Figure('parser', f'{kind}: rate at 64 MB to that at 1 MB', 'MB/s', best, [max(rates[1])], 0.7, at_least=True)


def opens(bench):
    """Opening a connection: the first (which uploads nothing here: no credentials), and the tenth of the same context."""
    sim = bench.start_sim()
    firsts, later = [], []
    for _ in range(bench.rounds):
        daemon = bench.start_daemon(sim)
        durations = bench.measure('opens', 'bench', 'localhost', bench.echo_port, 10)['ns']
        firsts.append(durations[0] / 1e6)
        later.append(durations[-1] / 1e6)
        daemon.stop()
    yield Figure('open', 'the tenth open to the first', 'ms', later, firsts, 1.1)
    sim.process.terminate()


def idle(bench):
    """Wake-ups and memory of a daemon that has nothing to do."""
    sim = bench.start_sim()
    daemon = bench.start_daemon(sim)
    pid = daemon.process.pid
    time.sleep(SETTLE_S)
    before = switches(pid)
    time.sleep(IDLE_S)
    yield Figure('idle', f'wake-ups in {IDLE_S} s', '', [switches(pid) - before], [1], 0)
    memory = smaps(pid)
    yield Figure('idle', 'resident memory to ModemManager\'s 12.8 MB', 'MB', [memory['Rss'] / 1024], [12.8], 1)
    yield Figure('idle', 'private dirty memory to ModemManager\'s 2.2 MB', 'MB', [memory['Private_Dirty'] / 1024], [2.2], 1)
    daemon.stop()
    sim.process.terminate()


def switches(pid):
    with open(f'/proc/{pid}/status', encoding='ascii') as file:
        return sum(int(line.split()[1]) for line in file if 'ctxt_switches' in line)


def smaps(pid):
    with open(f'/proc/{pid}/smaps_rollup', encoding='ascii') as file:
        return {line.split(':')[0]: int(line.split()[1]) for line in file.readlines()[1:]}


MEASUREMENTS = {'parser': parser, 'latency': latency, 'open': opens, 'paced': paced, 'idle': idle}


def print_table(figures):
    rows = [('group', 'what', 'ours', 'to', 'unit', 'ratio', 'spread', 'budget')] + [figure.as_row() for figure in figures]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print('  '.join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip(), flush=True)


def plot(figures, directory):
    """One picture: every ratio that has a budget, relative to it."""
    judged = [figure for figure in figures if figure.budget]
    data = os.path.join(directory, 'ratios.dat')
    with open(data, 'w', encoding='ascii') as file:
        for number, figure in enumerate(judged):
            part = figure.budget / figure.ratio if figure.at_least else figure.ratio / figure.budget
            file.write(f'{number} {part:.4f} "{figure.name}"\n')
    subprocess.run(['gnuplot'], check=True, text=True, input=f'''
set terminal svg size 1000,{60 + 24 * len(judged)} font "sans,11"
set output "{os.path.join(directory, 'ratios.svg')}"
set title "used part of each budget (1 is the limit)"
set yrange [{len(judged) - 0.5}:-0.5]
set xrange [0:*]
set style fill solid 0.6
set boxwidth 0.6
set ytics out
set arrow from 1,graph 0 to 1,graph 1 nohead lw 2
plot "{data}" using (column(2)/2):0:(column(2)/2):(0.3):ytic(3) with boxxyerror notitle
''')


def main():
    options = argparse.ArgumentParser(description='Measures modemssl against its budgets.')
    options.add_argument('--quick', action='store_true', help='fewer rounds: is everything in order?')
    options.add_argument('--only', choices=sorted(MEASUREMENTS), help='one group')
    options.add_argument('directory', help='for results.json and ratios.svg')
    options = options.parse_args()
    os.makedirs(options.directory, exist_ok=True)
    figures = []
    for name, function in MEASUREMENTS.items():
        if options.only in (None, name):
            bench = Bench(options.quick)
            try:
                figures += function(bench)
            finally:
                bench.close()
    machine = f'{platform.machine()}, {os.cpu_count()} CPUs, Linux {platform.release()}'
    print(f'machine: {machine}')
    print_table(figures)
    with open(os.path.join(options.directory, 'results.json'), 'w', encoding='utf-8') as file:
        json.dump({'machine': machine, 'figures': [figure.as_json() for figure in figures]}, file, indent=2)
    plot(figures, options.directory)


if __name__ == '__main__':
    main()
