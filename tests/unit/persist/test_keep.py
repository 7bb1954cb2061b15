# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written for the next boot, and in which order."""

from __future__ import annotations

from ansible_collections.mooring.cnm.plugins.module_utils.persist.keep import Kept, describe, plan, wanted
from hypothesis import given
from hypothesis import strategies as st

WANT = wanted("default", {"networks": {}}, {"__main__.py": "pass", "a.py": ""}, "/usr/bin/python3")
OTHER = wanted("default", {"networks": {"a": {}}}, {"__main__.py": "pass", "b.py": ""}, "/usr/bin/python3")
FOLDER = next(iter(WANT.engine)).rpartition("/")[0]
NAME = "mooring-cnm@default.service"

kept = st.builds(
    Kept,
    st.sampled_from([{}, WANT.engine, OTHER.engine]),
    st.sampled_from([{}, WANT.slice, OTHER.slice]),
    st.sampled_from([{}, WANT.unit, OTHER.unit]),
    st.booleans(),
    st.booleans(),
)


def steps(have: Kept, want: Kept) -> list[str]:
    return [str(op) for op in plan("default", have, want)]


def test_the_unit_that_names_the_engine_is_written_after_it() -> None:
    assert steps(Kept(), WANT) == [
        f"write the engine, 2 files, to {FOLDER}",
        "write /etc/mooring-cnm/default.json",
        f"write /etc/systemd/system/{NAME}",
        f"enable {NAME}",
        f"start {NAME}",
    ]
    assert FOLDER in WANT.unit[f"/etc/systemd/system/{NAME}"][1]


def test_a_container_that_is_a_sandbox_is_attached_whenever_docker_starts_it() -> None:
    part = {"sandboxes": {"a": {"container": "redis"}, "b": {"networks": ["front"]}, "c": {"container": "db.1"}}}
    path = "/etc/systemd/system/mooring-cnm-containers@default.service"
    text = wanted("default", part, {"__main__.py": "pass"}, "/usr/bin/python3", ["docker"]).unit[path][1]
    assert "--filter event=start --filter container=db.1 --filter container=redis --format" in text
    assert "| while read -r id; do /usr/bin/python3 -I " in text
    assert path not in wanted("default", part, {"__main__.py": "pass"}, "/usr/bin/python3").unit
    assert path not in wanted("default", {"sandboxes": {}}, {"__main__.py": "pass"}, "/usr/bin/python3", ["docker"]).unit


def test_what_is_kept_is_let_go_in_the_reverse_order() -> None:
    assert steps(WANT, Kept()) == [f"stop {NAME}", f"disable {NAME}", f"remove /etc/systemd/system/{NAME}", "remove /etc/mooring-cnm/default.json"]


def test_a_new_slice_is_tried_at_once() -> None:
    have = Kept(WANT.engine, OTHER.slice, WANT.unit, True, True)
    assert steps(have, WANT) == ["write /etc/mooring-cnm/default.json", f"start {NAME}"]


def test_the_slice_is_roots_alone() -> None:
    assert {mode for mode, _text in WANT.slice.values()} == {0o600}


@given(have=kept)
def test_whatever_is_written_or_not_running_is_started_last(have: Kept) -> None:
    done = steps(have, WANT)
    assert (done == []) == (have == WANT)
    assert f"start {NAME}" not in done[:-1]


def test_the_picture_says_what_is_broken() -> None:
    assert describe("default", WANT) == {"fleet": "default", "slice": {"networks": {}}, "state": "present"}
    assert describe("default", Kept()) == {"fleet": "default", "slice": {}, "state": "absent"}
    broken = Kept(slice={"/etc/mooring-cnm/default.json": (0o600, "{")})
    assert describe("default", broken)["slice"] == {"broken": "{"}
