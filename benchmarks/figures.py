# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a measurement says, and how it is shown: a table, JSON, and SVG plots made by gnuplot."""
import json
import os
import statistics
import subprocess

LONGEST_BAR = 3
QUOTES = {ord('"'): "'"}


class Figure:
    """A ratio: ours over theirs, from pairs that were measured one after the other; or, where @theirs is None, a value that is
    judged by itself. @budget: what it may be, or None; @at_least: the budget is the least that it must be."""

    def __init__(self, group, name, unit, ours, theirs, budget=None, at_least=False):
        self.group, self.name, self.unit, self.budget, self.at_least = group, name, unit, budget, at_least
        self.ours = statistics.median(ours)
        self.theirs = None if theirs is None else statistics.median(theirs)
        judged = sorted(ours) if theirs is None else sorted(our / their for our, their in zip(ours, theirs))
        self.judged = statistics.median(judged)
        self.ratio = None if theirs is None else self.judged
        self.spread = (judged[0], judged[-1])

    def is_good(self, value):
        return value >= self.budget if self.at_least else value <= self.budget

    @property
    def verdict(self):
        """It says so when not every pair says the same: then it may be otherwise the next time."""
        if self.budget is None:
            return ''
        good = self.is_good(self.judged)
        always = all(self.is_good(value) == good for value in self.spread)
        return ('within ' if good else 'OVER ') + f'{">=" if self.at_least else "<="} {self.budget}' + ('' if always else ', not always')

    @property
    def used_part(self):
        """Of the budget: 1 is the limit. Of one of nothing, nothing or too much."""
        if self.at_least:
            return self.budget / self.judged
        return self.judged / self.budget if self.budget else float(self.judged > 0) * LONGEST_BAR

    def as_row(self):
        theirs, ratio = ('-', '-') if self.theirs is None else (f'{self.theirs:.4g}', f'{self.ratio:.3g}')
        return (self.group, self.name, f'{self.ours:.4g}', theirs, self.unit, ratio,
                f'{self.spread[0]:.3g}-{self.spread[1]:.3g}', self.verdict)

    def as_json(self):
        return {'group': self.group, 'name': self.name, 'unit': self.unit, 'ours': self.ours, 'theirs': self.theirs,
                'ratio': self.ratio, 'spread': self.spread, 'budget': self.budget, 'at_least': self.at_least,
                'verdict': self.verdict}


def print_table(figures):
    rows = [('group', 'what', 'ours', 'to', 'unit', 'ratio', 'spread', 'budget')] + [figure.as_row() for figure in figures]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print('  '.join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip(), flush=True)


def write_json(figures, machine, directory):
    with open(os.path.join(directory, 'results.json'), 'w', encoding='utf-8') as file:
        json.dump({'machine': machine, 'figures': [figure.as_json() for figure in figures]}, file, indent=2)


def plot(figures, machine, directory):
    """budgets.svg: what of each budget is used. ratios.svg: how much of what others need we need."""
    judged = [figure for figure in figures if figure.budget is not None]
    compared = [figure for figure in figures if figure.budget is None and figure.theirs is not None]
    if judged:
        plot_bars(directory, 'budgets', f'used part of each budget (1 is the limit); {machine}',
                  [(figure.name, figure.used_part) for figure in judged])
    if compared:
        plot_bars(directory, 'ratios', f'ours to theirs (1 is the same); {machine}',
                  [(figure.name, figure.ratio) for figure in compared])


def plot_bars(directory, name, title, bars):
    """A bar that is too long ends at the edge; its number says how long it is."""
    data = os.path.join(directory, name + '.dat')
    with open(data, 'w', encoding='utf-8') as file:
        for number, (label, value) in enumerate(bars):
            file.write(f'{number} {value:.4f} "{label.translate(QUOTES)}"\n')
    subprocess.run(['gnuplot'], check=True, text=True, input=f'''
set terminal svg noenhanced size 1200,{80 + 24 * len(bars)} font "sans,11"
set output "{os.path.join(directory, name + '.svg')}"
set title "{title.translate(QUOTES)}"
set rmargin 8
set yrange [{len(bars) - 0.5}:-0.5]
longest = {min(LONGEST_BAR, max(1.2, 1.1 * max(value for _, value in bars)))}
set xrange [0:longest]
set style fill solid 0.6
set ytics out
set arrow from 1,graph 0 to 1,graph 1 nohead lw 2
cut(value) = value < longest ? value : longest
plot "{data}" using (cut(column(2))/2):0:(cut(column(2))/2):(0.3):ytic(3) with boxxyerror notitle, \\
     "{data}" using (cut(column(2))):0:(sprintf("%.3g", column(2))) with labels left offset 0.5 notitle
''')
