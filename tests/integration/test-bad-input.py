#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a client may not do: each is refused with a documented error, nothing is stored and nothing is sent."""
import json
import os

import lab
from bench import BenchTest
from certificates import EC, openssl
from client import CONNECTION, CONTEXT, ERROR, Refused
from gi.repository import GLib
from lab import POLICY_FILE, Lab, as_other_user, group_exists
from servers import echo

HERE = os.path.dirname(os.path.abspath(__file__))
QUIET_BUS_ERROR = 'org.freedesktop.DBus.Error.AccessDenied'


class BadInputTest(BenchTest):
    def setUp(self):
        super().setUp()
        self.before = self.snapshot()
        self.sent_before = self.read_sent()

    def snapshot(self):
        """Every file of the state directory with its content, but the counter of connections."""
        found = {}
        for folder, _, names in os.walk(self.daemon.state_dir):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, 'rb') as file:
                    found[os.path.relpath(path, self.daemon.state_dir)] = file.read()
        found.pop('connection-number', None)
        return found

    def read_sent(self):
        """How often the daemon began an upload, an open or a send, as its trace tells."""
        trace = self.daemon.read_trace()
        return [trace.count(word) for word in ('AT+QSSLOPEN=', 'AT+QSSLSEND=', '"cacert"', '"clientkey"')]

    def refused(self, error, says, function, *args, **options):
        """The call fails with @error (without its prefix) and a text that holds @says; nothing has changed."""
        with self.assertRaises(Refused) as refused:
            function(*args, **options)
        found = refused.exception
        self.assertEqual(found.name, ERROR + error, found.text)
        self.assertIn(says.lower(), found.text.lower())
        self.assertEqual(self.snapshot(), self.before)
        self.assertEqual(self.read_sent(), self.sent_before)
        return found.text


class TestCredentials(BadInputTest):
    def import_parts(self, **parts):
        self.client.import_credential('bad', **parts)

    def test_no_pem(self):
        for junk in (b'this is no PEM', b'\0\xff\x1a', b'-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'):
            self.refused('InvalidCredential', 'ca', self.import_parts, ca=junk)

    def test_empty(self):
        with self.assertRaises(Refused):
            self.import_parts(ca=b'')
        self.assertEqual(self.snapshot(), self.before)

    def test_key_of_another_certificate(self):
        cert = self.device.read()[0]
        key = self.server.read()[1]
        self.refused('InvalidCredential', 'key', self.import_parts, certificate=cert, key=key)

    def test_key_and_certificate_swapped(self):
        cert, key = self.device.read()
        self.refused('InvalidCredential', '', self.import_parts, certificate=key, key=cert)

    def test_certificate_without_key(self):
        self.refused('InvalidArgument', 'key', self.import_parts, certificate=self.device.read()[0])

    def test_ec_key(self):
        cert, key = self.ca.issue('ec-device', EC).read()
        self.refused('InvalidCredential', 'RSA', self.import_parts, certificate=cert, key=key)

    def test_encrypted_key(self):
        cert, _ = self.device.read()
        path = self.lab.path('encrypted.key')
        openssl('rsa', '-aes128', '-passout', 'pass:secret', '-in', self.device.key, '-out', path)
        with open(path, 'rb') as file:
            self.refused('InvalidCredential', 'encrypted', self.import_parts, certificate=cert, key=file.read())

    def test_expired_certificate(self):
        cert, key = self.ca.issue('expired', days=-1).read()
        self.refused('InvalidCredential', 'ended', self.import_parts, certificate=cert, key=key)

    def test_one_megabyte(self):
        big = b'-----BEGIN CERTIFICATE-----\n' + b'A' * (1 << 20)
        with self.assertRaises(Refused) as refused:
            self.import_parts(ca=big)
        self.assertRegex(refused.exception.name, ERROR + '(InvalidCredential|InvalidArgument|LimitExceeded)')
        self.assertIn('16384', refused.exception.text)
        self.assertEqual(self.snapshot(), self.before)

    def test_one_megabyte_from_a_file(self):
        path = self.lab.write('big.pem', b'A' * (1 << 20))
        run = self.lab.ctl('credential', 'import', 'bad', '--ca', path)
        self.assertNotEqual(run.returncode, 0)
        self.assertRegex(run.errors, 'too large|16384')
        self.assertEqual(self.snapshot(), self.before)

    def test_unknown_part(self):
        self.refused('InvalidArgument', 'colour', self.import_parts, colour='blue')

    def test_part_of_a_wrong_type(self):
        self.refused('InvalidArgument', 'ca', self.import_parts, ca=7)

    def test_bad_names(self):
        ca = self.ca.read()[0]
        for name in ('', '.hidden', '../up', 'a/b', 'ä', 'x' * 64, 'a b', '-x'):
            self.refused('InvalidArgument', 'name', self.client.import_credential, name, ca=ca)

    def test_key_is_never_given_back(self):
        self.import_identity()
        secret = self.device.read()[1].split(b'\n')[3].decode()
        self.assertNotIn(secret, str(self.client.get_all(self.client.manager('GetCredential', 'device'),
                                                         'org.modemssl1.Credential')))
        self.client.open(self.client.create_context('x', authentication='mutual', ca_certificate='device',
                                                    client_certificate='device'), 'localhost',
                         self.behave(echo, ca=self.ca).port).wait_connected()
        with open(self.daemon.process.log, encoding='utf-8', errors='replace') as file:
            self.assertNotIn(secret, file.read())
        self.assertNotIn(secret, self.daemon.read_trace())

    def test_state_is_for_root_only(self):
        self.import_identity()
        for folder, folders, names in os.walk(self.daemon.state_dir):
            self.assertEqual(os.stat(folder).st_mode & 0o777, 0o700, folder)
            for name in names:
                self.assertEqual(os.stat(os.path.join(folder, name)).st_mode & 0o777, 0o600, name)


class TestContexts(BadInputTest):
    def setUp(self):
        super().setUp()
        self.context = self.client.create_context('plain', authentication='none')
        self.before = self.snapshot()

    def configure(self, **settings):
        self.client.configure(self.context, **settings)

    def test_unknown_setting(self):
        self.refused('InvalidArgument', 'colour', self.configure, colour='blue')

    def test_setting_of_a_wrong_type(self):
        self.refused('InvalidArgument', 'timeout', self.configure, timeout='soon')

    def test_values_out_of_range(self):
        for key, value in (('timeout', 9), ('timeout', 301), ('tls_version', '1.3'), ('authentication', 'some'),
                           ('send_format', 'base64'), ('module_debug', 5), ('protocol', 'quic')):
            self.refused('InvalidArgument', key.replace('_', '-'), self.configure, **{key: value})

    def test_all_or_nothing(self):
        self.refused('InvalidArgument', 'colour', self.configure, timeout=20, colour='blue')
        self.assertEqual(self.client.get(self.context, CONTEXT, 'Settings')['timeout'], 90)

    def test_unknown_credential(self):
        self.refused('NotFound', 'nowhere', self.configure, ca_certificate='nowhere')

    def test_context_exists(self):
        self.refused('Exists', 'plain', self.client.create_context, 'plain')

    def test_credential_in_use(self):
        self.import_identity()
        self.configure(ca_certificate='device')
        self.before = self.snapshot()
        path = self.client.manager('GetCredential', 'device')
        self.refused('InUse', '', self.client.call, path, 'org.modemssl1.Credential', 'Delete')


class TestOpen(BadInputTest):
    def setUp(self):
        super().setUp()
        self.context = self.client.create_context('plain', authentication='none')
        self.before = self.snapshot()

    def open_with(self, host='localhost', port=4433, **options):
        self.client.open(self.context, host, port, **options)

    def test_host_with_a_quote(self):
        self.refused('InvalidArgument', 'host', self.open_with, host='local"host')

    def test_host_that_injects_a_command(self):
        for host in ('localhost",1,0\rAT+QRST=1\r', 'a\nb', 'a\x1ab', 'a\x7f', 'höst', ''):
            self.refused('InvalidArgument', 'host', self.open_with, host=host)

    def test_host_too_long(self):
        self.refused('InvalidArgument', '150', self.open_with, host='a' * 151)

    def test_port_0(self):
        self.refused('InvalidArgument', 'port', self.open_with, port=0)

    def test_unknown_option(self):
        self.refused('InvalidArgument', 'colour', self.open_with, colour='blue')

    def test_option_of_a_wrong_type(self):
        self.refused('InvalidArgument', 'persist', self.open_with, persist='yes')

    def test_unknown_module(self):
        self.refused('NotFound', 'cell9', self.open_with, module='cell9')

    def test_credential_that_is_missing(self):
        for authentication in ('server', 'mutual'):
            self.client.configure(self.context, authentication=authentication)
            self.before = self.snapshot()
            self.refused('InvalidArgument', 'ca-certificate', self.open_with)


class TestConnections(BadInputTest):
    def setUp(self):
        super().setUp()
        self.context = self.make_context()
        self.served = self.behave(echo, ca=self.ca)
        self.connection = self.open(self.context, self.served.port)
        self.connection.wait_connected()
        self.before, self.sent_before = self.snapshot(), self.read_sent()

    def test_sizes_of_send(self):
        for size in (0, 65537):
            self.refused('InvalidArgument', '65536', self.connection.start_send(b'x' * size).wait)

    def test_second_open(self):
        self.refused('Busy', 'cell0', self.client.open, self.context, 'localhost', self.served.port, queue_timeout=0)

    def test_receive_in_two_ways(self):
        self.connection.receive(0, timeout_ms=0)
        self.refused('ReceiveMode', '', self.connection.start_receiving)

    def test_offset_never_reached(self):
        self.refused('Offset', '', self.connection.receive, 1)

    def test_too_long_a_wait(self):
        self.refused('InvalidArgument', '20000', self.connection.receive, 0, timeout_ms=20001)

    def test_malformed_call(self):
        with self.assertRaises(Refused) as refused:
            self.client.call(self.connection.path, CONNECTION, 'Send', GLib.Variant('(s)', ('text',)))
        self.assertEqual(refused.exception.name, 'org.freedesktop.DBus.Error.InvalidArgs')


class TestOwnership(BenchTest):
    """Root may do everything, so here the clients are the user nobody, who is in the group."""

    def run_two_clients(self, how):
        server = self.behave(echo, ca=self.ca)
        with open(os.path.join(HERE, 'two-clients.py'), encoding='utf-8') as file:
            script = file.read()
        run = self.lab.run(as_other_user(['/usr/bin/python3', '-c', script, self.lab.bus.address, self.make_context(),
                                          str(server.port), how], in_group=True))
        self.assertEqual(run.returncode, 0, run.errors)
        return json.loads(run.output)

    def test_second_client_touches_the_connection_of_the_first(self):
        found = self.run_two_clients('alone')
        self.assertIn('connected', found['states'])
        self.assertEqual(found['heard'], [len('secret'), 0])
        self.assertEqual(set(found['calls'].values()), {ERROR + 'AccessDenied'}, found['calls'])
        self.expect_goes_on()

    def test_second_client_of_the_same_user_carries_on(self):
        found = self.run_two_clients('persist')
        self.assertIn('connected', found['states'])
        self.assertEqual(found['calls'], {'GetStatistics': 'ok', 'Send': 'ok', 'Receive': 'ok', 'Close': 'ok',
                                          'StartReceiving': ERROR + 'ReceiveMode', 'Release': 'ok'})
        self.expect_goes_on()


class TestBusPolicy(BenchTest):
    """Whom the bus itself lets through. The daemon is the real one; the clients are the user nobody's."""

    def ask(self, in_group):
        return self.lab.run(as_other_user(
            ['gdbus', 'call', '--address', self.lab.bus.address, '--dest', 'org.modemssl1', '--object-path',
             '/org/modemssl1', '--method', 'org.modemssl1.Manager.GetModules'], in_group))

    def test_client_outside_the_group(self):
        run = self.ask(in_group=False)
        self.assertNotEqual(run.returncode, 0)
        self.assertIn(QUIET_BUS_ERROR, run.errors)
        self.assertEqual(run.output, b'')

    def test_client_in_the_group(self):
        run = self.ask(in_group=True)
        self.assertEqual(run.returncode, 0, run.errors)
        self.assertIn(b'/org/modemssl1/modules/cell0', run.output)

    def test_outsider_may_not_own_the_name(self):
        for in_group in (False, True):
            run = self.lab.run(as_other_user(
                ['gdbus', 'call', '--address', self.lab.bus.address, '--dest', 'org.freedesktop.DBus', '--object-path',
                 '/org/freedesktop/DBus', '--method', 'org.freedesktop.DBus.RequestName', 'org.modemssl1', '0'], in_group))
            self.assertIn(QUIET_BUS_ERROR, run.errors)

    def test_outsider_hears_nothing(self):
        """Neither the daemon's signals, nor a signal of its own reaches the daemon."""
        listener = self.lab.start(as_other_user(
            ['gdbus', 'monitor', '--address', self.lab.bus.address, '--dest', 'org.modemssl1'], in_group=False), 'monitor')
        lab.wait_for(lambda: b'is owned by' in lab.read_bytes(listener.log), 'the listener')
        self.expect_goes_on()
        self.assertNotIn(b'org.modemssl1.', lab.read_bytes(listener.log).replace(b'The name org.modemssl1', b''))


class TestShippedPolicy(BenchTest):
    """The very file that is installed, not a copy."""

    def test_bus_takes_it(self):
        strict = Lab(policy=POLICY_FILE)
        try:
            if os.getuid() == 0:
                strict.daemon(strict.sim())
            log = lab.read_bytes(strict.bus.process.log).decode()
        finally:
            complaints = strict.close()
            strict.remove()
        self.assertEqual(complaints, [])
        if not group_exists():
            self.assertIn('modemssl', log)
            log = '\n'.join(line for line in log.splitlines() if 'Unknown group "modemssl"' not in line)
        log = '\n'.join(line for line in log.splitlines() if 'Failed to set fd limit' not in line)
        self.assertNotIn('rror', log)


if __name__ == '__main__':
    lab.main()
