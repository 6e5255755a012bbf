# SPDX-License-Identifier: Apache-2.0
# The one list of protos, made by "make regenerate".
PROTOS = \
  protos/oaktreemodel/block_storage/v1/volume.proto \
  protos/oaktreemodel/block_storage/v1/volume_limits.proto \
  protos/oaktreemodel/cloud/v1/cloud.proto \
  protos/oaktreemodel/common/v1/address.proto \
  protos/oaktreemodel/common/v1/annotations.proto \
  protos/oaktreemodel/common/v1/checksum.proto \
  protos/oaktreemodel/common/v1/error.proto \
  protos/oaktreemodel/common/v1/location.proto \
  protos/oaktreemodel/common/v1/quota.proto \
  protos/oaktreemodel/common/v1/reference.proto \
  protos/oaktreemodel/common/v1/watch.proto \
  protos/oaktreemodel/compute/v1/availability_zone.proto \
  protos/oaktreemodel/compute/v1/compute_limits.proto \
  protos/oaktreemodel/compute/v1/flavor.proto \
  protos/oaktreemodel/compute/v1/keypair.proto \
  protos/oaktreemodel/compute/v1/server.proto \
  protos/oaktreemodel/image/v1/image.proto \
  protos/oaktreemodel/network/v1/floating_ip.proto \
  protos/oaktreemodel/network/v1/network.proto \
  protos/oaktreemodel/network/v1/port.proto \
  protos/oaktreemodel/network/v1/security_group.proto \
  protos/oaktreemodel/network/v1/security_group_rule.proto \
  protos/oaktreemodel/network/v1/subnet.proto \
  protos/oaktreemodel/operation/v1/operation.proto
