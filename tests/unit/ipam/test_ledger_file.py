# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger's file between runs that are at work at once, and one that ends in the middle."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleActionFail
from ansible_collections.mooring.cnm.plugins.plugin_utils.fleet.ledger_file import LedgerFile, open_ledger
from ansible_collections.mooring.cnm.tests.unit.model.declared import UNHURRIED
from hypothesis import given
from hypothesis import strategies as st

# A run that gives one address: it reads, decides, and writes. It says when it is ready, and begins when it is told.
RUN = """
import sys
from ansible_collections.mooring.cnm.plugins.plugin_utils.fleet.ledger_file import open_ledger
print("ready", flush=True)
sys.stdin.read()
for number in range(20):
    with open_ledger(sys.argv[1]) as ledger:
        given = ledger.read() or {}
        given[f"{sys.argv[2]}-{number}"] = len(given)
        ledger.write(given)
"""


def test_runs_at_once_give_everything_once_and_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / ".cnm-ledger.yml"
    LedgerFile(str(path)).write({})
    runs = [
        subprocess.Popen([sys.executable, "-c", RUN, str(path), str(which)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for which in range(3)
    ]
    for run in runs:
        assert run.stdout is not None and run.stdout.readline() == "ready\n"
    for run in runs:
        assert run.stdin is not None
        run.stdin.close()
    while any(run.poll() is None for run in runs):
        assert isinstance(yaml.safe_load(path.read_text()), dict)  # whoever reads without the lock sees a whole one
    assert [run.returncode for run in runs] == [0, 0, 0]
    given = yaml.safe_load(path.read_text())
    assert sorted(given.values()) == list(range(60)) and os.listdir(tmp_path) == [path.name]


def test_a_run_that_ends_while_it_writes_leaves_the_old_ledger_and_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / ".cnm-ledger.yml"
    LedgerFile(str(path)).write({"version": 1})

    def ends(*_words: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", ends)
    with pytest.raises(KeyboardInterrupt), open_ledger(str(path)) as ledger:
        ledger.write({"version": 2})
    with open_ledger(str(path)) as ledger:
        assert ledger.read() == {"version": 1}
    assert os.listdir(tmp_path) == [path.name]


# Names as inventories have them, and some that YAML must quote.
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,100}", fullmatch=True) | st.sampled_from(
    ["null", "yes", "1e3", "0x1f", "12:30", "2001:db8::1", "10.0.0.1", "hôte"]
)
KEYS = NAMES | st.builds("{}/{}".format, NAMES, NAMES)
ADDRESSES = st.lists(st.ip_addresses().map(str), max_size=2)
GRANTS = st.fixed_dictionaries(
    {"subnets": st.lists(st.ip_addresses().map("{}/32".format), max_size=2), "vnis": st.lists(st.integers(1, 2**24 - 1), max_size=2)}
)
SEEN = st.fixed_dictionaries(
    {"prefixes": ADDRESSES, "underlay_address": st.none() | st.ip_addresses(v=4).map(str), "underlay_mtu": st.none() | st.integers(576, 9000)}
)
CONTENTS = st.fixed_dictionaries(
    {
        "version": st.just(1),
        "networks": st.dictionaries(KEYS, GRANTS, max_size=3),
        "endpoints": st.dictionaries(KEYS, st.dictionaries(KEYS, ADDRESSES, max_size=3), max_size=3),
        "ports": st.dictionaries(KEYS, st.dictionaries(st.sampled_from(["80", "53/udp", "127.0.0.1:443"]), st.integers(1, 65535), max_size=2), max_size=3),
        "seen": st.dictionaries(NAMES, SEEN, max_size=3),
    }
)


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="PyYAML was built without libyaml: there is but one way")
@given(CONTENTS)
@UNHURRIED
def test_with_and_without_libyaml_the_text_is_the_same(content: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = LedgerFile(os.path.join(folder, "ledger.yml"))
        file.write(content)
        text = Path(file.path).read_text(encoding="utf-8")
        assert text.partition("\n")[2] == yaml.safe_dump(content, default_flow_style=False, sort_keys=True)
        assert file.read() == yaml.safe_load(text) == content


def test_a_ledger_without_libyaml(tmp_path: Path) -> None:
    run = """
import sys, yaml
for name in ("CSafeLoader", "CSafeDumper"):
    if hasattr(yaml, name):
        delattr(yaml, name)
from ansible_collections.mooring.cnm.plugins.plugin_utils.fleet.ledger_file import LedgerFile
LedgerFile(sys.argv[1]).write({"version": 1, "endpoints": {"n": {"h/s": ["10.0.0.2"]}}})
print(LedgerFile(sys.argv[1]).read())
"""
    path = str(tmp_path / "ledger.yml")
    done = subprocess.run([sys.executable, "-c", run, path], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(LedgerFile(path).read()) == "{'endpoints': {'n': {'h/s': ['10.0.0.2']}}, 'version': 1}"


# What is left where both sides of a merge were kept, and where nobody has looked at it yet.
BOTH = "endpoints:\n  n1/a:\n    n1/w: [172.17.0.2]\n  n1/a:\n    n1/v: [172.17.0.2]\n"
UNRESOLVED = "endpoints:\n  n1/a:\n<<<<<<< HEAD\n    n1/w:\n    - 172.17.0.2\n=======\n    n1/v:\n    - 172.17.0.2\n>>>>>>> other\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOTH, "'n1/a' stands in line 2 and again in line 4: make one entry of the two"),
        (UNRESOLVED, "a merge of it is not resolved, see line 3"),
        ("endpoints: [", "while parsing"),
    ],
)
def test_a_merge_that_lost_or_left_something_is_not_read(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "ledger.yml"
    path.write_text(text)
    with pytest.raises(AnsibleActionFail, match=re.escape(f"{path} cannot be read: {said}")):
        LedgerFile(str(path)).read()


def test_a_symbolic_link_stays_one_and_who_may_read_it_stays(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    kept, link = tmp_path / "kept" / "ledger.yml", tmp_path / ".cnm-ledger.yml"
    link.symlink_to("kept/ledger.yml")
    for mode in (0o644, 0o640):
        with open_ledger(str(link)) as ledger:
            ledger.write({"version": 1})
        assert link.is_symlink() and kept.stat().st_mode & 0o777 == mode
        kept.chmod(0o640)
    assert os.listdir(tmp_path / "kept") == ["ledger.yml"]
