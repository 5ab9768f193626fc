"""Rules about the parts under src/: their order, and the outside libraries. The table in ARCHITECTURE.md is the law."""
import re

# What an #include <...> belongs to. Standard C++ and POSIX headers are matched below and are free for all.
LIBRARIES = {
    "fmt": r"fmt/", "spdlog": r"spdlog/", "Boost.JSON": r"boost/", "OpenSSL's TLS": r"openssl/(ssl|x509|pem)",
    "OpenSSL": r"openssl/", "zstd": r"zstd(_errors)?\.h", "libcurl": r"curl/", "zlib": r"zlib\.h",
    "libfuse3": r"fuse3?/|fuse", "libmariadb": r"mysql|mariadb|errmsg\.h", "CLI11": r"CLI/",
    "toml++": r"toml\+\+/",
}
TEST_LIBRARIES = r"gtest/|gmock/|rapidcheck"
SYSTEM = (r"[a-z_]+$|(sys|linux|netinet|arpa|net)/[a-z0-9_]+\.h$|"
          r"(unistd|fcntl|signal|errno|poll|dirent|pthread|sched|time|pwd|grp|netdb|dlfcn|termios|stdlib|stdio|string|fnmatch|glob|"
          r"spawn|getopt|endian|limits|malloc|syslog|utime|mntent|ucontext)\.h$")


class Part:
    def __init__(self, name, depends, libraries):
        self.name, self.depends, self.libraries = name, depends, libraries


def table(tree):
    """The rows of the parts table in ARCHITECTURE.md, top first: | `part` | what | never | depends on | libraries |."""
    rows = []
    for line in tree.read("ARCHITECTURE.md").splitlines():
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        if len(cells) == 5 and re.fullmatch(r"`[a-z]+`", cells[0]):
            libraries = [] if cells[4] == "–" else [c.strip() for c in cells[4].split(",")]
            rows.append(Part(cells[0].strip("`"), re.findall(r"`([a-z]+)`", cells[3]), libraries))
    return rows


def part_of(path):
    match = re.match(r"src/([a-z]+)/", path)
    return match.group(1) if match else None


def includes(tree, path, quote):
    opening, closing = ('"', '"') if quote == '"' else ("<", ">")
    return re.findall(rf"^\s*#\s*include\s*{opening}([^{closing}]+){closing}", tree.read(path), re.M)


def sources(tree):
    return tree.select(r"^src/[a-z]+/.*\.(cc|h)$")


def table_agrees_with_cmake(tree):
    rows = table(tree)
    folders = {part_of(p) for p in sources(tree)}
    names = [row.name for row in rows]
    for folder in sorted(folders - set(names)):
        yield f"src/{folder} is not in ARCHITECTURE.md's table"
    cmake = {}
    for name, rest in re.findall(r"^lifeboat_part\((\w+)([^)]*)\)", tree.read("CMakeLists.txt"), re.M):
        match = re.search(r"PARTS ([a-z ]+)", rest)
        cmake[name] = match.group(1).split() if match else []
    if [n for n in cmake if n in names] != names:
        yield f"ARCHITECTURE.md lists {names}, CMakeLists.txt {list(cmake)}"
    for row in rows:
        if sorted(cmake.get(row.name, [])) != sorted(row.depends):
            yield f"{row.name}: ARCHITECTURE.md says it depends on {row.depends}, CMakeLists.txt {cmake.get(row.name)}"
        for each in row.depends:
            if each not in names[:names.index(row.name)]:
                yield f"{row.name} depends on {each}, which is not above it"


def includes_go_upwards_only(tree):
    allowed = {row.name: {row.name, *row.depends} for row in table(tree)}
    for path in sources(tree):
        for name in includes(tree, path, '"'):
            part = name.split("/")[0]
            if "/" not in name:
                yield f"{path}: write #include \"{part_of(path)}/{name}\""
            elif part not in allowed.get(part_of(path), set()):
                yield f"{path} includes {name}: {part_of(path)} may not depend on {part}"


def each_outside_library_has_one_part(tree):
    owner = {}
    for row in table(tree):
        for library in row.libraries:
            if library in owner:
                yield f"{library} belongs to both {owner[library]} and {row.name}"
            owner[library] = row.name
    for library in sorted(set(LIBRARIES) ^ set(owner)):
        yield f"{library} is known to only one of ARCHITECTURE.md and tests/style/parts.py"
    for path in tree.select(r"^(src|tests)/.*\.(cc|h)$"):
        in_test = path.startswith("tests/") or re.search(r"_test(ing)?\.(cc|h)$|(_fuzz|/fuzzing)\.(cc|h)$", path)
        for name in includes(tree, path, "<"):
            library = next((lib for lib, pattern in LIBRARIES.items() if re.match(pattern, name)), None)
            if library is None:
                if not re.match(SYSTEM, name) and not (in_test and re.match(TEST_LIBRARIES, name)):
                    yield f"{path} includes <{name}>, of a library that ARCHITECTURE.md does not name"
            elif owner.get(library) != part_of(path):
                yield f"{path} includes <{name}>: {library} is {owner.get(library)}'s alone"
