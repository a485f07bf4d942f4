"""check_layers.py must be able to fail: each rule is broken once in a small made-up tree."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import check_layers  # noqa: E402

LADDER = """
| rung | folder | uses | what |
|---|---|---|---|
| 3 | `cli/` | all below | the command |
| 2 | `tamis/recommend/` | `data` `base` | |
| 2 | `tamis/evidence/` | `data` `base` | |
| 1 | `tamis/data/` | `base` | |
| 0 | `tamis/base/` | | |
"""


class CheckLayers(unittest.TestCase):
    def faults(self, files):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "ARCHITECTURE.md").write_text(LADDER)
            for name, text in files.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            return check_layers.check(root)[0]

    def test_a_tree_that_keeps_the_rules_has_no_faults(self):
        self.assertEqual(self.faults({
            "tamis/base/error.h": "#include <string>\n",
            "tamis/data/log.h": '#include "tamis/base/error.h"\n',
            "tamis/data/log.cpp": '#include "tamis/data/log.h"\n#include <fmt/format.h>\n',
            "tamis/evidence/metrics/ndcg.cpp": '#include "tamis/data/log.h"\n',
            "cli/main.cpp": '#include "tamis/evidence/x.h"\n#include "tamis/base/error.h"\n',
            "tests/data/log_test.cpp": '#include "tamis/data/log.h"\n#include "tests/reference/log.h"\n',
        }), [])

    def test_including_upwards_is_a_fault(self):
        found = self.faults({"tamis/base/error.cpp": '#include "tamis/data/log.h"\n'})
        self.assertEqual(found, ["tamis/base/error.cpp: includes tamis/data/log.h, but tamis/base may not use tamis/data"])

    def test_the_towers_may_not_touch(self):
        self.assertEqual(len(self.faults({"tamis/evidence/a/x.cpp": '#include "tamis/recommend/blend.h"\n',
                                          "tamis/recommend/y.cpp": '  #  include "tamis/evidence/a/x.h"\n'})), 2)

    def test_nothing_includes_the_command_or_a_test(self):
        self.assertEqual(len(self.faults({"tamis/base/x.cpp": '#include "cli/main.h"\n#include "tests/reference/x.h"\n'})), 2)

    def test_a_room_off_the_ladder_is_a_fault(self):
        self.assertIn("not on the ladder", self.faults({"tamis/utils/x.h": ""})[0])

    def test_a_test_sees_only_what_its_room_sees(self):
        self.assertEqual(len(self.faults({"tests/evidence/x_test.cpp": '#include "tamis/recommend/blend.h"\n'})), 1)

    def test_heavy_headers_are_for_sources(self):
        for heavy in ("arrow/api.h", "toml++/toml.h", "nlohmann/json.hpp", "fmt/format.h", "spdlog/spdlog.h", "CLI/CLI.hpp"):
            self.assertEqual(len(self.faults({"tamis/base/x.h": f"#include <{heavy}>\n"})), 1, heavy)
            self.assertEqual(self.faults({"tamis/base/x.cpp": f"#include <{heavy}>\n"}), [], heavy)
        self.assertEqual(self.faults({"tamis/base/x.h": "#include <nlohmann/json_fwd.hpp>\n"}), [])

    def test_a_cycle_is_named(self):
        found = self.faults({"tamis/base/a.h": '#include "tamis/base/b.h"\n', "tamis/base/b.h": '#include "tamis/base/a.h"\n'})
        self.assertEqual(found, ["include cycle: tamis/base/a.h -> tamis/base/b.h -> tamis/base/a.h"])


if __name__ == "__main__":
    unittest.main()
