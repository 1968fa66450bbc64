#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`meson install` puts everything where it belongs, and what it puts there fits together.

Needs MODEMSSL_BUILD_ROOT and, for what the build was configured with, MODEMSSL_WITH_SYSTEMD ("true" or "false").
"""
import configparser
import os
import shutil
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

BUILD_ROOT = os.environ['MODEMSSL_BUILD_ROOT']
WITH_SYSTEMD = os.environ['MODEMSSL_WITH_SYSTEMD'] == 'true'
WITH_UDEV = os.environ['MODEMSSL_WITH_UDEV'] == 'true'

EXPECTED = {
    'etc/modemssl/modemssld.conf': 0o644,
    'usr/bin/modemssl-sim': 0o755,
    'usr/bin/modemsslctl': 0o755,
    'usr/libexec/modemssl-holder': 0o755,
    'usr/libexec/modemssld': 0o755,
    'usr/share/dbus-1/interfaces/org.modemssl1.Connection.xml': 0o644,
    'usr/share/dbus-1/interfaces/org.modemssl1.Context.xml': 0o644,
    'usr/share/dbus-1/interfaces/org.modemssl1.Credential.xml': 0o644,
    'usr/share/dbus-1/interfaces/org.modemssl1.Manager.xml': 0o644,
    'usr/share/dbus-1/interfaces/org.modemssl1.Module.xml': 0o644,
    'usr/share/dbus-1/system-services/org.modemssl1.service': 0o644,
    'usr/share/dbus-1/system.d/org.modemssl1.conf': 0o644,
    'usr/share/doc/modemssl/COPYING': 0o644,
    'usr/share/doc/modemssl/NEWS': 0o644,
    'usr/share/doc/modemssl/README.md': 0o644,
    'usr/share/doc/modemssl/modemmanager.md': 0o644,
    'usr/share/doc/modemssl/recovery.md': 0o644,
    'usr/share/man/man1/modemsslctl.1': 0o644,
    'usr/share/man/man1/modemssl-sim.1': 0o644,
    'usr/share/man/man8/modemssl-holder.8': 0o644,
    'usr/share/man/man8/modemssld.8': 0o644,
}
EXPECTED_WITH_SYSTEMD = {
    'usr/lib/systemd/system/modemssl-holder.service': 0o644,
    'usr/lib/systemd/system/modemssl-holder.socket': 0o644,
    'usr/lib/systemd/system/modemssld.service': 0o644,
    'usr/lib/sysusers.d/modemssl.conf': 0o644,
}
EXPECTED_WITH_UDEV = {
    'usr/lib/udev/rules.d/78-mm-modemssl.rules': 0o644,
}


class TestInstall(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = tempfile.mkdtemp(prefix='modemssl-install-')
        cls.addClassCleanup(shutil.rmtree, cls.root)
        subprocess.run(['meson', 'install', '-C', BUILD_ROOT, '--no-rebuild', '--quiet', '--destdir', cls.root],
                       check=True, stdin=subprocess.DEVNULL)

    def path(self, name):
        return os.path.join(self.root, name)

    def parse(self, name):
        parser = configparser.ConfigParser(strict=False, interpolation=None)
        parser.optionxform = str
        with open(self.path(name), encoding='utf-8') as file:
            parser.read_string(file.read())
        return parser

    def test_files_and_modes(self):
        found = {}
        for folder, _, names in os.walk(self.root):
            for name in names:
                path = os.path.join(folder, name)
                found[os.path.relpath(path, self.root)] = os.stat(path).st_mode & 0o777
        self.assertEqual(found, {**EXPECTED, **(EXPECTED_WITH_SYSTEMD if WITH_SYSTEMD else {}),
                                 **(EXPECTED_WITH_UDEV if WITH_UDEV else {})})

    def test_activation_starts_the_daemon(self):
        service = self.parse('usr/share/dbus-1/system-services/org.modemssl1.service')['D-BUS Service']
        self.assertEqual((service['Name'], service['User']), ('org.modemssl1', 'root'))
        if WITH_SYSTEMD:
            self.assertIn('usr/lib/systemd/system/' + service['SystemdService'], EXPECTED_WITH_SYSTEMD)
        else:
            self.assertTrue(os.access(self.path(service['Exec'].lstrip('/')), os.X_OK))

    def test_unit_runs_the_daemon(self):
        if not WITH_SYSTEMD:
            return
        service = self.parse('usr/lib/systemd/system/modemssld.service')['Service']
        self.assertTrue(os.access(self.path(service['ExecStart'].lstrip('/')), os.X_OK))
        self.assertEqual((service['Type'], service['BusName']), ('dbus', 'org.modemssl1'))
        self.assertEqual((service['StateDirectory'], service['StateDirectoryMode']), ('modemssl', '0700'))

    def test_policy_and_interfaces_are_xml(self):
        for name in EXPECTED:
            if name.endswith('.xml') or '/system.d/' in name:
                ElementTree.parse(self.path(name))

    def test_installed_programs_start(self):
        for name, mode in EXPECTED.items():
            if mode == 0o755:
                run = subprocess.run([self.path(name), '--version'], check=True, stdout=subprocess.PIPE, text=True)
                self.assertRegex(run.stdout, r'\b\d+\.\d+\.\d+\n')


if __name__ == '__main__':
    unittest.main()
