# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real servers on free ports of the loopback: openssl s_server, mosquitto, a TLS server with a will of its own, and
ports that refuse or stay silent. They live on the main loop or in a thread, and end with the lab.
"""
import fcntl
import os
import queue
import select
import socket
import ssl
import struct
import subprocess
import termios
import threading

from gi.repository import GLib

from lab import PATIENCE_S, wait_for

# What the module can talk: RSA key exchange with AES in CBC mode, which today's OpenSSL takes only at level 0.
CIPHERS = 'ALL:@SECLEVEL=0'
PIECE_BYTES = 65536


def free_port():
    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        return listener.getsockname()[1]


def has_socket(kinds, port, state):
    wanted = f':{port:04X}'
    for kind in kinds:
        with open('/proc/net/' + kind, encoding='ascii') as file:
            for line in list(file)[1:]:
                fields = line.split()
                if fields[1].endswith(wanted) and fields[3] == state:
                    return True
    return False


def is_listening(port):
    return has_socket(('tcp', 'tcp6'), port, '0A')


def is_bound(port):
    return has_socket(('udp', 'udp6'), port, '07')


def wait_ready(process, is_ready):
    wait_for(lambda: is_ready() or process.poll() is not None, 'a listening server')
    if process.poll() is not None:
        with open(process.log, encoding='utf-8', errors='replace') as file:
            raise AssertionError(f'{process.args[0]} ended: {file.read()}')


class OpensslServer:
    """openssl s_server that demands a client certificate: what clients send is in `received`; send() goes to the client.

    Its commands are switched off (-quiet), so that any byte may pass."""

    def __init__(self, lab, ca, identity, *options, verify=True):
        self.port = free_port()
        self.received = bytearray()
        self.waiting = b''
        args = ['openssl', 's_server', '-quiet', '-accept', f'127.0.0.1:{self.port}', '-cert', identity.cert, '-key',
                identity.key, '-CAfile', ca.cert, '-cipher', CIPHERS, self.version()]
        args += ['-Verify', '2', '-verify_return_error'] if verify else []
        self.process = lab.start(args + list(options), 's_server', stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 bufsize=0)
        self.sources = {}
        os.set_blocking(self.process.stdin.fileno(), False)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.sources['out'] = GLib.io_add_watch(self.process.stdout.fileno(), GLib.PRIORITY_DEFAULT,
                                                GLib.IO_IN | GLib.IO_HUP, self.on_output)
        lab.closers.append(self.close)
        wait_ready(self.process, self.is_ready)

    def is_ready(self):
        return is_listening(self.port)

    def version(self):
        return '-tls1_2'

    def on_output(self, _fd, _condition):
        data = self.process.stdout.read(PIECE_BYTES)
        if data == b'':
            self.sources.pop('out', None)
            return GLib.SOURCE_REMOVE
        self.received += data or b''
        return GLib.SOURCE_CONTINUE

    def send(self, data):
        """Hands @data over as fast as the client takes it; returns at once."""
        self.waiting += data
        if 'in' not in self.sources:
            self.sources['in'] = GLib.io_add_watch(self.process.stdin.fileno(), GLib.PRIORITY_DEFAULT, GLib.IO_OUT,
                                                   self.on_writable)

    def on_writable(self, _fd, _condition):
        written = self.process.stdin.write(self.waiting[:PIECE_BYTES])
        self.waiting = self.waiting[written or 0:]
        if self.waiting:
            return GLib.SOURCE_CONTINUE
        self.sources.pop('in', None)
        return GLib.SOURCE_REMOVE

    def wait_received(self, size, timeout_s=PATIENCE_S):
        wait_for(lambda: len(self.received) >= size, f'{size} bytes at the server', timeout_s)
        return bytes(self.received)

    def close(self):
        """Ends the server and with it the connection."""
        for source in self.sources.values():
            GLib.source_remove(source)
        self.sources = {}
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class DtlsServer(OpensslServer):
    """The same over UDP: each send() while nothing waits is one datagram."""

    def is_ready(self):
        return is_bound(self.port)

    def version(self):
        return '-dtls1_2'


class TlsServer:
    """A TLS server whose behaviour is a function of the test: behave(connection) runs in a thread for each client, and
    what it returns (or raises) is put into `results`."""

    def __init__(self, lab, identity, behave, ca=None):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.maximum_version = ssl.TLSVersion.TLSv1_2
        self.context.set_ciphers(CIPHERS)
        self.context.load_cert_chain(identity.cert, identity.key)
        if ca is not None:
            self.context.verify_mode = ssl.CERT_REQUIRED
            self.context.load_verify_locations(ca.cert)
        self.behave = behave
        self.results = queue.Queue()
        self.accepted = False
        self.sockets = []
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.accept)
        self.thread.start()
        lab.closers.append(self.close)

    def accept(self):
        while True:
            try:
                accepted = self.listener.accept()[0]
            except OSError:
                return
            accepted.settimeout(PATIENCE_S)
            self.accepted = True
            self.sockets.append(accepted)
            self.results.put(self.serve(accepted))

    def serve(self, accepted):
        try:
            with self.context.wrap_socket(accepted, server_side=True, suppress_ragged_eofs=True) as connection:
                self.sockets.append(connection)
                return self.behave(connection)
        except (OSError, ssl.SSLError) as error:
            return error

    def wait_result(self):
        return wait_for(lambda: None if self.results.empty() else (self.results.get(),), 'the end of a served client')[0]

    def close(self):
        # shutdown() wakes the thread that waits in accept() or in a read.
        for item in [self.listener, *self.sockets]:
            try:
                socket.socket.shutdown(item, socket.SHUT_RDWR)
            except OSError:
                pass
        self.listener.close()
        self.thread.join()
        for item in self.sockets:
            item.close()


def read_all(connection):
    """Behaviour: reads until the client closes, and returns what came."""
    data = b''
    while True:
        piece = connection.recv(PIECE_BYTES)
        if not piece:
            return data
        data += piece


def echo(connection):
    """Behaviour: gives back what comes until the client closes, and returns how much it was."""
    count = 0
    while True:
        piece = connection.recv(PIECE_BYTES)
        if not piece:
            return count
        connection.sendall(piece)
        count += len(piece)


def hang_up(data, clean):
    """Behaviour: sends @data and ends the connection, with TLS' own goodbye or by a TCP reset."""
    def behave(connection):
        connection.sendall(data)
        if clean:
            connection.unwrap()
            return None
        # What lies in the kernel's buffer would be lost with the reset, so let it be read first.
        wait_until_sent(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        socket.socket.close(connection)
        return None
    return behave


def wait_until_sent(connection):
    """Until the peer's kernel has acknowledged everything (SIOCOUTQ is 0)."""
    while struct.unpack('i', fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, b'\0' * 4))[0] != 0:
        select.select([], [], [], 0.005)


class SilentPort:
    """Accepts and never says a word."""

    def __init__(self, lab):
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        lab.closers.append(self.listener.close)


def make_mosquitto(lab, ca, identity):
    """mosquitto that lets in who shows a certificate of @ca; gives its port."""
    port = free_port()
    config = lab.write('mosquitto.conf', f'''user root
log_dest stderr
per_listener_settings false
listener {port} 127.0.0.1
allow_anonymous true
cafile {ca.cert}
certfile {identity.cert}
keyfile {identity.key}
require_certificate true
tls_version tlsv1.2
ciphers {CIPHERS}
''')
    process = lab.start(['mosquitto', '-c', config], 'mosquitto')
    wait_ready(process, lambda: is_listening(port))
    return port
