"""The page for the night, docs/three-in-the-morning.md, as somebody uses it who has it on paper: goes to a section, types its indented lines one
after the other with the blanks filled in, and reads what is not known beforehand off the answers."""
import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs/three-in-the-morning.md"
FORM = "Filled"  # the section with what is filled in beforehand
BLANK = "____"
SECTION = re.compile(r"^## (\w+)\b.*\n", re.M)
EXAMPLE = re.compile(r"^```\n.*?^```$", re.M | re.S)
COMMAND = re.compile(r"^ {4}(.*)$", re.M)
VARIABLE = re.compile(r"(?:export )?(\w+)=")
# What the answers tell for the next command.
TOLD = {"NAME": re.compile(r"^take it +lifeboat rescue cut-over (\S+)", re.M),
        "SOCKET": re.compile(r"^look at it +mariadb --socket=(\S+)", re.M)}


class Page:
    def __init__(self):
        self.text = PAGE.read_text()
        parts = SECTION.split(EXAMPLE.sub("", self.text))
        self.sections = {name: COMMAND.findall(body) for name, body in zip(parts[1::2], parts[2::2])}
        self.untyped = {line for name, lines in self.sections.items() if name != FORM for line in lines}

    def form(self, blanks):
        """The file that the team keeps, filled in by variable; one for which nothing is given is left empty, as the page says."""
        return "".join(self._filled(line, blanks.get(VARIABLE.match(line).group(1))) + "\n" for line in self.sections[FORM])

    @staticmethod
    def _filled(line, words):
        if not words:
            return re.sub("'[^']*'", "''", line, count=1)
        assert line.partition("#")[0].count(BLANK) == len(words), (line, words)
        for word in words:
            line = line.replace(BLANK, str(word), 1)
        return line


class Sitting:
    """Somebody at a terminal with the page. `words`: what they know of the capitals."""

    def __init__(self, page, terminal, **words):
        self.page, self.terminal, self.words, self.typed = page, terminal, words, 0

    def types(self, section, number, then=None):
        """One line of the section, which has to do what it is for. Returns what was said."""
        line = self.page.sections[section][number]
        self.page.untyped.discard(line)
        for blank, word in self.words.items():
            line = re.sub(rf"\b{blank}\b", lambda _, word=word: str(word), line)
        status, said = self.terminal.type(line, then)
        self.typed += 1
        assert status == 0, f"{line}\nended with {status}:\n{said}"
        for blank, pattern in TOLD.items():
            if found := pattern.search(said):
                self.words[blank] = found.group(1)
        return said
