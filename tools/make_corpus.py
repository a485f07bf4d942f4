#!/usr/bin/env python3
"""Gathers English prose from Debian packages into one file, one sentence a line, each sentence once.

    tools/make_corpus.py --out corpus          what `make corpus` runs

Packages are fetched by apt-get into build/corpus and unpacked there; nothing is installed. corpus/english.txt is the
text, corpus/SOURCES.tsv says what came from where. The same packages give the same bytes.
"""
import argparse
import concurrent.futures
import gzip
import html.parser
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LEAST_WORDS = 10_000_000
SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9])")
ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|cf|vs|Mr|Mrs|Dr|St|No|Fig|vol|pp|ed|esp|Gr|Lat|Fr|obs|syn|See|Eng|viz)|\b[A-Za-z])\.$")
WORD = re.compile(r"[A-Za-z]+(?:['’-][A-Za-z]+)*")
BLOCKS = {"p", "li", "dd", "dt", "td", "th", "div", "br", "h1", "h2", "h3", "h4", "h5", "h6", "tr", "title", "section",
          "item", "note", "desc", "table", "ul", "ol", "dl", "blockquote"}
SKIPPED = {"pre", "script", "style", "code-block", "nav", "head", "svg", "footer", "info", "screen", "listing"}
VOID = {"br", "hr", "img", "meta", "link", "input", "area", "base", "col", "embed", "source", "wbr"}


class Prose(html.parser.HTMLParser):
    """The paragraphs of a page, without code, menus and tables of contents."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.paragraphs, self.text, self.skipping = [], [], []

    def flush(self):
        text = " ".join("".join(self.text).split())
        self.text.clear()
        if text:
            self.paragraphs.append(text)

    def handle_starttag(self, tag, attributes):
        if tag in SKIPPED:
            self.skipping.append(tag)
        if tag in BLOCKS:
            self.flush()

    def handle_endtag(self, tag):
        if tag in self.skipping:
            while self.skipping and self.skipping.pop() != tag:
                pass
        if tag in BLOCKS or tag in SKIPPED:
            self.flush()

    def handle_data(self, data):
        if not self.skipping:
            self.text.append(data)


def of_html(text):
    parser = Prose()
    parser.feed(text)
    parser.close()
    parser.flush()
    return parser.paragraphs


def of_text(text):
    """Paragraphs lie between empty lines, or lines of % alone; what is indented by a tab or eight blanks is code."""
    for block in re.split(r"\n\s*\n|\n%\n", text):
        lines = block.split("\n")
        if sum(line.startswith(("\t", "        ")) for line in lines) * 2 > len(lines):
            continue
        yield " ".join(block.split())


def of_rst(text):
    for block in re.split(r"\n\s*\n", text):
        lines = [line for line in block.split("\n") if not re.fullmatch(r"\s*([=\-~^\"'#*+.])\1{2,}\s*", line)]
        if not lines or lines[0].lstrip().startswith((".. ", "::", "|", "+--", ":", "#", "$", ">>>")):
            continue
        if all(line.startswith(("  ", "\t")) for line in lines if line.strip()):
            continue
        joined = " ".join(" ".join(lines).split())
        joined = re.sub(r":[a-z:]+:`([^`<]*?)(?:\s*<[^`]*>)?`", r"\1", joined)
        yield re.sub(r"[`*]{1,2}([^`*]+)[`*]{1,2}_?", r"\1", joined)


def of_pod(text):
    for block in re.split(r"\n\s*\n", text):
        if block.startswith(("=", " ", "\t")):
            continue
        yield " ".join(re.sub(r"[A-Z]<+\s?([^<>]*?)\s?>+", r"\1", block).split())


def of_gcide(text):
    """Senses without headwords, etymologies and marks: {Jury} is Jury, [1913 Webster] goes."""
    for block in re.split(r"\n\s*\n|\n\s+(?=\d+\.\s)", text):
        if not re.match(r"\s|\d+\.\s", block):  # a headword and its etymology
            lines = block.split("\n")
            while lines and (not lines[0].startswith(" ") or "[" in lines[0] and "]" not in lines[0]):
                lines.pop(0)
            block = "\n".join(lines)
        block = re.sub(r"\[[^\]]*\]", " ", block)
        block = re.sub(r"--[A-Z][\w.,'& ()]*$", " ", block.strip(), flags=re.M)
        block = re.sub(r"^\s*(?:\d+\.|\([a-z]\)|Syn:|Note:)\s*", "", block.strip())
        block = re.sub(r"^\s*\([A-Z][A-Za-z.& ]*\)\s*", "", block)
        yield " ".join(re.sub(r"[{}]", "", block).split())


def of_wn(text):
    """Glosses and their examples, a paragraph each."""
    for sense in re.split(r"\n(?=\s+(?:n|v|adj|adv)?\s*\d*:\s)|\n(?=\S)|\n\s+(?=\d+:\s)", text):
        sense = " ".join(re.sub(r"\[(?:syn|ant|also):[^\]]*\]", " ", sense).split())
        sense = re.sub(r"^(?:\S+\s+)*?(?:n|v|adj|adv)?\s*\d*:\s", "", sense)
        yield from re.findall(r'"([^"]+)"', sense)
        yield sense.split('; "')[0]


READERS = {"html": of_html, "page": of_html, "text": of_text, "rst": of_rst, "pod": of_pod, "gcide": of_gcide,
           "wn": of_wn}
ENDINGS = {"html": (".html", ".htm", ".html.en", ".xhtml"), "page": (".page",), "rst": (".rst", ".rst.gz", ".txt.gz"),
           "pod": (".pod",), "gcide": (".dz",), "wn": (".dz",)}


def sentences(paragraph):
    """Cuts at ends of sentences, but not behind an abbreviation."""
    begin = 0
    for end in SENTENCE_END.finditer(paragraph):
        if ABBREVIATION.search(paragraph[begin:end.start()]):
            continue
        yield paragraph[begin:end.end()].strip()
        begin = end.end()
    if paragraph[begin:].strip():
        yield paragraph[begin:].strip()


def is_prose(sentence):
    """4 to 60 words, of which most are words: not code, not a table, not a list of numbers."""
    words = WORD.findall(sentence)
    if not 4 <= len(words) <= 60 or len(sentence) > 400:
        return False
    letters = sum(map(len, words))
    if letters < 0.75 * len(sentence.replace(" ", "")) or letters > 12 * len(words):
        return False
    return not re.search(r"[{}<>|\\=~^_]|::|\(\)|->|https?:|www\.|[^\x00-\x7f’‘“”–—é]", sentence)


def clean(kind, text):
    text = text.replace("\u2019", "'").replace("\u2018", "'").replace("\u201c", '"').replace("\u201d", '"')
    text = text.replace("\u00a0", " ").replace("\u00b6", " ").replace("\u00ad", "")
    return [s for paragraph in READERS[kind](text) for s in sentences(paragraph) if is_prose(s)]


def read(path):
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    return data.decode("utf-8", "replace")


def clean_file(job):
    kind, path = job
    return clean(kind, read(path))


def files_of(folder, kind):
    found = [p for p in folder.rglob("*") if p.is_file() and not p.is_symlink()]
    if kind == "text":
        found = [p for p in found if p.suffix in ("", ".dz", ".txt") or p.name.endswith(".txt.gz")]
    else:
        found = [p for p in found if p.name.endswith(ENDINGS[kind])]
    return sorted(found)


def fetch(package, folder):
    """Unpacks the package under the folder, and returns its version; None where there is no such package."""
    place = folder / package
    stamp = place / "version"
    if stamp.exists():
        return stamp.read_text()
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    got = subprocess.run(["apt-get", "download", package], cwd=place, capture_output=True, text=True)
    files = list(place.glob("*.deb"))
    if got.returncode != 0 or not files:
        return None
    version = subprocess.run(["dpkg-deb", "-f", str(files[0]), "Version"], capture_output=True, text=True, check=True)
    subprocess.run(["dpkg-deb", "-x", str(files[0]), str(place)], check=True)
    files[0].unlink()
    stamp.write_text(version.stdout.strip())
    return version.stdout.strip()


def gather(packages, cache, say):
    """[(sentence list, row of SOURCES.tsv)], sentences in order, each once."""
    seen, rows, lines = set(), [], []
    with concurrent.futures.ProcessPoolExecutor() as workers:
        for package, kind, inside in packages:
            version = fetch(package, cache)
            if version is None:
                say(f"{package}: cannot be fetched, goes without")
                continue
            before, words = len(lines), 0
            jobs = [(kind, path) for path in files_of(cache / package / inside, kind)]
            for found in workers.map(clean_file, jobs, chunksize=8):
                for sentence in found:
                    key = sentence.lower()
                    if key not in seen:
                        seen.add(key)
                        lines.append(sentence)
                        words += len(sentence.split())
            rows.append((package, version, len(lines) - before, words))
            say(f"{package} {version}: {len(lines) - before} sentences, {words} words")
    return lines, rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "corpus")
    parser.add_argument("--cache", type=pathlib.Path, default=ROOT / "build" / "corpus")
    parser.add_argument("--packages", type=pathlib.Path, default=ROOT / "tools" / "corpus_packages.txt")
    arguments = parser.parse_args()
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        sys.exit("make corpus: this machine has no apt-get; any folder of English text, one sentence a line, will do")
    packages = [line.split() for line in arguments.packages.read_text().splitlines()
                if line.strip() and not line.startswith("#")]
    lines, rows = gather(packages, arguments.cache, lambda text: print(text, file=sys.stderr, flush=True))
    words = sum(row[3] for row in rows)
    if words < LEAST_WORDS:
        sys.exit(f"make corpus: {words} words were found, {LEAST_WORDS} are needed; packages that could not be fetched "
                 "are named above (apt-get update may help)")
    arguments.out.mkdir(parents=True, exist_ok=True)
    table = ["package\tversion\tsentences\twords"] + ["\t".join(map(str, row)) for row in rows]
    for name, text in (("english.txt", lines), ("SOURCES.tsv", table)):
        part = arguments.out / (name + ".part")
        part.write_text("\n".join(text) + "\n", encoding="utf-8")
        part.rename(arguments.out / name)
    print(f"{arguments.out / 'english.txt'}: {len(lines)} sentences, {words} words of {len(rows)} packages")


if __name__ == "__main__":
    main()
