# SPDX-License-Identifier: Apache-2.0

# PROTOS, the one list that all languages are made from.
include %D%/list.mk

EXTRA_DIST += %D%/list.mk

# Installed with their directories: oaktreemodel.pc names $(pkgdatadir)/protos as
# the include root.
nobase_dist_pkgdata_DATA = $(PROTOS)

# To be run after adding or removing a proto; the rooms that check in generated
# code add their part to it.
regenerate: regenerate-list
regenerate-list:
	$(srcdir)/build-aux/proto-list --write
.PHONY: regenerate regenerate-list

# What is in the list and not in the tree, and the reverse, ends in one sentence.
$(PROTOS):
	@echo "$@ is in protos/list.mk but does not exist: run 'make regenerate'" >&2; exit 1

unlisted_protos = $(filter-out $(addprefix $(srcdir)/,$(PROTOS)), \
  $(shell find $(srcdir)/%D% -name '*.proto' ! -name '.*'))
all-local: $(unlisted_protos:$(srcdir)/%=unlisted/%)
unlisted/%:
	@echo "$* is not in protos/list.mk: run 'make regenerate'" >&2; exit 1
