PYTHON ?= python3
VENV ?= .venv

.PHONY: demo test lint bench clean

demo: $(VENV)/.installed
	$(VENV)/bin/registry demo

test: $(VENV)/.installed-development
	$(VENV)/bin/pytest --numprocesses auto --dist loadfile

lint: $(VENV)/.installed-development
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

bench: $(VENV)/.installed-development
	$(VENV)/bin/python -m tests.benchmarks

$(VENV)/.installed: setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/.installed-development: $(VENV)/.installed
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --editable '.[development]'
	touch $@

clean:
	rm -rf $(VENV) var build *.egg-info
