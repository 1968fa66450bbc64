#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""modemssl-sim without any server: framing, echo, errors, all forms of the commands, restarts and what they keep."""
import os
import unittest

from sim_lab import CTRL_Z, ESC, SimTest, unused_port

BANNER = ('RDY', '+CFUN: 1', '+CPIN: READY', '+CEREG: 1', '+IP: 100.64.0.7')
DEFAULTS = ('"seclevel",0', '"sslversion",4', '"dataformat",0,0', '"timeout",90', '"debug",0', '"cacert",0',
            '"clientcert",0', '"clientkey",0', '"dtls",0', '"dtlsversion",2')
RANGES = ('"seclevel",(0-2)', '"sslversion",(1-4)', '"dataformat",(0,1),(0,1)', '"timeout",(10-300)', '"debug",(0-4)',
          '"cacert"', '"clientcert"', '"clientkey"', '"dtls",(0,1)', '"dtlsversion",(0-2)')
# What ModemManager 1.20 sends to get a modem going, and what it must hear.
MODEM_MANAGER = {
    'AT': [], 'ATE0': [], 'ATV1': [], 'ATX4': [], 'AT&C1': [], 'ATZ': [], 'ATE0 ': [], 'ATH': [],
    'AT+CGMI': ['Quectel_Ltd'], 'AT+CGMM': ['Quectel_BC660K-GL'], 'AT+CGMR': ['BC660KGLAAR01A05'],
    'ATI': ['Quectel_Ltd', 'Quectel_BC660K-GL', 'Revision: BC660KGLAAR01A05'],
    'AT+CGSN': ['860536040000015'], 'AT+CGSN=1': ['+CGSN: 860536040000015'], 'AT+CIMI': ['262011234567890'],
    'AT+CPIN?': ['+CPIN: READY'], 'AT+WS46=?': ['+WS46: (28)'], 'AT+CFUN?': ['+CFUN: 1'], 'AT+CSQ': ['+CSQ: 21,0'],
    'AT+CEREG=2': [], 'AT+CEREG?': ['+CEREG: 2,1,"1A2B","00C0FFEE",9'], 'AT+COPS=3,2': [],
    'AT+COPS?': ['+COPS: 0,2,"26201",9'], 'AT+CGDCONT?': ['+CGDCONT: 0,"IP","iot.simtel","100.64.0.7",0,0,,,,,0'],
    'AT+CGPADDR=0': ['+CGPADDR: 0,"100.64.0.7"'],
}
UNKNOWN = ('AT+CTZU=?', 'AT+GCAP', 'AT*CNTI=2', 'AT+QPING=0,"host"', 'AT+CSCS=?', 'AT+CLCC=?', 'ATQ', 'AT;', 'AT+CSQ;+CIMI',
           'AT+QSSLCFG', 'AT+QSSLCFG?', 'AT+QSSLOPEN', 'AT+QSSLFOO=0,0')


class FramingTest(SimTest):
    def test_echo_and_frames(self):
        port = self.sim().open(echo=True)
        port.write(b'AT\r')
        port.expect('AT\r\r\nOK\r\n')
        port.write(b'at+qsslcfg=0,0,"seclevel",2\r')
        port.expect('at+qsslcfg=0,0,"seclevel",2\r\r\nOK\r\n')
        port.write(b'ATI\r')
        port.expect('ATI\r\r\nQuectel_Ltd\r\nQuectel_BC660K-GL\r\nRevision: BC660KGLAAR01A05\r\n\r\nOK\r\n')
        port.write(b'ATE0\r')
        port.expect('ATE0\r\r\nOK\r\n')
        port.write(b'AT\rAT\r')
        port.expect('\r\nOK\r\n\r\nOK\r\n')

    def test_noise(self):
        port = self.port()
        port.write(b'\x80\xff\x00 noise\r\r\n\n\r\x00AT\r')
        port.expect('\r\nOK\r\n')
        port.write(b'\x80\xffAT+CSQ\r')
        port.lines('+CSQ: 21,0\r\n\r\nOK')

    def test_long_lines(self):
        port = self.port()
        port.open(unused_port(), -2, host='127.0.0.1')
        port.ask(f'AT+QSSLOPEN=0,0,"{"x" * 150}",1,0')
        port.lines('+QSSLOPEN: 0,0,-2')
        port.fail(f'AT+QSSLOPEN=0,0,"{"x" * 151}",1,0')
        port.fail('AT' + 'x' * 511)
        port.fail('AT' + 'x' * 200000)
        self.assertTrue(port.is_quiet())

    def test_error_formats(self):
        port = self.port()
        for cmee, result in ((0, 'ERROR'), (1, '+CME ERROR: 50'), (2, '+CME ERROR: incorrect parameters')):
            port.ask(f'AT+CMEE={cmee}')
            port.ask('AT+CFUN=9', result=result)
            port.ask('AT+QSSLCFG=0,0,"seclevel",3', result='ERROR')
            port.ask('AT+NOSUCH', result='ERROR')


class CommandTest(SimTest):
    def test_modem_manager(self):
        port = self.port()
        for command, lines in MODEM_MANAGER.items():
            if command == 'ATZ':
                port.ask(command)
                port.write(b'ATE0\r')
                port.expect('ATE0\r\r\nOK\r\n')
            else:
                port.ask(command, *lines)

    def test_unknown(self):
        port = self.port()
        for command in UNKNOWN:
            port.fail(command)

    def test_network(self):
        port = self.port()
        port.ask('AT+CEREG=1')
        port.write(b'AT+CFUN=0\r')
        port.lines('+CEREG: 0', 'OK')
        port.ask('AT+CEREG?', '+CEREG: 1,0')
        port.open(unused_port(), -2)
        port.write(b'AT+CFUN=1\r')
        port.lines('+CEREG: 1', '+IP: 100.64.0.7', 'OK')
        port.ask('AT+CEREG?', '+CEREG: 1,1')
        port.ask('AT+CGATT?', '+CGATT: 1')
        port.ask('AT+QSCLK=?', '+QSCLK: (0-2)')
        port.ask('AT+IPR=1', result='ERROR')

    def test_clock(self):
        port = self.port()
        port.ask('AT+CCLK="24/12/31,23:59:58+08"')
        port.write(b'AT+CCLK?\r')
        self.assertIn(port.match(rb'\r\n\+CCLK: "24/12/31,21:59:(..)\+00"\r\n\r\nOK\r\n').group(1), (b'58', b'59'))
        port.ask('AT+CCLK="24/13/31,23:59:58"', result='ERROR')


class SslcfgTest(SimTest):
    def test_all_forms(self):
        port = self.port()
        port.ask('AT+QSSLCFG=?', *('+QSSLCFG: (0),(0),' + line for line in RANGES))
        port.ask('AT+QSSLCFG=0,0', *('+QSSLCFG: 0,0,' + line for line in DEFAULTS))
        for line in DEFAULTS:
            key = line.split(',')[0]
            if key.strip('"') not in ('cacert', 'clientcert', 'clientkey'):
                port.ask('AT+QSSLCFG=0,0,' + key, '+QSSLCFG: 0,0,' + line)
                port.ask('AT+QSSLCFG=0,0,' + line)

    def test_ranges(self):
        port = self.port()
        for key, low, high in (('seclevel', 0, 2), ('sslversion', 1, 4), ('timeout', 10, 300), ('debug', 0, 4),
                               ('dtls', 0, 1), ('dtlsversion', 0, 2)):
            for value in (low, high):
                port.ask(f'AT+QSSLCFG=0,0,"{key}",{value}')
                port.ask(f'AT+QSSLCFG=0,0,"{key}"', f'+QSSLCFG: 0,0,"{key}",{value}')
            for value in (low - 1, high + 1, '', 'x', '"1"', f'{low},{low}', '0x1', ' 1'):
                port.fail(f'AT+QSSLCFG=0,0,"{key}",{value}')
            port.ask(f'AT+QSSLCFG=0,0,"{key}"', f'+QSSLCFG: 0,0,"{key}",{high}')
        port.ask('AT+QSSLCFG=0,0,"dataformat",1,0')
        port.ask('AT+QSSLCFG=0,0,"dataformat"', '+QSSLCFG: 0,0,"dataformat",1,0')
        for command in ('"dataformat",1', '"dataformat",0,2', '"cacert",1', '"nosuch"', 'seclevel,1', '"seclevel', ''):
            port.fail('AT+QSSLCFG=0,0,' + command)
        for ids in ('1,0', '0,1', '11,0', '0', ''):
            port.fail(f'AT+QSSLCFG={ids},"seclevel",1')

    def test_uploads(self):
        port = self.port()
        for content in (b'anything\r\nOK\r\n\x00\xff', b'', b'x' * 16384):
            port.upload('cacert', content)
            port.ask('AT+QSSLCFG=0,0', *('+QSSLCFG: 0,0,' + line.replace('"cacert",0', f'"cacert",{len(content)}')
                                         for line in DEFAULTS))
        port.write(b'AT+QSSLCFG=0,0,"clientkey"\r')
        port.expect('\r\n>')
        port.write(b'half a key' + ESC)
        port.lines('OK')
        port.ask('AT+QSSLCFG=0,0', *('+QSSLCFG: 0,0,' + line.replace('"cacert",0', '"cacert",16384')
                                     for line in DEFAULTS))
        port.write(b'AT+QSSLCFG=0,0,"clientkey"\r')
        port.expect('\r\n>')
        port.write(b'x' * 16385 + CTRL_Z)
        port.lines('ERROR')

    def test_missing_files(self):
        port = self.port()
        for level, key in ((1, 'cacert'), (2, 'clientcert'), (2, 'clientkey')):
            port.ask(f'AT+QSSLCFG=0,0,"seclevel",{level}')
            port.open(unused_port(), command_result='ERROR')
            port.upload(key, b'something')
        port.open(unused_port(), -3)
        port.upload('clientcert', b'')
        port.open(unused_port(), command_result='ERROR')


class OtherFormsTest(SimTest):
    def test_forms(self):
        port = self.port()
        port.ask('AT+QSSLOPEN=?', '+QSSLOPEN: (0),(0),<host_name>,(1-65535),(0)')
        port.ask('AT+QSSLSEND=?', '+QSSLSEND: (0),(0),(1-1024)')
        port.ask('AT+QSSLCLOSE=?', '+QSSLCLOSE: (0),(0)')
        for command in ('OPEN', 'SEND', 'CLOSE'):
            port.ask(f'AT+QSSL{command}?')
            port.fail(f'AT+QSSL{command}')

    def test_bad_opens(self):
        port = self.port()
        for rest in ('1,0,"h",1,0', '0,1,"h",1,0', '0,0,h,1,0', '0,0,"",1,0', '0,0,"h",0,0', '0,0,"h",65536,0', '0,0,"h",1,1',
                     '0,0,"h",1', '0,0,"h",1,0,0', '0,0,"h""x",1,0', ''):
            port.fail('AT+QSSLOPEN=' + rest)
        for rest in ('0', '1,0', '0,1', '0,0,0', ''):
            port.fail('AT+QSSLCLOSE=' + rest)
        port.close_connection(-6)


class RestartTest(SimTest):
    def change_much(self, port):
        port.upload('cacert', b'kept')
        port.ask('AT+QSSLCFG=0,0,"seclevel",1')
        port.ask('AT+QSCLK=2')
        port.ask('AT+CMEE=1')
        port.ask('AT+CEREG=2')

    def check_kept(self, port):
        """Echo off, CMEE, sleep and certificates; the rest is as at first."""
        port.ask('AT+CMEE?', '+CMEE: 1')
        port.ask('AT+QSCLK?', '+QSCLK: 2')
        port.ask('AT+CEREG?', '+CEREG: 0,1')
        port.ask('AT+QSSLCFG=0,0', *('+QSSLCFG: 0,0,' + line.replace('"cacert",0', '"cacert",4') for line in DEFAULTS))

    def test_reset_command(self):
        port = self.port()
        self.change_much(port)
        port.ask('AT+QRST=1')
        port.lines(*BANNER)
        self.check_kept(port)
        port.ask('AT+QRST=2', result='+CME ERROR: 50')

    def test_power_cycle_anywhere(self):
        sim = self.sim()
        port = sim.open()
        self.change_much(port)
        for half in (b'', b'AT+QSS', b'AT+QSSLCFG=0,0,"clientkey"\rhalf a key'):
            port.write(half)
            if half.startswith(b'AT+QSSLCFG'):
                port.expect('\r\n>')
            sim.power_cycle()
            port.match(rb'\r\nRDY\r\n')
            port.lines(*BANNER[1:])
            self.check_kept(port)

    def test_another_run(self):
        nvram = os.path.join(self.sim().folder, 'nvram')
        sim = self.sim(nvram=nvram)
        self.change_much(sim.open())
        self.assertEqual(sim.end(), 0)
        port = self.sim(nvram=nvram).open(echo=True)
        self.check_kept(port)
        self.assertEqual(os.stat(nvram).st_mode & 0o777, 0o600)


if __name__ == '__main__':
    unittest.main()
