"""As much of the API of GitHub as the action needs, on this machine."""

import base64
import http.server
import json
import threading

SHA = "0123456789abcdef0123456789abcdef01234567"
BASE = "89abcdef0123456789abcdef0123456789abcdef"


class GitHub(http.server.BaseHTTPRequestHandler):
    """Pull request 7, its merge base, artifacts and comments; files for download."""

    comments, checks, artifacts, files, notes, broken = [], [], [], {}, {}, []
    # The commit that runs build the pull request on, between its merge base and what the branch has now.
    target = "f" * 40
    head = SHA

    def log_message(self, *_):
        pass

    def answer(self, status, value):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path = self.path.split("?")[0]
        rest = path.removeprefix("/repos/owner/name")
        if GitHub.broken:
            return self.answer(GitHub.broken.pop(0), {"message": "no"})
        if path in GitHub.files:
            return self.answer(200, GitHub.files[path])
        if rest == "/pulls/7":
            return self.answer(200, {"state": "open", "head": {"sha": GitHub.head}, "base": {"sha": "f" * 40}})
        if rest == f"/compare/{'f' * 40}...{SHA}":
            return self.answer(200, {"merge_base_commit": {"sha": BASE}})
        if rest == f"/compare/{'f' * 40}...{GitHub.head}":
            return self.answer(200, {"merge_base_commit": {"sha": GitHub.target}})
        if rest in [f"/compare/{BASE}...{GitHub.target}", f"/compare/{GitHub.target}...{'f' * 40}"]:
            return self.answer(200, {"status": "ahead"})
        if rest.startswith("/compare/"):
            return self.answer(200, {"status": "diverged"})
        if rest == "/git/ref/notes/gobuild-opt/default" and GitHub.notes:
            return self.answer(200, {"object": {"sha": "a" * 40}})
        if rest == f"/git/trees/{'a' * 40}":
            tree = [{"type": "blob", "path": it[:2] + "/" + it[2:], "sha": "b" * 40} for it in GitHub.notes]
            return self.answer(200, {"tree": tree})
        if rest == f"/git/blobs/{'b' * 40}":
            note = next(iter(GitHub.notes.values()))
            return self.answer(200, {"content": base64.encodebytes(note).decode()})
        if rest == f"/commits/{GitHub.head}/check-runs":
            return self.answer(200, {"check_runs": [it for it in GitHub.checks if it["head_sha"] == GitHub.head]})
        if rest == "/commits/v1.0.0":
            return self.answer(200, {"sha": BASE})
        if rest == "/actions/artifacts":
            return self.answer(200, {"artifacts": GitHub.artifacts})
        if rest == "/issues/7/comments":
            return self.answer(200, GitHub.comments)
        return self.answer(404, {"message": "Not Found"})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("/check-runs"):
            GitHub.checks.append({"id": 1 + len(GitHub.checks), "app": {"slug": "github-actions"}, **body})
            return self.answer(201, {})
        GitHub.comments.append({"id": 1 + len(GitHub.comments), "user": {"login": "github-actions[bot]"}, **body})
        self.answer(201, {})

    def do_PATCH(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        for it in GitHub.comments + GitHub.checks:
            if self.path.endswith((f"/issues/comments/{it['id']}", f"/check-runs/{it['id']}")):
                it.update(body)
        self.answer(200, {})


def start():
    """Starts a server; returns its address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), GitHub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"
