# SPDX-License-Identifier: LGPL-2.1-or-later
"""modemssld as a service of a real systemd: the script runs a second time, as root, in a container (container.py) in which the
units, the bus policy and the programs are installed as shipped. Its bus is the system's there.

A daemon here has the interface of lab.Daemon, but systemd starts it, and systemctl ends it.
"""
import concurrent.futures
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
import unittest

from gi.repository import Gio, GLib

from bench import BenchTest
from container import Container
from killing import PIECES, PROMPT_DELAY_MS, KillTest
from lab import FULL, PATIENCE_S, SEED, SOURCE_ROOT, Daemon, Lab, LabTest, wait_for, wait_module
from modem_manager import RULES_OF_THE_TESTS, ModemManager, link_plugins, list_tests, make_command, prepare_sys, put
from tap import Tap

INSIDE = 'MODEMSSL_IN_CONTAINER'
AT_A_TIME = 4
# What it prints is worth reading when all is well, too.
TELLING = ('TestStart.test_exposure',)
PROGRAMS = {'MODEMSSLD': '/usr/libexec/modemssld', 'MODEMSSL_HOLDER': '/usr/libexec/modemssl-holder',
            'MODEMSSLCTL': '/usr/bin/modemsslctl', 'MODEMSSL_SIM': '/usr/bin/modemssl-sim'}
SYSTEMD = 'org.freedesktop.systemd1'
DAEMON = 'modemssld.service'
HOLDER = 'modemssl-holder.service'
HOLDER_SOCKET = 'modemssl-holder.socket'
CONFIG = '/etc/modemssl/modemssld.conf'
STATE_DIR = '/var/lib/modemssl'
MM_DROP_IN = '/etc/systemd/system/ModemManager.service.d'
# The service has a /tmp of its own.
SIM_DEVICE = '/dev/ttySim'
DEVICE = '/dev/ttyModem'
COMPLAINTS = ('Sanitizer', 'runtime error:', 'CRITICAL', 'core-dump')


def run_inside():
    """Runs each test of the script in a container of its own, some of them at a time, because most of the time systemd takes its
    time; ends with the status. Returns in such a container."""
    if os.environ.get(INSIDE):
        return
    print(f'seed {SEED}', flush=True)
    names = sys.argv[1:] or list_tests(unittest.defaultTestLoader.loadTestsFromModule(sys.modules['__main__']))
    # At once: what is left is the keepers' business.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        for name, (status, output) in zip(names, pool.map(run_one, names)):
            failed += status != 0
            print(f'{name}: ' + ('failed' if status else 'ok'), flush=True)
            if status or name in TELLING:
                print(output, flush=True)
    print(f'{len(names)} tests, {failed} failed')
    sys.exit(1 if failed or not names else 0)


def run_one(name):
    container = Container(os.environ['MODEMSSL_BUILD_ROOT'], [SOURCE_ROOT])
    try:
        environment = {**PROGRAMS, INSIDE: '1', 'MODEMSSL_SOURCE_ROOT': SOURCE_ROOT, 'MODEMSSL_SEED': str(SEED),
                       'MODEMSSL_FULL': '1' if FULL else '', 'PYTHONDONTWRITEBYTECODE': '1'}
        command = ['/usr/bin/python3', os.path.abspath(sys.argv[0]), name]
        result = subprocess.run(container.enter(command, environment), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, check=False)
        return result.returncode, result.stdout.decode(errors='replace')
    finally:
        container.close()


def configure(text):
    with open(CONFIG, 'w', encoding='utf-8') as file:
        file.write(text)


class SystemBus:
    address = 'unix:path=/run/dbus/system_bus_socket'

    def connect(self):
        return Gio.DBusConnection.new_for_address_sync(
            self.address,
            Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)


class SystemLab(Lab):
    """A laboratory on the system bus; its logs have the journal of the units."""

    def __init__(self):
        super().__init__(bus=SystemBus())
        self.start_s = time.time()

    def systemctl(self, *words):
        """Runs it to its end, while the tap goes on."""
        process = self.run(['systemctl', *words])
        assert process.returncode == 0, f'systemctl {words}: {process.errors}'
        return process.output.decode().strip()

    def read_journal(self):
        return subprocess.run(['journalctl', '--no-pager', '--output=short-precise', f'--since=@{self.start_s:.6f}', '--unit', DAEMON,
                               '--unit', HOLDER, '--unit', HOLDER_SOCKET], check=True, stdout=subprocess.PIPE, text=True).stdout

    def read_logs(self):
        return super().read_logs() + '---- journal\n' + self.read_journal()

    def close(self):
        complaints = super().close()
        journal = self.read_journal()
        return complaints + [line for line in journal.splitlines() if any(word in line for word in COMPLAINTS)]


class Unit:
    """What systemd says of a unit; wait() asks again when it says that something has changed."""

    def __init__(self, lab, name):
        self.name = name
        self.bus = lab.bus.connect()
        lab.closers.append(lambda: self.bus.close_sync(None))
        self.call('/org/freedesktop/systemd1', SYSTEMD + '.Manager', 'Subscribe')
        self.path = self.call('/org/freedesktop/systemd1', SYSTEMD + '.Manager', 'LoadUnit', GLib.Variant('(s)', (name,)))[0]
        self.bus.signal_subscribe(SYSTEMD, None, 'PropertiesChanged', self.path, None, Gio.DBusSignalFlags.NONE, lambda *_: None)

    def call(self, path, interface, method, parameters=None):
        return self.bus.call_sync(SYSTEMD, path, interface, method, parameters, None, Gio.DBusCallFlags.NONE, PATIENCE_S * 1000,
                                  None).unpack()

    def get(self, name):
        interface = SYSTEMD + ('.Unit' if name in ('ActiveState', 'SubState') else '.Service')
        return self.call(self.path, 'org.freedesktop.DBus.Properties', 'Get', GLib.Variant('(ss)', (interface, name)))[0]

    @property
    def pid(self):
        return self.get('MainPID')

    def wait(self, state, former=None):
        """Until it is in @state, if that is another process than @former; gives its process."""
        wait_for(lambda: self.get('ActiveState') == state and (former is None or self.pid != former.pid), f'{self.name} {state}')
        return ServiceProcess(self.pid) if state == 'active' else None


class ServiceProcess:
    """A process of somebody else, with as much of subprocess.Popen as tests ask for."""

    def __init__(self, pid):
        self.pid = pid
        self.fd = os.pidfd_open(pid)

    def __del__(self):
        os.close(self.fd)

    def poll(self):
        return 0 if select.select([self.fd], [], [], 0)[0] else None


class Service(Daemon):
    """modemssld.service. What ends it is told by the test: the words of a systemctl command."""

    def __init__(self, lab, sims, settings=None):
        self.unit = Unit(lab, DAEMON)
        self.weapon = None
        super().__init__(lab, sims, settings)

    def start(self, wait=True):
        """By the bus, when a client calls."""
        configure(self.render())
        assert self.lab.ctl('status').returncode == 0
        self.process = self.unit.wait('active')
        if wait:
            self.wait_ready()

    def wait_next(self):
        """Until systemd has started another one, and that has its module."""
        self.process = self.unit.wait('active', self.process)
        # So many in so short a time are the test's doing.
        self.lab.systemctl('reset-failed', DAEMON)
        self.wait_ready()

    def kill(self):
        """Strikes once, while no byte passes. A kill has happened on return, anything else has begun."""
        weapon, self.weapon = self.weapon, None
        if weapon is None:
            return
        subprocess.run(['systemctl', '--no-block', *weapon], check=True)
        if weapon[0] == 'kill' and DAEMON in weapon:
            select.select([self.process.fd], [], [], PATIENCE_S)


class ModemManagerService(ModemManager):
    """Debian's unit, told of ports that are described in a /sys of our own; polkit is the system's."""

    def __init__(self, lab):
        self.lab = lab
        self.bus = lab.bus.connect()
        lab.closers.append(lambda: self.bus.close_sync(None))
        prepare_sys()
        self.set_rules({'79-mm-test.rules': RULES_OF_THE_TESTS})
        # The unit has a /tmp of its own.
        self.plugins = link_plugins('/run/modem-manager-plugins')

    def start(self, *ports):
        events = '/run/kernel-events'
        put(events, ''.join(f'action=add,subsystem=tty,name={port}\n' for port in ports))
        os.makedirs(MM_DROP_IN)
        put(MM_DROP_IN + '/lab.conf', f"""[Unit]
ConditionVirtualization=

[Service]
ExecStart=
ExecStart={' '.join(make_command(self.plugins))} --initial-kernel-events={events}
""")
        self.lab.systemctl('daemon-reload')
        self.lab.systemctl('start', 'ModemManager.service')


class SystemTest(KillTest):
    """Units that are as after an installation, a module, a tap before it, and nothing that runs but the bus."""
    link = DEVICE
    pieces = PIECES

    def setUp(self):
        LabTest.setUp(self)
        self.clients = []
        self.daemon = None
        self.confirmed = 0
        configure('')
        self.sim = self.lab.sim(name='cell0', link=SIM_DEVICE)
        self.tap = Tap(self.lab, self.sim, self.link)
        self.lab.closers.append(self.stop_units)
        self.holder = Unit(self.lab, HOLDER)

    def make_lab(self):
        return SystemLab()

    def stop_units(self):
        self.lab.systemctl('stop', DAEMON, HOLDER_SOCKET)
        self.lab.systemctl('stop', HOLDER)
        self.lab.systemctl('reset-failed')
        shutil.rmtree(STATE_DIR, ignore_errors=True)

    def start_service(self, **settings):
        self.daemon = Service(self.lab, [self.sim], {'device': self.link, 'prompt-delay': str(PROMPT_DELAY_MS), **settings})
        self.client = self.new_client()

    def use(self, server):
        """A whole use of the module, which may be cut off at any time. One piece after the other, so that each is one for the
        module, too."""
        self.confirmed = 0
        connection = self.client.open(self.context, 'localhost', server.port)
        over = lambda: self.is_killed() or connection.closed  # noqa: E731
        wait_for(lambda: over() or 'connected' in connection.states, 'a connection')
        for piece in self.pieces:
            if over():
                return
            call = connection.start_send(piece)
            wait_for(lambda: over() or call.done, 'a send')
            self.confirmed += len(piece) if call.result is not None else 0
        connection.call('Close')
        wait_for(over, 'Closed')
        connection.check()

    def measure(self):
        server = self.start_server('-naccept', '1')
        before = self.tap.count
        self.use(server)
        self.expect_prefix(server)
        self.assertEqual(self.confirmed, len(b''.join(self.pieces)))
        return self.tap.count - before

    def received_by(self, server):
        """Everything, after the end of its one client. If none has come, this is the one, and says nothing."""
        try:
            socket.create_connection(('127.0.0.1', server.port)).close()
        except ConnectionRefusedError:
            pass
        wait_for(lambda: server.process.poll() is not None and 'out' not in server.sources, 'the end of a served client')
        return bytes(server.received)

    def expect_prefix(self, server):
        """Of whole pieces: the confirmed ones, and maybe the one that was under way."""
        got = self.received_by(server)
        self.assertIn(got, [b''.join(self.pieces[:count]) for count in range(len(self.pieces) + 1)])
        self.assertIn(len(got) - self.confirmed, (0, len(self.pieces[0])))

    def strike_somewhere(self, *weapon):
        """Gives the server that had a client, or not yet, when that came."""
        server = self.start_server('-naccept', '1')
        self.daemon.weapon = weapon
        self.kill_somewhere(server)
        return server
