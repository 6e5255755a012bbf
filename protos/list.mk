# SPDX-License-Identifier: Apache-2.0
# The one list of protos, made by "make regenerate".
PROTOS = \
  protos/oaktreemodel/cloud/v1/cloud.proto \
  protos/oaktreemodel/common/v1/address.proto \
  protos/oaktreemodel/common/v1/annotations.proto \
  protos/oaktreemodel/common/v1/checksum.proto \
  protos/oaktreemodel/common/v1/error.proto \
  protos/oaktreemodel/common/v1/location.proto \
  protos/oaktreemodel/common/v1/quota.proto \
  protos/oaktreemodel/common/v1/reference.proto \
  protos/oaktreemodel/common/v1/watch.proto \
  protos/oaktreemodel/compute/v1/flavor.proto \
  protos/oaktreemodel/compute/v1/server.proto \
  protos/oaktreemodel/image/v1/image.proto \
  protos/oaktreemodel/network/v1/floating_ip.proto \
  protos/oaktreemodel/operation/v1/operation.proto
