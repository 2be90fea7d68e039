"""The wheel, installed into an empty environment and run from somewhere else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SCRIPT = """
import os, wsgi
client = wsgi.application.test_client()
page = client.get("/", headers={"Accept": "text/html"})
assert page.status_code == 200, page.status_code
assert "/static/registry.css" in page.text
assert client.get("/static/registry.css").status_code == 200
assert client.get("/readyz").status_code == 200
assert client.get("/contexts/certificate/v1").status_code == 200
assert "zh" in client.get("/?lang=zh").text
assert "有效" in client.get("/v/" + os.environ["PUBLIC_ID"], headers={"Accept": "text/html"}).text
assert client.get("/v/" + os.environ["PUBLIC_ID"] + "/certificate.pdf").data.startswith(b"%PDF")
from registry.formats.contexts import known_contexts, load_context
assert all("@context" in load_context(url) for url in known_contexts())
import registry
assert "site-packages" in registry.__file__
print("served")
"""


def run(command: list[str], folder: Path, **environment: str) -> str:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("REGISTRY_", "PYTHON"))}
    done = subprocess.run(
        command, cwd=folder, env={**clean, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_installed_package_works_outside_of_the_checkout(tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    run([sys.executable, "-m", "venv", str(environment)], tmp_path)
    python = str(environment / "bin" / "python")
    run([python, "-m", "pip", "install", "--quiet", str(ROOT)], tmp_path)
    settings = {"REGISTRY_DATA_DIR": str(elsewhere / "data")}
    command = str(environment / "bin" / "registry")
    output = run([command, "demo", "--no-serve", "--enterprises", "30"], elsewhere, **settings)
    public_id = output.split("Valid      example")[1].split("/v/")[1].split()[0]
    passphrase = {"REGISTRY_KEY_PASSPHRASE_FILE": str(elsewhere / "data" / "passphrase")}
    served = run([python, "-c", SCRIPT], elsewhere, PUBLIC_ID=public_id, **settings, **passphrase)
    assert "served" in served
