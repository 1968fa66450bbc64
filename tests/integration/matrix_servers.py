# SPDX-License-Identifier: LGPL-2.1-or-later
"""The servers of the matrix: each is one row of SERVERS, told what it can speak and how it is started with exactly one cipher
suite, for any version. Adding a server or a version is adding to a table.
"""
import os
import socket

import mqtt
from servers import free_port, is_bound, is_listening, wait_ready

TLS = {'tls': ['1.0', '1.1', '1.2']}
DTLS = {'dtls': ['1.0', '1.2']}
OPENSSL_SUITES = {'AES-128': 'AES128-SHA', 'AES-256': 'AES256-SHA'}
GNUTLS_SUITES = {'AES-128': 'AES-128-CBC', 'AES-256': 'AES-256-CBC', '3DES': '3DES-CBC'}
# Not one of the module's suites, in the words of either library.
OPENSSL_STRANGER = 'ECDHE-RSA-AES128-GCM-SHA256'
GNUTLS_STRANGER = 'NONE:+VERS-TLS1.2:+VERS-DTLS1.2:+ECDHE-RSA:+AES-128-GCM:+AEAD:+COMP-NULL:+SIGN-ALL:+CTYPE-X509:+GROUP-ALL'

# Instead of a suite: AES-128 as the module has it, but nothing older than TLS 1.2.
ONLY_TLS_1_2 = 'TLS 1.2 alone'

HELLO = b'hello, server\n'
COAP_GET = b'\x40\x01\x12\x34'
COAP_CONTENT = b'\x60\x45\x12\x34'


def environment(lab):
    """Debian's own settings forbid old versions: without them a server takes what it is told."""
    return {**lab.environment(), 'OPENSSL_CONF': '/dev/null', 'GNUTLS_SYSTEM_PRIORITY_FILE': '/dev/null'}


def start(lab, args, port, stem, is_udp=False, **options):
    process = lab.start(args, stem, env=environment(lab), **options)
    wait_ready(process, lambda: is_bound(port) if is_udp else is_listening(port))
    return port


def openssl_list(suite):
    if suite == ONLY_TLS_1_2:
        suite = 'AES-128'
    return (OPENSSL_SUITES[suite] if suite else OPENSSL_STRANGER) + ':@SECLEVEL=0'


def gnutls_priority(suite):
    if suite is None:
        return GNUTLS_STRANGER
    if suite == ONLY_TLS_1_2:
        return 'NONE:+VERS-TLS1.2:+RSA:+AES-128-CBC:+SHA1:+COMP-NULL:+SIGN-ALL:+CTYPE-X509'
    return (f'NONE:+VERS-TLS1.2:+VERS-TLS1.1:+VERS-TLS1.0:+VERS-DTLS1.2:+VERS-DTLS1.0:+RSA:+{GNUTLS_SUITES[suite]}:'
            '+SHA1:+COMP-NULL:+SIGN-ALL:+CTYPE-X509')


def start_gnutls(lab, ca, identity, protocol, suite, mutual):
    port = free_port()
    args = ['gnutls-serv', '--quiet', '--echo', f'--port={port}', f'--x509certfile={identity.cert}',
            f'--x509keyfile={identity.key}', f'--x509cafile={ca.cert}', f'--priority={gnutls_priority(suite)}']
    args += ['--require-client-cert', '--verify-client-cert'] if mutual else ['--disable-client-cert']
    args += ['--udp'] if protocol == 'dtls' else []
    return start(lab, args, port, 'gnutls-serv', protocol == 'dtls')


def start_openssl(lab, ca, identity, protocol, suite, mutual):
    """What it receives it prints, and what it prints comes in again to be sent."""
    port = free_port()
    args = ['openssl', 's_server', '-quiet', '-accept', f'127.0.0.1:{port}', '-cert', identity.cert, '-key', identity.key,
            '-CAfile', ca.cert, '-cipher', openssl_list(suite)]
    args += ['-Verify', '2', '-verify_return_error'] if mutual else []
    args += ['-dtls'] if protocol == 'dtls' else ['-tls1_2' if suite == ONLY_TLS_1_2 else '-no_tls1_3']
    reading, writing = os.pipe()
    try:
        return start(lab, args, port, 's_server', protocol == 'dtls', stdin=reading, stdout=writing)
    finally:
        os.close(reading)
        os.close(writing)


def start_mosquitto(lab, ca, identity, protocol, suite, mutual):
    port = free_port()
    config = lab.write(lab.new_name('mosquitto') + '.conf', f'''user root
log_dest stderr
listener {port} 127.0.0.1
allow_anonymous true
cafile {ca.cert}
certfile {identity.cert}
keyfile {identity.key}
require_certificate {'true' if mutual else 'false'}
tls_version {'tlsv1.2' if suite == ONLY_TLS_1_2 else 'tlsv1.1'}
ciphers {openssl_list(suite)}
''')
    return start(lab, ['mosquitto', '-c', config], port, 'mosquitto')


def start_stunnel(lab, ca, identity, protocol, suite, mutual, program='/bin/cat', words='cat'):
    """@words: the arguments of @program, its name first."""
    port = free_port()
    config = lab.write(lab.new_name('stunnel') + '.conf', f'''foreground = yes
pid =
syslog = no
[echo]
accept = 127.0.0.1:{port}
exec = {program}
execArgs = {words}
cert = {identity.cert}
key = {identity.key}
CAfile = {ca.cert}
ciphers = {openssl_list(suite)}
sslVersionMin = {'TLSv1.2' if suite == ONLY_TLS_1_2 else 'TLSv1'}
sslVersionMax = TLSv1.2
securityLevel = 0
{'verifyChain = yes' if mutual else 'requireCert = no'}
''')
    return start(lab, ['stunnel4', config], port, 'stunnel')


def start_coap(lab, ca, identity, protocol, suite, mutual):
    port = free_port_pair()
    args = ['coap-server-gnutls', '-A', '127.0.0.1', '-p', str(port), '-c', identity.cert, '-j', identity.key]
    args += ['-C', ca.cert] if mutual else ['-n']
    return start(lab, args, port + 1, 'coap-server', True)


def free_port_pair():
    """A port whose successor is free too: there coap-server listens for DTLS."""
    while True:
        port = free_port()
        try:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                with socket.socket(socket.AF_INET, kind) as probe:
                    probe.bind(('127.0.0.1', port + 1))
            return port
        except OSError:
            continue


class Server:
    """A row: @speaks maps protocols to versions, @suites are those that it can be limited to; @start gives a port for (lab, ca,
    identity, protocol, suite, ONLY_TLS_1_2, or None for a suite that the module does not have, mutual); @says_no has the protocols in which it tells
    a client that they share nothing; @request is answered by @reply."""

    def __init__(self, name, start, speaks, suites, says_no=('tls',), request=HELLO, reply=HELLO):
        self.name = name
        self.start = start
        self.speaks = speaks
        self.suites = suites
        self.says_no = says_no
        self.request = request
        self.reply = reply

    def can(self, protocol, version, suite):
        return version in self.speaks.get(protocol, []) and suite in self.suites


SERVERS = [
    Server('gnutls-serv', start_gnutls, {**TLS, **DTLS}, list(GNUTLS_SUITES)),
    Server('openssl s_server', start_openssl, {**TLS, **DTLS}, list(OPENSSL_SUITES)),
    Server('mosquitto', start_mosquitto, {'tls': ['1.1', '1.2']}, list(OPENSSL_SUITES),
           request=mqtt.connect('matrix'), reply=b'\x20\x02\x00\x00'),
    Server('stunnel', start_stunnel, TLS, list(OPENSSL_SUITES)),
    # Takes no list of suites: of the module's it picks the first.
    Server('coap-server-gnutls', start_coap, DTLS, ['AES-128'], (), COAP_GET, COAP_CONTENT),
]
