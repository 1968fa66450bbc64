#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""AcquireStream in the whole daemon: a lot of data each way, slow clients, clients that go, and who is not disturbed by them."""
import hashlib
import select
import socket
import subprocess
import threading
import time

import lab
from bench import BenchTest
from client import MODULE, Refused, sha256
from lab import wait_for
from matrix_servers import start_coap
from servers import PIECE_BYTES, echo

MEGABYTE = 1 << 20
SIZE_BYTES = (100 if lab.FULL else 20) * MEGABYTE
TRANSFER_S = 300
BUFFER_BYTES = 64 * MEGABYTE
ANSWER_S = 2.0


def read_hash(receive, size):
    digest = hashlib.sha256()
    while size > 0:
        data = receive(min(size, PIECE_BYTES))
        if not data:
            break
        digest.update(data)
        size -= len(data)
    return digest.hexdigest(), size


def read_to_end(stream):
    data = bytearray()
    while piece := stream.recv(PIECE_BYTES):
        data += piece
    return bytes(data)


class StreamTest(BenchTest):
    def connect(self, behave, **options):
        server = self.behave(behave, ca=self.ca)
        connection = self.open(self.make_context(), server.port, **options)
        connection.wait_connected()
        stream = connection.acquire_stream()
        self.lab.closers.append(stream.close)
        return server, connection, stream


class Thread(threading.Thread):
    """Calls a function beside the main loop."""

    def __init__(self, func, *args):
        super().__init__(daemon=True)
        self.func = lambda: func(*args)
        self.result = None
        self.start()

    def run(self):
        self.result = self.func()

    def wait(self, what, timeout_s=TRANSFER_S):
        wait_for(lambda: not self.is_alive(), what, timeout_s)
        return self.result


class TestALot(StreamTest):
    """The simulator is not paced and waits for nothing, so this is as fast as the daemon is. The module cannot be held back: on a
    busy machine a client may well be late, so the buffer takes all there is."""

    def test_each_way(self):
        up, down = self.random.randbytes(SIZE_BYTES), self.random.randbytes(SIZE_BYTES)

        def behave(connection):
            found = read_hash(connection.recv, SIZE_BYTES)
            connection.sendall(down)
            connection.unwrap()
            return found

        server, connection, stream = self.connect(behave, receive_buffer=BUFFER_BYTES)
        begin = time.monotonic()
        Thread(stream.sendall, up).wait('all to be sent')
        stream.shutdown(socket.SHUT_WR)
        self.assertEqual(server.wait_result(), (sha256(up), 0))
        found = Thread(read_hash, stream.recv, SIZE_BYTES + 1).wait('all to be received')
        print(f'{SIZE_BYTES >> 20} MB up and then down in {time.monotonic() - begin:.1f} s')
        self.assertEqual(found, (sha256(down), 1))
        self.assertEqual(connection.get('CloseReason'), 'server-closed')
        statistics = connection.call('GetStatistics').unpack()[0]
        for key in ('bytes-sent', 'bytes-confirmed', 'bytes-received', 'bytes-delivered'):
            self.assertEqual(statistics[key], SIZE_BYTES, key)
        self.expect_closed(connection, 'server-closed')


class TestClients(StreamTest):
    def test_one_byte_at_a_time(self):
        server, connection, stream = self.connect(echo)
        data = self.random.randbytes(3000)
        for byte in data:
            stream.send(bytes((byte,)))
        got = b''
        while len(got) < len(data):
            piece = stream.recv(1)
            self.assertNotEqual(piece, b'')
            got += piece
        self.assertEqual(got, data)
        stream.close()
        self.expect_closed(connection, 'requested')

    def test_all_is_sent_before_it_closes(self):
        """close() and nothing else, with all that the kernel takes still unsent."""
        server, connection, stream = self.connect(lambda c: read_hash(c.recv, 100 * MEGABYTE))
        data = self.random.randbytes(100000)
        stream.sendall(data)
        stream.close()
        self.expect_closed(connection, 'requested')
        self.assertEqual(server.wait_result()[0], sha256(data))

    def test_passed_on(self):
        """To a program that knows nothing of us, and whoever opened it leaves."""
        def behave(connection):
            connection.sendall(b'to whom it may concern')
            return connection.recv(PIECE_BYTES), connection.unwrap()

        server = self.behave(behave, ca=self.ca)
        opener = self.new_client()
        connection = opener.open(self.make_context(), 'localhost', server.port).wait_connected()
        with connection.acquire_stream() as stream:
            cat = subprocess.Popen(['cat'], stdin=stream, stdout=stream)
        opener.close()
        self.clients.remove(opener)
        self.lab.closers.remove(opener.close)
        self.assertEqual(server.wait_result()[0], b'to whom it may concern')
        self.assertEqual(cat.wait(lab.PATIENCE_S), 0)
        self.expect_goes_on()

    def test_refusals(self):
        server, connection, stream = self.connect(echo)
        for method in ('AcquireStream', 'StartReceiving'):
            with self.assertRaises(Refused) as refused:
                connection.call(method)
            self.assertEqual(refused.exception.name, 'org.modemssl1.Error.Acquired')
        stream.sendall(b'still here')
        self.assertEqual(stream.recv(100), b'still here')

    def test_killed_daemon(self):
        """The end of the daemon is the end of the stream."""
        server, connection, stream = self.connect(echo)
        self.daemon.stop()
        self.assertEqual(Thread(stream.recv, 1).wait('the end of the stream'), b'')


class TestNeighbours(StreamTest):
    """A client that never reads, and others who must not notice."""
    switches = ('slots=2',)

    def test_never_reads(self):
        def flood(connection):
            connection.recv(PIECE_BYTES)
            try:
                while True:
                    connection.sendall(bytes(PIECE_BYTES))
            except OSError:
                return None

        quiet_server = self.behave(echo, ca=self.ca)
        quiet = self.open(self.make_context('quiet'), quiet_server.port).wait_connected()
        neighbour = quiet.acquire_stream()
        server, connection, stream = self.connect(flood)
        stream.sendall(b'go')
        longest, rounds = 0, 0
        # Until the overflow, which then waits for the client to read what it still can.
        while connection.state == 'connected' or rounds < 20:
            before = time.monotonic()
            neighbour.sendall(b'ping')
            self.assertEqual(neighbour.recv(100), b'ping')
            self.client.get(self.client.manager('GetModule', 'cell0'), MODULE, 'State')
            longest = max(longest, time.monotonic() - before)
            rounds += 1
        self.assertLess(longest, ANSWER_S, 'others had to wait')
        self.assertGreater(len(read_to_end(stream)), 256 * 1024)
        self.expect_closed(connection, 'overflow')
        neighbour.sendall(b'fine')
        self.assertEqual(neighbour.recv(100), b'fine')
        neighbour.close()
        self.expect_closed(quiet, 'requested')


class CoapProxy(threading.Thread):
    """Joins a UDP port of the loopback with a stream of datagrams, until the stream ends."""

    def __init__(self, stream):
        super().__init__(daemon=True)
        self.stream = stream
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(('127.0.0.1', 0))
        self.port = self.udp.getsockname()[1]
        self.sizes = []
        self.start()

    def run(self):
        peer = None
        while True:
            ready, _, _ = select.select([self.stream, self.udp], [], [])
            if self.udp in ready:
                data, peer = self.udp.recvfrom(PIECE_BYTES)
                self.stream.send(data)
                self.sizes.append(len(data))
            if self.stream in ready:
                data = self.stream.recv(PIECE_BYTES)
                if not data:
                    return
                self.udp.sendto(data, peer)


class TestDatagrams(StreamTest):
    def open_coap(self):
        port = start_coap(self.lab, self.ca, self.server, 'dtls', None, True)
        connection = self.open(self.make_context(protocol='dtls'), port, host='127.0.0.1')
        connection.wait_connected()
        stream = connection.acquire_stream()
        self.lab.closers.append(stream.close)
        self.assertEqual(stream.type, socket.SOCK_SEQPACKET)
        return connection, stream

    def coap(self, proxy, method, *options):
        return self.lab.run(['coap-client-notls', '-m', method, '-b', '512', '-B', str(lab.PATIENCE_S), *options,
                             f'coap://127.0.0.1:{proxy.port}/example_data'])

    def test_coap_blocks(self):
        """An unmodified CoAP client carries 10 kB to a real server and back, in blocks, each a datagram."""
        connection, stream = self.open_coap()
        proxy = CoapProxy(stream)
        data = ''.join(self.random.choices('abcdefghijklmnopqrstuvwxyz', k=10000))
        put = self.coap(proxy, 'put', '-f', self.lab.write('up', data))
        self.assertEqual(put.returncode, 0, put.errors)
        got = self.coap(proxy, 'get')
        self.assertEqual(got.output.strip().decode(), data)
        self.assertGreaterEqual(len(proxy.sizes), 2 * 20)
        stream.shutdown(socket.SHUT_RDWR)
        self.expect_closed(connection, 'requested')

    def test_too_long(self):
        """It is not cut and not dropped in silence."""
        connection, stream = self.open_coap()
        stream.send(bytes(1025))
        self.expect_closed(connection, 'datagram-size', says='max-send-bytes')
        self.assertNotIn('AT+QSSLSEND=0,0', self.daemon.read_trace())
        with self.assertRaises(BrokenPipeError):
            stream.send(b'x')


if __name__ == '__main__':
    lab.main()
