// SPDX-License-Identifier: Apache-2.0
//
// What programs rely on when they keep, pass on and take apart what they were sent.

#include <google/protobuf/arena.h>
#include <google/protobuf/unknown_field_set.h>
#include <google/protobuf/util/field_mask_util.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>
#include <oaktreemodel/common/v1/quota.pb.h>
#include <oaktreemodel/compute/v1/flavor.pb.h>
#include <oaktreemodel/compute/v1/server.pb.h>

#include <string>
#include <utility>

namespace {

namespace common = oaktree::common::v1;
namespace compute = oaktree::compute::v1;

template <typename T>
T SentAndReceived(const T& message) {
  T received;
  EXPECT_TRUE(received.ParseFromString(message.SerializeAsString()));
  return received;
}

TEST(Messages, TellNothingSaidFromZero) {
  compute::Flavor flavor;
  EXPECT_FALSE(SentAndReceived(flavor).has_rxtx_factor());

  flavor.set_rxtx_factor(0);
  flavor.set_is_public(false);
  const auto received = SentAndReceived(flavor);
  EXPECT_TRUE(received.has_rxtx_factor());
  EXPECT_EQ(received.rxtx_factor(), 0);
  EXPECT_TRUE(received.has_is_public());
  EXPECT_FALSE(received.has_is_disabled());
}

TEST(Messages, TellUnlimitedFromALimitOfZero) {
  common::QuotaLimit none_at_all;
  none_at_all.set_limit(0);
  common::QuotaLimit unlimited;
  unlimited.set_unlimited(true);

  EXPECT_TRUE(SentAndReceived(none_at_all).has_limit());
  EXPECT_FALSE(SentAndReceived(unlimited).has_limit());
}

// A newer service may answer with what this library does not know yet.
TEST(Messages, KeepEnumValuesOfANewerService) {
  constexpr int kOfANewerService = 9999;
  compute::Server server;
  server.set_status(static_cast<compute::ServerStatus>(kOfANewerService));
  server.set_status_raw("TELEPORTING");

  const auto received = SentAndReceived(server);

  EXPECT_EQ(static_cast<int>(received.status()), kOfANewerService);
  EXPECT_FALSE(compute::ServerStatus_IsValid(received.status()));
  EXPECT_EQ(received.status_raw(), "TELEPORTING");
}

TEST(Messages, KeepFieldsOfANewerService) {
  constexpr int kNewField = 1000;
  compute::Flavor sent;
  sent.set_id("42");
  sent.GetReflection()->MutableUnknownFields(&sent)->AddLengthDelimited(kNewField, "new");

  auto passed_on = SentAndReceived(sent);
  passed_on.set_name("m1.small");
  const auto received = SentAndReceived(passed_on);

  const auto& unknown = received.GetReflection()->GetUnknownFields(received);
  ASSERT_EQ(unknown.field_count(), 1);
  EXPECT_EQ(unknown.field(0).number(), kNewField);
  EXPECT_EQ(unknown.field(0).length_delimited(), "new");
}

TEST(Messages, RefuseWhatIsNotOne) {
  compute::Flavor flavor;
  EXPECT_FALSE(flavor.ParseFromString("\x0a\xff this is no flavor"));
}

TEST(Messages, CarryMapsAndWhatIsNotModelled) {
  compute::Flavor flavor;
  (*flavor.mutable_extra_specs())["hw:cpu_policy"] = "dedicated";
  (*flavor.mutable_extra()->mutable_fields())["rack"].set_number_value(7);

  const auto received = SentAndReceived(flavor);

  EXPECT_EQ(received.extra_specs().at("hw:cpu_policy"), "dedicated");
  EXPECT_EQ(received.extra().fields().at("rack").number_value(), 7);
}

TEST(Messages, MaskTheirFields) {
  using google::protobuf::util::FieldMaskUtil;
  compute::Flavor flavor;
  flavor.set_id("42");
  flavor.set_ram_mib(2048);
  flavor.mutable_location()->set_cloud("vexxhost");
  google::protobuf::FieldMask mask;
  FieldMaskUtil::FromString("ram_mib,location.cloud", &mask);
  ASSERT_TRUE(FieldMaskUtil::IsValidFieldMask<compute::Flavor>(mask));
  EXPECT_FALSE(FieldMaskUtil::IsValidPath<compute::Flavor>("ram"));

  FieldMaskUtil::TrimMessage(mask, &flavor);

  EXPECT_EQ(flavor.id(), "");
  EXPECT_EQ(flavor.ram_mib(), 2048);
  EXPECT_EQ(flavor.location().cloud(), "vexxhost");
}

TEST(Messages, AreReadableAsJson) {
  compute::Server server;
  server.set_id("8f6d");
  server.set_status(compute::SERVER_STATUS_ACTIVE);
  std::string json;
  ASSERT_TRUE(google::protobuf::util::MessageToJsonString(server, &json).ok());
  EXPECT_EQ(json, R"({"id":"8f6d","status":"SERVER_STATUS_ACTIVE"})");

  compute::Server read;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(json, &read).ok());
  EXPECT_EQ(read.SerializeAsString(), server.SerializeAsString());
}

TEST(Messages, LiveOnArenasAndMove) {
  google::protobuf::Arena arena;
  auto* response = google::protobuf::Arena::CreateMessage<compute::ListFlavorsResponse>(&arena);
  response->add_flavors()->set_name("m1.small");
  response->add_flavors()->mutable_location()->set_region("RegionOne");

  compute::ListFlavorsResponse copy = *response;
  const compute::ListFlavorsResponse moved = std::move(copy);

  ASSERT_EQ(moved.flavors_size(), 2);
  EXPECT_EQ(moved.flavors(0).name(), "m1.small");
  EXPECT_EQ(moved.flavors(1).location().region(), "RegionOne");
}

}  // namespace
