# SPDX-License-Identifier: Apache-2.0

# The tarball
TESTS += %D%/dist.test
EXTRA_DIST += %D%/dist.test

# Go
TESTS += %D%/go.test
EXTRA_DIST += \
  %D%/go.test \
  %D%/go_import.py \
  %D%/go/client/main.go \
  %D%/go/server/main.go

# Python
TESTS += \
  %D%/python.test \
  %D%/python_matrix.test
EXTRA_DIST += \
  %D%/python.test \
  %D%/python_matrix.py \
  %D%/python_matrix.test \
  %D%/python_room.py \
  %D%/python_versions.txt \
  %D%/test_python.py

# oaktree, the server
TESTS += %D%/server.test
EXTRA_DIST += \
  %D%/list_clouds.py \
  %D%/server.test \
  %D%/test_server.py

# All of them together
TESTS += %D%/release.test
EXTRA_DIST += %D%/release.test
