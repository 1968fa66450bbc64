#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""modemssl-sim as a serial port: who opens and closes it, what a UART would do, its link, its pace and its rate."""
import errno
import fcntl
import os
import signal
import subprocess
import sys
import termios
import time
import unittest

from sim_lab import PATIENCE_S, Port, Sim, SimTest, make_folder, unused_port

# Of the pace; the module's ideal clock is exact, the host's measurement is not.
TOLERANCE = 0.01
TRIES = 20
BITS_PER_BYTE = 10
RATES = (115200, 460800, 921600)
TIOCEXCL = termios.TIOCEXCL


def open_as_nobody(path):
    """The errno with which an unprivileged process cannot open the port; 0 when it can."""
    script = f'import os\ntry:\n os.open({path!r}, os.O_RDWR | os.O_NOCTTY)\nexcept OSError as e:\n print(e.errno)\nelse:\n print(0)'
    words = [sys.executable, '-c', script]
    if os.getuid() == 0:
        words = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--', *words]
    return int(subprocess.run(words, check=True, capture_output=True, timeout=PATIENCE_S).stdout)


class UserTest(SimTest):
    def setUp(self):
        self.sim_ = self.sim()
        # Another process must be able to reach the port itself; the test's folder is its owner's.
        self.path = os.path.realpath(self.sim_.link)

    def close_all(self):
        while self.sim_.ports:
            self.sim_.ports.pop().close()

    def test_open_again_and_again(self):
        for _ in range(20):
            self.sim_.open().ask('AT+CSQ', '+CSQ: 21,0')
            self.close_all()
        self.assertEqual(open_as_nobody(self.path), 0)

    def test_exclusive_until_the_last_close(self):
        port = self.sim_.open()
        fcntl.ioctl(port.fd, TIOCEXCL)
        self.assertEqual(open_as_nobody(self.path), errno.EBUSY)
        self.close_all()
        deadline = time.monotonic() + PATIENCE_S
        while (result := open_as_nobody(self.path)) and time.monotonic() < deadline:
            self.assertEqual(result, errno.EBUSY)
        self.assertEqual(result, 0)

    def test_what_is_sent_to_nobody_is_gone(self):
        port = self.sim_.open()
        port.write(b'AT+QSSLCFG=0,0\r' * 50)
        port.read_some()
        self.close_all()
        # The module's own state is not touched: it waits for the rest of this line.
        self.sim_.power_cycle()
        with open(self.sim_.log, encoding='ascii') as log:
            while 'booted' not in log.read():
                pass
        port = Port(self.sim_.link)
        self.sim_.ports.append(port)
        port.write(b'AT\r')
        port.expect('\r\nOK\r\n')

    def test_data_mode_outlives_its_host(self):
        port = self.sim_.open()
        port.write(b'AT+QSSLCFG=0,0,"cacert"\r')
        port.expect('\r\n>')
        self.close_all()
        port = Port(self.sim_.link)
        self.sim_.ports.append(port)
        port.write(b'AT\rAT\x1a')
        port.expect('\r\n+QSSLCFG: 0,0,"cacert",5\r\n\r\nOK\r\n')


class LinkTest(SimTest):
    def test_link(self):
        path = os.path.join(make_folder(), 'tty')
        os.symlink('/nonexistent', path)
        first = Sim(link=path)
        second = Sim(link=path)
        self.assertEqual(first.end(), 0)
        self.assertTrue(os.path.exists(path), 'the link of another simulator was removed')
        self.assertEqual(second.end(signal.SIGINT), 0)
        self.assertFalse(os.path.lexists(path))
        killed = Sim(link=path)
        self.assertEqual(killed.end(signal.SIGKILL), -signal.SIGKILL)
        self.assertTrue(os.path.islink(path))
        Sim(link=path).end()
        self.assertEqual(os.listdir(os.path.dirname(path)), [])


class RateTest(SimTest):
    def test_wrong_rate(self):
        sim = self.sim(baud=115200)
        port = sim.open(baud=9600, echo=True)
        port.write(b'AT\r')
        echo = port.take(3)
        self.assertTrue(all(byte & 0x80 for byte in echo), echo)
        port.set_baud(115200)
        port.write(b'\r')  # ends the garbage that waits in the line
        port.expect('\r')
        port.write(b'AT\r')
        port.expect('AT\r\r\nOK\r\n')

    def test_garbage_at_a_wrong_rate(self):
        sim = self.sim('boot-ms=0', baud=9600)
        port = sim.open(baud=115200, echo=True)
        sim.power_cycle()
        data = port.take(40)
        self.assertTrue(all(byte & 0x80 for byte in data), data)

    def test_ipr(self):
        nvram = os.path.join(make_folder(), 'nvram')
        sim = self.sim(nvram=nvram, baud=115200)
        port = sim.open(baud=115200)
        port.ask('AT+IPR=38400')
        port.set_baud(38400)
        port.ask('AT+IPR?', '+IPR: 38400')
        sim.power_cycle()
        port.match(rb'\r\nRDY\r\n.*IP: [0-9.]+\r\n')
        port.ask('AT')
        self.assertEqual(sim.end(), 0)
        port = self.sim(nvram=nvram, baud=115200).open(baud=38400)
        port.ask('AT+IPR?', '+IPR: 38400')
        port.ask('AT+IPR=12345', result='ERROR')


class PaceTest(SimTest):
    def best_of(self, baud, n_bytes, measure):
        """One of some tries hits the rate. On a busy machine a single one may miss it either way: the end is seen late, or
        the beginning."""
        ideal_s = n_bytes * BITS_PER_BYTE / baud
        times = []
        for _ in range(TRIES):
            times.append(measure())
            if abs(times[-1] - ideal_s) <= ideal_s * TOLERANCE:
                return
        self.fail(f'{n_bytes} bytes at {baud} take {ideal_s:.4f} s, but here {times}')

    def test_from_the_module(self):
        for baud in RATES:
            port = self.sim(baud=baud).open(baud=baud)
            command = b'AT+QSSLCFG=0,0\r'
            # The same answer eight times, without a pause between: the commands wait in the module.
            length = self.measure_answer(port, command)
            self.best_of(baud, 8 * length, lambda: self.time_answers(port, command, 8, length))

    def measure_answer(self, port, command):
        port.write(command)
        port.read_until(lambda: port.received.endswith(b'\r\n\r\nOK\r\n'), 'an answer')
        length, port.received = len(port.received), b''
        return length

    def time_answers(self, port, command, count, length):
        """From the first byte to the last one; the first wake-up brings some bytes at once."""
        port.write(command * count)
        port.read_until(lambda: port.received, 'the first byte')
        start, at_start = time.monotonic(), len(port.received)
        port.read_until(lambda: len(port.received) == count * length, 'all answers')
        seconds = time.monotonic() - start
        port.received = b''
        return seconds * count * length / (count * length - at_start)

    def test_to_the_module(self):
        for baud in RATES:
            port = self.sim(baud=baud).open(baud=baud)
            answer = b'\r\n+QSSLCFG: 0,0,"cacert",4000\r\n\r\nOK\r\n'
            self.best_of(baud, 4001 + len(answer), lambda p=port, a=answer: self.time_upload(p, a))

    def time_upload(self, port, answer):
        port.write(b'AT+QSSLCFG=0,0,"cacert"\r')
        port.expect('\r\n>')
        start = time.monotonic()
        port.write(b'x' * 4000 + b'\x1a')
        port.expect(answer)
        return time.monotonic() - start

    def test_slow(self):
        """Too short to measure well, but never faster than the line. The very first exchange: a later one may be ahead by as much as the
        one before it was late."""
        port = self.sim(baud=2400).open(baud=2400, echo=True)
        start = time.monotonic()
        port.write(b'AT\r')
        port.expect('AT\r', '\r\nOK\r\n')
        self.assertGreater(time.monotonic() - start, (3 + 6) * BITS_PER_BYTE / 2400 * (1 - TOLERANCE))


class RobustTest(SimTest):
    def test_a_host_that_reads_nothing(self):
        sim = self.sim()
        port = sim.open()
        for _ in range(300):
            port.write(b'AT+QSSLCFG=0,0\r')
        port.read_until(lambda: port.received.count(b'\r\n\r\nOK\r\n') == 300, 'all answers')
        self.assertEqual(port.received.count(b'+QSSLCFG: '), 3000)
        port.received = b''
        self.assertTrue(port.is_quiet())

    def test_close_in_the_middle_of_an_open(self):
        sim = self.sim()
        port = sim.open()
        port.ask(f'AT+QSSLOPEN=0,0,"localhost",{unused_port()},0')
        self.assertEqual(sim.end(), 0)


if __name__ == '__main__':
    unittest.main()
