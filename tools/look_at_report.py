#!/usr/bin/env python3
"""Looks at a report in a real browser: tools/look_at_report.py REPORT.html [--screenshots DIR]

Opens the page headless, 400 pixels wide in dark and 1400 in light (with --screenshots each in both), and checks that
  no script failed and nothing was asked of the network,
  every chart holds drawn shapes and has a size,
  the page is not wider than the window.
Exit 0 and one line if all is well; 1 and one line if not; 77 with the reason where no browser is installed.
"""
import argparse
import base64
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LOOKS = ((400, "dark"), (1400, "light"))
MORE_LOOKS = ((400, "light"), (1400, "dark"))
SCHEMES = {"light": 1, "dark": 0}
HEIGHT = 2400

# A browser's window cannot be as narrow as a telephone, so the page is looked at in a frame; the frame's page is a copy
# that measures itself and tells its parent. It runs from files, where frames may not read each other.
FIRST = """<script>
window.seen = [];
addEventListener('error', (e) => seen.push(String(e.message || 'a resource failed')), true);
addEventListener('unhandledrejection', (e) => seen.push(String(e.reason)));
addEventListener('securitypolicyviolation', (e) => seen.push('refused by policy: ' + e.blockedURI));
</script>"""
LAST = """<script>
addEventListener('load', () => setTimeout(() => {
  const charts = [...document.querySelectorAll('figure.chart')].map((figure) => {
    const svg = figure.querySelector('svg');
    const box = svg ? svg.getBoundingClientRect() : {width: 0, height: 0};
    const drawn = [...figure.querySelectorAll('svg path, svg text')].filter((shape) => {
      const size = shape.getBoundingClientRect();
      return size.width > 0 || size.height > 0;
    });
    return {label: figure.querySelector('.canvas').getAttribute('aria-label'),
            width: box.width, height: box.height, shapes: drawn.length};
  });
  const page = document.documentElement;
  parent.postMessage(JSON.stringify({charts, errors: seen, width: innerWidth, wide: page.scrollWidth,
    tall: page.scrollHeight, asked: performance.getEntriesByType('resource').map((r) => r.name),
    dark: matchMedia('(prefers-color-scheme: dark)').matches}), '*');
}, 300));
</script>"""
FRAME = """<!doctype html><body style="margin:0"><iframe src="copy.html" style="border:0;display:block;width:{width}px;
height:{height}px"></iframe><pre id="answer"></pre><script>
addEventListener('message', (e) => {{ document.getElementById('answer').textContent = 'ANSWER' + btoa(
  unescape(encodeURIComponent(e.data))) + 'END'; }});
</script>"""


def browse(browser, folder, page, scheme, width, *more):
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
               "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
               "--disable-dev-shm-usage", f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=4000",
               f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}",
               f"--window-size={max(width, 500)},{HEIGHT}", *more, (folder / page).as_uri()]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=120, check=False).stdout


def measure(browser, folder, scheme, width):
    (folder / "frame.html").write_text(FRAME.format(width=width, height=HEIGHT), encoding="utf-8")
    dom = browse(browser, folder, "frame.html", scheme, width, "--dump-dom").decode("utf-8", "replace")
    found = re.search(r'<pre id="answer">ANSWER([A-Za-z0-9+/=]+)END', dom)
    if not found:
        return None
    return json.loads(base64.b64decode(found.group(1)))


def fault(seen, scheme, width):
    """The first thing wrong with what was seen, or None."""
    if seen is None:
        return "the page did not finish loading"
    if seen["errors"]:
        return "script error: " + seen["errors"][0]
    if seen["asked"]:
        return "the page asked the network for " + seen["asked"][0]
    if seen["width"] != width or seen["dark"] != (scheme == "dark"):
        return f"the browser gave a window of {seen['width']} px, dark {seen['dark']}, not what was asked for"
    if seen["wide"] > width:
        return f"the page is {seen['wide']} px wide"
    for chart in seen["charts"]:
        if chart["shapes"] < 3 or chart["width"] < 100 or chart["height"] < 20:
            return (f"chart \"{chart['label']}\" has {chart['shapes']} drawn shapes "
                    f"on {chart['width']:.0f} x {chart['height']:.0f} px")
    return None


def main():
    parser = argparse.ArgumentParser(description="Looks at a report in a real browser.")
    parser.add_argument("report", type=pathlib.Path)
    parser.add_argument("--screenshots", type=pathlib.Path, metavar="DIR", help="also put pictures of the page there")
    options = parser.parse_args()
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not browser:
        print("no chromium is installed: the report was not looked at")
        return 77
    try:
        text = options.report.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        print(f"{options.report}: {problem}")
        return 1
    if "<head>" not in text or "</body>" not in text:
        print(f"{options.report}: not a page of Tamis")
        return 1
    charts = 0
    with tempfile.TemporaryDirectory(prefix="tamis_look_", ignore_cleanup_errors=True) as name:
        folder = pathlib.Path(name)
        before, after = text.rsplit("</body>", 1)
        copy = before.replace("<head>", "<head>" + FIRST, 1) + LAST + "</body>" + after
        (folder / "copy.html").write_text(copy, encoding="utf-8")
        for width, scheme in LOOKS + (MORE_LOOKS if options.screenshots else ()):
            seen = measure(browser, folder, scheme, width)
            wrong = fault(seen, scheme, width)
            if wrong:
                print(f"{options.report}, {width} px, {scheme}: {wrong}")
                return 1
            charts = len(seen["charts"])
            if options.screenshots:
                options.screenshots.mkdir(parents=True, exist_ok=True)
                picture = options.screenshots.resolve() / f"{options.report.stem}_{width}_{scheme}.png"
                (folder / "frame.html").write_text(FRAME.format(width=width, height=seen["tall"]), encoding="utf-8")
                browse(browser, folder, "frame.html", scheme, width, f"--screenshot={picture}",
                       f"--window-size={max(width, 500)},{seen['tall']}")
    print(f"{options.report}: {charts} charts drawn, at 400 and at 1400 px")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.TimeoutExpired:
        print("the browser did not answer within two minutes")
        sys.exit(1)
