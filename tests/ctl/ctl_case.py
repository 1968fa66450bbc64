# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of modemsslctl share: a private bus, the scripted service, and the program.

Environment: MODEMSSLCTL, INTERFACE_DIR.
"""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from fake_service import FakeService

PROGRAM = os.environ['MODEMSSLCTL']
INTERFACE_DIR = os.environ['INTERFACE_DIR']
TIMEOUT_S = 20
DENIAL = '<policy context="mandatory"><deny send_destination="org.modemssl1"/></policy>'


class Bus:
    """A private bus that starts nothing by itself."""

    def __init__(self, extra=''):
        self.directory = tempfile.TemporaryDirectory()
        config = pathlib.Path(self.directory.name) / 'bus.conf'
        config.write_text(f'''<busconfig><type>session</type>
            <listen>unix:dir={self.directory.name}</listen>
            <policy context="default"><allow send_destination="*"/><allow eavesdrop="false"/>
            <allow own="*"/></policy>{extra}</busconfig>''')
        self.process = subprocess.Popen(['dbus-daemon', f'--config-file={config}', '--nofork', '--print-address'],
                                        stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip()

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()
        self.directory.cleanup()


def environment(address):
    return dict(os.environ, DBUS_SESSION_BUS_ADDRESS=address, DBUS_SYSTEM_BUS_ADDRESS='unix:path=/nonexistent',
                LC_ALL='C.UTF-8', TZ='UTC')


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bus = Bus()
        cls.addClassCleanup(cls.bus.stop)

    def setUp(self):
        self.service = FakeService(self.bus.address, INTERFACE_DIR)
        self.addCleanup(self.stop_service)

    def stop_service(self):
        if self.service is not None:
            self.service.stop()
        self.service = None

    def start(self, *arguments, address=None, **options):
        options = {'stdin': subprocess.PIPE, 'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, **options}
        process = subprocess.Popen([PROGRAM, '--bus', 'session', *arguments],
                                   env=environment(address or self.bus.address), **options)
        self.addCleanup(self.reap, process)
        return process

    @staticmethod
    def reap(process):
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()

    def finish(self, process, data=None):
        """Exit status, standard output and standard error (text)."""
        out, err = process.communicate(data, TIMEOUT_S)
        return process.returncode, out, err.decode() if err is not None else None

    def ctl(self, *arguments, data=b'', **options):
        status, out, err = self.finish(self.start(*arguments, **options), data)
        return status, out.decode(), err

    def good(self, *arguments, **options):
        status, out, err = self.ctl(*arguments, **options)
        self.assertEqual((status, err), (0, ''))
        return out

    def good_json(self, *arguments, **options):
        return json.loads(self.good(*arguments, '--json', **options))

    def bad(self, expected_status, *arguments, **options):
        status, out, err = self.ctl(*arguments, **options)
        self.assertEqual((status, out), (expected_status, ''), err)
        self.assertTrue(err.startswith('modemsslctl: '), err)
        self.assertNotIn('GDBus', err)
        self.assertNotIn('org.modemssl1.Error', err)
        return err

    def use(self, script):
        self.service.script = script

    @property
    def connection(self):
        return self.service.connections[-1]
