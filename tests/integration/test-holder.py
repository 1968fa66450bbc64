#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon is killed, the holder is not: what the server received is a prefix of what was sent, and the module answers, the next
daemon or whoever comes after the holder.
"""
import signal

import lab
from killing import PROMPT_DELAY_MS, KillTest
from lab import FULL, wait_for, wait_module
from servers import read_all
from tap import Tap

TRIALS = 200 if FULL else 12


class TestKilled(KillTest):
    def setUp(self):
        lab.LabTest.setUp(self)
        self.clients = []
        self.sim = self.lab.sim(name='cell0')
        self.tap = Tap(self.lab, self.sim, self.lab.path('tap'))
        self.holder = self.lab.holder()
        self.daemon = self.lab.daemon(self.sim, settings={'device': self.tap.link, 'prompt-delay': str(PROMPT_DELAY_MS)})
        self.client = self.new_client()
        self.begin()

    def test_the_next_daemon_goes_on(self):
        for trial in range(TRIALS):
            with self.subTest(trial=trial):
                server = self.behave(read_all, ca=self.ca)
                self.kill_somewhere(server)
                self.restart()
                self.expect_goes_on(self.context)
                self.expect_prefix(server)
        self.stop()
        self.assertIn('+QSCLK: 1', self.tap.ask('AT+QSCLK?'))

    def test_nobody_comes_back(self):
        for trial in range(TRIALS // 2):
            with self.subTest(trial=trial):
                server = self.behave(read_all, ca=self.ca)
                self.kill_somewhere(server)
                # Told to stop, the holder does not wait for the grace.
                self.holder.send_signal(signal.SIGTERM)
                wait_for(lambda: self.holder.poll() is not None, 'the end of the holder')
                self.assertIn('+QSCLK: 1', self.tap.ask('AT+QSCLK?'))
                self.expect_prefix(server)
                self.lab.processes.remove(self.holder)
                self.holder = self.lab.holder()
                self.restart()
        self.expect_goes_on(self.context)

    def test_the_holder_is_killed(self):
        """The connection ends with a reason, the port is opened by the next holder, or directly."""
        for next_holder in (True, False):
            server = self.behave(read_all, ca=self.ca)
            connection = self.open(self.context, server.port)
            connection.wait_connected()
            connection.send(b'whole')
            self.holder.kill()
            self.holder.wait()
            self.lab.processes.remove(self.holder)
            if next_holder:
                self.holder = self.lab.holder()
            self.expect_closed(connection, 'module-lost')
            wait_module(self.client.bus, 'cell0', 'ready')
            self.assertEqual(server.wait_result(), b'whole')
            self.expect_goes_on(self.context)


if __name__ == '__main__':
    lab.main()
