# SPDX-License-Identifier: LGPL-2.1-or-later
"""What every measurement needs: a bus, simulated modules, servers, and a daemon that runs as it does on a gateway."""
import json
import os
import pwd
import statistics
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ['MODEMSSL_SOURCE_ROOT'], 'tests', 'integration'))

import matrix_servers  # noqa: E402
from certificates import Ca  # noqa: E402
from client import Client  # noqa: E402
from lab import Daemon, Lab, make_policy, replace_once  # noqa: E402
from servers import free_port  # noqa: E402

BENCH = os.environ['MODEMSSL_BENCH']
ECHO_NAME = 'org.modemssl.Bench'
HERE = os.path.dirname(os.path.abspath(__file__))
SIZES = [16, 64, 1024]
BITS_PER_BYTE = 10
FAST = ('prompt-delay-ms=0', 'reply-delay-ms=0')
# What stands below [limits] of the configuration: many clients must be able to wait.
LIMITS = '[limits]\nmax-connections=256\nmax-queued=256\nmax-connections-per-user=256\nmax-queued-per-user=256\n' \
         'receive-buffer=67108864\n'


def make_bench_policy(directory):
    """The shipped policy, and a name for the bare echo service."""
    user = pwd.getpwuid(os.getuid()).pw_name
    rule = f'<policy user="{user}"><allow own="{ECHO_NAME}"/><allow send_destination="{ECHO_NAME}"/></policy>'
    path = os.path.join(directory, 'policy.conf')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(replace_once(make_policy(), '</busconfig>', rule + '</busconfig>'))
    os.chmod(directory, 0o711)
    return path


class QuietDaemon(Daemon):
    """Without trace and debug messages."""

    def __init__(self, lab, sims, wait=True):
        super().__init__(lab, sims, wait=wait, quiet=True)

    def render(self):
        return super().render() + LIMITS


class Gateway:
    """A laboratory for one group of measurements. @lab: one that is there already."""

    def __init__(self, options, directory, lab=None):
        self.quick = options.quick
        self.rounds = 3 if self.quick else 9
        self.count = 100 if self.quick else 300
        self.lab = lab or Lab(make_bench_policy(directory))
        self.ca = Ca(self.lab.dir)
        self.server = self.ca.issue('server')

    def start_echo(self, mutual=False):
        port = matrix_servers.start_gnutls(self.lab, self.ca, self.server, 'tls', 'AES-128', mutual)
        return getattr(port, 'port', port)

    def start_sink(self):
        """A server that takes everything and says nothing."""
        port = free_port()
        silence, silent_end = os.pipe()
        self.lab.closers.append(lambda: os.close(silent_end))
        matrix_servers.start(self.lab, ['openssl', 's_server', '-quiet', '-accept', f'127.0.0.1:{port}', '-cert', self.server.cert,
                                        '-key', self.server.key, '-cipher', matrix_servers.openssl_list('AES-128'), '-no_tls1_3'],
                             port, 'sink', stdin=silence, stdout=subprocess.DEVNULL)
        os.close(silence)
        return port

    def start_source(self):
        """A server that says as much as it can, once it has been sent a line."""
        script = self.lab.write('source', 'read line\nexec cat /dev/zero\n')
        return matrix_servers.start_stunnel(self.lab, self.ca, self.server, 'tls', 'AES-128', False, '/bin/sh', 'sh ' + script)

    def start_sim(self, baud=None):
        return self.lab.sim(*FAST, baud=baud)

    def start_daemon(self, *sims):
        """A daemon that has the ports, and the contexts `bench` and `hex`."""
        daemon = QuietDaemon(self.lab, sims)
        client = Client(self.lab.bus)
        if '/org/modemssl1/contexts/bench' not in client.manager('GetContexts'):
            client.create_context('bench', authentication='none')
            client.create_context('hex', authentication='none', send_format='hex', receive_format='hex')
        client.close()
        return daemon

    def stop(self, process):
        process.terminate()
        process.wait()
        self.lab.processes.remove(process)

    def measure(self, *args):
        process = self.lab.run([BENCH, *map(str, args)], timeout_s=600)
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


def smaps(pid):
    """kB by name."""
    with open(f'/proc/{pid}/smaps_rollup', encoding='ascii') as file:
        return {line.split(':')[0]: int(line.split()[1]) for line in file.readlines()[1:]}


def read_wake_ups(pid):
    """Of each thread, since it began."""
    counts = {}
    for task in os.listdir(f'/proc/{pid}/task'):
        with open(f'/proc/{pid}/task/{task}/status', encoding='ascii') as file:
            counts[task] = sum(int(line.split()[1]) for line in file if 'ctxt_switches' in line)
    return counts


def count_wake_ups(before, after):
    """Between two readings. A thread that has ended woke up once at least."""
    return sum(count - before.get(task, 0) for task, count in after.items()) + len(before.keys() - after.keys())
