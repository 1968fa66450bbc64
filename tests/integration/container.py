#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A container with a booted systemd, in which a build is installed: for the tests, and for a look around.

Usage: container.py BUILD [COMMAND [ARGUMENT...]]. Boots, runs the command (a shell, when there is none) in it as root, and leaves
nothing behind. Its /usr and /etc are those of this machine with what `meson install` adds; what is written there, and everything
else, is in memory and goes with it. Needs root (or sudo) and Debian's systemd-container. Knows nothing of the tests.
"""
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import uuid

SYSTEMD_PROGRAM = '/usr/lib/systemd/systemd'
BOOT_TIMEOUT_S = 60
CLEANUP_TIMEOUT_S = 20
CGROUPS = '/sys/fs/cgroup'
NOTICE_BYTES = 4096
# Without overlays these and the essential ones are copied, with what they depend on.
PACKAGES = ('dbus', 'libasan8', 'libgnutls30', 'libgudev-1.0-0', 'libjson-glib-1.0-0', 'libmm-glib0', 'libubsan1', 'modemmanager',
            'openssl', 'python3-gi', 'systemd')
LIST_FILES = """
{ dpkg-query -W -f '${Essential} ${Package}\\n' | sed -n 's/^yes //p'; printf '%s\\n' "$@"; } |
  xargs apt-cache depends --recurse --installed --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances |
  sed -n 's/^\\([a-z0-9][^: ]*\\).*/\\1/p' | sort -u | xargs dpkg-query -L 2>/dev/null |
  grep -E '^/(usr|lib|lib64|bin|sbin)/' | grep -vE '/share/(doc|man|locale|info)/'
"""
MERGED = ('bin', 'lib', 'lib32', 'lib64', 'libx32', 'sbin')

# Nothing is wanted by it but what every boot needs, and the bus.
TARGET_NAME = 'modemssl-lab.target'
TARGET = '''[Unit]
Requires=sysinit.target dbus.socket
After=sysinit.target dbus.socket
'''
# What a boot does for a machine, and what it would do to the one below.
MASKED = (
    'getty.target', 'ldconfig.service', 'tmp.mount', 'dev-hugepages.mount', 'dev-mqueue.mount', 'sys-kernel-debug.mount',
    'sys-kernel-tracing.mount', 'sys-fs-fuse-connections.mount', 'proc-sys-fs-binfmt_misc.automount',
    'systemd-ask-password-console.path', 'systemd-ask-password-wall.path', 'systemd-binfmt.service',
    'systemd-boot-system-token.service', 'systemd-firstboot.service', 'systemd-hwdb-update.service',
    'systemd-journal-catalog-update.service', 'systemd-journal-flush.service', 'systemd-modules-load.service',
    'systemd-networkd.service', 'systemd-pcrphase.service', 'systemd-pcrphase-sysinit.service', 'systemd-random-seed.service',
    'systemd-remount-fs.service', 'systemd-resolved.service', 'systemd-sysctl.service', 'systemd-sysusers.service',
    'systemd-timesyncd.service', 'systemd-udev-trigger.service', 'systemd-udevd-control.socket', 'systemd-udevd-kernel.socket',
    'systemd-udevd.service', 'systemd-update-done.service', 'systemd-update-utmp.service')


class Container:
    """Booted when made, gone when closed; also when this process dies: the keeper then reads the end of its standard input."""

    install_lock = threading.Lock()

    def __init__(self, build_root, visible=()):
        """@visible: directories that it shall see, for reading."""
        self.dir = tempfile.mkdtemp(prefix='modemssl-container-')
        self.keeper = None
        try:
            with self.install_lock:
                subprocess.run(['meson', 'install', '-C', build_root, '--no-rebuild', '--quiet', '--destdir', self.dir + '/install'],
                               check=True, stdin=subprocess.DEVNULL)
            command = as_root('unshare', '--mount', '--propagation', 'private', sys.executable, os.path.abspath(__file__),
                              '--keep', self.dir, *map(os.path.abspath, visible))
            with tempfile.TemporaryFile('w+', encoding='utf-8', errors='replace') as console:
                self.keeper = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=console,
                                               start_new_session=True)
                self.leader = self.keeper.stdout.readline().decode().strip()
                if not self.leader:
                    console.seek(0)
                    raise RuntimeError('the container did not boot:\n' + console.read())
        except BaseException:
            self.close()
            raise

    def enter(self, command, environment):
        """The command that runs @command inside."""
        return as_root('nsenter', '--target', self.leader, '--mount', '--uts', '--ipc', '--net', '--pid', '--', 'env', '-i',
                       '--chdir=/', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root', 'LC_ALL=C.UTF-8',
                       *(f'{name}={value}' for name, value in environment.items()), *command)

    def close(self):
        if self.keeper is not None:
            self.keeper.stdin.close()
            self.keeper.stdout.close()
            self.keeper.wait(CLEANUP_TIMEOUT_S)
        shutil.rmtree(self.dir, ignore_errors=True)


def as_root(*command):
    return [*([] if os.getuid() == 0 else ['sudo', '-n']), *command]


def mount(*words):
    subprocess.run(['mount', *words], check=True)


def put(path, text=''):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


class Keeper:
    """Runs as root in a mount namespace of its own, so that every mount goes with it."""

    def __init__(self, directory, visible):
        self.directory = directory
        self.visible = visible
        self.memory = directory + '/memory'
        self.root = self.memory + '/root'
        self.cgroup = None
        self.nspawn = None
        self.leader = None

    def run(self):
        try:
            self.enter_cgroup()
            self.make_root()
            self.boot()
            print(self.leader, flush=True)
            self.wait_end()
        finally:
            self.end()

    def enter_cgroup(self):
        """A view of the second version of cgroups alone, which the systemd inside then uses; and a group of our own in it."""
        with open('/proc/self/cgroup', encoding='ascii') as file:
            former = [line.split(':', 2)[2].strip() for line in file if line.startswith('0::')]
        subprocess.run(['umount', '-R', CGROUPS], check=False, stderr=subprocess.DEVNULL)
        mount('-t', 'cgroup2', 'none', CGROUPS)
        self.cgroup = f'{CGROUPS}/{os.path.basename(self.directory)}'
        self.former = CGROUPS + (former[0] if former else '/')
        os.mkdir(self.cgroup)
        put(self.cgroup + '/cgroup.procs', str(os.getpid()))

    def make_root(self):
        os.mkdir(self.memory)
        mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', self.memory)
        upper = self.memory + '/upper'
        shutil.copytree(self.directory + '/install', upper)
        self.prepare_etc(upper + '/etc')
        os.mkdir(self.root)
        for name in MERGED:
            if os.path.islink('/' + name):
                os.symlink(os.readlink('/' + name), f'{self.root}/{name}')
        try:
            if os.environ.get('MODEMSSL_CONTAINER_COPY'):
                raise subprocess.CalledProcessError(0, 'overlay')
            for name in ('usr', 'etc'):
                self.overlay(name, upper)
        except subprocess.CalledProcessError:
            print('container: without overlays, so packages are copied', file=sys.stderr)
            self.copy_packages(upper)
        subprocess.run(['systemd-sysusers', '--root=' + self.root, self.root + '/usr/lib/sysusers.d/modemssl.conf'], check=True,
                       stdout=sys.stderr)

    def overlay(self, name, upper):
        work = f'{self.memory}/work-{name}'
        for path in (work, f'{self.root}/{name}'):
            os.mkdir(path)
        mount('-t', 'overlay', '-o', f'lowerdir=/{name},upperdir={upper}/{name},workdir={work}', 'overlay', f'{self.root}/{name}')

    def prepare_etc(self, etc):
        """In place of the machine's own: its identity, what it mounts, and what it starts."""
        units = etc + '/systemd/system'
        os.makedirs(units)
        os.setxattr(etc + '/systemd', 'trusted.overlay.opaque', b'y')
        for name in MASKED:
            os.symlink('/dev/null', f'{units}/{name}')
        put(f'{units}/{TARGET_NAME}', TARGET)
        # The search for leaks is by ptrace(), which the sandbox of the units does not allow.
        put(etc + '/systemd/system.conf', '[Manager]\nDefaultEnvironment=ASAN_OPTIONS=detect_leaks=0\n')
        put(etc + '/machine-id', uuid.uuid4().hex + '\n')
        put(etc + '/fstab')
        put(etc + '/hosts', '127.0.0.1 localhost\n')
        put(etc + '/hostname', 'modemssl-lab\n')

    def copy_packages(self, upper):
        for name in ('usr', 'etc'):
            if os.path.ismount(f'{self.root}/{name}'):
                subprocess.run(['umount', f'{self.root}/{name}'], check=True)
        listing = subprocess.run(['sh', '-c', LIST_FILES, 'sh', *PACKAGES], check=True, stdout=subprocess.PIPE, text=True).stdout
        files = {os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path)) for path in listing.splitlines()
                 if os.path.lexists(path) and not (os.path.isdir(path) and not os.path.islink(path))}
        subprocess.run(f'tar -C / -c --no-recursion -P -T - | tar -C {self.root} -x --strip-components=1', shell=True, check=True,
                       input='\n'.join(sorted('.' + path for path in files)), text=True)
        shutil.copytree('/etc', self.root + '/etc', symlinks=True, ignore=lambda path, names: ['systemd'] if path == '/etc' else [])
        for name in ('usr', 'etc'):
            shutil.copytree(f'{upper}/{name}', f'{self.root}/{name}', symlinks=True, dirs_exist_ok=True)

    def boot(self):
        # Its lock files and the like.
        mount('-t', 'tmpfs', 'tmpfs', '/run')
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices:
            notices.bind('')
            notices.settimeout(BOOT_TIMEOUT_S)
            environment = {**os.environ, 'SYSTEMD_NSPAWN_UNIFIED_HIERARCHY': '1',
                           'NOTIFY_SOCKET': '@' + notices.getsockname()[1:].decode()}
            binds = [f'--bind-ro={path}' for path in self.visible]
            # The filter of device accesses (DevicePolicy=) is a BPF program.
            self.nspawn = subprocess.Popen(
                ['systemd-nspawn', '--directory=' + self.root, '--machine=modemssl-lab', '--register=no', '--keep-unit', '--boot',
                 '--notify-ready=yes', '--console=pipe', '--private-network', '--system-call-filter=bpf',
                 '--link-journal=no', '--resolv-conf=off', '--timezone=off', *binds, 'systemd.unit=' + TARGET_NAME],
                stdin=subprocess.DEVNULL, stdout=sys.stderr, env=environment)
            self.read_notices(notices)

    def read_notices(self, notices):
        """Until the container has booted. It may end before that: then nspawn closes nothing, so that is looked at, too."""
        ready = False
        while not ready:
            readable, _, _ = select.select([notices, open_pidfd(self.nspawn.pid)], [], [], BOOT_TIMEOUT_S)
            if notices not in readable:
                raise RuntimeError('systemd-nspawn ended' if readable else f'not booted within {BOOT_TIMEOUT_S} s')
            lines = notices.recv(NOTICE_BYTES).decode().splitlines()
            self.leader = next((line.split('=')[1] for line in lines if line.startswith('X_NSPAWN_LEADER_PID=')), self.leader)
            ready = 'READY=1' in lines

    def wait_end(self):
        """Until our parent closes the pipe, by will or by its death, or the container ends by itself."""
        select.select([sys.stdin, open_pidfd(self.nspawn.pid)], [], [])

    def end(self):
        # What is in there dies with its first process, and that with nspawn.
        if self.nspawn is not None:
            if self.leader is not None and self.nspawn.poll() is None:
                os.kill(int(self.leader), signal.SIGKILL)
            else:
                self.nspawn.kill()
            self.nspawn.wait()
        if self.cgroup is not None:
            put(self.former + '/cgroup.procs', str(os.getpid()))
            for folder, _, _ in os.walk(self.cgroup, topdown=False):
                os.rmdir(folder)
        subprocess.run(['umount', '--recursive', '--lazy', self.memory], check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(self.directory, ignore_errors=True)


def open_pidfd(pid):
    return os.pidfd_open(pid)


def main():
    if sys.argv[1] == '--keep':
        # From the terminal: our parent decides.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit('container: terminated'))
        Keeper(sys.argv[2], sys.argv[3:]).run()
        return 0
    container = Container(sys.argv[1])
    try:
        return subprocess.call(container.enter(sys.argv[2:] or ['bash'], {'TERM': os.environ.get('TERM', 'dumb')}))
    finally:
        container.close()


if __name__ == '__main__':
    sys.exit(main())
