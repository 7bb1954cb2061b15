# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attributes are found where a message before had them: no message is taken for another one."""

from __future__ import annotations

import struct

from ansible_collections.mooring.cnm.plugins.module_utils.kernel.netlink import attribute, attributes, places
from hypothesis import given
from hypothesis import strategies as st

NUMBERS, OFFSETS = st.integers(0, 5), st.integers(0, 3)
# Short, and of few values, so that many have one length, and many of those nearly the same heads. What is no attribute ends the reading.
WHOLE = st.lists(st.tuples(NUMBERS, st.sampled_from([b"", b"\0", b"\1\2\3", b"\4\0\5\0", b"\6" * 8])), max_size=4).map(
    lambda listed: b"".join(attribute(number, payload) for number, payload in listed)
)
BODIES = st.one_of(WHOLE, st.tuples(WHOLE, st.binary(max_size=8)).map(b"".join), st.lists(st.sampled_from([0, 1, 4, 5, 8, 12]), max_size=12).map(bytes))


def one_by_one(body: bytes, offset: int) -> list[tuple[int, bytes]]:
    found = []
    while offset + 4 <= len(body):
        length, kind = struct.unpack_from("=HH", body, offset)
        if length < 4:
            break
        found.append((kind & 0x3FFF, body[offset + 4 : offset + length]))
        offset += (length + 3) & ~3
    return found


@given(BODIES, OFFSETS, st.none() | st.frozensets(NUMBERS))
def test_what_is_found_is_what_there_is(body: bytes, offset: int, wanted: frozenset[int] | None) -> None:
    expected = [(number, payload) for number, payload in one_by_one(body, offset) if wanted is None or number in wanted]
    assert [(number, body[place]) for number, place in places(body, offset, wanted)] == expected
    assert attributes(body, offset, wanted) == dict(expected)


def test_a_property_that_comes_twice_is_found_twice() -> None:
    body = attribute(53, b"first\0") + attribute(53, b"second\0")
    assert [body[place] for number, place in places(body, 0) if number == 53] == [b"first\0", b"second\0"]
