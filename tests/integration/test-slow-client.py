#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client that subscribes and stops reading while data arrives: the others do not notice, and it gets everything or
"overflow", never data with a hole.
"""
import json
import os
import signal
import time

import lab
from bench import BenchTest
from client import MODULE, sha256
from lab import wait_for
from servers import PIECE_BYTES

HERE = os.path.dirname(os.path.abspath(__file__))
KILO = 1024
FLOOD_BYTES = 5 << 20
# What the daemon must keep for a client (introspection/org.modemssl1.Connection.xml).
BUFFER_BYTES = 256 * KILO
ANSWER_S = 1.0


def is_stopped(pid):
    with open(f'/proc/{pid}/stat', encoding='ascii', errors='replace') as file:
        return file.read().rpartition(')')[2].split()[0] == 'T'


class TestSlowClient(BenchTest):
    def flood(self, data, then):
        """Behaviour: waits for the client's word, sends @data, and goes on as @then(connection) says."""
        def behave(connection):
            connection.recv(PIECE_BYTES)
            sent = 0
            try:
                for start in range(0, len(data), PIECE_BYTES):
                    connection.sendall(data[start:start + PIECE_BYTES])
                    sent += len(data[start:start + PIECE_BYTES])
                then(connection)
            except OSError:
                pass
            return sent
        return behave

    def start_slow_client(self, data, then):
        server = self.behave(self.flood(data, then), ca=self.ca)
        context = self.make_context()
        out = self.lab.path('slow.json')
        with open(out, 'wb') as stdout:
            process = self.lab.start(['/usr/bin/python3', os.path.join(HERE, 'slow-client.py'), self.lab.bus.address,
                                      context, str(server.port)], 'slow-client', stdout=stdout)
        self.lab.closers.append(lambda: process.poll() is None and process.send_signal(signal.SIGCONT))
        wait_for(lambda: is_stopped(process.pid), 'the client to stop')
        return server, process, out

    def wait_result(self, process, out):
        process.send_signal(signal.SIGCONT)
        wait_for(lambda: process.poll() is not None, 'the end of the slow client')
        with open(out, encoding='utf-8') as file:
            result = json.load(file)
        self.assertEqual(result['holes'], [])
        self.assertEqual(len(result['closed']), 1)
        return result

    def watch_others(self, until):
        """Another client asks all the time until @until(); gives the longest time that an answer took."""
        path = self.client.manager('GetModule', 'cell0')
        longest = 0
        while not until():
            before = time.monotonic()
            self.client.get(path, MODULE, 'State')
            longest = max(longest, time.monotonic() - before)
        return longest

    def test_five_megabytes(self):
        data = self.random.randbytes(FLOOD_BYTES)
        server, process, out = self.start_slow_client(data, lambda connection: connection.unwrap())
        longest = self.watch_others(lambda: not server.results.empty())
        self.assertLess(longest, ANSWER_S, 'another client had to wait')
        result = self.wait_result(process, out)
        self.assertEqual(result['sha256'], sha256(data[:result['size']]))
        reason = result['closed'][0][1]
        if reason == 'server-closed':
            self.assertEqual(result['size'], len(data))
        else:
            self.assertEqual(reason, 'overflow', result['closed'])
            self.assertGreater(len(result['closed'][0][2]), 20)
        self.expect_goes_on()

    def test_what_fits_the_buffer_is_complete(self):
        data = self.random.randbytes(BUFFER_BYTES)
        server, process, out = self.start_slow_client(data, lambda connection: connection.unwrap())
        longest = self.watch_others(lambda: not server.results.empty())
        self.assertLess(longest, ANSWER_S, 'another client had to wait')
        result = self.wait_result(process, out)
        self.assertEqual(result['closed'][0][1], 'server-closed')
        self.assertEqual((result['size'], result['sha256']), (len(data), sha256(data)))
        self.expect_goes_on()

    def test_nobody_asks_for_the_data(self):
        server = self.behave(self.flood(self.random.randbytes(FLOOD_BYTES), lambda connection: connection.unwrap()),
                             ca=self.ca)
        connection = self.open(self.make_context(), server.port)
        connection.wait_connected()
        connection.send(b'go')
        self.expect_closed(connection, 'overflow')
        self.expect_goes_on()

    def test_a_client_that_dies_frees_the_slot(self):
        server, process, _ = self.start_slow_client(self.random.randbytes(10 * KILO), lambda connection: connection.recv(1))
        process.kill()
        server.wait_result()
        self.expect_goes_on()


if __name__ == '__main__':
    lab.main()
