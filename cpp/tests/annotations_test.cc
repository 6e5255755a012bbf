// SPDX-License-Identifier: Apache-2.0
//
// Programs that handle every resource alike read the options, never the English.

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <gtest/gtest.h>
#include <oaktreemodel/common/v1/annotations.pb.h>
#include <oaktreemodel/compute/v1/flavor.pb.h>
#include <oaktreemodel/compute/v1/server.pb.h>

#include <string>
#include <vector>

namespace {

namespace common = oaktree::common::v1;
namespace compute = oaktree::compute::v1;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodOptions;

const MethodOptions& OptionsOf(const char* full_name) {
  const auto* method = DescriptorPool::generated_pool()->FindMethodByName(full_name);
  return method == nullptr ? MethodOptions::default_instance() : method->options();
}

TEST(Annotations, TellWhatAMethodDoes) {
  const auto& get = OptionsOf("oaktree.compute.v1.FlavorService.GetFlavor");
  EXPECT_EQ(get.GetExtension(common::method).verb(), common::VERB_GET);
  EXPECT_EQ(get.GetExtension(common::method).resource(), "oaktree.compute.v1.Flavor");
  EXPECT_EQ(get.idempotency_level(), MethodOptions::NO_SIDE_EFFECTS);

  const auto& remove = OptionsOf("oaktree.compute.v1.FlavorService.DeleteFlavor");
  EXPECT_EQ(remove.GetExtension(common::method).verb(), common::VERB_DELETE);
  EXPECT_EQ(remove.idempotency_level(), MethodOptions::IDEMPOTENT);
}

TEST(Annotations, TellWhatAResourceIs) {
  const auto& flavor = compute::Flavor::descriptor()->options().GetExtension(common::resource);
  EXPECT_EQ(flavor.type(), "flavor");
  EXPECT_TRUE(flavor.watch());

  const auto& access =
      compute::FlavorAccess::descriptor()->options().GetExtension(common::resource);
  EXPECT_EQ(access.parent(), compute::Flavor::descriptor()->full_name());
  EXPECT_FALSE(access.watch());
}

TEST(Annotations, TellWhereAFieldComesFrom) {
  const auto& options = compute::Flavor::descriptor()->FindFieldByName("ram_mib")->options();
  ASSERT_EQ(options.ExtensionSize(common::source), 1);
  EXPECT_EQ(options.GetExtension(common::source, 0).service(), "compute");
  EXPECT_EQ(options.GetExtension(common::source, 0).attribute(), "ram");
  ASSERT_EQ(options.ExtensionSize(common::field_behavior), 1);
  EXPECT_EQ(options.GetExtension(common::field_behavior, 0), common::FIELD_BEHAVIOR_IMMUTABLE);
}

// What a program does before it logs a message it knows nothing about.
void ClearSecrets(Message& message) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const auto* field : fields) {
    if (field->options().GetExtension(common::sensitive)) {
      message.GetReflection()->ClearField(&message, field);
    }
  }
}

TEST(Annotations, TellWhatMustNotBeLogged) {
  compute::CreateServerRequest request;
  request.set_name("web");
  request.set_admin_pass("very secret");
  request.set_user_data("also secret");

  ClearSecrets(request);

  EXPECT_EQ(request.name(), "web");
  EXPECT_EQ(request.DebugString().find("secret"), std::string::npos);
}

}  // namespace
