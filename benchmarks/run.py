#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the measurements and puts them together: every figure is a ratio between two things that were measured in turns in one run,
with median and spread; absolute values stand beside it. Writes a table, JSON and SVG plots (gnuplot).

    run.py [--quick] [--only NAME] OUTPUT-DIRECTORY

Needs the environment of the integration tests, and MODEMSSL_BENCH.
"""
import argparse
import os
import platform
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


def main():
    options = argparse.ArgumentParser(description='Measures modemssl against its budgets.')
    options.add_argument('--quick', action='store_true', help='fewer rounds: is everything in order?')
    options.add_argument('--only', choices=sorted(GROUPS), help='one group')
    options.add_argument('directory', help='for results.json and the plots')
    options = options.parse_args()
    os.makedirs(options.directory, exist_ok=True)
    found = []
    for name in GROUPS:
        if options.only in (None, name):
            found += measure(name, options)
    machine = f'{platform.node()}, {platform.machine()}, {os.cpu_count()} CPUs, Linux {platform.release()}'
    print(f'machine: {machine}')
    figures.print_table(found)
    figures.write_json(found, machine, options.directory)
    figures.plot(found, machine, options.directory)


if __name__ == '__main__':
    main()
