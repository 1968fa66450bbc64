#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the measurements and puts them together: figures are ratios between two things that were measured in turns in one run, with
median and spread, and absolute values beside them; where the budget itself is absolute, there is no ratio. Writes a table, JSON and SVG plots
(gnuplot).

    run.py [--quick] [--only NAME] OUTPUT-DIRECTORY

Needs the environment of the integration tests, and MODEMSSL_BENCH.
"""
import argparse
import json
import os
import platform
import subprocess
import tempfile
import time

import gateway  # first: it knows where the integration tests are
import beside
import crowd
import figures
import latency
import opening
import parsing
import sizes
import uart

# The cheap ones first.
GROUPS = {'size': sizes, 'parser': parsing, 'latency': latency, 'uart': uart, 'open': opening, 'many': crowd, 'manager': beside}


def measure(name, options):
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix='modemssl-bench-') as directory:
        here = gateway.Gateway(options, directory)
        try:
            found = list(GROUPS[name].run(here))
        finally:
            here.close()
    print(f'{name}: {time.monotonic() - begun:.0f} s', flush=True)
    return found


def describe_build():
    """What was measured; a build for debugging says nothing about the budgets."""
    text = subprocess.run(['meson', 'introspect', '--buildoptions', os.environ['MODEMSSL_BUILD_ROOT']], check=True,
                          stdout=subprocess.PIPE).stdout
    built = {option['name']: option['value'] for option in json.loads(text)}
    slow = built['optimization'] not in ('2', '3', 's') or built['b_sanitize'] != 'none'
    return f'{built["buildtype"]} build, -O{built["optimization"]}' + (' (NOT A BUILD TO BE MEASURED)' if slow else '')


def main():
    options = argparse.ArgumentParser(description='Measures modemssl against its budgets.')
    options.add_argument('--quick', action='store_true', help='fewer rounds: is everything in order?')
    options.add_argument('--only', choices=sorted(GROUPS), help='one group')
    options.add_argument('directory', help='for results.json and the plots')
    options = options.parse_args()
    print(describe_build(), flush=True)
    os.makedirs(options.directory, exist_ok=True)
    found = []
    for name in GROUPS:
        if options.only in (None, name):
            found += measure(name, options)
    machine = f'{platform.node()}, {platform.machine()}, {os.cpu_count()} CPUs, Linux {platform.release()}, {describe_build()}'
    print(f'machine: {machine}')
    figures.print_table(found)
    figures.write_json(found, machine, options.directory)
    figures.plot(found, machine, options.directory)


if __name__ == '__main__':
    main()
