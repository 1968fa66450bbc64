# SPDX-License-Identifier: LGPL-2.1-or-later
"""A wire tap: a pseudo-terminal between the daemon and a simulated module that counts what passes, in either direction, and calls a
function exactly behind the Nth byte, before the next one passes.
"""
import ctypes
import fcntl
import os
import struct
import termios
import tty

from gi.repository import GLib

from lab import wait_for

PIECE_BYTES = 65536
PROMPT = b'\r\n>'
LIBC = ctypes.CDLL(None, use_errno=True)
IN_OPEN, IN_CLOSE = 0x20, 0x08 | 0x10
EVENT = struct.Struct('iIII')


class Tap:
    """`link` is made, and is what the daemon opens; @sim is what stands behind it."""

    def __init__(self, lab, sim, link):
        self.link = link
        self.host, slave = os.openpty()
        tty.setraw(slave)
        os.symlink(os.ttyname(slave), self.link)
        # Our own descriptor of the slave keeps the settings, and the line, while nobody else has it open.
        self.slave = slave
        self.opened = 0
        self.watch = LIBC.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        LIBC.inotify_add_watch(self.watch, os.ttyname(slave).encode(), IN_OPEN | IN_CLOSE)
        self.module = os.open(sim.link, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self.module)
        os.set_blocking(self.host, False)
        self.count = 0
        self.at = None
        self.func = None
        self.said = bytearray()
        self.prompts = 0
        self.sources = [GLib.unix_fd_add_full(GLib.PRIORITY_DEFAULT, fd, GLib.IOCondition.IN, self.on_data, to)
                        for fd, to in ((self.host, self.module), (self.module, self.host))]
        self.sources.append(GLib.unix_fd_add_full(GLib.PRIORITY_HIGH, self.watch, GLib.IOCondition.IN, self.on_watched))
        lab.closers.append(self.close)

    def call_behind(self, size, func):
        """Calls @func once, when @size more bytes have passed."""
        self.at, self.func = self.count + size, func

    def call_behind_prompt(self, number, func):
        """The same behind the prompt with this number."""
        self.prompts, self.func = number, func

    def count_prompt(self, data):
        if self.prompts and data.endswith(PROMPT):
            self.prompts -= 1
            if self.prompts == 0:
                self.at = self.count + len(data)

    def on_data(self, fd, _condition, to):
        try:
            data = os.read(fd, PIECE_BYTES)
        except BlockingIOError:
            return GLib.SOURCE_CONTINUE
        if fd == self.module:
            self.said += data
            self.count_prompt(data)
        if self.at is not None and self.count + len(data) >= self.at:
            head = self.at - self.count
            write_all(to, data[:head])
            self.at = None
            self.func()
            write_all(to, data[head:])
        else:
            write_all(to, data)
        self.count += len(data)
        return GLib.SOURCE_CONTINUE

    def on_watched(self, _fd, _condition):
        """The last close of a UART takes its lock away; that of a pseudo-terminal does not, as long as we have it open."""
        events = os.read(self.watch, PIECE_BYTES)
        for _, mask, _, _ in EVENT.iter_unpack(events):
            self.opened += 1 if mask & IN_OPEN else -1
        if self.opened == 0:
            fcntl.ioctl(self.slave, termios.TIOCNXCL)
        return GLib.SOURCE_CONTINUE

    def ask(self, line):
        """Asks the module, when nobody else does; gives what it answers up to its OK."""
        del self.said[:]
        os.write(self.module, line.encode() + b'\r')
        wait_for(lambda: b'\r\nOK\r\n' in self.said, f'an answer to {line}')
        return self.said.decode()

    def write(self, data):
        """To the module, when nobody else writes."""
        del self.said[:]
        os.write(self.module, data)

    def close(self):
        # First, since the daemon still lives, and the number of the terminal may be another program's next.
        if os.path.islink(self.link):
            os.unlink(self.link)
        for source in self.sources:
            GLib.source_remove(source)
        for fd in (self.host, self.slave, self.module, self.watch):
            os.close(fd)


def write_all(fd, data):
    """The line is unpaced and both ends read, so what does not fit now will soon."""
    while data:
        try:
            data = data[os.write(fd, data):]
        except BlockingIOError:
            pass
