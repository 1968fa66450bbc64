# SPDX-License-Identifier: LGPL-2.1-or-later
"""A daemon that is killed at any byte that passes the port, in either direction, or shortly after it.
"""
from gi.repository import GLib

from bench import BenchTest
from client import Refused
from lab import wait_for
from servers import read_all

PIECES = [b'%06d ' % n * 40 for n in range(12)]
PROMPT_DELAY_MS = 10
# Behind the byte at which the daemon is killed: at once, or when it has read that byte and waits for the prompt delay.
KILL_DELAYS_MS = [0, 0, 3, 15]


class KillTest(BenchTest):
    """The test sets up `tap`, `daemon` and `client`; then begin()."""

    def begin(self):
        self.context = self.make_context()
        # The first use uploads the credential, the second one is like all that follow.
        self.measure()
        self.total = self.measure()

    def use(self, server):
        """A whole use of the module, in which the daemon may be killed at any time."""
        connection = self.client.open(self.context, 'localhost', server.port)
        wait_for(lambda: self.is_killed() or 'connected' in connection.states or connection.closed, 'a connection')
        calls = [connection.start_send(piece) for piece in PIECES]
        wait_for(lambda: self.is_killed() or all(call.done for call in calls), 'the sends')
        if not self.is_killed():
            connection.call('Close')
            wait_for(lambda: self.is_killed() or connection.closed, 'Closed')
            connection.check()

    def is_killed(self):
        return self.daemon.process.poll() is not None

    def measure(self):
        server = self.behave(read_all, ca=self.ca)
        before = self.tap.count
        self.use(server)
        self.assertEqual(server.wait_result(), b''.join(PIECES))
        return self.tap.count - before

    def kill_somewhere(self, server):
        delay_ms = self.random.choice(KILL_DELAYS_MS)
        process = self.daemon.process
        self.tap.call_behind(self.random.randrange(1, self.total), lambda: self.kill(process) if delay_ms == 0
                             else GLib.timeout_add(delay_ms, self.kill, process))
        try:
            self.use(server)
        except Refused:
            pass
        # It may have taken fewer bytes this time.
        self.tap.at = None
        self.kill(process)

    def kill(self, process):
        if process is self.daemon.process and not self.is_killed():
            self.daemon.kill()
        return GLib.SOURCE_REMOVE

    def expect_prefix(self, server, confirmed=0):
        """Of a server that was reached; one that was not has nothing to tell. At least what was confirmed is in it."""
        if not server.accepted:
            self.assertEqual(confirmed, 0)
            return
        got = server.wait_result()
        # A handshake that was given up is no stream.
        if not isinstance(got, OSError):
            self.assertTrue(b''.join(PIECES).startswith(got), got[-200:])
            self.assertGreaterEqual(len(got), confirmed)

    def stop(self):
        """In good order; meanwhile the tap goes on."""
        self.daemon.process.terminate()
        wait_for(self.is_killed, 'the end of the daemon')
        self.daemon.stop()

    def restart(self):
        self.daemon.start()
        self.client = self.new_client()
