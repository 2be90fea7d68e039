"""The ceiling: a bare Flask route that answers with a little JSON."""

from __future__ import annotations

from flask import Flask


def create_app() -> Flask:
    """An application with one route and nothing else."""
    app = Flask(__name__)

    @app.get("/api/v1/verify/<public_id>")
    def bare(public_id: str) -> dict[str, str]:
        return {"verdict": "valid", "public_id": public_id}

    return app
