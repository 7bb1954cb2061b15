# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting and stopping lab hosts."""

from __future__ import annotations

import os
import select
import shutil
import signal
from collections.abc import Iterable
from contextlib import ExitStack
from typing import NoReturn

from .cgroups import Hierarchy, join_cgroups, only_version_2, read_hierarchies, read_links, remove_cgroups
from .first_process import Boot, become_first_process, listen_for_boot, takes_cgroup_1
from .plan import Host
from .record import Record, disk_path, read_record, record_path, start_of, write_made_with, write_record
from .root import build_root
from .switch import connect_host, disconnect_hosts
from .syscalls import CLONE_NEWCGROUP, CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUTS, unshare

NAMESPACES = CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWCGROUP
STOP_TIMEOUT_S = 10


class HostError(Exception):
    """A host that could not be started or stopped. Says which, what was tried, and the kernel's reason."""


def start_host(lab: str, host: Host) -> Boot | None:
    """Start a host, on the disk that it had or on a new one, and connect it. All of it, or nothing is left of it.

    Returns the boot of one that runs systemd, to wait for and then to close.

    The host's first process builds its root, says its number, and waits for a word; if this process ends before it gave that
    word, the pipe closes and the host ends too. So there is no host without a record.
    """
    name, boot = host.name, None
    is_new = not os.path.exists(disk_path(lab, name))
    hierarchies = read_hierarchies()
    os.makedirs(os.path.dirname(record_path(lab, name)), exist_ok=True)
    write_made_with(lab, name, host.init, host.root)
    report_out, report_in = os.pipe()
    word_out, word_in = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(word_in)
        _be_host(lab, host, hierarchies, report_in, word_out)
    os.close(report_in)
    os.close(word_out)
    try:
        with open(report_out, encoding="utf-8") as report, open(word_in, "w", encoding="utf-8") as word:
            os.waitpid(child, 0)
            first = report.readline().strip()
            if not first.isdigit():
                raise OSError(first or "its first process ended without a word")
            pid = int(first)
            connect_host(lab, name, host.address, pid)
            write_record(lab, name, Record(host.address, pid, start_of(pid) or 0))
            boot = listen_for_boot(name, pid) if host.init == "systemd" else None
            word.write("go\n")
            word.flush()
            last = report.read().strip()
            if last:
                raise OSError(last)
        return boot
    except OSError as error:
        if boot:
            boot.close()
        disconnect_hosts(lab, [host.address])
        remove_cgroups(lab, name)
        if is_new:
            remove_host(lab, name)
        raise HostError(f"The lab host {name} could not be started: {error}.") from error


def _be_host(lab: str, host: Host, hierarchies: tuple[Hierarchy, ...], report: int, word: int) -> NoReturn:
    """Become the host's first process. Never returns: what goes wrong is written to the pipe ``report``."""
    try:
        links = read_links()
        join_cgroups(hierarchies, lab, host.name)
        if not takes_cgroup_1(host.init, host.root):
            hierarchies, links = only_version_2(hierarchies), []
        unshare(NAMESPACES)
        if os.fork() != 0:
            os._exit(0)
        os.setsid()
        pid = os.readlink("/proc/self")  # the number in the machine's namespace: /proc is still the machine's
        build_root(lab, host.name, host.root, disk_path(lab, host.name), hierarchies, links)
        os.write(report, f"{pid}\n".encode())
        if not os.read(word, 1):
            os._exit(1)
        _leave_files()
        become_first_process(host.init)
    except BaseException as error:  # whatever it is, the parent must hear of it, and this copy of it must end here
        os.write(report, f"{error or type(error).__name__}\n".encode())
    finally:
        os._exit(1)


def _leave_files() -> None:
    """Hold no file of whoever called: a pipe would stay open, and its reader wait, as long as the host lives."""
    null = os.open("/dev/null", os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    for number in map(int, os.listdir("/proc/self/fd")):
        if number > 2:
            try:
                os.set_inheritable(number, False)
            except OSError:
                pass  # the one that listed the folder


def stop_hosts(lab: str, names: Iterable[str]) -> None:
    """Kill the hosts, all at once, and wait until they are gone: the kernel ends what runs in them, and their namespaces."""
    addresses = []
    with ExitStack() as open_files:
        waiting: dict[int, str] = {}
        poll = select.poll()
        for name in names:
            record = read_record(lab, name)
            if record is None:
                continue
            addresses.append(record.address)
            try:
                process = os.pidfd_open(record.pid)
            except ProcessLookupError:
                continue
            open_files.callback(os.close, process)
            # Asked after the number was opened: it cannot become another process's any more.
            if record.is_running:
                signal.pidfd_send_signal(process, signal.SIGKILL)
                waiting[process] = name
                poll.register(process, select.POLLIN)
        while waiting:
            ended = poll.poll(STOP_TIMEOUT_S * 1000)
            if not ended:
                raise HostError(f"These lab hosts were killed and have not ended after {STOP_TIMEOUT_S} s: {', '.join(sorted(waiting.values()))}.")
            for event in ended:
                poll.unregister(event[0])
                del waiting[event[0]]
    disconnect_hosts(lab, addresses)


def remove_host(lab: str, name: str) -> None:
    """Remove what a stopped host leaves: its record, its control groups, its disk."""
    remove_cgroups(lab, name)
    if os.path.exists(record_path(lab, name)):
        os.unlink(record_path(lab, name))
    if os.path.exists(disk_path(lab, name)):
        shutil.rmtree(disk_path(lab, name))
