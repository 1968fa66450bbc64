#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Of the daemon and the holder one is killed: what the server received is a prefix of what was sent, and the module answers, the next
daemon or whoever comes after the holder.
"""
import signal

import lab
from client import CONNECTION
from killing import PIECES, PROMPT_DELAY_MS, KillTest
from lab import FULL, wait_for, wait_module
from servers import read_all
from tap import Tap

TRIALS = 200 if FULL else 12
# A command that died with the holder has no prompt, and that is waited for.
NOTICE_S = 20


class HeldTest(KillTest):
    def setUp(self):
        lab.LabTest.setUp(self)
        self.clients = []
        self.sim = self.lab.sim(name='cell0')
        self.tap = Tap(self.lab, self.sim, self.lab.path('tap'))
        self.holder = self.lab.holder()
        self.daemon = self.lab.daemon(self.sim, settings={'device': self.tap.link, 'prompt-delay': str(PROMPT_DELAY_MS)})
        self.client = self.new_client()
        self.begin()


class TestKilled(HeldTest):
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


class TestHolderKilled(HeldTest):
    """The same daemon goes on: its connection ends with a reason, the port is opened by the next holder, or directly."""

    def test_next_holder_or_none(self):
        for next_holder in (True, False):
            server = self.behave(read_all, ca=self.ca)
            connection = self.open(self.context, server.port)
            connection.wait_connected()
            connection.send(b'whole')
            self.kill_holder(next_holder)
            self.expect_closed(connection, 'module-lost')
            wait_module(self.client.bus, 'cell0', 'ready')
            self.assertEqual(server.wait_result(), b'whole')
            self.expect_goes_on(self.context)

    def test_at_any_byte(self):
        """What the module waits for is written by the daemon then, so its next owner finds a module that answers. Half of the bytes are
        prompts."""
        for trial in range(TRIALS // 2):
            server = self.behave(read_all, ca=self.ca)
            if trial % 2:
                self.tap.call_behind_prompt(self.random.randint(1, len(PIECES)), lambda: self.kill_holder(next_holder=True))
            else:
                self.tap.call_behind(self.random.randrange(1, self.total), lambda: self.kill_holder(next_holder=True))
            confirmed = self.use_to_the_end(server)
            self.expect_prefix(server, confirmed)
            wait_module(self.client.bus, 'cell0', 'ready')
            self.assertIsNone(self.daemon.process.poll(), f'trial {trial}')
        self.expect_goes_on(self.context)

    def use_to_the_end(self, server):
        """Gives how many bytes were confirmed."""
        connection = self.client.open(self.context, 'localhost', server.port)
        wait_for(lambda: 'connected' in connection.states or connection.closed, 'a connection')
        calls = [connection.start_send(piece) for piece in PIECES]
        wait_for(lambda: all(call.done for call in calls), 'the sends')
        if not connection.closed:
            connection.client.start_call(connection.path, CONNECTION, 'Close')
        _, reason, text = connection.wait_closed(NOTICE_S)
        # It may have taken fewer bytes this time.
        self.tap.at = None
        self.assertIn(reason, ('module-lost', 'requested'), text)
        return sum(len(piece) for piece, call in zip(PIECES, calls) if call.result is not None)

    def kill_holder(self, next_holder):
        self.holder.kill()
        self.holder.wait()
        self.lab.processes.remove(self.holder)
        if next_holder:
            self.holder = self.lab.holder()


if __name__ == '__main__':
    lab.main()
