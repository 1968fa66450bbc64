# SPDX-License-Identifier: LGPL-2.1-or-later
"""The laboratory: a private bus with the shipped policy, simulated modules and daemons, all ended when the test ends.

Everything runs in one thread on GLib's default main context; wait_for() runs it until something has happened. Knows
nothing of TLS servers (servers.py) and nothing of the API of the daemon (client.py) but the bus name.
"""
import ctypes
import glob
import grp
import os
import pwd
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import gi

gi.require_version('Gio', '2.0')
from gi.repository import Gio, GLib  # noqa: E402

SOURCE_ROOT = os.environ['MODEMSSL_SOURCE_ROOT']
MODEMSSLD = os.environ['MODEMSSLD']
MODEMSSL_HOLDER = os.environ['MODEMSSL_HOLDER']
MODEMSSLCTL = os.environ['MODEMSSLCTL']
MODEMSSL_SIM = os.environ['MODEMSSL_SIM']

POLICY_FILE = os.path.join(SOURCE_ROOT, 'data', 'dbus', 'org.modemssl1.conf')
BUS_NAME = 'org.modemssl1'
MODULE = 'org.modemssl1.Module'
OBJECT_MANAGER = 'org.freedesktop.DBus.ObjectManager'
GROUP = 'modemssl'
# Stands in for the group modemssl where that does not exist; part of every Debian, and nobody's group.
STAND_IN_GROUP = 'daemon'

FULL = bool(os.environ.get('MODEMSSL_FULL'))
SEED = int(os.environ.get('MODEMSSL_SEED') or random.SystemRandom().randrange(1 << 30))
PATIENCE_S = 60
LOG_TAIL_LINES = 60

# As /usr/share/dbus-1/system.conf has it: no method call and no name without a rule that lets it through.
BUS_CONFIG = '''<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Introspectable"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Properties"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Peer"/>
  </policy>
  <policy user="root">
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Monitoring"/>
  </policy>
  <include>{policy}</include>
</busconfig>
'''

LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


class TimedOut(AssertionError):
    """What was waited for did not happen."""


def wait_for(predicate, what, timeout_s=PATIENCE_S):
    """Runs the main loop until @predicate gives something true, and returns that. It is asked after every event and,
    for what the main loop cannot see, a hundred times a second."""
    context = GLib.MainContext.default()
    deadline = time.monotonic() + timeout_s
    tick = GLib.timeout_add(10, lambda: GLib.SOURCE_CONTINUE)
    try:
        while True:
            result = predicate()
            if result:
                return result
            if time.monotonic() > deadline:
                raise TimedOut(f'{what}: not within {timeout_s} s')
            context.iteration(True)
    finally:
        GLib.source_remove(tick)


def settle(connection):
    """Handles every message that the bus has sent to @connection up to now."""
    connection.call_sync('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'GetId', None, None,
                         Gio.DBusCallFlags.NONE, PATIENCE_S * 1000, None)
    while GLib.MainContext.default().iteration(False):
        pass


def die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Lab:
    """A directory, a bus, and everything that was started; close() ends it all."""

    def __init__(self, policy=None, bus=None):
        """@bus: one that is there already, with connect() and an address."""
        self.dir = tempfile.mkdtemp(prefix='modemssl-lab-')
        # Clients of another user must be able to reach the bus.
        os.chmod(self.dir, 0o711)
        self.processes = []
        self.closers = []
        self.count = 0
        self.bus = bus
        # Nobody listens there until a test starts a holder.
        self.holder_socket = self.path('holder.sock')
        try:
            self.bus = bus or Bus(self, policy)
        except BaseException:
            self.close()
            raise

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        path = self.path(name)
        with open(path, 'wb' if isinstance(text, bytes) else 'w') as file:
            file.write(text)
        return path

    def new_name(self, stem):
        self.count += 1
        return f'{stem}-{self.count}'

    def environment(self):
        env = dict(os.environ)
        for name in ('DBUS_SESSION_BUS_ADDRESS', 'NOTIFY_SOCKET', 'G_MESSAGES_DEBUG'):
            env.pop(name, None)
        reports = self.path('sanitizer')
        env.update({
            'ASAN_OPTIONS': f'log_path={reports}:abort_on_error=0:exitcode=97',
            'UBSAN_OPTIONS': f'log_path={reports}:print_stacktrace=1:halt_on_error=1:exitcode=97',
            'LSAN_OPTIONS': 'exitcode=97',
            'G_DEBUG': os.environ.get('G_DEBUG', 'fatal-criticals'),
            'LC_ALL': 'C.UTF-8',
        })
        if self.bus is not None:
            env['DBUS_SYSTEM_BUS_ADDRESS'] = self.bus.address
        return env

    def start(self, args, stem, **options):
        """Starts a program; its standard error, and its output unless given, go to a log of the lab."""
        log = self.path(self.new_name(stem) + '.log')
        with open(log, 'wb') as file:
            options.setdefault('stdin', subprocess.DEVNULL)
            options.setdefault('stdout', file)
            options.setdefault('stderr', file)
            options.setdefault('env', self.environment())
            process = subprocess.Popen(args, preexec_fn=die_with_parent, **options)
        process.log = log
        self.processes.append(process)
        return process

    def run(self, args, timeout_s=PATIENCE_S, **options):
        """Runs a program to its end while the main loop (and with it the servers) goes on. Returns it, with output and errors."""
        out, err = self.path(self.new_name('stdout')), self.path(self.new_name('stderr'))
        source = self.path(self.new_name('stdin'))
        data = options.pop('input', b'')
        with open(source, 'wb') as file:
            file.write(data)
        with open(source, 'rb') as stdin, open(out, 'wb') as stdout, open(err, 'wb') as stderr:
            options.setdefault('stdin', stdin)
            process = self.start(args, os.path.basename(args[0]), stdout=stdout, stderr=stderr, **options)
        wait_for(lambda: process.poll() is not None, f'the end of {args}', timeout_s)
        process.output, process.errors = read_bytes(out), read_bytes(err).decode(errors='replace')
        self.processes.remove(process)
        return process

    def ctl(self, *words, **options):
        return self.run([MODEMSSLCTL, '--bus', 'system', *words], **options)

    def sim(self, *switches, **options):
        return Sim(self, *switches, **options)

    def holder(self, grace_s=600):
        """The holder of the ports of the daemons that are started from now on."""
        process = self.start([MODEMSSL_HOLDER, '--socket', self.holder_socket, '--grace', str(grace_s)], 'holder')
        process.expected_status = 0
        wait_for(lambda: os.path.exists(self.holder_socket), 'the holder')
        return process

    def daemon(self, *sims, **options):
        return Daemon(self, sims, **options)

    def close(self):
        """Ends everything, the newest first. Returns what the sanitizers and the programs' statuses complain of."""
        complaints = []
        for closer in reversed(self.closers):
            try:
                closer()
            except Exception as error:  # pylint: disable=broad-except
                complaints.append(f'{closer}: {error!r}')
        for process in reversed(self.processes):
            complaints += end(process)
        for path in glob.glob(self.path('sanitizer.*')):
            complaints.append(read_bytes(path).decode(errors='replace'))
        return complaints

    def remove(self):
        if os.environ.get('MODEMSSL_KEEP'):
            print(f'kept: {self.dir}', file=sys.stderr)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)

    def read_logs(self):
        """The tails of all logs, for a test that failed."""
        text = ''
        for path in sorted(glob.glob(self.path('*.log')) + glob.glob(self.path('*.trace'))):
            lines = read_bytes(path).decode(errors='replace').splitlines()[-LOG_TAIL_LINES:]
            if lines:
                text += f'---- {os.path.basename(path)}\n' + '\n'.join(line[:300] for line in lines) + '\n'
        return text


def read_bytes(path):
    with open(path, 'rb') as file:
        return file.read()


def end(process):
    """Ends a process in the way that it knows; gives a list of complaints."""
    expected = getattr(process, 'expected_status', None)
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return [f'{process.args[0]} did not end when asked to']
    if expected is not None and process.returncode != expected:
        return [f'{process.args[0]} ended with status {process.returncode}, not {expected}']
    return []


class Bus:
    """A dbus-daemon that is as strict as the system's and loads the shipped policy."""

    def __init__(self, lab, policy=None):
        self.address = 'unix:path=' + lab.path('bus')
        policy = policy or lab.write('policy.conf', make_policy())
        config = lab.write('bus.conf', BUS_CONFIG.format(socket=lab.path('bus'), policy=policy))
        self.process = lab.start(['dbus-daemon', '--nofork', '--nopidfile', '--nosyslog', '--print-address=1',
                                  f'--config-file={config}'], 'bus', stdout=subprocess.PIPE)
        first = self.process.stdout.readline()
        self.process.stdout.close()
        if not first.startswith(b'unix:'):
            raise AssertionError('the bus did not start: ' + read_bytes(self.process.log).decode())

    def connect(self):
        return Gio.DBusConnection.new_for_address_sync(
            self.address,
            Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)


def group_exists():
    try:
        grp.getgrnam(GROUP)
        return True
    except KeyError:
        return False


def group_id():
    return grp.getgrnam(GROUP if group_exists() else STAND_IN_GROUP).gr_gid


def make_policy():
    """The shipped policy; where the group is missing another stands in, and so does the user of a test that is not root."""
    with open(POLICY_FILE, encoding='utf-8') as file:
        text = file.read()
    if not group_exists():
        text = replace_once(text, f'group="{GROUP}"', f'group="{STAND_IN_GROUP}"')
    if os.getuid() != 0:
        text = replace_once(text, 'user="root"', f'user="{pwd.getpwuid(os.getuid()).pw_name}"')
    return text


def replace_once(text, old, new):
    assert text.count(old) == 1, f'{old} stands {text.count(old)} times in the policy'
    return text.replace(old, new)


def as_other_user(args, in_group):
    """@args, run by the user nobody, as a member of the group or not."""
    groups = [f'--groups={group_id()}'] if in_group else ['--clear-groups']
    root = [] if os.getuid() == 0 else ['sudo', '-n']
    return root + ['setpriv', '--reuid=65534', '--regid=65534', *groups, '--', *args]


class Sim:
    """A simulated module on a pseudo-terminal, at the path `link`."""

    def __init__(self, lab, *switches, name=None, baud=None, link=None, faults=(), replay=None):
        self.lab = lab
        self.name = name or lab.new_name('cell')
        self.link = link or lab.path(self.name + '.tty')
        self.nvram = lab.path(self.name + '.nvram')
        self.switches = switches
        self.baud = baud
        self.faults = lab.write(self.name + '.faults', '\n'.join(faults) + '\n') if faults else None
        self.replay = replay
        self.process = None
        self.start()

    def start(self):
        kind = ['--replay', self.replay] if self.replay else ['--nvram', self.nvram]
        args = [MODEMSSL_SIM, '--link', self.link, *kind]
        if self.baud:
            args += ['--baud', str(self.baud)]
        for switch in self.switches:
            args += ['--set', switch]
        if self.faults:
            args += ['--faults', self.faults]
        self.process = self.lab.start(args, self.name + '-sim')
        self.process.expected_status = 0
        wait_for(lambda: os.path.exists(self.link) or self.process.poll() is not None, 'the simulator')
        assert self.process.poll() is None, read_bytes(self.process.log).decode()

    def kill(self):
        """As a power cut: at once, in the middle of everything."""
        self.process.kill()
        self.process.wait()
        self.lab.processes.remove(self.process)
        if os.path.islink(self.link):
            os.unlink(self.link)


class Daemon:
    """A modemssld on the lab's bus that claims the ports of some simulators; @quiet: without trace and debug messages, as it
    runs on a gateway."""

    def __init__(self, lab, sims, settings=None, wait=True, quiet=False):
        self.lab = lab
        self.sims = sims
        self.settings = {'prompt-delay': '0', **(settings or {})}
        self.state_dir = lab.path('state')
        self.config = lab.path('modemssld.conf')
        self.trace = lab.path('daemon.trace')
        self.talk = [] if quiet else ['--log-level', 'debug', '--trace', self.trace]
        self.process = None
        self.start(wait)

    def render(self):
        groups = []
        for sim in self.sims:
            settings = {'device': sim.link, **({'baud-rate': sim.baud} if sim.baud else {}), **self.settings}
            lines = [f'[module {sim.name}]']
            lines += [f'{key}={value}' for key, value in settings.items() if value is not None]
            groups.append('\n'.join(lines) + '\n')
        return '\n'.join(groups)

    def start(self, wait=True):
        self.lab.write('modemssld.conf', self.render())
        self.process = self.lab.start(
            [MODEMSSLD, '--bus', 'system', '--config', self.config, '--state-dir', self.state_dir, *self.talk,
             '--holder', self.lab.holder_socket], 'daemon')
        self.process.expected_status = 0
        if wait:
            self.wait_ready()

    def wait_ready(self):
        connection = self.lab.bus.connect()
        try:
            self.wait_name(connection)
            for sim in self.sims:
                wait_module(connection, sim.name, 'ready')
        finally:
            connection.close_sync(None)

    def start_and_wait_name(self):
        """Its modules may not be there yet."""
        self.start(wait=False)
        connection = self.lab.bus.connect()
        try:
            self.wait_name(connection)
        finally:
            connection.close_sync(None)

    def wait_name(self, connection):
        owners = []
        watch = Gio.bus_watch_name_on_connection(connection, BUS_NAME, Gio.BusNameWatcherFlags.NONE,
                                                 lambda _, name, owner: owners.append(owner), None)
        wait_for(lambda: owners or self.process.poll() is not None, 'the bus name of the daemon')
        Gio.bus_unwatch_name(watch)
        assert self.process.poll() is None, read_bytes(self.process.log).decode()

    def stop(self):
        complaints = end(self.process)
        self.lab.processes.remove(self.process)
        assert not complaints, complaints

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.lab.processes.remove(self.process)

    def read_trace(self):
        return read_bytes(self.trace).decode(errors='replace')


def wait_module(connection, name, state, timeout_s=PATIENCE_S):
    """Until the module @name is there and in @state, or the function @state says so of it: by its signals, not by asking again
    and again."""
    modules = {}
    fits = state if callable(state) else lambda module: module['State'] == state

    def on_signal(_connection, _sender, path, _interface, signal_name, parameters):
        what = parameters.unpack()
        if signal_name == 'InterfacesAdded' and MODULE in what[1]:
            modules[what[0]] = dict(what[1][MODULE])
        elif signal_name == 'InterfacesRemoved':
            modules.pop(what[0], None)
        elif signal_name == 'PropertiesChanged' and path in modules:
            modules[path].update(what[1])

    def find():
        return next((module for module in modules.values() if module['Name'] == name and fits(module)), None)

    subscription = connection.signal_subscribe(BUS_NAME, None, None, None, None, Gio.DBusSignalFlags.NONE, on_signal)
    try:
        # What changes from here on is told by signals that are handled after this answer.
        for path, interfaces in call(connection, '/org/modemssl1', OBJECT_MANAGER, 'GetManagedObjects').unpack()[0].items():
            if MODULE in interfaces:
                modules[path] = dict(interfaces[MODULE])
        return wait_for(find, f'module {name} {state}', timeout_s)
    finally:
        connection.signal_unsubscribe(subscription)


def wait_missing(connection, name, timeout_s=PATIENCE_S, says=''):
    """Until the module @name is configured but has no object, and the sentence on why has @says in it; gives that sentence."""
    missing = {}

    def take(modules):
        missing.clear()
        missing.update({missing_name: why for missing_name, _, why in modules})

    def on_changed(_connection, _sender, _path, _interface, _signal, parameters):
        if 'MissingModules' in parameters.unpack()[1]:
            take(parameters.unpack()[1]['MissingModules'])

    subscription = connection.signal_subscribe(BUS_NAME, 'org.freedesktop.DBus.Properties', 'PropertiesChanged',
                                               '/org/modemssl1', None, Gio.DBusSignalFlags.NONE, on_changed)
    try:
        take(call(connection, '/org/modemssl1', 'org.freedesktop.DBus.Properties', 'Get',
                  GLib.Variant('(ss)', ('org.modemssl1.Manager', 'MissingModules'))).unpack()[0])
        wait_for(lambda: name in missing and says in missing[name], f'module {name} missing {says}', timeout_s)
        return missing[name]
    finally:
        connection.signal_unsubscribe(subscription)


def call(connection, path, interface, method, parameters=None, timeout_s=PATIENCE_S):
    return connection.call_sync(BUS_NAME, path, interface, method, parameters, None, Gio.DBusCallFlags.NONE,
                                timeout_s * 1000, None)


class LabTest(unittest.TestCase):
    """A test with a lab of its own. Fails also when a sanitizer speaks, or a program ends with a wrong status."""

    def setUp(self):
        self.random = random.Random(f'{SEED} {self.id()}')
        self.lab = self.make_lab()
        self.addCleanup(self.close_lab)

    def make_lab(self):
        return Lab()

    def close_lab(self):
        complaints = self.lab.close()
        outcome = self._outcome.result
        broken = complaints or any(getattr(test, 'test_case', test) is self for test, _ in outcome.failures + outcome.errors)
        if broken or not self._outcome.success:
            sys.stderr.write(f'\n==== {self.id()}\n{self.lab.read_logs()}')
        self.lab.remove()
        if complaints:
            self.fail('\n'.join(complaints))


def main():
    """Runs the tests of the script; a skipped test is a failed one."""
    print(f'seed {SEED}', flush=True)
    program = unittest.main(exit=False, verbosity=2)
    result = program.result
    if result.skipped:
        print('skipped tests count as failed', file=sys.stderr)
    sys.exit(0 if result.wasSuccessful() and not result.skipped and result.testsRun else 1)
