#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The script that integrators write today, with pyserial: commands, a prompt, and read_until(). The same rounds as `modemssl-bench raw`.

    integrator.py DEVICE HOST PORT SIZE COUNT
"""
import json
import sys
import time

import serial


def main():
    device, host, port, size, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])
    line = serial.Serial(device, 115200, timeout=10)

    def command(text, answer=b'OK\r\n'):
        line.write(text.encode() + b'\r')
        return line.read_until(answer)

    for text in ('AT', 'ATE0', 'AT+QSCLK=0', 'AT+QSSLCFG=0,0,"seclevel",0'):
        command(text)
    command(f'AT+QSSLOPEN=0,0,"{host}",{port},0', b'+QSSLOPEN: 0,0,0\r\n')
    payload = b'x' * (size - 1) + b'\n'
    durations = []
    for _ in range(count):
        begun = time.monotonic_ns()
        command(f'AT+QSSLSEND=0,0,{size}', b'>')
        line.write(payload)
        answer = line.read_until(b'+QSSLSEND: 0,0,0\r\n')
        header = f'+QSSLURC: "recv",0,0,{size},"'.encode()
        while header not in answer or len(answer.split(header, 1)[1]) < size + 1:
            answer += line.read(max(1, line.in_waiting))
        durations.append(time.monotonic_ns() - begun)
    command('AT+QSSLCLOSE=0,0', b'+QSSLCLOSE: 0,0,0\r\n')
    print(json.dumps({'ns': durations}))


if __name__ == '__main__':
    main()
