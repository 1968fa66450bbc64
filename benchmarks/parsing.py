# SPDX-License-Identifier: LGPL-2.1-or-later
"""The parser alone: how fast, how many instructions a byte (callgrind, which no other load on the machine changes), and whether both
stay the same from 1 kB to 64 MB. From some MB on the input is in no cache any more, which the time shows and the instructions do not.
"""
import json
import re

from figures import Figure
from gateway import BENCH

KINDS = (('payload', 200), ('lines', None), ('hex', None))
KB, MB = 1000, 1000000


def rate(gateway, kind, size, count):
    """MB/s, the best of @count times: everything else only takes time away."""
    result = gateway.measure('parser', kind, size, count)
    return result['bytes'] / min(result['ns']) * 1000


def count_instructions(gateway, kind, size):
    """A byte."""
    process = gateway.lab.run(['valgrind', '--tool=callgrind', '--callgrind-out-file=/dev/null', '--collect-atstart=no',
                               '--toggle-collect=parse_all', BENCH, 'parser', kind, str(size), '1'], timeout_s=600,
                              env={**gateway.lab.environment(), 'LD_BIND_NOW': '1'})
    if process.returncode != 0:
        raise SystemExit(process.errors)
    return int(re.search(r'Collected : (\d+)', process.errors).group(1)) / json.loads(process.output)['bytes']


def run(gateway):
    sizes = [KB, 10 * KB, 100 * KB, MB, 10 * MB, 64 * MB]
    for kind, budget in KINDS:
        speeds, copies = [], []
        for _ in range(gateway.rounds):
            copies.append(rate(gateway, 'copy', 64 * MB, 1))
            speeds.append(rate(gateway, kind, 64 * MB, 1))
        yield Figure('parser', f'{kind}, 64 MB: MB/s', 'MB/s', speeds, None, budget, True)
        yield Figure('parser', f'{kind}, 64 MB: speed to that of memcpy()', 'MB/s', speeds, copies)
        yield from linear(gateway, kind, sizes)


def linear(gateway, kind, sizes):
    """Each size against 1 MB."""
    for size in sizes:
        speeds = [(rate(gateway, kind, MB, 5), rate(gateway, kind, size, max(3, min(1000, MB // size))))
                  for _ in range(max(2, gateway.rounds // 3))]
        yield Figure('parser', f'{kind}, {size // KB} kB: speed to that at 1 MB', 'MB/s', [speed for _, speed in speeds],
                     [base for base, _ in speeds])
    base = count_instructions(gateway, kind, MB)
    for size in (10 * KB, 10 * MB if gateway.quick else 64 * MB):
        yield Figure('parser', f'{kind}, {size // KB} kB: instructions a byte to those at 1 MB', 'a byte',
                     [count_instructions(gateway, kind, size)], [base], 1.1)
