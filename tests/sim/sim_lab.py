# SPDX-License-Identifier: LGPL-2.1-or-later
"""A simulator, the host's end of its port, a CA and servers: what the tests of modemssl-sim are made of.

Knows nothing of the daemon. Nothing sleeps for a fixed time: whatever is awaited has an event and a deadline.
"""
import atexit
import contextlib
import fcntl
import os
import re
import select
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import termios
import threading
import time
import tty
import unittest
import warnings

PROGRAM = os.environ.get('MODEMSSL_SIM', 'modemssl-sim')
PATIENCE_S = 20
CIPHERS = 'AES128-SHA:AES256-SHA:@SECLEVEL=0'
CTRL_Z = b'\x1a'
ESC = b'\x1b'


def make_folder():
    folder = tempfile.mkdtemp(prefix='modemssl-sim-')
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def run_openssl(*words):
    subprocess.run(['openssl', *words], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def read_file(path):
    with open(path, 'rb') as file:
        return file.read()


class Identity:
    """A certificate and its key, as files and as PEM."""

    def __init__(self, cert, key):
        self.cert, self.key = cert, key
        self.cert_pem, self.key_pem = read_file(cert), read_file(key)


class Ca:
    """A certificate authority made by openssl."""

    def __init__(self, name='ca'):
        self.folder = make_folder()
        self.identity = self.issue(name, ca=True)
        self.cert, self.pem = self.identity.cert, self.identity.cert_pem

    def path(self, name):
        return os.path.join(self.folder, name)

    def issue(self, name, ca=False, algorithm=('rsa:2048',), days='30'):
        key, cert, request = self.path(name + '.key'), self.path(name + '.pem'), self.path(name + '.csr')
        new_key = ['-newkey', *algorithm, '-nodes', '-keyout', key, '-subj', f'/CN={name}']
        if ca:
            run_openssl('req', '-x509', *new_key, '-days', days, '-out', cert)
            return Identity(cert, key)
        run_openssl('req', *new_key, '-out', request)
        run_openssl('x509', '-req', '-in', request, '-CA', self.cert, '-CAkey', self.path('ca.key'), '-CAcreateserial',
                    '-days', days, '-out', cert)
        return Identity(cert, key)


class Port:
    """The host's end: raw bytes with deadlines."""

    def __init__(self, path, baud=None):
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self.fd, termios.TCSANOW)
        if baud:
            self.set_baud(baud)
        self.received = b''

    def set_baud(self, baud):
        settings = termios.tcgetattr(self.fd)
        settings[4] = settings[5] = getattr(termios, f'B{baud}')
        termios.tcsetattr(self.fd, termios.TCSANOW, settings)

    def close(self):
        os.close(self.fd)

    def write(self, data):
        while data:
            select.select([], [self.fd], [], PATIENCE_S)
            with contextlib.suppress(BlockingIOError):
                data = data[os.write(self.fd, data):]

    def read_some(self, timeout_s=PATIENCE_S):
        """Takes in what is there, or what comes first; FALSE when nothing came in time."""
        if not select.select([self.fd], [], [], max(0, timeout_s))[0]:
            return False
        # The simulator may just have noticed an earlier close of the port and thrown away what was there.
        with contextlib.suppress(BlockingIOError):
            self.received += os.read(self.fd, 65536)
        return True

    def read_until(self, is_there, what):
        deadline = time.monotonic() + PATIENCE_S
        while not is_there():
            if not self.read_some(deadline - time.monotonic()):
                raise AssertionError(f'{what} did not come, but {self.received[-2000:]!r}')

    def take(self, length):
        self.read_until(lambda: len(self.received) >= length, f'{length} bytes')
        data, self.received = self.received[:length], self.received[length:]
        return data

    def expect(self, *pieces):
        """The next bytes, exactly."""
        expected = b''.join(piece if isinstance(piece, bytes) else piece.encode() for piece in pieces)
        deadline = time.monotonic() + PATIENCE_S
        while len(self.received) < len(expected) and expected.startswith(self.received):
            if not self.read_some(deadline - time.monotonic()):
                break
        if not self.received.startswith(expected):
            raise AssertionError(f'expected {expected[:2000]!r}\n      got {self.received[:2000]!r}')
        self.received = self.received[len(expected):]

    def match(self, pattern):
        """The next bytes that the pattern fits, wherever they come; what stands before them is taken too."""
        expression = re.compile(pattern, re.DOTALL)
        self.read_until(lambda: expression.search(self.received), pattern)
        found = expression.search(self.received)
        self.received = self.received[found.end():]
        return found

    def lines(self, *lines):
        self.expect(*(f'\r\n{line}\r\n' for line in lines))

    def ask(self, command, *lines, result='OK'):
        """A command without echo, its information lines and its result."""
        self.write(command.encode() + b'\r')
        self.expect(''.join(f'\r\n{line}' for line in lines), '\r\n' if lines else '', f'\r\n{result}\r\n')

    def fail(self, command):
        self.ask(command, result='ERROR')

    def is_quiet(self):
        """Nothing has come by the time that a command sent now is answered."""
        self.ask('AT')
        return self.received == b''

    def upload(self, key, content, prompt=b'\r\n>'):
        self.write(f'AT+QSSLCFG=0,0,"{key}"\r'.encode())
        self.expect(prompt)
        self.write(content + CTRL_Z)
        self.expect(f'\r\n+QSSLCFG: 0,0,"{key}",{len(content)}\r\n\r\nOK\r\n')

    def open(self, port, result=0, host='127.0.0.1', command_result='OK'):
        self.ask(f'AT+QSSLOPEN=0,0,"{host}",{port},0', result=command_result)
        if command_result == 'OK':
            self.lines(f'+QSSLOPEN: 0,0,{result}')

    def send(self, data, prompt=b'\r\n>'):
        self.write(f'AT+QSSLSEND=0,0,{len(data)}\r'.encode())
        self.expect(prompt)
        self.write(data)
        self.lines('OK', '+QSSLSEND: 0,0,0')

    def receive(self):
        """The payload of one recv URC in text format."""
        found = self.match(rb'\r\n\+QSSLURC: "recv",0,0,(\d+),"')
        data = self.take(int(found.group(1)))
        self.expect('"\r\n')
        return data

    def receive_all(self, length):
        data = b''
        while len(data) < length:
            data += self.receive()
        return data

    def close_connection(self, result=0):
        self.ask('AT+QSSLCLOSE=0,0')
        self.lines(f'+QSSLCLOSE: 0,0,{result}')


class Sim:
    """A running simulator."""

    def __init__(self, *switches, link=None, nvram=None, baud=None, faults=None, replay=None):
        self.folder = make_folder()
        self.link = link or os.path.join(self.folder, 'tty')
        self.log = os.path.join(self.folder, 'log')
        self.ports = []
        words = [PROGRAM, '--link', self.link, '--log', self.log]
        words += ['--nvram', nvram] if nvram else []
        words += ['--baud', str(baud)] if baud else []
        words += ['--faults', faults] if faults else []
        words += ['--replay', replay] if replay else []
        self.errors = os.path.join(self.folder, 'errors')
        words += [word for switch in switches for word in ('--set', switch)]
        with open(self.errors, 'wb') as errors:
            self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=errors)
        first = self.process.stdout.readline().decode()
        if first != f'ready: {self.link}\n':
            raise AssertionError(f'the simulator did not start: {first!r} {read_file(self.errors)!r}')

    def open(self, baud=None, echo=False):
        port = Port(self.link, baud)
        self.ports.append(port)
        if not echo:
            port.write(b'ATE0\r')
            port.match(rb'\r\nOK\r\n')
        return port

    def power_cycle(self):
        self.process.send_signal(signal.SIGHUP)

    def end(self, how=signal.SIGTERM):
        for port in self.ports:
            with contextlib.suppress(OSError):
                port.close()
        self.process.send_signal(how)
        status = self.process.wait(PATIENCE_S)
        self.process.stdout.close()
        return status


class TlsServer:
    """A TLS server in a thread, one connection after the other; the handler gets each."""

    def __init__(self, identity, handler, *, client_ca=None, ciphers=CIPHERS, minimum=ssl.TLSVersion.TLSv1,
                 maximum=ssl.TLSVersion.TLSv1_2):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(identity.cert, identity.key)
        self.context.set_ciphers(ciphers)
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', DeprecationWarning)
            self.context.minimum_version = minimum
            self.context.maximum_version = maximum
        if client_ca:
            self.context.load_verify_locations(client_ca.cert)
            self.context.verify_mode = ssl.CERT_REQUIRED
        self.handler = handler
        self.versions = []
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            with plain, contextlib.suppress(OSError):
                plain.settimeout(PATIENCE_S)
                with self.context.wrap_socket(plain, server_side=True) as connection:
                    self.versions.append(connection.version())
                    self.handler(connection)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(PATIENCE_S)


def echo(connection):
    while data := connection.recv(65536):
        connection.sendall(data)


def say(data):
    """A handler that says something, then closes in order."""
    def handler(connection):
        connection.sendall(data)
        connection.unwrap()
    return handler


def reset(connection):
    """A handler that breaks the TCP connection off."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    os.close(connection.detach())


class OpensslServer:
    """openssl s_server, which says what it received on its output and sends what it gets as input."""

    def __init__(self, identity, client_ca, *words):
        self.process = subprocess.Popen(
            ['openssl', 's_server', '-accept', '127.0.0.1:0', '-cert', identity.cert, '-key', identity.key, '-CAfile',
             client_ca.cert, '-Verify', '1', '-cipher', 'ALL:@SECLEVEL=0', *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)
        self.output = b''
        self.port = int(self.wait_for(rb'ACCEPT 127\.0\.0\.1:(\d+)\n').group(1))

    def wait_for(self, pattern):
        deadline = time.monotonic() + PATIENCE_S
        while not (found := re.search(pattern, self.output)):
            ready = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))[0]
            data = os.read(self.process.stdout.fileno(), 65536) if ready else b''
            if not data:
                raise AssertionError(f'openssl did not say {pattern!r}, but {self.output!r}')
            self.output += data
        return found

    def say(self, data):
        self.process.stdin.write(data)

    def close(self):
        self.process.kill()
        self.process.wait(PATIENCE_S)
        self.process.stdin.close()
        self.process.stdout.close()


def unused_port():
    with socket.create_server(('127.0.0.1', 0)) as listener:
        return listener.getsockname()[1]


def count_unread(fd):
    return struct.unpack('i', fcntl.ioctl(fd, termios.FIONREAD, struct.pack('i', 0)))[0]


def count_unsent(fd):
    """Bytes that the other end of a TCP connection has not got yet."""
    return struct.unpack('i', fcntl.ioctl(fd, termios.TIOCOUTQ, struct.pack('i', 0)))[0]


class SimTest(unittest.TestCase):
    """Ends what a test has started."""

    def sim(self, *switches, **options):
        sim = Sim(*switches, **options)
        self.addCleanup(self.end_sim, sim)
        return sim

    def end_sim(self, sim):
        if sim.process.poll() is None:
            self.assertEqual(sim.end(), 0)
        else:
            sim.process.stdout.close()

    def port(self, *switches, **options):
        """The port of a new simulator, without echo."""
        return self.sim(*switches, **options).open()

    def serve(self, identity, handler=echo, **options):
        server = TlsServer(identity, handler, **options)
        self.addCleanup(server.close)
        return server
