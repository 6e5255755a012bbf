// SPDX-License-Identifier: Apache-2.0
//
// Calls of every shape through the generated stubs, to a service in this process.

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <oaktreemodel/common/v1/error.pb.h>
#include <oaktreemodel/compute/v1/flavor.grpc.pb.h>
#include <oaktreemodel/image/v1/image.grpc.pb.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace {

namespace common = oaktree::common::v1;
namespace compute = oaktree::compute::v1;
namespace image = oaktree::image::v1;

// How a service fails, and how its caller learns why.
grpc::Status Failure(const common::Error& error) {
  common::Status status;
  status.set_code(error.code());
  status.set_message(error.message());
  status.add_details()->PackFrom(error);
  return {static_cast<grpc::StatusCode>(error.code()), error.message(),
          status.SerializeAsString()};
}

common::Error ErrorOf(const grpc::Status& failure) {
  common::Status status;
  common::Error error;
  if (status.ParseFromString(failure.error_details()) && status.details_size() > 0) {
    status.details(0).UnpackTo(&error);
  }
  return error;
}

class Flavors final : public compute::FlavorService::Service {
 public:
  grpc::Status GetFlavor(grpc::ServerContext* /*context*/,
                         const compute::GetFlavorRequest* request,
                         compute::GetFlavorResponse* response) override {
    if (request->name_or_id() == "m1.small") {
      response->mutable_flavor()->set_name("m1.small");
      response->mutable_flavor()->set_ram_mib(2048);
      return grpc::Status::OK;
    }
    common::Error error;
    error.set_code(grpc::StatusCode::FAILED_PRECONDITION);
    error.set_message("two flavors are called " + request->name_or_id());
    error.set_reason("MULTIPLE_MATCHES");
    error.set_domain("oaktree");
    error.set_retry_advice(common::RETRY_ADVICE_NEVER);
    for (const auto* id : {"1", "2"}) {
      error.add_matches()->set_id(id);
    }
    return Failure(error);
  }

  grpc::Status WatchFlavors(grpc::ServerContext* /*context*/,
                            const compute::WatchFlavorsRequest* /*request*/,
                            grpc::ServerWriter<compute::WatchFlavorsResponse>* writer) override {
    compute::WatchFlavorsResponse batch;
    for (const auto* name : {"m1.small", "m1.large"}) {
      auto* event = batch.add_events();
      event->set_kind(common::WATCH_EVENT_KIND_PRESENT);
      event->mutable_flavor()->set_name(name);
    }
    writer->Write(batch);
    batch.Clear();
    batch.add_events()->set_kind(common::WATCH_EVENT_KIND_SYNCED);
    writer->Write(batch);
    return grpc::Status::OK;
  }
};

class Images final : public image::ImageService::Service {
 public:
  grpc::Status UploadImage(
      grpc::ServerContext* /*context*/,
      grpc::ServerReaderWriter<image::UploadImageResponse, image::UploadImageRequest>* stream)
      override {
    image::UploadImageRequest request;
    image::UploadImageResponse progress;
    while (stream->Read(&request)) {
      progress.set_received_size_bytes(progress.received_size_bytes() +
                                       static_cast<std::int64_t>(request.chunk().data().size()));
      stream->Write(progress);
    }
    return grpc::Status::OK;
  }
};

class Calls : public testing::Test {
 protected:
  void SetUp() override {
    grpc::ServerBuilder builder;
    builder.RegisterService(&flavor_service_);
    builder.RegisterService(&image_service_);
    server_ = builder.BuildAndStart();
    const auto channel = server_->InProcessChannel(grpc::ChannelArguments());
    flavors_ = compute::FlavorService::NewStub(channel);
    images_ = image::ImageService::NewStub(channel);
  }

  void TearDown() override { server_->Shutdown(); }

  Flavors flavor_service_;
  Images image_service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<compute::FlavorService::Stub> flavors_;
  std::unique_ptr<image::ImageService::Stub> images_;
};

TEST_F(Calls, AreAnswered) {
  grpc::ClientContext context;
  compute::GetFlavorRequest request;
  request.set_name_or_id("m1.small");
  compute::GetFlavorResponse response;

  const auto status = flavors_->GetFlavor(&context, request, &response);

  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.flavor().ram_mib(), 2048);
}

TEST_F(Calls, FailWithAReasonProgramsCanRead) {
  grpc::ClientContext context;
  compute::GetFlavorRequest request;
  request.set_name_or_id("m1.large");
  compute::GetFlavorResponse response;

  const auto status = flavors_->GetFlavor(&context, request, &response);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(), "two flavors are called m1.large");
  const auto error = ErrorOf(status);
  EXPECT_EQ(error.reason(), "MULTIPLE_MATCHES");
  EXPECT_EQ(error.domain(), "oaktree");
  EXPECT_EQ(error.retry_advice(), common::RETRY_ADVICE_NEVER);
  ASSERT_EQ(error.matches_size(), 2);
  EXPECT_EQ(error.matches(1).id(), "2");
}

TEST_F(Calls, TellAMethodTheServiceDoesNotHave) {
  grpc::ClientContext context;
  compute::DeleteFlavorResponse response;

  const auto status = flavors_->DeleteFlavor(&context, compute::DeleteFlavorRequest(), &response);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(ErrorOf(status).reason(), "");
}

TEST_F(Calls, StreamBatchesOfEvents) {
  grpc::ClientContext context;
  const auto reader = flavors_->WatchFlavors(&context, compute::WatchFlavorsRequest());
  std::vector<std::string> seen;
  compute::WatchFlavorsResponse batch;
  while (reader->Read(&batch)) {
    for (const auto& event : batch.events()) {
      seen.push_back(common::WatchEventKind_Name(event.kind()) + ' ' + event.flavor().name());
    }
  }

  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_EQ(seen, (std::vector<std::string>{"WATCH_EVENT_KIND_PRESENT m1.small",
                                            "WATCH_EVENT_KIND_PRESENT m1.large",
                                            "WATCH_EVENT_KIND_SYNCED "}));
}

TEST_F(Calls, UploadInChunksAndHearOfProgress) {
  constexpr std::int64_t kChunk = 1 << 20;
  grpc::ClientContext context;
  const auto stream = images_->UploadImage(&context);
  image::UploadImageRequest request;
  image::UploadImageResponse progress;

  request.mutable_start()->set_name_or_id("debian");
  ASSERT_TRUE(stream->Write(request));
  ASSERT_TRUE(stream->Read(&progress));
  EXPECT_EQ(progress.received_size_bytes(), 0);
  for (std::int64_t sent = kChunk; sent <= 3 * kChunk; sent += kChunk) {
    request.mutable_chunk()->mutable_data()->assign(kChunk, 'x');
    ASSERT_TRUE(stream->Write(request));
    ASSERT_TRUE(stream->Read(&progress));
    EXPECT_EQ(progress.received_size_bytes(), sent);
  }
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

}  // namespace
