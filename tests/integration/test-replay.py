#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon on recorded modules: on a replay it starts as on the module itself, and opens, sends, receives and closes."""
import os
import re
import sys

import lab
from bench import BenchTest
from lab import SOURCE_ROOT, LabTest, wait_for, wait_module
from servers import echo
from variants import draw_some

RECORD = os.path.join(SOURCE_ROOT, 'tools', 'record-module')
CONVERSATIONS = os.path.join(SOURCE_ROOT, 'tests', 'conversations')
PAYLOAD = b'twenty-three characters'
IDENTITY = ('State', 'Manufacturer', 'Model', 'Revision', 'Capabilities')
NETWORK = ('Registration', 'SimState', 'SignalQuality', 'PowerSaving')
# With these a recording is not all of the module: it sleeps while it is asked, or finds its network behind it.
ROUGH = ('sleep-after-ms', 'sleep-first-at', 'result-8', 'cold-start', 'sim-ms', 'register-ms', 'deep-sleep-after-ms')


class ReplayTest(BenchTest):
    def setUp(self):
        LabTest.setUp(self)
        self.clients = []

    def begin(self, *sims):
        self.daemon = self.lab.daemon(*sims)
        self.client = self.new_client()

    def replay(self, path, name):
        return self.lab.sim('time-scale=0.05', name=name, replay=path)

    def expect_conversation(self, sim, form, size, answer):
        context = self.client.create_context(f'{sim.name}-{form}', authentication='none', tls_version='negotiate',
                                             send_format=form, receive_format=form, timeout=90)
        connection = self.open(context, 4433, host='host.invalid', module=sim.name)
        connection.wait_connected()
        connection.send(b'?' * size)
        self.assertEqual(connection.receive_exactly(size), answer)
        self.assertEqual(connection.close()[1], 'requested')
        connection.release()
        wait_module(self.client.bus, sim.name, 'ready')

    def properties(self, sim):
        return self.client.get_all(f'/org/modemssl1/modules/{sim.name}', 'org.modemssl1.Module')

    def expect_same(self, sim, other):
        """What does not depend on the host, as soon as both have told it."""
        def read(keys):
            return [[found[key] for key in keys] for found in (self.properties(sim), self.properties(other))]
        first, second = read(IDENTITY)
        self.assertEqual(first, second)
        wait_for(lambda: all(found[0] for found in read(NETWORK)), 'the network of both')
        wait_for(lambda: read(NETWORK)[0] == read(NETWORK)[1], f'the same of both: {read(NETWORK)}')


class TestRecorded(ReplayTest):
    def record(self, sim, form):
        output = self.lab.path(f'{sim.name}.transcript')
        server = self.behave(echo)
        run = self.lab.run([sys.executable, RECORD, '--sleep', '0', '--pace', '5', '--connect', f'127.0.0.1:{server.port}',
                            '--send', PAYLOAD.decode(), '--data-mode', '-o', output, *(['--hex'] if form == 'hex' else []),
                            sim.link])
        self.assertEqual((run.returncode, run.errors), (0, ''))
        with open(output, encoding='ascii') as file:
            self.assertNotRegex(file.read(), '(?i)twenty|' + PAYLOAD.hex())
        return output

    def test_as_the_module_itself(self):
        """However the module behaves."""
        sims = []
        for number, form in enumerate(('text', 'hex')):
            switches = draw_some(self.random)
            for name in ROUGH:
                switches.pop(name, None)
            with self.subTest(**switches):
                sim = self.lab.sim(*(f'{name}={value}' for name, value in switches.items()), name=f'cell{number}')
                sims += [sim, self.replay(self.record(sim, form), f'again{number}')]
        self.begin(*sims)
        for number, form in enumerate(('text', 'hex')):
            sim, again = sims[2 * number:2 * number + 2]
            self.expect_same(again, sim)
            self.expect_conversation(again, form, len(PAYLOAD), (b'x' if form == 'text' else b'z') * len(PAYLOAD))


class TestConversations(ReplayTest):
    """What is kept in tests/conversations with a connection in it."""

    def test_all(self):
        sims = {}
        for file in sorted(os.listdir(CONVERSATIONS)):
            found = re.match(r'(.*-(text|hex))\.transcript', file)
            if found:
                sims[self.replay(os.path.join(CONVERSATIONS, file), found.group(1))] = found.group(2)
        self.assertTrue(sims)
        self.begin(*sims)
        for sim, form in sims.items():
            with open(sim.replay, encoding='ascii') as file:
                size = int(re.search(r'AT\+QSSLSEND=0,0,(\d+)', file.read()).group(1))
            self.expect_conversation(sim, form, size, (b'x' if form == 'text' else b'z') * size)


if __name__ == '__main__':
    lab.main()
