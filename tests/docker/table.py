# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs all tests of this folder beside each release of Docker that is not the machine's own, and writes docs/engines.md."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

from .engines import OTHERS, Engine

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
# Of Podman, whatever Docker's release.
NO_ENGINE = HERE / "test_podman.py"
TABLE, RESULTS = PROJECT / "docs/engines.md", PROJECT / ".cache/engines"
HEAD = """\
<!--
Copyright: mooring.cnm contributors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->
# Engines that were tried

Written by `make test-engines`, which runs the tests of [tests/docker](../tests/docker) beside each of these, as `make docker` does beside Docker 20.10. The
cells are those of [test_side_by_side.py](../tests/docker/test_side_by_side.py): one topology made by Docker's own commands and declared with us, and who
reaches whom in both. Where a cell is different, Docker answers and we do not.

| engine | day | tests passed | not for it | cells equal | different |
|---|---|---|---|---|---|
"""
NOT_FOR_IT = "\nNot for an engine are:\n\n"


def run(engine: Engine) -> Path:
    """Run all tests beside an engine. The file with their results, also where some fail."""
    results = RESULTS / f"{engine.name.replace(' ', '-')}.xml"
    results.unlink(missing_ok=True)
    # More processes would have more neighbours than the machine has room for.
    words = ["-n", "2", "--dist", "loadfile", f"--junit-xml={results}", f"--ignore={NO_ENGINE}", str(HERE)]
    subprocess.run([sys.executable, "-m", "pytest", *words], env={**os.environ, "CNM_ENGINE": engine.name}, check=False)
    return results


def judged(results: Path) -> tuple[list[str], Counter[str], bool]:
    """The last cells of a row, how many tests are not for the engine by the reason, and whether all others passed."""
    cases = ElementTree.parse(results).findall(".//testcase")
    skipped = Counter(one.get("message", "") for case in cases for one in case.findall("skipped"))
    failed = sorted({str(case.get("name")) for case in cases if case.find("failure") is not None or case.find("error") is not None})
    told = {one.get("name"): one.get("value", "") for case in cases for one in case.findall(".//property")}
    asked = len({(case.get("classname"), case.get("name")) for case in cases}) - skipped.total()
    passed = f"{asked - len(failed)} of {asked}" + (f"; not {', '.join(failed)}" if failed else "")
    return [passed, str(skipped.total()), told.get("cells", "–"), told.get("different", "–")], skipped, bool(asked and not failed)


def main() -> int:
    """The exit status is 1 where a test failed beside one of them."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    rows, reasons, good = [], [], True
    for engine in OTHERS:
        cells, skipped, passed = judged(run(engine))
        rows.append(f"| {' | '.join([engine.name, str(datetime.date.today()), *cells])} |\n")
        reasons += [f"- {engine.name}, {count} {'test' if count == 1 else 'tests'}: {reason}\n" for reason, count in sorted(skipped.items())]
        good = good and passed
        TABLE.write_text(HEAD + "".join(rows) + (NOT_FOR_IT + "".join(reasons) if reasons else ""), encoding="utf-8")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
