"""Firefox and WebKit, the engine of Safari, for tests: both by their standard protocols.

Firefox speaks WebDriver BiDi (https://www.w3.org/TR/webdriver-bidi/) by itself; WebKit has Debian's
`WebKitWebDriver` (https://www.w3.org/TR/webdriver2/), which needs a screen, real or Xvfb's. Keys,
pointers and touches are the same list of actions for both.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import machine

FIREFOX, WEBKIT = machine.firefox(), machine.webkit()
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
# WebDriver's names of keys.
KEYS = {"ArrowUp": "\ue013", "ArrowDown": "\ue015", "ArrowLeft": "\ue012", "ArrowRight": "\ue014"}
KEYS |= {"Enter": "\ue007", "Shift": "\ue008", "Tab": "\ue004", "Control": "\ue009"}
KEYS |= {"Home": "\ue011"}
# What pages say when something is wrong, kept by the page itself: both engines have no common way.
LISTEN = """(() => { window.wrong = [];
  addEventListener('error', each => wrong.push(String(each.message)));
  addEventListener('unhandledrejection', each => wrong.push(String(each.reason)));
  const usual = console.error;
  console.error = (...words) => { wrong.push(words.join(' ')); usual(...words); };
})()"""


# Firefox's settings for readers who ask for it. WebKit takes the first two from GTK, and has no
# forced colours.
PREFERENCES = {
    "dark": {"ui.systemUsesDarkTheme": 1},
    "still": {"ui.prefersReducedMotion": 1},
    "forced": {"browser.display.document_color_use": 2, "ui.useAccessibilityTheme": 1},
}

SMALL_TITLE_BAR = "* { min-width: 0; min-height: 0; padding: 0; margin: 0; font-size: 4px;"
SMALL_TITLE_BAR += " -gtk-icon-size: 4px; border-width: 0; }"


class Engine:
    """What both browsers do by their `run` and `act`: press, type, click, wait.

    Each is headless, with one page. `preferences` are of `PREFERENCES`.
    """

    name = ""

    def press(self, *keys: str) -> None:
        """Press keys together, the last one first let go."""
        codes = [KEYS.get(key, key) for key in keys]
        strokes = [{"type": "keyDown", "value": code} for code in codes]
        strokes += [{"type": "keyUp", "value": code} for code in reversed(codes)]
        self.act({"type": "key", "id": "keys", "actions": strokes})

    def type(self, text: str) -> None:
        """Type a text, sign by sign."""
        strokes = [{"type": kind, "value": sign} for sign in text for kind in ("keyDown", "keyUp")]
        self.act({"type": "key", "id": "keys", "actions": strokes})

    def click(self, element: str, kind: str = "mouse") -> None:
        """Press in the middle of what a JavaScript expression gives, by "mouse" or "touch"."""
        self.run(f"{element}.scrollIntoView({{block: 'center'}})")
        x, y = json.loads(
            self.run(f"""(() => {{ const box = {element}.getBoundingClientRect();
              return JSON.stringify([box.x + box.width / 2, box.y + box.height / 2]); }})()""")
        )
        steps = [{"type": "pointerMove", "x": round(x), "y": round(y), "duration": 0}]
        steps += [{"type": each, "button": 0} for each in ("pointerDown", "pointerUp")]
        parameters = {"pointerType": kind}
        self.act({"type": "pointer", "id": kind, "parameters": parameters, "actions": steps})

    def until(self, condition: str, seconds: float = 30) -> Any:
        """Wait for an expression to be true; return its value."""
        deadline = time.monotonic() + seconds
        while not (result := self.run(condition)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name}: {condition}")
            time.sleep(0.05)
        return result


class Firefox(Engine):
    """Firefox through WebDriver BiDi."""

    name = "Firefox"

    def __init__(self, *preferences: str) -> None:
        import websocket

        port = machine.free_port()
        self.profile = tempfile.mkdtemp()
        settings = {k: v for each in preferences for k, v in PREFERENCES[each].items()}
        Path(self.profile, "user.js").write_text(
            "".join(f'user_pref("{name}", {value});\n' for name, value in settings.items()),
            encoding="utf-8",
        )
        command = [FIREFOX, "--headless", "--no-remote", "--width=1280", "--height=900"]
        command += ["--profile", self.profile, f"--remote-debugging-port={port}"]
        self.process = subprocess.Popen(command, **QUIET)
        for _ in range(200):
            try:
                self.socket = websocket.create_connection(
                    f"ws://127.0.0.1:{port}/session", suppress_origin=True
                )
                break
            except (OSError, websocket.WebSocketException):
                time.sleep(0.2)
        self.socket.settimeout(120)  # rather than wait for ever for an answer
        self.count = 0
        # A page that asks whether to leave it without saving is left.
        behavior = {"unhandledPromptBehavior": {"default": "accept", "beforeUnload": "accept"}}
        self.ask("session.new", capabilities={"alwaysMatch": behavior})
        self.ask("script.addPreloadScript", functionDeclaration=f"() => {LISTEN}")
        self.context = self.ask("browsingContext.getTree")["contexts"][0]["context"]

    def ask(self, method: str, **params: Any) -> Any:
        self.count += 1
        self.socket.send(json.dumps({"id": self.count, "method": method, "params": params}))
        while (answer := json.loads(self.socket.recv())).get("id") != self.count:
            pass
        if answer["type"] == "error":
            raise RuntimeError(answer["message"])
        return answer["result"]

    def size(self, width: int, height: int, scale: float = 1) -> None:
        """Make the page so many CSS pixels wide and high, each of `scale` pixels of the screen."""
        sizes = {"viewport": {"width": width, "height": height}, "devicePixelRatio": scale}
        self.ask("browsingContext.setViewport", context=self.context, **sizes)

    def goto(self, url: str) -> None:
        self.ask("browsingContext.navigate", context=self.context, url=url, wait="complete")

    def run(self, script: str) -> Any:
        """Return the value of an expression; a promise is waited for."""
        target = {"context": self.context}
        result = self.ask("script.evaluate", expression=script, awaitPromise=True, target=target)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"]["text"])
        return result["result"].get("value")

    def act(self, *actions: dict[str, Any]) -> None:
        """Perform sources of actions, as WebDriver lists them."""
        self.ask("input.performActions", context=self.context, actions=list(actions))

    def close(self) -> None:
        self.socket.close()
        self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self.profile, ignore_errors=True)


class WebKit(Engine):
    """WebKitGTK's small browser through WebKitWebDriver."""

    name = "WebKit"

    def __init__(self, *preferences: str) -> None:
        self.screen = None
        environment = dict(os.environ)
        if not environment.get("DISPLAY"):
            read, write = os.pipe()
            command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x900x24"]
            self.screen = subprocess.Popen(
                command, pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            os.close(write)
            with os.fdopen(read) as display:
                environment["DISPLAY"] = f":{display.readline().strip()}"
        port = machine.free_port()
        self.home = tempfile.mkdtemp()
        environment |= {"HOME": self.home, "WEBKIT_DISABLE_COMPOSITING_MODE": "1"}
        for version in ("gtk-3.0", "gtk-4.0"):
            folder = Path(self.home, ".config", version)
            folder.mkdir(parents=True)
            (folder / "settings.ini").write_text(
                f"[Settings]\ngtk-enable-animations={int('still' not in preferences)}\n",
                encoding="utf-8",
            )
            # The bar above the page, which would not let it be narrower than 447 pixels.
            (folder / "gtk.css").write_text(SMALL_TITLE_BAR, encoding="utf-8")
        environment |= {"GTK_THEME": "Adwaita:dark"} if "dark" in preferences else {}
        environment.pop("XDG_CONFIG_HOME", None)
        self.process = subprocess.Popen([WEBKIT, f"--port={port}"], env=environment, **QUIET)
        self.url = f"http://127.0.0.1:{port}/session"
        browser = str(next(Path("/usr/lib").glob("*/webkit2gtk-4.1/MiniBrowser")))
        options = {"binary": browser, "args": ["--automation", "--geometry=1280x900"]}
        asked = {"timeouts": {"script": 60_000}, "webkitgtk:browserOptions": options}
        for _ in range(100):
            with contextlib.suppress(urllib.error.URLError):
                session = self.ask("POST", "", {"capabilities": {"alwaysMatch": asked}})
                break
            time.sleep(0.1)
        self.url += f"/{session['sessionId']}"

    def ask(self, method: str, path: str, content: dict[str, Any] | None = None) -> Any:
        data = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=90) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(json.load(error)["value"]["message"]) from None

    def size(self, width: int, height: int, scale: float = 1) -> None:
        """Change the window until the page has this size; its pixels stay those of the screen."""
        page = "JSON.stringify([innerWidth, innerHeight, outerWidth, outerHeight])"
        for _ in range(20):
            inner_width, inner_height, outer_width, outer_height = json.loads(self.run(page))
            if (inner_width, inner_height) == (width, height):
                return
            wide, high = width + outer_width - inner_width, height + outer_height - inner_height
            self.ask("POST", "/window/rect", {"width": wide, "height": high})
            time.sleep(0.05)  # a window has its new size before the page has

    def goto(self, url: str) -> None:
        self.ask("POST", "/url", {"url": url})
        self.run(LISTEN)

    def run(self, script: str) -> Any:
        callback = "then(arguments[0], no => arguments[0]('failed: ' + no))"
        body = f"Promise.resolve(({script})).{callback};"
        result = self.ask("POST", "/execute/async", {"script": body, "args": []})
        if isinstance(result, str) and result.startswith("failed: "):
            raise RuntimeError(result)
        return result

    def act(self, *actions: dict[str, Any]) -> None:
        self.ask("POST", "/actions", {"actions": list(actions)})

    def close(self) -> None:
        with contextlib.suppress(RuntimeError, OSError):
            self.ask("DELETE", "")
        for each in filter(None, [self.process, self.screen]):
            each.terminate()
            each.wait(20)
        shutil.rmtree(self.home, ignore_errors=True)


@contextlib.contextmanager
def started(part: str, *preferences: str) -> Iterator[Firefox | WebKit]:
    """Give "firefox" or "webkit"; without it the test is skipped, with the remedy."""
    machine.need(part)
    engine, path = {"firefox": (Firefox, FIREFOX), "webkit": (WebKit, WEBKIT)}[part]
    if not path:
        pytest.skip(machine.reason(part, f"there is none; {machine.remedy([part])}"))
    browser = engine(*preferences)
    yield browser
    browser.close()
