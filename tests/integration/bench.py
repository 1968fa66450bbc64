# SPDX-License-Identifier: LGPL-2.1-or-later
"""What most tests start from: a CA with a server and a client, one simulator, one daemon, one client with a context.
"""
import os
import shutil
import tempfile

from certificates import Ca
from client import Client
from lab import LabTest, wait_module
from servers import OpensslServer, TlsServer, echo

# The shortest that a context may ask for; simulated modules count it faster where a test waits for it.
TIMEOUT_S = 10
ADVICE_CHARACTERS = 20


class BenchTest(LabTest):
    """Certificates are made once for a class; simulator, daemon and client are new for each test."""
    switches = ()
    daemon_settings = None
    baud = None

    @classmethod
    def setUpClass(cls):
        cls.certificates = tempfile.mkdtemp(prefix='modemssl-certificates-')
        cls.addClassCleanup(shutil.rmtree, cls.certificates)
        cls.ca = Ca(cls.certificates)
        cls.server = cls.ca.issue('server')
        cls.device = cls.ca.issue('device')

    def setUp(self):
        super().setUp()
        self.sim = self.lab.sim(*self.switches, name='cell0', baud=self.baud)
        self.daemon = self.lab.daemon(self.sim, settings=self.daemon_settings)
        self.clients = []
        self.client = self.new_client()

    def tearDown(self):
        for client in self.clients:
            for connection in client.connections.values():
                connection.check()
        super().tearDown()

    def new_client(self):
        client = Client(self.lab.bus)
        self.lab.closers.append(client.close)
        self.clients.append(client)
        return client

    def drop_client(self, client):
        """It leaves the bus; a bus takes so many and no more."""
        client.close()
        self.lab.closers.remove(client.close)
        self.clients.remove(client)

    def import_identity(self, name='device', ca=None, identity=None):
        cert, key = (identity or self.device).read()
        with open((ca or self.ca).cert, 'rb') as file:
            self.client.import_credential(name, ca=file.read(), certificate=cert, key=key)

    def make_context(self, name='office', **settings):
        """A context for mutual authentication, with its credential."""
        if 'device' not in self.credential_names():
            self.import_identity()
        return self.client.create_context(name, **{
            'authentication': 'mutual', 'ca_certificate': 'device', 'client_certificate': 'device',
            'timeout': TIMEOUT_S, **settings})

    def credential_names(self):
        return [os.path.basename(path) for path in self.client.manager('GetCredentials')]

    def start_server(self, *options, ca=None, identity=None, **how):
        return OpensslServer(self.lab, ca or self.ca, identity or self.server, *options, **how)

    def behave(self, behaviour, ca=None, identity=None):
        return TlsServer(self.lab, identity or self.server, behaviour, ca=ca)

    def open(self, context, port, host='localhost', **options):
        return self.client.open(context, host, port, **options)

    def expect_closed(self, connection, *reasons, says=''):
        """The end as it should be: one Closed with one of @reasons and a sentence, the same in the properties."""
        code, reason, text = connection.wait_closed()
        self.assertIn(reason, reasons, f'{code} {text}')
        self.assertGreater(len(text), ADVICE_CHARACTERS, text)
        self.assertRegex(text, r'^[A-Z].*\.( \(.+\))?$', 'not a sentence, with the particular in brackets')
        self.assertIn(says.lower(), text.lower())
        found = connection.client.get_all(connection.path, 'org.modemssl1.Connection')
        self.assertEqual((found['CloseCode'], found['CloseReason'], found['CloseText'], found['State']),
                         (code, reason, text, 'closed'))
        connection.release()
        return code, text

    def expect_goes_on(self, context=None):
        """After whatever happened the same daemon opens a connection that works, both ways."""
        wait_module(self.client.bus, self.sim.name, 'ready')
        server = self.behave(echo, ca=self.ca)
        connection = self.open(context or self.make_context('afterwards'), server.port)
        connection.wait_connected()
        connection.send(b'still here?')
        self.assertEqual(connection.receive_exactly(11), b'still here?')
        _, reason, _ = connection.close()
        self.assertEqual(reason, 'requested')
        connection.release()
        self.assertIsNone(self.daemon.process.poll(), 'the daemon ended')
