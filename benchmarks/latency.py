# SPDX-License-Identifier: LGPL-2.1-or-later
"""Send and echo with a module that answers at once, against bare loops on the same port and against a script: on one core, as many
gateways have it, where figures repeat within some percent, and on all of them, where they depend on which cores happen to sleep.
"""
import json
import os
import statistics
import subprocess
import sys

from figures import Figure
from gateway import BENCH, HERE, SIZES

SCRIPT = os.path.join(HERE, 'integrator.py')
ANY_BAUD = 115200


def run_script(gateway, link, port, size, count):
    """The median of its rounds in microseconds."""
    process = gateway.lab.run([sys.executable, SCRIPT, link, 'localhost', str(port), str(size), str(count)], timeout_s=600)
    return statistics.median(json.loads(process.output)['ns']) / 1000


class Round:
    """Everything once, one behind the other."""

    def __init__(self, gateway, sim, port, size):
        count = gateway.count
        target = ('localhost', port, size, count)
        self.bare = gateway.median_us('raw', sim.link, *target, ANY_BAUD, 'text')
        self.script = run_script(gateway, sim.link, port, size, count)
        self.pair = gateway.median_us('socketpair', size, count)
        self.bus = gateway.median_us('bus', size, count)
        daemon = gateway.start_daemon(sim)
        self.stream = gateway.median_us('stream', 'bench', *target)
        self.signals = gateway.median_us('signals', 'bench', *target)
        daemon.stop()
        holder = gateway.lab.holder()
        daemon = gateway.start_daemon(sim)
        self.held = gateway.median_us('stream', 'bench', *target)
        daemon.stop()
        gateway.stop(holder)


def run(gateway):
    cores = os.sched_getaffinity(0)
    for name, used in (('one core', {max(cores)}), ('all cores', cores)):
        os.sched_setaffinity(0, used)
        os.sched_setaffinity(gateway.lab.bus.process.pid, used)
        yield from run_here(gateway, name)
    os.sched_setaffinity(gateway.lab.bus.process.pid, cores)


def run_here(gateway, place):
    service = gateway.lab.start([BENCH, 'bus-service'], 'bus-service', stdout=subprocess.PIPE)
    service.stdout.readline()
    service.stdout.close()
    port, sim = gateway.start_echo(), gateway.start_sim()
    for size in SIZES:
        rounds = [Round(gateway, sim, port, size) for _ in range(gateway.rounds)]
        stream = [one.stream for one in rounds]
        bare_and_pair = [one.bare + one.pair for one in rounds]
        for name, ours, theirs, budget in (
                ('stream fd, to bare loop + socket pair', stream, bare_and_pair, 1.5),
                ('stream fd with the holder, to bare loop + socket pair', [one.held for one in rounds], bare_and_pair, 1.5),
                ('Send + Received, to bare loop + bus', [one.signals for one in rounds], [one.bare + one.bus for one in rounds], 1.25),
                ('stream fd, to a pyserial script', stream, [one.script for one in rounds], 1),
                ('stream fd, to the bare loop alone', stream, [one.bare for one in rounds], None)):
            yield Figure('send and echo', f'{place}, {size} bytes: {name}', 'us', ours, theirs, budget)
    gateway.stop(service)
    gateway.stop(sim.process)
