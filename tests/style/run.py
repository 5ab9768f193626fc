#!/usr/bin/env python3
"""The rules of this repository that a machine can check. Prints one line a rule; exit status 1 if any is broken."""
import re
import subprocess
import sys
from pathlib import Path

import parts
import text

ROOT = Path(__file__).resolve().parents[2]

RULES = [
    parts.table_agrees_with_cmake,
    parts.includes_go_upwards_only,
    parts.each_outside_library_has_one_part,
    text.files_are_short,
    text.headers_open_with_a_comment_and_pragma_once,
    text.scripts_say_what_they_are,
    text.no_forbidden_words,
    text.no_stray_whitespace,
    text.links_in_documents_lead_somewhere,
    text.every_document_is_on_the_map,
    text.acceptance_tests_are_executable,
    text.every_fuzzer_has_a_corpus,
    text.error_reference_agrees_with_the_code,
    text.finding_reference_agrees_with_the_code,
]


class Tree:
    """The files under version control (and new ones not ignored), read once."""

    def __init__(self, root):
        listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"],
                                cwd=root, check=True, capture_output=True, text=True).stdout
        self.root = root
        self.paths = sorted({p for p in listed.splitlines() if (root / p).is_file()})
        self._texts = {}

    def select(self, pattern):
        return [p for p in self.paths if re.search(pattern, p)]

    def read(self, path):
        if path not in self._texts:
            data = (self.root / path).read_bytes()
            self._texts[path] = "" if b"\0" in data else data.decode("utf-8", "replace")
        return self._texts[path]


def main():
    tree = Tree(ROOT)
    broken = 0
    for rule in RULES:
        findings = list(rule(tree))
        name = rule.__name__.replace("_", " ")
        print(f"{'FAIL' if findings else 'PASS'} {name}")
        for finding in findings:
            print(f"     {finding}")
        broken += bool(findings)
    print(f"{len(RULES) - broken} passed, {broken} failed")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
