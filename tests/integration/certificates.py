# SPDX-License-Identifier: LGPL-2.1-or-later
"""Certificates for the tests, made by openssl: a CA, and what it signs. Knows no server and no module."""
import os
import subprocess

RSA = ['rsa:2048']
EC = ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']


class Identity:
    """A certificate and its key, as files."""

    def __init__(self, stem):
        self.cert = stem + '.crt'
        self.key = stem + '.key'

    def read(self):
        return read(self.cert), read(self.key)


class Ca(Identity):
    """A certification authority in a directory."""

    def __init__(self, directory, name='ca', key=None):
        self.directory = os.path.join(directory, name)
        os.mkdir(self.directory)
        super().__init__(os.path.join(self.directory, 'ca'))
        openssl('req', '-x509', '-newkey', *(key or RSA), '-nodes', '-days', '3650', '-subj', f'/CN=Test CA {name}',
                '-addext', 'keyUsage=critical,keyCertSign,cRLSign', '-keyout', self.key, '-out', self.cert)

    def issue(self, name, key=None, days=365):
        """A certificate for localhost (which a client may use as well)."""
        made = Identity(os.path.join(self.directory, name))
        request, extensions = made.cert + '.req', made.cert + '.ext'
        with open(extensions, 'w', encoding='utf-8') as file:
            file.write('basicConstraints=CA:FALSE\nsubjectAltName=DNS:localhost,IP:127.0.0.1\n')
        openssl('req', '-newkey', *(key or RSA), '-nodes', '-subj', f'/O=modemssl test/CN={name}',
                '-keyout', made.key, '-out', request)
        openssl('x509', '-req', '-in', request, '-CA', self.cert, '-CAkey', self.key, '-CAcreateserial',
                '-days', str(days), '-extfile', extensions, '-out', made.cert)
        return made


def openssl(*args):
    subprocess.run(['openssl', *args], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.PIPE)


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def fingerprint(path):
    """SHA-256 of the certificate, as openssl tells it: 64 lower-case hexadecimal digits."""
    run = subprocess.run(['openssl', 'x509', '-in', path, '-noout', '-fingerprint', '-sha256'], check=True,
                         stdout=subprocess.PIPE, text=True)
    return run.stdout.strip().partition('=')[2].replace(':', '').lower()
