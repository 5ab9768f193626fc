"""Rules about single files: length, head comments, words, links, and tables that must agree with the code."""
import os
import re

MAX_LINES = 500
# Each with the reason that is printed. This file is exempt: it has to name them.
FORBIDDEN = [
    (r"\b(TODO|FIXME|XXX)\b", "do it, or leave it out"),
    (r"/(work|root|home/\w+)/", "a path of one machine"),
    (r"\bstd::format\(", "libstdc++ 12 has none: lifeboat::format"),
    (r"deb\.debian\.org|registry\.npmjs", "packages are named, not the hosts they come from"),
]
EXEMPT = {"tests/style/text.py", "LICENSE"}


def _code(tree):
    return tree.select(r"\.(cc|h)$")


def files_are_short(tree):
    for path in _code(tree):
        lines = tree.read(path).count("\n")
        if lines > MAX_LINES:
            yield f"{path}: {lines} lines; more than {MAX_LINES} are more than one thing"


def headers_open_with_a_comment_and_pragma_once(tree):
    for path in tree.select(r"^src/.*\.h$"):
        lines = tree.read(path).splitlines()
        if not lines or not lines[0].startswith("//"):
            yield f"{path}: the first line says what it is for"
        if "#pragma once" not in lines:
            yield f"{path}: no #pragma once"


def scripts_say_what_they_are(tree):
    for path in tree.paths:
        lines = tree.read(path).splitlines()
        if path.endswith(".py") or (lines and re.match(r"#!.*(python3|sh)$", lines[0])):
            second = lines[1] if lines and lines[0].startswith("#!") and len(lines) > 1 else (lines or [""])[0]
            if not second.startswith(("#", '"""')):
                yield f"{path}: opens without saying what it is for"


def no_forbidden_words(tree):
    for path in tree.paths:
        if path in EXEMPT:
            continue
        for number, line in enumerate(tree.read(path).splitlines(), 1):
            for pattern, reason in FORBIDDEN:
                if re.search(pattern, line):
                    yield f"{path}:{number}: {re.search(pattern, line).group(0)!r}: {reason}"


def no_stray_whitespace(tree):
    for path in tree.paths:
        if "testdata" in path or path.startswith("tests/corpus/"):
            continue
        text = tree.read(path)
        if text and not text.endswith("\n"):
            yield f"{path}: no newline at the end"
        for number, line in enumerate(text.splitlines(), 1):
            if line != line.rstrip() or ("\t" in line and path.endswith((".cc", ".h", ".py"))):
                yield f"{path}:{number}: stray blanks or tabs"


def links_in_documents_lead_somewhere(tree):
    for path in tree.select(r"\.md$"):
        folder = os.path.dirname(path)
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", tree.read(path)):
            if not re.match(r"[a-z]+:", target) and not (tree.root / folder / target).exists():
                yield f"{path}: {target} does not exist"


def every_document_is_on_the_map(tree):
    shown = {os.path.normpath(os.path.join("docs", t)) for t in re.findall(r"\]\(([^)#\s]+)", tree.read("docs/README.md"))}
    for path in tree.select(r"^docs/.*\.md$"):
        if path != "docs/README.md" and path not in shown:
            yield f"{path} is not in docs/README.md"


def acceptance_tests_are_executable(tree):
    for path in tree.select(r"^acceptance/[^/]+$"):
        if not os.access(tree.root / path, os.X_OK):
            yield f"{path}: not executable"
        if "--scale" not in tree.read(path) and "acceptance" not in tree.read(path):
            yield f"{path}: does not take --scale"


def every_fuzzer_has_a_corpus(tree):
    fuzzers = [os.path.basename(p)[:-3] for p in tree.select(r"^src/.*_fuzz\.cc$")]
    for name in fuzzers:
        if not tree.select(rf"^tests/corpus/{name}/"):
            yield f"tests/corpus/{name}/ is empty: the fuzzer {name} has no corpus to replay"
    for path in tree.select(r"^tests/corpus/"):
        if path.split("/")[2] not in fuzzers:
            yield f"{path} belongs to no fuzzer"


def error_reference_agrees_with_the_code(tree):
    numbers = dict(re.findall(r"^  (k\w+) = (\d+),", tree.read("src/base/error.h"), re.M))
    rows = re.findall(r'CodeRow\{Code::(k\w+), "(\w+)", (\d+)\}', tree.read("src/base/error.cc"))
    code = [(numbers[c], name, http) for c, name, http in rows]
    document = re.findall(r"^\| (\d+) \| `(\w+)` \| (\d+) \|", tree.read("docs/reference/errors.md"), re.M)
    if len(rows) != len(numbers) or not rows:
        yield f"error.h has {len(numbers)} codes, error.cc {len(rows)}"
    for each in sorted(set(code) ^ set(document)):
        yield f"only in {'base/error.cc' if each in code else 'docs/reference/errors.md'}: {each}"


def finding_reference_agrees_with_the_code(tree):
    source = tree.read("src/rescue/check_findings.cc")
    enum = re.search(r"enum class FindingId[^{]*\{(.*?)\};", tree.read("src/rescue/check_findings.h"), re.S)
    ids = re.findall(r"^  (k\w+),", enum.group(1), re.M) if enum else []
    rows = re.findall(r'\{FindingId::(k\w+),\s*k(Critical|Warning|Note),\s*"(\w+)",\s*"([^"]+)"', source)
    code = [(name, severity.lower(), title) for _, severity, name, title in rows]
    document = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]+) \|", tree.read("docs/reference/findings.md"), re.M)
    if [row[0] for row in rows] != ids or not rows:
        yield f"check_findings.h has the ids {ids}, check_findings.cc {[row[0] for row in rows]}"
    for each in sorted(set(code) ^ set(document)):
        yield f"only in {'rescue/check_findings.cc' if each in code else 'docs/reference/findings.md'}: {each}"
