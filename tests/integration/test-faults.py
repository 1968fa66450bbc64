#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Modules that cost something, whatever the host does, and faults at any place of the dialogue: each ends in one clear reason,
never in a hole, never with less authentication; and the next connection works.
"""
import signal

import lab
from client import Refused
from lab import wait_for
from servers import free_port, read_all
from variant_case import VariantTest


class TestSpecial(VariantTest):
    """What costs something, or needs a setting: one clear end, never a hole."""

    def expect_prefix(self, server, data):
        got = server.wait_result()
        self.assertTrue(data.startswith(got), got)

    def test_late_data_mode(self):
        self.begin({'data-accept-ms': 60}, daemon_settings={'prompt-delay': '100'})
        self.expect_harmless(long=100)

    def test_urcs_lost_in_data_mode(self):
        # Whoever speaks in turn loses nothing; a loss itself cannot be seen by any host.
        self.begin({'urc-in-data-mode': 'lost'})
        self.expect_harmless(long=1000)

    def test_esc_ends_a_counted_send(self):
        self.begin({'esc-in-fixed': 'cancel', 'esc': 'error'})
        self.expect_harmless(up='hex')
        server = self.behave(read_all, ca=self.ca)
        connection = self.open(self.contexts['text', 'text'], server.port)
        connection.wait_connected()
        connection.send(b'before')
        with self.assertRaises(Refused):
            connection.send(b'has an \x1b in it')
        self.expect_closed(connection, 'module-error')
        self.assertEqual(server.wait_result(), b'before')
        self.expect_goes_on(self.contexts['hex', 'text'])

    def test_sent_is_never_confirmed(self):
        self.begin({'send-result': 'none'})
        server = self.behave(read_all, ca=self.ca)
        connection = self.open(self.contexts['text', 'text'], server.port)
        connection.wait_connected()
        with self.assertRaises(Refused):
            connection.send(b'perhaps')
        connection.wait_closed()
        self.assertEqual(connection.get('BytesConfirmed'), 0)
        self.expect_closed(connection, 'timeout')
        self.expect_prefix(server, b'perhaps')

    def test_stack_degrades(self):
        self.begin({'degrade-after-opens': 1})
        context = self.contexts['text', 'text']
        self.expect_goes_on(context)
        self.expect_closed(self.open(context, free_port()), 'module-error')
        self.sim.process.send_signal(signal.SIGHUP)
        wait_for(lambda: 'restarted' in self.daemon.read_trace(), 'the restart')
        self.expect_goes_on(context)


if __name__ == '__main__':
    lab.main()
