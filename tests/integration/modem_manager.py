# SPDX-License-Identifier: LGPL-2.1-or-later
"""The real ModemManager beside simulated modules: a mount namespace with a /dev, a /sys and udev rules of its own, a polkit
that says yes, and ModemManager on the laboratory's bus with its own policy as Debian ships it.

ModemManager finds no hardware here; a port is announced to it by ReportKernelEvent, and it reads the rules by itself.
"""
import concurrent.futures
import glob
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

from gi.repository import Gio, GLib

from lab import SEED, Lab, die_with_parent, make_policy, wait_for

MODEM_MANAGER = '/usr/sbin/ModemManager'
MM = 'org.freedesktop.ModemManager1'
MM_PATH = '/org/freedesktop/ModemManager1'
MM_POLICY = glob.glob('/etc/dbus-1/system.d/org.freedesktop.ModemManager1.conf') \
    + glob.glob('/usr/share/dbus-1/system.d/org.freedesktop.ModemManager1.conf')
IN_NAMESPACE = 'MODEMSSL_IN_NAMESPACE'
WAS_ROOT = 'MODEMSSL_WAS_ROOT'
RULES = '/lib/udev/rules.d'
PORTS = ('ttyBC0', 'ttyBC1')
BRIDGE = 'ttyBC2'
# With all of its plugins ModemManager needs 10 s to find out that this is a Quectel.
PLUGINS = ('libmm-plugin-quectel.so', 'libmm-plugin-generic.so')
AT_A_TIME = 4
MODEM_STATES = {'disabled': 3, 'registered': 8}

IGNORE = '''SUBSYSTEM=="tty", KERNEL=="ttyBC1", ENV{ID_MM_PORT_IGNORE}="1"
'''
RULES_OF_THE_TESTS = '''ACTION!="add|change|move|bind", GOTO="end"
SUBSYSTEM=="tty", ENV{ID_MM_DEVICE_PROCESS}="1"
SUBSYSTEM=="tty", ENV{ID_MM_TTY_BAUDRATE}="115200"
SUBSYSTEM=="tty", ENV{ID_MM_TTY_FLOW_CONTROL}="none"
SUBSYSTEM=="tty", ENV{ID_MM_PHYSDEV_UID}="bc660k"
LABEL="end"
'''

POLICY = '''<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <include>{ours}</include>
  <include>{theirs}</include>
  <policy user="root">
    <allow own="org.freedesktop.PolicyKit1"/>
  </policy>
  <policy context="default">
    <allow send_destination="org.freedesktop.PolicyKit1"/>
  </policy>
  {more}
</busconfig>
'''

POLKIT_XML = '''<node><interface name="org.freedesktop.PolicyKit1.Authority">
<method name="CheckAuthorization">
  <arg type="(sa{sv})" direction="in"/><arg type="s" direction="in"/><arg type="a{ss}" direction="in"/>
  <arg type="u" direction="in"/><arg type="s" direction="in"/><arg type="(bba{ss})" direction="out"/>
</method>
<method name="CancelCheckAuthorization"><arg type="s" direction="in"/></method>
<property name="BackendName" type="s" access="read"/>
<property name="BackendVersion" type="s" access="read"/>
<property name="BackendFeatures" type="u" access="read"/>
</interface></node>'''


def is_root():
    """Whether there are other users: in a user namespace there is but one, who is called root."""
    return (os.environ[WAS_ROOT] == '1') if IN_NAMESPACE in os.environ else os.getuid() == 0


def run_all():
    """Runs each test of the script in a process and a mount namespace of its own, as root or in a user namespace, some of
    them at a time, because most of the time ModemManager takes its time. Returns in such a process."""
    if os.environ.get(IN_NAMESPACE):
        prepare_namespace()
        return
    root = os.getuid() == 0
    print(f'seed {SEED}', flush=True)
    names = sys.argv[1:] or list_tests(unittest.defaultTestLoader.loadTestsFromModule(sys.modules['__main__']))
    command = ['unshare', '--mount' if root else '-Urm', '--propagation', 'private', sys.executable, sys.argv[0]]
    environment = {**os.environ, IN_NAMESPACE: '1', WAS_ROOT: '1' if root else '', 'MODEMSSL_SEED': str(SEED)}

    def run(name):
        return subprocess.run([*command, name], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, preexec_fn=die_with_parent, check=False)

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        for name, result in zip(names, pool.map(run, names)):
            failed += result.returncode != 0
            print(f'{name}: ' + ('failed' if result.returncode else 'ok'), flush=True)
            if result.returncode:
                print(result.stdout.decode(errors='replace'), flush=True)
    print(f'{len(names)} tests, {failed} failed')
    sys.exit(1 if failed or not names else 0)


def list_tests(suite):
    if isinstance(suite, unittest.TestCase):
        return ['.'.join(suite.id().split('.')[-2:])]
    return [name for part in suite for name in list_tests(part)]


def mount(*words):
    subprocess.run(['mount', *words], check=True)


def put(path, text=''):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


def prepare_namespace():
    """Everything mounted here goes with the namespace."""
    mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/mnt')
    prepare_sys()
    os.mkdir('/mnt/rules')
    for path in glob.glob(RULES + '/7?-mm-*') + glob.glob(RULES + '/80-mm-*'):
        shutil.copy(path, '/mnt/rules')
    mount('--bind', '/mnt/rules', RULES)
    os.mkdir('/mnt/dev')
    mount('--rbind', '/dev', '/mnt/dev')
    mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/dev')
    for name in ('null', 'zero', 'full', 'random', 'urandom', 'tty'):
        put('/dev/' + name)
        mount('--bind', '/mnt/dev/' + name, '/dev/' + name)
    os.mkdir('/dev/shm')
    mount('--rbind', '/mnt/dev/shm', '/dev/shm')
    os.mkdir('/dev/pts')
    mount('-t', 'devpts', '-o', 'ptmxmode=666', 'devpts', '/dev/pts')
    os.symlink('pts/ptmx', '/dev/ptmx')
    os.symlink('/proc/self/fd', '/dev/fd')


def prepare_sys():
    """Two platform UARTs, each with one tty."""
    mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/sys/devices/platform')
    mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/sys/class/tty')
    os.makedirs('/sys/devices/platform/.drv/fake-uart')
    for number, name in enumerate(PORTS):
        device = f'/sys/devices/platform/bc660k{number}.serial'
        os.makedirs(f'{device}/tty/{name}')
        os.symlink('../../../bus/platform', f'{device}/subsystem')
        os.symlink('../.drv/fake-uart', f'{device}/driver')
        os.symlink('../../../../../class/tty', f'{device}/tty/{name}/subsystem')
        os.symlink(f'../../../bc660k{number}.serial', f'{device}/tty/{name}/device')
        put(f'{device}/tty/{name}/dev', f'204:{65 + number}\n')
        put(f'{device}/tty/{name}/uevent', f'MAJOR=204\nMINOR={65 + number}\nDEVNAME={name}\n')
        put(f'{device}/uevent', 'DRIVER=fake-uart\n')
        os.symlink(f'../../devices/platform/bc660k{number}.serial/tty/{name}', f'/sys/class/tty/{name}')
    prepare_bridge()


def prepare_bridge():
    """A tty behind a CP2102 in the second socket of the first bus."""
    bridge = '/sys/devices/platform/usb1/1-2'
    interface = f'{bridge}/1-2:1.0'
    tty = f'{interface}/{BRIDGE}/tty/{BRIDGE}'
    os.makedirs(tty)
    for name, value in {'idVendor': '10c4', 'idProduct': 'ea60', 'serial': '0123ABCD', 'manufacturer': 'Silicon Labs',
                        'product': 'CP2102'}.items():
        put(f'{bridge}/{name}', value + '\n')
    for name, value in {'bInterfaceClass': 'ff', 'bInterfaceSubClass': '00', 'bInterfaceProtocol': '00',
                        'bInterfaceNumber': '00'}.items():
        put(f'{interface}/{name}', value + '\n')
    for folder in (bridge, interface):
        os.symlink('/sys/bus/usb', folder + '/subsystem')
    os.symlink('/sys/devices/platform/.drv/fake-uart', f'{interface}/driver')
    os.symlink('/sys/class/tty', f'{tty}/subsystem')
    os.symlink(f'{interface}/{BRIDGE}', f'{tty}/device')
    put(f'{tty}/dev', '188:0\n')
    put(f'{tty}/uevent', f'MAJOR=188\nMINOR=0\nDEVNAME={BRIDGE}\n')
    os.symlink(tty, f'/sys/class/tty/{BRIDGE}')


def make_lab(more=''):
    """A laboratory whose bus has the shipped policy and ModemManager's."""
    directory = tempfile.mkdtemp(prefix='modemssl-policy-')
    try:
        put(directory + '/ours.conf', make_policy())
        put(directory + '/policy.conf',
            POLICY.format(ours=directory + '/ours.conf', theirs=MM_POLICY[0], more=more))
        os.chmod(directory, 0o755)
        return Lab(directory + '/policy.conf')
    finally:
        shutil.rmtree(directory)


def link_plugins(directory):
    os.mkdir(directory)
    for name in PLUGINS:
        os.symlink(glob.glob(f'/usr/lib/*/ModemManager/{name}')[0], os.path.join(directory, name))
    return directory


def make_command(plugins):
    """Nothing but what it is told of."""
    return [MODEM_MANAGER, '--no-auto-scan', '--test-no-udev', '--test-no-suspend-resume', '--test-plugin-dir=' + plugins, '--debug']


class Polkit:
    """Says yes to everything, in a thread of its own: ModemManager asks while the test waits for an answer."""

    def __init__(self, lab):
        self.loop = None
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(lab.bus,), daemon=True)
        self.thread.start()
        self.ready.wait()

    def run(self, bus):
        context = GLib.MainContext.new()
        context.push_thread_default()
        self.loop = GLib.MainLoop.new(context, False)
        connection = bus.connect()
        interface = Gio.DBusNodeInfo.new_for_xml(POLKIT_XML).interfaces[0]
        connection.register_object('/org/freedesktop/PolicyKit1/Authority', interface, self.on_call, self.on_get, None)
        connection.call_sync('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'RequestName',
                             GLib.Variant('(su)', ('org.freedesktop.PolicyKit1', 0)), None, 0, -1, None)
        self.ready.set()
        self.loop.run()
        connection.close_sync(None)

    def on_call(self, _connection, _sender, _path, _interface, _method, _parameters, invocation):
        invocation.return_value(GLib.Variant('((bba{ss}))', ((True, False, {}),)))

    def on_get(self, _connection, _sender, _path, _interface, name):
        return GLib.Variant('u', 0) if name == 'BackendFeatures' else GLib.Variant('s', 'test')

    def close(self):
        self.loop.quit()
        self.thread.join()


class ModemManager:
    """The real one, which may be started, killed and started again."""

    def __init__(self, lab):
        self.lab = lab
        self.process = None
        self.polkit = Polkit(lab)
        lab.closers.append(self.polkit.close)
        self.bus = lab.bus.connect()
        lab.closers.append(lambda: self.bus.close_sync(None))
        self.set_rules({'79-mm-test.rules': RULES_OF_THE_TESTS})
        self.plugins = link_plugins(lab.path('plugins'))

    def set_rules(self, rules):
        """The files that come on top of Debian's, instead of those before."""
        for path in glob.glob(f'{RULES}/7[89]-mm-*test*'):
            os.unlink(path)
        for name, text in rules.items():
            put(f'{RULES}/{name}', text)

    def start(self, *ports, debug=True):
        """Runs it and tells it of the ports."""
        events = ''.join(f'action=add,subsystem=tty,name={port}\n' for port in ports)
        arguments = ['--initial-kernel-events=' + self.lab.write('kernel-events', events)] if ports else []
        command = [word for word in make_command(self.plugins) if debug or word != '--debug']
        self.process = self.lab.start([*command, *arguments], 'modem-manager')
        self.process.expected_status = 0
        wait_for(lambda: self.has_name() or self.process.poll() is not None, 'the name of ModemManager')

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.lab.processes.remove(self.process)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.lab.processes.remove(self.process)

    def call(self, path, interface, method, parameters=None, timeout_s=60):
        return self.bus.call_sync(MM, path, interface, method, parameters, None, Gio.DBusCallFlags.NO_AUTO_START,
                                  timeout_s * 1000, None)

    def has_name(self, name=MM):
        """Whether @name is there, of ModemManager or of anybody."""
        return self.bus.call_sync('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus',
                                  'NameHasOwner', GLib.Variant('(s)', (name,)), None, 0, -1, None).unpack()[0]

    def report(self, action, port):
        self.call(MM_PATH, MM, 'ReportKernelEvent',
                  GLib.Variant('(a{sv})', ({'action': GLib.Variant('s', action), 'subsystem': GLib.Variant('s', 'tty'),
                                            'name': GLib.Variant('s', port)},)))

    def inhibit(self, on, uid='bc660k'):
        self.call(MM_PATH, MM, 'InhibitDevice', GLib.Variant('(sb)', (uid, on)))

    def modems(self):
        """Path and properties of the modems that it knows."""
        objects = self.call(MM_PATH, 'org.freedesktop.DBus.ObjectManager', 'GetManagedObjects').unpack()[0]
        return {path: found[MM + '.Modem'] for path, found in objects.items() if MM + '.Modem' in found}

    def wait_modem(self, state='disabled'):
        """Until it has a modem in this state; returns its path."""
        def look():
            return [path for path, modem in self.modems().items() if modem['State'] == MODEM_STATES[state]]
        return wait_for(look, f'a modem that is {state}')[0]

    def enable(self):
        self.call(self.wait_modem(), MM + '.Modem', 'Enable', GLib.Variant('(b)', (True,)))
        return self.wait_modem('registered')
