# SPDX-License-Identifier: Apache-2.0

EXTRA_DIST += \
  MANIFEST.in \
  pyproject.toml \
  requirements.txt \
  server-requirements.txt \
  setup.cfg \
  setup.py \
  test-requirements.txt \
  %D%/backend/backend.py \
  %D%/backend/generate.py \
  %D%/backend/reproducible.py \
  %D%/tests/lint.test \
  %D%/tests/programs/async_calls.py \
  %D%/tests/programs/sync_calls.py \
  %D%/tests/programs/wrong_calls.py \
  %D%/tests/test_calls.py \
  %D%/tests/test_generate.py \
  %D%/tests/test_messages.py \
  %D%/tests/test_names.py \
  %D%/tests/test_typing.py \
  %D%/tests/unit.test

TESTS += \
  %D%/tests/lint.test \
  %D%/tests/unit.test

# The package as a whole: one run of protoc makes it, in a second, and replaces what was there.
if BUILD_PYTHON
python_package = %D%/oaktreemodel.stamp
endif
all-local: $(python_package)
%D%/oaktreemodel.stamp: $(PROTOS) protos/list.mk requirements.txt %D%/backend/generate.py
	$(AM_V_GEN)$(MKDIR_P) %D%
	$(AM_V_at)$(PYTHON) $(srcdir)/%D%/backend/generate.py --srcdir $(srcdir) --output %D%
	$(AM_V_at)touch $@

clean-local: clean-python
clean-python:
	rm -rf %D%/oaktreemodel
CLEANFILES += %D%/oaktreemodel.stamp
.PHONY: clean-python
