# Two commands do everything on a fresh machine: `make run` and `make test`.
VENV := .venv
HOTLINE := $(VENV)/bin/hotline

.PHONY: docs api-page run demo test setup setup-dev lint check-wheels test-bare test-image deb test-deb release test-release screenshots lock clean help figures house offices keys privacy hooks mutants

help:
	@echo "make run    set up and start the service with embedded defaults"
	@echo "make demo   the same, with a sandbox world on loopback to walk through"
	@echo "make test   set up and run every check and test"
	@echo "make check-wheels  every locked package has a wheel for every supported Python"
	@echo "make docs   the documentation as a site, in build/docs"
	@echo "make test-bare     make run and one report on a bare Debian 13 and 12 (root only)"
	@echo "make test-image    build the image, run all of compose.yaml, one report to its notice (root only)"
	@echo "make deb           build the Debian package into dist/ (root only)"
	@echo "make test-deb      install, run, upgrade and purge it on a bare Debian 13 and 12 (root only)"
	@echo "make release       source, wheel, SBOM, changes, provenance, checksums; KEY=file signs them"
	@echo "make test-release  two releases of one commit are equal, and the signature holds"

run: setup
	@exec $(HOTLINE) up

demo: setup
	@exec $(HOTLINE) demo

test: setup-dev
	@exec scripts/test.sh

lint: setup-dev
	@exec scripts/lint.sh

check-wheels: setup-dev
	@exec scripts/check-wheels.sh

test-bare:
	@exec scripts/test-bare.sh

test-image: setup-dev
	@exec scripts/test-image.sh

deb:
	@exec scripts/deb.sh

test-deb:
	@exec scripts/test-deb.sh

release: setup-dev
	@$(VENV)/bin/python scripts/release.py $(if $(KEY),--key "$(KEY)")

test-release: setup-dev
	@exec scripts/test-release.sh

setup:
	@scripts/setup.sh run

setup-dev:
	@scripts/setup.sh dev

screenshots: setup-dev
	SCREENSHOTS=docs/screenshots $(VENV)/bin/python -m pytest tests/e2e/test_walk.py -q

lock:
	@scripts/lock.sh

figures: setup-dev
	@$(VENV)/bin/python scripts/figures.py

mutants: setup-dev
	@$(VENV)/bin/python scripts/mutants.py

house:
	@python3 scripts/draw_house.py

offices: setup-dev
	@$(VENV)/bin/python scripts/offices_page.py

keys: setup-dev
	@$(VENV)/bin/python scripts/keys_page.py

api-page: setup-dev
	@$(VENV)/bin/python scripts/api_page.py

docs: setup-dev
	@exec scripts/docs.sh

privacy: setup-dev
	@$(VENV)/bin/python scripts/privacy_page.py

hooks: setup-dev
	@$(VENV)/bin/pre-commit install

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
