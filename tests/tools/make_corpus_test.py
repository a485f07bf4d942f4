#!/usr/bin/env python3
"""What the cleaner of tools/make_corpus.py keeps of each kind of file."""
import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import make_corpus  # noqa: E402


class Cleaning(unittest.TestCase):
    def test_html_loses_code_and_menus(self):
        page = ("<html><head><title>No such title here</title></head><body><nav>Home page of the site</nav>"
                "<p>The sieve parts the <b>fine</b> from the coarse. It is a &quot;drum&quot; of wood.</p>"
                "<pre>for x in range(10): print the sum of x</pre><p>Short one.</p></body></html>")
        self.assertEqual(make_corpus.clean("html", page),
                         ["The sieve parts the fine from the coarse.", 'It is a "drum" of wood.'])

    def test_text_loses_what_is_indented(self):
        text = "A line that goes\non the next line.\n%\n\tint main of the program here\n\nWhat he said, e.g. Mr. Smith said it, stays whole.\n"
        self.assertEqual(make_corpus.clean("text", text),
                         ["A line that goes on the next line.", "What he said, e.g. Mr. Smith said it, stays whole."])

    def test_gcide_gives_senses(self):
        text = ('Abjure \\Ab*jure"\\, v. t. [imp. {Abjured}]\n   1. To renounce upon oath; to forswear; to disavow.\n'
                "      [1913 Webster]\n\n   2. To reject with solemnity; see {Recant}. --Shak.\n      [1913 Webster]\n")
        self.assertIn("To renounce upon oath; to forswear; to disavow.", make_corpus.clean("gcide", text))
        self.assertFalse(any("Webster" in s or "{" in s for s in make_corpus.clean("gcide", text)))

    def test_wn_gives_glosses_and_examples(self):
        text = ('accumulate\n    v 1: get or gather together; "I am gathering the evidence now" [syn: {collect}]\n'
                "    2: collect into a large heap\n")
        self.assertEqual(make_corpus.clean("wn", text),
                         ["I am gathering the evidence now", "get or gather together", "collect into a large heap"])

    def test_pod_and_rst_lose_directives(self):
        self.assertEqual(make_corpus.clean("pod", "=head1 The name of it\n\nUse C<open> to open a file.\n\n  my $x = 1;\n"),
                         ["Use open to open a file."])
        self.assertEqual(make_corpus.clean("rst", "A head line here\n=======\n\n.. note:: this is a note\n\nSee the ``file`` at :ref:`its place <x>` now.\n"),
                         ["A head line here", "See the file at its place now."])

    def test_what_is_no_prose(self):
        for bad in ("one two three", "a | b | c | d | e", "see https://example.org for the rest of it", "1 2 3 4 5 6 and 7 8 9 10",
                    "call f() of the class now please", "word " * 61):
            self.assertFalse(make_corpus.is_prose(bad), bad)
        self.assertTrue(make_corpus.is_prose("Four words are enough"))


if __name__ == "__main__":
    unittest.main()
