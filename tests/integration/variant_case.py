# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of modules that behave in different ways start from: several simulators, one daemon, contexts for each format,
and conversations whose every byte is compared.
"""
from bench import BenchTest
from lab import LabTest
from servers import free_port

# Bytes that look like the dialogue, and that end lines and sends.
PAYLOADS = [
    b'\x00first\x1a\x1b\r\nOK\r\n',
    b'\r\n+QSSLURC: "closed",0,0\r\n',
    b'\r\nOK\r\n\r\n+QSSLSEND: 0,0,0\r\n',
    b'  \r\nERROR\r\n',
    b'AT+QSSLCLOSE=0,0\r',
    b'\r\nRDY\r\n',
    b'+QSSLURC: "recv",0,0,4,"fake"\r\n',
    bytes(range(256)),
]
FAREWELL = b'"\r\n+QSSLURC: "recv",0,0,3,"farewell'
FORMATS = ('text', 'hex')


def converse(size):
    """Behaviour: gives back @size bytes as they come, says farewell and closes."""
    def behave(connection):
        count = 0
        while count < size:
            data = connection.recv(65536)
            if not data:
                return count
            connection.sendall(data)
            count += len(data)
        connection.sendall(FAREWELL)
        connection.unwrap()
        return count
    return behave


class VariantTest(BenchTest):
    """Some modules, one daemon that does not know how they behave, and a context for each pair of formats."""

    def setUp(self):
        LabTest.setUp(self)
        self.clients = []

    def begin(self, *variants, daemon_settings=None, faults=()):
        self.sims = [self.lab.sim(*(f'{name}={value}' for name, value in switches.items()), name=f'cell{number}',
                                  faults=faults)
                     for number, switches in enumerate(variants)]
        self.sim = self.sims[0]
        self.daemon = self.lab.daemon(*self.sims, settings=daemon_settings)
        self.client = self.new_client()
        self.make_contexts()

    def make_contexts(self, module_debug=4):
        """Those of an earlier daemon of this test are still there."""
        if any(self.client.manager('GetContexts')):
            return
        self.contexts = {(up, down): self.make_context(f'{up}-{down}', send_format=up, receive_format=down,
                                                       module_debug=module_debug)
                         for up in FORMATS for down in FORMATS}

    def open(self, context, port, host='localhost', **options):
        return super().open(context, port, host, **{'module': self.sim.name, **options})

    def converse(self, context, payloads):
        """Both ways and to the end of it: what was sent arrives, and comes back without a hole."""
        data = b''.join(payloads)
        server = self.behave(converse(len(data)), ca=self.ca)
        connection = self.open(context, server.port)
        connection.wait_connected()
        connection.start_receiving()
        count = 0
        for payload in payloads:
            connection.send(payload)
            count += len(payload)
            connection.wait_received(count)
        self.assertEqual(connection.wait_received(len(data) + len(FAREWELL)), data + FAREWELL)
        self.expect_closed(connection, 'server-closed')
        self.assertEqual(server.wait_result(), len(data))

    def expect_harmless(self, up=None, down=None, long=2500):
        context = self.contexts[up or self.random.choice(FORMATS), down or self.random.choice(FORMATS)]
        self.converse(context, PAYLOADS + [self.random.randbytes(long)])
        self.expect_closed(self.open(context, free_port()), 'connect-failed', 'timeout', 'module-error')
        self.expect_goes_on(context)
