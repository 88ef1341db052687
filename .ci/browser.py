"""A headless Chromium, driven over its debugging pipe: no server, no port, no package beside Python and the browser."""

import json
import os
import select
import subprocess
import tempfile
import time


class Browser:
    def __init__(self, program):
        self.home = tempfile.TemporaryDirectory(prefix="pages-")
        down_read, self.write = os.pipe()
        self.read, up_write = os.pipe()

        def pipes():
            # The browser reads commands from 3 and writes answers to 4. Copies first: these numbers may be in use.
            first, second = os.dup(down_read), os.dup(up_write)
            os.dup2(first, 3)
            os.dup2(second, 4)

        flags = ["--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--no-first-run", "--disable-gpu",
                 "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
                 "--hide-scrollbars", "--force-device-scale-factor=1", "--user-data-dir=" + self.home.name]
        with open(os.path.join(self.home.name, "browser.log"), "wb") as log:
            self.process = subprocess.Popen([program, *flags, "about:blank"], close_fds=False, preexec_fn=pipes,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        os.close(down_read)
        os.close(up_write)
        self.buffer = b""
        self.number = 0
        self.events = []

    def call(self, method, session=None, **params):
        """Sends a command and gives its result; events that come before it are kept."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self.write, json.dumps(message).encode() + b"\0")
        while True:
            found = self.message(60)
            if found.get("id") == self.number:
                if "error" in found:
                    raise RuntimeError(f"{method}: {found['error']}")
                return found["result"]
            self.events.append(found)

    def message(self, seconds):
        end = time.monotonic() + seconds
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.read], [], [], max(end - time.monotonic(), 0))
            chunk = os.read(self.read, 1 << 20) if ready else b""
            if not chunk:
                log = open(os.path.join(self.home.name, "browser.log"), errors="replace").read()[-2000:]
                raise RuntimeError("the browser does not answer:\n" + log)
            self.buffer += chunk
        raw, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(raw)

    def close(self):
        try:
            self.call("Browser.close")
        except (RuntimeError, OSError):
            pass
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.home.cleanup()


class Page:
    """One tab. Everything that it requests, logs and throws is kept."""

    def __init__(self, browser, width=1280, height=900, dark=False, scripts=True, phone=False):
        self.browser = browser
        self.target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Log", "Network"]:
            self.call(domain + ".enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce"}])
        if not scripts:
            self.call("Emulation.setScriptExecutionDisabled", value=True)

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def open(self, path):
        self.browser.events = [it for it in self.browser.events if it.get("sessionId") != self.session]
        self.call("Page.navigate", url="file://" + os.path.abspath(path))
        end = time.monotonic() + 60
        while not any(it["method"] == "Page.loadEventFired" for it in self.mine()):
            if time.monotonic() > end:
                raise RuntimeError("the page does not load")
            self.browser.events.append(self.browser.message(60))

    def mine(self):
        return [it for it in self.browser.events if it.get("sessionId") == self.session]

    def requests(self):
        """Every address but that of the page itself."""
        urls = [it["params"]["request"]["url"] for it in self.mine() if it["method"] == "Network.requestWillBeSent"]
        return [it for it in urls if not it.startswith(("file:", "data:"))]

    def complaints(self):
        """What stands in the console."""
        kinds = ["Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"]
        return [it["params"] for it in self.mine() if it["method"] in kinds]

    def js(self, expression):
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise RuntimeError(f"{expression}: {found['exceptionDetails']}")
        return found["result"].get("value")

    def key(self, key, text=None):
        codes = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowRight": 39, "ArrowLeft": 37, "ArrowUp": 38, "ArrowDown": 40,
                 "Home": 36, "End": 35, "/": 191}
        common = dict(key=key, code=key, windowsVirtualKeyCode=codes.get(key, 0))
        self.call("Input.dispatchKeyEvent", type="keyDown", **common, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def move(self, x, y):
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def click(self, x, y):
        for kind in ["mousePressed", "mouseReleased"]:
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def middle(self, expression):
        """The middle of an element on the screen."""
        return self.js(f"(()=>{{const it={expression};it.scrollIntoView({{block:'center'}});"
                       "const r=it.getBoundingClientRect();return [r.x+r.width/2,r.y+r.height/2]})()")

    def shot(self, path, whole=False):
        import base64
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)
