# SPDX-License-Identifier: Apache-2.0

# Go
TESTS += %D%/go.test
EXTRA_DIST += \
  %D%/go.test \
  %D%/go/client/main.go \
  %D%/go/server/main.go
