# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made of what the kernel answers to a dump: one that was interrupted is asked for again, one that ended with an error is none."""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterator

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.kernel.netlink import HEADER, NLM_F_DUMP_INTR, NLM_F_MULTI, Refused, RouteSocket

DONE, NEW = 3, 16


class Kernel:
    """Answers each request with the next of some dumps, and a last one again and again. Each is a list of datagrams."""

    def __init__(self, *dumps: list[bytes]) -> None:
        self._dumps = list(dumps)
        self._waiting: Iterator[bytes] = iter(())
        self.asked = 0

    def send(self, _request: bytes) -> None:
        self.asked += 1
        self._waiting = iter(self._dumps.pop(0) if len(self._dumps) > 1 else self._dumps[0])

    def recv(self, _most: int) -> bytes:
        return next(self._waiting)

    def close(self) -> None:
        pass


def told(payload: bytes, flags: int = 0, kind: int = NEW) -> bytes:
    return HEADER.pack(HEADER.size + len(payload), kind, NLM_F_MULTI | flags, 1, 0) + payload


def done(flags: int = 0, number: int = 0) -> bytes:
    return told(struct.pack("=i", -number), flags, DONE)


def dump(kernel: Kernel) -> list[bytes]:
    with RouteSocket() as netlink:
        netlink._socket.close()
        netlink._socket = kernel  # type: ignore[assignment]
        return netlink.dump(18, b"")


WHOLE = [told(b"one ") + told(b"two "), told(b"more") + done()]


@pytest.mark.parametrize(
    "interrupted",
    [
        [told(b"one "), told(b"more", NLM_F_DUMP_INTR) + done()],
        [told(b"one ") + told(b"more"), done(NLM_F_DUMP_INTR)],
    ],
    ids=["in the middle", "at its end"],
)
def test_an_interrupted_dump_is_asked_for_again(interrupted: list[bytes]) -> None:
    kernel = Kernel(interrupted, interrupted, WHOLE)
    assert dump(kernel) == [b"one ", b"two ", b"more"]
    assert kernel.asked == 3


def test_where_there_is_no_end_of_interruptions_the_last_dump_counts() -> None:
    kernel = Kernel([told(b"one ", NLM_F_DUMP_INTR), done()])
    assert dump(kernel) == [b"one "]
    assert 1 < kernel.asked < 100


def test_a_dump_that_ends_with_an_error_is_refused() -> None:
    with pytest.raises(Refused) as raised:
        dump(Kernel([told(b"one "), done(number=errno.EMSGSIZE)]))
    assert raised.value.errno == errno.EMSGSIZE
