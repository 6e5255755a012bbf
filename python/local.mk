# SPDX-License-Identifier: Apache-2.0

EXTRA_DIST += \
  MANIFEST.in \
  pyproject.toml \
  requirements.txt \
  setup.cfg \
  setup.py \
  test-requirements.txt \
  %D%/backend/backend.py \
  %D%/backend/generate.py

# The package as a whole: one run of protoc makes it, in a second, and replaces what was there.
if BUILD_PYTHON
all-local: %D%/oaktreemodel.stamp
%D%/oaktreemodel.stamp: $(PROTOS) protos/list.mk requirements.txt %D%/backend/generate.py
	$(AM_V_GEN)$(MKDIR_P) %D%
	$(AM_V_at)$(PYTHON) $(srcdir)/%D%/backend/generate.py --srcdir $(srcdir) --output %D%
	$(AM_V_at)touch $@

clean-local: clean-python
clean-python:
	rm -rf %D%/oaktreemodel
CLEANFILES += %D%/oaktreemodel.stamp
.PHONY: clean-python
endif
