"""The controller as a Modal App, deployed by `modal-gha deploy`: a web endpoint that takes GitHub's webhooks, and a
schedule that looks at the whole fleet every minute. Both run the program in controller/; this file only says how.

It is deployed from a folder in which `modal-gha deploy` has put beside it: deployment.json (the settings), modal-gha.yaml
(the policy) and controller/ (the program). A container finds the same files beside it.
"""

import hashlib
import hmac
import json
import os
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import modal

HERE = Path(__file__).resolve().parent
REMOTE = "/root"
PORT = 8000

given = json.loads((HERE / "deployment.json").read_text())
node = given["node"]

# Node as its makers publish it, known by its SHA-256. Python can do all of it, so the image needs no further packages.
FETCH_NODE = f"""
import hashlib, io, tarfile, urllib.request
data = urllib.request.urlopen("{node["url"]}", timeout=120).read()
found = hashlib.sha256(data).hexdigest()
assert found == "{node["sha256"]}", f"Node has the SHA-256 {{found}}"
tarfile.open(fileobj=io.BytesIO(data)).extractall("/opt")
""".strip().replace("\n", "; ")

image = (
    modal.Image.debian_slim(python_version="3.12")
    .run_commands(
        f"python3 -c '{FETCH_NODE}'",
        f"ln -s /opt/{node['folder']}/bin/node /usr/local/bin/node && node --version",
    )
    # Not built into the image, so that a deploy with another policy or version builds nothing.
    .add_local_dir(HERE / "controller", f"{REMOTE}/controller")
    .add_local_file(HERE / "modal-gha.yaml", f"{REMOTE}/modal-gha.yaml")
    .add_local_file(HERE / "deployment.json", f"{REMOTE}/deployment.json")
)

app = modal.App(given["app"], tags=given["tags"], image=image, secrets=[modal.Secret.from_name(given["secret"])])


def environment() -> dict:
    """The controller's settings: the Secret's, and what is known here."""
    env = dict(os.environ)
    # Modal's own variables point at a socket that its JavaScript client cannot use; it needs the address, and a token
    # pair, which the Secret has.
    env["MODAL_SERVER_URL"] = env.get("MODAL_GHA_MODAL_SERVER_URL") or "https://api.modal.com:443"
    env.setdefault("GITHUB_API_URL", given["githubApiUrl"])
    if not env.get("MODAL_GHA_WEBHOOK_URL"):
        url = own_url()
        env["MODAL_GHA_WEBHOOK_URL"] = f"{url}/webhook" if url else ""
    env["MODAL_GHA_POLICY"] = str(HERE / "modal-gha.yaml")
    env["MODAL_GHA_DEPLOYMENT"] = given["deployment"]
    # Besides the schedule below; for when that stands still.
    env["MODAL_GHA_RECONCILE_SECONDS"] = "300"
    env["HOST"] = "0.0.0.0"
    env["PORT"] = str(PORT)
    return env


def own_url() -> str:
    """Where the web endpoint is reached; empty if Modal does not say."""
    try:
        return (serve.get_web_url() or "").rstrip("/")
    except modal.exception.Error as error:
        print(f"The web endpoint's address is not known: {error}", flush=True)
        return ""


def controller(*args: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(["node", str(HERE / "controller" / "main.js"), *args], env=environment())


@app.function(
    min_containers=given["minContainers"],
    max_containers=5,
    # Longer than the minute between two questions of the schedule: what the controller remembers spares many calls.
    scaledown_window=150,
    region=given["region"],
    timeout=300,
)
@modal.concurrent(max_inputs=100)
@modal.web_server(PORT, startup_timeout=60, custom_domains=given["customDomains"] or None)
def serve():
    process = controller()

    def end_with_it():
        code = process.wait()
        print(f"The controller ended with {code}; so does its container.", flush=True)
        # A container without it would go on taking requests.
        os._exit(1)

    threading.Thread(target=end_with_it, daemon=True).start()


@app.function(schedule=modal.Cron("* * * * *"), max_containers=1, region=given["region"], timeout=300)
def reconcile():
    """Asks the controller that hears the webhooks; if that cannot, looks at the fleet from here."""
    secret, url = os.environ.get("MODAL_GHA_WEBHOOK_SECRET", ""), own_url()
    if secret and url:
        status, answer = ask(f"{url}/webhook", secret)
        print(f"The controller answered {status}: {answer}", flush=True)
        if 200 <= status < 300:
            return
    code = controller("once").wait()
    if code != 0:
        raise RuntimeError(f"The controller could not look at the fleet; it ended with {code}.")


def ask(url: str, secret: str) -> "tuple[int, str]":
    """The status and text of its answer; 0 and why where there is none."""
    body = json.dumps({"ask": "reconcile", "at": int(time.time() * 1000)}).encode()
    headers = {
        "content-type": "application/json",
        "x-github-event": "modal-gha-reconcile",
        "x-hub-signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
    }
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=140) as response:
            return response.status, response.read().decode(errors="replace").strip()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace").strip()
    except OSError as error:
        return 0, str(error)
