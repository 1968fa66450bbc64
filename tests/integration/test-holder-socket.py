#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The socket of modemssl-holder: its own goes when it ends, one that the service manager has passed stays."""
import os
import signal
import socket
import subprocess

import lab
from lab import LabTest, wait_for

LISTEN_FD = 3


def catches_sigterm(process):
    """That is the last thing that it does before it begins to serve."""
    with open(f'/proc/{process.pid}/status', encoding='ascii') as file:
        caught = next(line.split()[1] for line in file if line.startswith('SigCgt:'))
    return int(caught, 16) >> (signal.SIGTERM - 1) & 1


class TestSocket(LabTest):
    def setUp(self):
        super().setUp()
        self.path = self.lab.path('socket')

    def start_and_end(self, *words, **options):
        process = self.lab.start([*words, lab.MODEMSSL_HOLDER, '--socket', self.path], 'holder', **options)
        wait_for(lambda: catches_sigterm(process) or process.poll() is not None, 'the holder')
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGTERM)
        wait_for(lambda: process.poll() is not None, 'the end of the holder')
        self.assertEqual(process.returncode, 0)

    def test_wrong_options(self):
        for words in (['--grace', '0'], ['--grace', '601'], ['--grace', 'x'], ['--nonsense'], ['word']):
            process = self.lab.run([lab.MODEMSSL_HOLDER, '--socket', self.path, *words])
            self.assertEqual(process.returncode, 2, words)
            self.assertIn('modemssl-holder: ', process.errors)

    def test_its_own(self):
        self.start_and_end()
        self.assertFalse(os.path.exists(self.path))

    def test_bug_26_an_inherited_one(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.bind(self.path)
            listener.listen()
            script = f'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" {LISTEN_FD}<&{listener.fileno()}'
            self.start_and_end('sh', '-c', script, 'sh', pass_fds=[listener.fileno()], stdin=subprocess.DEVNULL)
        self.assertTrue(os.path.exists(self.path))


if __name__ == '__main__':
    lab.main()
