# SPDX-License-Identifier: Apache-2.0
#
# make and make install know nothing of the server; make check tests it.

TESTS += \
  %D%/tests/lint.test \
  %D%/tests/unit.test

EXTRA_DIST += \
  %D%/MANIFEST.in \
  %D%/README.rst \
  %D%/backend/backend.py \
  %D%/oaktree/__init__.py \
  %D%/oaktree/__main__.py \
  %D%/oaktree/api/__init__.py \
  %D%/oaktree/api/areas/__init__.py \
  %D%/oaktree/api/areas/block_storage.py \
  %D%/oaktree/api/areas/compute.py \
  %D%/oaktree/api/areas/image.py \
  %D%/oaktree/api/areas/network.py \
  %D%/oaktree/api/areas/operation.py \
  %D%/oaktree/api/ends.py \
  %D%/oaktree/api/filters.py \
  %D%/oaktree/api/masks.py \
  %D%/oaktree/api/operations.py \
  %D%/oaktree/api/places.py \
  %D%/oaktree/api/reading.py \
  %D%/oaktree/api/repeats.py \
  %D%/oaktree/api/service.py \
  %D%/oaktree/api/tokens.py \
  %D%/oaktree/api/transfer.py \
  %D%/oaktree/api/validation.py \
  %D%/oaktree/api/watching.py \
  %D%/oaktree/clouds/__init__.py \
  %D%/oaktree/clouds/addresses.py \
  %D%/oaktree/clouds/simulated/__init__.py \
  %D%/oaktree/clouds/simulated/areas/__init__.py \
  %D%/oaktree/clouds/simulated/areas/block_storage.py \
  %D%/oaktree/clouds/simulated/areas/compute.py \
  %D%/oaktree/clouds/simulated/areas/image.py \
  %D%/oaktree/clouds/simulated/areas/network.py \
  %D%/oaktree/clouds/simulated/core.py \
  %D%/oaktree/clouds/simulated/flavors.py \
  %D%/oaktree/clouds/simulated/floating_ips.py \
  %D%/oaktree/clouds/simulated/generic.py \
  %D%/oaktree/clouds/simulated/images.py \
  %D%/oaktree/clouds/simulated/keypairs.py \
  %D%/oaktree/clouds/simulated/lifecycle.py \
  %D%/oaktree/clouds/simulated/networks.py \
  %D%/oaktree/clouds/simulated/pouring.py \
  %D%/oaktree/clouds/simulated/quirks.py \
  %D%/oaktree/clouds/simulated/region.py \
  %D%/oaktree/clouds/simulated/seed.py \
  %D%/oaktree/clouds/simulated/servers.py \
  %D%/oaktree/clouds/simulated/store.py \
  %D%/oaktree/clouds/simulated/volumes.py \
  %D%/oaktree/clouds/simulated/words.py \
  %D%/oaktree/failures.py \
  %D%/oaktree/py.typed \
  %D%/oaktree/serve/__init__.py \
  %D%/oaktree/serve/config.py \
  %D%/oaktree/serve/handlers.py \
  %D%/oaktree/serve/server.py \
  %D%/oaktree/shapes.py \
  %D%/pyproject.toml \
  %D%/setup.cfg \
  %D%/setup.py \
  %D%/tests/conftest.py \
  %D%/tests/examples.py \
  %D%/tests/lint.test \
  %D%/tests/test_changes.py \
  %D%/tests/test_command.py \
  %D%/tests/test_every_method.py \
  %D%/tests/test_reading.py \
  %D%/tests/test_resources.py \
  %D%/tests/test_transfer.py \
  %D%/tests/test_watching.py \
  %D%/tests/unit.test \
  %D%/tests/walk.py
