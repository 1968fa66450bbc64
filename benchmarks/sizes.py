# SPDX-License-Identifier: LGPL-2.1-or-later
"""Size of the installed binaries, stripped as a distribution ships them, to ModemManager's."""
import glob
import os
import subprocess
import tempfile

from figures import Figure
from modem_manager import MODEM_MANAGER, PLUGINS

PROGRAMS = ('modemssld', 'modemssl-holder', 'modemsslctl')


def find(directory, name):
    return glob.glob(os.path.join(directory, '**', name), recursive=True)[0]


def run(gateway):
    theirs = os.path.getsize(MODEM_MANAGER)
    plugins = sum(os.path.getsize(glob.glob(f'/usr/lib/*/ModemManager/{name}')[0]) for name in PLUGINS)
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(['meson', 'install', '-C', os.environ['MODEMSSL_BUILD_ROOT'], '--no-rebuild', '--quiet', '--strip', '--destdir',
                        directory], check=True, stdout=subprocess.DEVNULL)
        sizes = {name: os.path.getsize(find(directory, name)) / 1024 for name in PROGRAMS}
    for name, size in sizes.items():
        yield Figure('size', f'{name}, to ModemManager alone', 'kB', [size], [theirs / 1024])
    yield Figure('size', 'all three, to ModemManager with its Quectel plugin', 'kB', [sum(sizes.values())], [(theirs + plugins) / 1024], 1)
