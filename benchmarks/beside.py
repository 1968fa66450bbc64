#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Beside the real ModemManager, each with a module of its own in one laboratory: start-up, memory, wake-ups, and what a command costs.

run() starts this very file in a mount namespace (as modem_manager.py of the integration tests makes it), which prints JSON.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

from figures import Figure
from gateway import FAST, Gateway, QuietDaemon, count_wake_ups, read_wake_ups, smaps

import modem_manager  # noqa: E402  behind gateway, which knows where it is
from lab import BUS_NAME, wait_for  # noqa: E402
from modem_manager import IN_NAMESPACE, MM, PORTS, ModemManager  # noqa: E402

# GLib's threads end when they had nothing to do for 15 s.
SETTLE_S = 20
SIZE = 16
COMMANDS = ('AT', 'AT+QSSLCFG=0,0')


def time_start(lab, start, name):
    """From the start of a program until it owns @name, in ms; and what start() gives."""
    bus, owned = lab.bus.connect(), []
    subscription = bus.signal_subscribe('org.freedesktop.DBus', 'org.freedesktop.DBus', 'NameOwnerChanged', None, name, 0,
                                        lambda *_: owned.append(time.monotonic()))
    begun = time.monotonic()
    started = start()
    wait_for(lambda: owned, name)
    bus.signal_unsubscribe(subscription)
    bus.close_sync(None)
    return (owned[0] - begun) * 1000, started


def time_starts(gateway, manager, sim):
    ours, theirs = [], []
    for _ in range(gateway.rounds):
        ms, _ = time_start(gateway.lab, lambda: manager.start(debug=False), MM)
        theirs.append(ms)
        manager.stop()
        ms, daemon = time_start(gateway.lab, lambda: QuietDaemon(gateway.lab, [sim], wait=False), BUS_NAME)
        ours.append(ms)
        daemon.stop()
    return ours, theirs


def watch_idle(gateway, manager, sim, idle_s):
    """Both idle at the same time, each with its module ready: memory in kB, and wake-ups."""
    manager.start(PORTS[0], debug=False)
    manager.wait_modem()
    daemon = gateway.start_daemon(sim)
    pids = {'ours': daemon.process.pid, 'theirs': manager.process.pid}
    time.sleep(SETTLE_S)
    before = {who: read_wake_ups(pid) for who, pid in pids.items()}
    time.sleep(idle_s)
    found = {who: {'wake_ups': count_wake_ups(before[who], read_wake_ups(pid)),
                   **{key: smaps(pid)[key] for key in ('Rss', 'Private_Dirty', 'Pss')}} for who, pid in pids.items()}
    daemon.stop()
    manager.stop()
    return found


def time_commands(gateway, manager, sim):
    """Command, which Debian's ModemManager has only with --debug, and a whole send and echo of ours."""
    manager.start(PORTS[0])
    path = manager.wait_modem()
    port = gateway.start_echo()
    daemon = gateway.start_daemon(sim)
    found = {'stream': [], 'signals': [], **{command: [] for command in COMMANDS}}
    for _ in range(gateway.rounds):
        for command in COMMANDS:
            found[command].append(gateway.median_us('modem-manager', path, command.removeprefix('AT') or 'AT', gateway.count // 4))
        for way in ('stream', 'signals'):
            found[way].append(gateway.median_us(way, 'bench', 'localhost', port, SIZE, gateway.count))
    daemon.stop()
    manager.stop()
    return found


def measure_inside(options):
    modem_manager.prepare_namespace()
    gateway = Gateway(options, None, modem_manager.make_lab())
    try:
        gateway.lab.sim(*FAST, name='theirs', link='/dev/' + PORTS[0])
        sim = gateway.start_sim()
        manager = ModemManager(gateway.lab)
        idle_s = 10 if options.quick else 60
        starts = time_starts(gateway, manager, sim)
        result = {'idle_s': idle_s, 'starts': starts, 'idle': watch_idle(gateway, manager, sim, idle_s),
                  'commands': time_commands(gateway, manager, sim)}
    finally:
        gateway.close()
    with open(options.output, 'w', encoding='utf-8') as file:
        json.dump(result, file)


def run_inside(quick):
    root = os.getuid() == 0
    with tempfile.NamedTemporaryFile(suffix='.json') as output:
        command = ['unshare', '--mount' if root else '-Urm', '--propagation', 'private', sys.executable, os.path.abspath(__file__),
                   *(['--quick'] if quick else []), output.name]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL,
                       env={**os.environ, IN_NAMESPACE: '1', modem_manager.WAS_ROOT: '1' if root else ''})
        return json.load(output)


def run(gateway):
    result = run_inside(gateway.quick)
    ours, theirs = (result['idle'][who] for who in ('ours', 'theirs'))
    yield Figure('idle', f'wake-ups in {result["idle_s"]} s (ModemManager: {theirs["wake_ups"]})', '', [ours['wake_ups']], None, 0)
    for key, what in (('Rss', 'resident memory'), ('Private_Dirty', 'private dirty memory')):
        yield Figure('idle', f'{what} to ModemManager\'s', 'MB', [ours[key] / 1024], [theirs[key] / 1024], 1)
    yield Figure('idle', 'start-up until the name is owned, to ModemManager\'s', 'ms', *result['starts'])
    for command in COMMANDS:
        for way, what in (('stream', 'stream fd'), ('signals', 'Send + Received')):
            yield Figure('send and echo', f'{what}, {SIZE} bytes there and back, to one Command("{command}") of ModemManager', 'us',
                         result['commands'][way], result['commands'][command], 1)


def main():
    options = argparse.ArgumentParser(description='Runs in a mount namespace; started by run.py.')
    options.add_argument('--quick', action='store_true')
    options.add_argument('output')
    measure_inside(options.parse_args())


if __name__ == '__main__':
    main()
