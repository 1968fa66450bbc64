#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""modemssl-sim: the SIM card, slow and failing registrations, a network that goes and comes back, and the clock."""
import datetime
import signal
import unittest

from sim_lab import SimTest, unused_port

ADDRESS = '100.64.0.7'


class SimCardTest(SimTest):
    def test_none(self):
        port = self.port('sim-card=none')
        port.ask('AT+CPIN?', result='ERROR')
        port.ask('AT+CMEE=1')
        port.ask('AT+CPIN?', result='+CME ERROR: 10')
        port.ask('AT+CIMI', result='+CME ERROR: 10')
        port.ask('AT+CEREG?', '+CEREG: 0,0')
        port.ask('AT+CGATT?', '+CGATT: 0')

    def test_pin(self):
        port = self.port('sim-card=pin')
        port.ask('AT+CPIN?', '+CPIN: SIM PIN')
        port.ask('AT+CMEE=2')
        port.ask('AT+CPIN="4321"', result='+CME ERROR: incorrect password')
        port.write(b'AT+CPIN="1234"\r')
        port.lines('+CPIN: READY', f'+IP: {ADDRESS}', 'OK')
        port.ask('AT+CPIN?', '+CPIN: READY')
        port.ask('AT+CEREG?', '+CEREG: 0,1')

    def test_slow_card(self):
        sim = self.sim('sim-ms=200')
        port = sim.open()
        port.ask('AT+CMEE=1')
        sim.power_cycle()
        port.match(rb'\r\nRDY\r\n\r\n\+CFUN: 1\r\n')
        port.write(b'ATE0\r')
        port.match(rb'\r\nOK\r\n')
        port.ask('AT+CPIN?', result='+CME ERROR: 14')
        port.lines('+CPIN: READY', '+CEREG: 1', f'+IP: {ADDRESS}')


class RegistrationTest(SimTest):
    def test_slow(self):
        port = self.port('register-ms=200')
        port.ask('AT+CEREG=2')
        port.ask('AT+CEREG?', '+CEREG: 2,2')
        port.ask('AT+CESQ', '+CESQ: 99,99,255,255,255,255')
        port.ask('AT+CGPADDR=0', '+CGPADDR: 0')
        port.open(unused_port(), -2)
        port.lines('+CEREG: 1,"1A2B","00C0FFEE",9', f'+IP: {ADDRESS}')
        port.ask('AT+CGPADDR=0', f'+CGPADDR: 0,"{ADDRESS}"')
        port.ask('AT+CESQ', '+CESQ: 41,0,255,255,20,41')

    def test_slow_boot(self):
        port = self.sim('register-ms=200', 'cold-start=yes').open(echo=True)
        port.lines('RDY', '+CFUN: 1', '+CPIN: READY', '+CEREG: 1', f'+IP: {ADDRESS}')

    def test_outcomes(self):
        for value, stat in ('home', 1), ('roaming', 5), ('denied', 3), ('never', 2):
            port = self.port('registration=' + value)
            port.ask('AT+CEREG?', f'+CEREG: 0,{stat}')
            port.ask('AT+CGATT?', f'+CGATT: {int(stat in (1, 5))}')

    def test_lost_and_regained(self):
        sim = self.sim('register-ms=100')
        port = sim.open()
        port.match(rb'\+IP: [0-9.]+\r\n')
        port.ask('AT+CEREG=1')
        sim.process.send_signal(signal.SIGUSR1)
        port.lines('+CEREG: 2')
        port.ask('AT+CEREG?', '+CEREG: 1,2')
        sim.process.send_signal(signal.SIGUSR2)
        port.lines('+CEREG: 1', f'+IP: {ADDRESS}')

    def test_detached(self):
        port = self.port()
        port.ask('AT+CGATT=0')
        port.ask('AT+CEREG?', '+CEREG: 0,0')
        port.write(b'AT+CGATT=1\r')
        port.lines(f'+IP: {ADDRESS}', 'OK')


class ClockTest(SimTest):
    def read(self, port):
        port.write(b'AT+CCLK?\r')
        return port.match(rb'\r\n\+CCLK: "([^"]*)"\r\n\r\nOK\r\n').group(1).decode()

    def utc(self, text, zone):
        local = datetime.datetime.strptime(text[:17], '%y/%m/%d,%H:%M:%S')
        return local - datetime.timedelta(minutes=15 * int(zone))

    def assert_about_now(self, time, fast_s=0):
        now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
        self.assertLess(abs((time - now).total_seconds() - fast_s), 60)

    def test_zones(self):
        for zone in '+00', '+08', '-20':
            text = self.read(self.port('clock-zone=' + zone))
            self.assertTrue(text.endswith(zone), text)
            self.assert_about_now(self.utc(text, zone))
        text = self.read(self.port('clock-zone=utc+32'))
        self.assertTrue(text.endswith('+32'), text)
        self.assert_about_now(self.utc(text, '0'))
        text = self.read(self.port('clock-zone=none', 'clock-fast-s=7200'))
        self.assertEqual(len(text), 17)
        self.assert_about_now(self.utc(text, '0'), 7200)

    def test_unset(self):
        for value, start in ('1970', '70/01/01,00:'), ('1980', '80/01/06,00:'):
            self.assertTrue(self.read(self.port('clock=' + value)).startswith(start))
        port = self.port('clock=empty')
        port.ask('AT+CCLK?')
        port.ask('AT+CCLK="26/01/02,03:04:05+00"')
        self.assertTrue(self.read(port).startswith('26/01/02,03:04:'))

    def test_not_settable(self):
        port = self.port('clock=1980', 'clock-write=error')
        port.fail('AT+CCLK="26/01/02,03:04:05+00"')
        self.assertTrue(self.read(port).startswith('80/01/06,'))
        port = self.port('clock=1980', 'clock-write=ignored')
        port.ask('AT+CCLK="26/01/02,03:04:05+00"')
        self.assertTrue(self.read(port).startswith('80/01/06,'))


if __name__ == '__main__':
    unittest.main()
