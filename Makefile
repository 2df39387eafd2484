# Each command makes .venv and installs what it needs by itself; a second call finds the stamp file of the
# first and starts at once.
#
#   make demo     beautify a few prompts with the embedded model
#   make test     ruff, then every test;  make test ARGS="-k syntax" runs some
#   make check    format, rules, types and the tests that are not slow: what to run while you work
#   make types    what the type checker finds in beautifier/
#   make lint     ruff alone: format and rules
#   make texts    write the English texts of the nodes from their schemas, and list what Chinese lacks
#   make graphs   write the templates, blueprints and API graphs
#   make bench    how fast the language model is, beside its peers; results in benchmarks/results
#   make clean    remove .venv and whatever was built
#
# Another Python: make demo PYTHON=python3.12
# Another torch, after `make clean`: make test TORCH=torch==2.9.1 TORCH_INDEX=https://download.pytorch.org/whl/cu128

PYTHON = python3
TORCH = torch==2.13.0
# CPU builds: on Linux the wheel of the default index brings gigabytes of CUDA that neither command uses.
TORCH_INDEX = https://download.pytorch.org/whl/cpu

VENV = .venv
BIN = $(VENV)/bin
# Every install runs under the chosen torch as a constraint, so that no package brings another one.
PIP = $(BIN)/python -m pip --disable-pip-version-check install -c $(VENV)/constraints.txt

.PHONY: demo test check types lint texts graphs bench clean
.NOTPARALLEL:

demo: $(VENV)/.demo
	$(BIN)/beautify "1 girl" -n 5
	@echo
	$(BIN)/beautify "a cat" "a castle on a hill at night" -n 2 --seed 7
	$(BIN)/beautify "(red dress:1.3), a woman in the rain <lora:film:0.8>" -n 1 --seed 2
	@echo
	$(BIN)/beautify "an old sailor" -n 1 --mode append

test: lint $(VENV)/.test
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

check: lint types $(VENV)/.test
	$(BIN)/python -m pytest -q -m "not slow" -n 2 --dist loadfile $(ARGS)

types: $(VENV)/.test
	$(BIN)/ty check beautifier

texts: $(VENV)/.test
	$(BIN)/python -m tests.stand_ins.shown_texts

graphs: $(VENV)/.test
	$(BIN)/python -m tests.stand_ins.drawn_workflows

lint: $(VENV)/.lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

bench: $(VENV)/.test
	$(BIN)/python benchmarks/speed.py $(ARGS)

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .hypothesis

# A stamp is the last line of its recipe: an install that fails or is interrupted leaves none, and runs again.

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.10 or newer is needed, and $(PYTHON) is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12" if sys.version_info < (3, 10) else 0)'
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.lint: $(VENV)/.python constraints-dev.txt
	@sed '/^torch/d' constraints-dev.txt > $(VENV)/constraints.txt
	@echo '$(TORCH)' >> $(VENV)/constraints.txt
	$(PIP) -q ruff
	@touch $@

$(VENV)/.demo: $(VENV)/.python constraints-dev.txt requirements.txt pyproject.toml
	@sed '/^torch/d' constraints-dev.txt > $(VENV)/constraints.txt
	@echo '$(TORCH)' >> $(VENV)/constraints.txt
	$(PIP) --no-deps --retries 1 $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) $(TORCH)
	$(PIP) -q $(TORCH) numpy -e .
	@touch $@

$(VENV)/.test: $(VENV)/.demo requirements-dev.txt
	$(PIP) -q -r requirements-dev.txt
	@touch $@
