# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What probes look like on the wire."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address

from ansible_collections.mooring.cnm.plugins.module_utils.proof.packet import (
    TCP,
    UDP,
    answer,
    ask,
    asker,
    checksum,
    echo_request,
    port_filter,
    read_answer,
    read_arrival,
    read_ask,
    read_echo_reply,
    syn,
)
from hypothesis import given
from hypothesis import strategies as st

NUMBERS = st.integers(0, (1 << 24) - 1)


def ip(protocol: int, payload: bytes, source: str = "198.18.0.3") -> bytes:
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0, IPv4Address(source).packed, IPv4Address("172.18.0.2").packed)
    return header + payload


@given(NUMBERS)
def test_a_question_is_read_by_who_knows_the_run_alone(number: int) -> None:
    assert read_ask("run", ask("run", number)) == asker(ask("run", number)) == number
    assert read_ask("other", ask("run", number)) is None


@given(NUMBERS | st.none())
def test_an_answer_is_of_one_listener_to_one_question(number: int | None) -> None:
    said = answer("run", "node1/web:80/tcp", number, "198.18.0.3")
    assert read_answer("run", "node1/web:80/tcp", number, said) == "198.18.0.3"
    assert read_answer("run", "node1/db:80/tcp", number, said) is None
    assert read_answer("other", "node1/web:80/tcp", number, said) is None
    assert read_answer("run", "node1/web:80/tcp", 1 << 25, said) is None


@given(st.binary(max_size=200))
def test_rubbish_is_nothing(payload: bytes) -> None:
    assert read_ask("run", payload) is None
    assert read_answer("run", "x", None, payload) is None
    assert read_arrival("run", ip(UDP, payload)) is None
    assert read_arrival("run", payload) is None
    assert read_echo_reply(ip(1, b"\x08" + payload)) is None


@given(NUMBERS)
def test_a_marked_syn_is_known_whatever_translation_did_to_its_ports(number: int) -> None:
    segment = syn("run", number, ("198.18.0.3", 40000), ("198.18.0.2", 8080))
    pseudo = IPv4Address("198.18.0.3").packed + IPv4Address("198.18.0.2").packed + struct.pack("!HH", TCP, len(segment))
    assert checksum(pseudo + segment) == 0
    translated = struct.pack("!HH", 1234, 80) + segment[4:]
    assert read_arrival("run", ip(TCP, translated)) == (number, "198.18.0.3")
    assert read_arrival("other", ip(TCP, translated)) is None


def test_other_segments_are_not_counted() -> None:
    segment = bytearray(syn("run", 7, ("198.18.0.3", 40000), ("198.18.0.2", 80)))
    segment[13] = 18  # the answer to a SYN
    assert read_arrival("run", ip(TCP, bytes(segment))) is None


def test_a_connection_of_somebody_else_is_not_counted_whatever_number_it_begins_with() -> None:
    for number in range(4096):
        segment = bytearray(syn("run", number, ("198.18.0.3", 40000), ("198.18.0.2", 80)))
        segment[14:16] = struct.pack("!H", 64240)  # the window that Linux begins with
        assert read_arrival("run", ip(TCP, bytes(segment))) is None


def test_a_question_in_a_datagram_is_counted() -> None:
    assert read_arrival("run", ip(UDP, struct.pack("!HHHH", 1, 2, 3, 4) + ask("run", 9))) == (9, "198.18.0.3")


def test_an_echo_comes_back_with_what_was_sent() -> None:
    request = echo_request(ask("run", 5))
    assert checksum(request) == 0
    assert read_echo_reply(ip(1, b"\0" + request[1:])) == ("198.18.0.3", ask("run", 5))


def test_a_filter_has_one_step_in_eight_bytes() -> None:
    assert len(port_filter("tcp", 80)) == 7 * 8
