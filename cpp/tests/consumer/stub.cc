// SPDX-License-Identifier: Apache-2.0
//
// A client and a service in one program, with a real socket between them.

#include <grpcpp/grpcpp.h>
#include <oaktreemodel/compute/v1/flavor.grpc.pb.h>

#include <iostream>
#include <string>

namespace compute = oaktree::compute::v1;

class Flavors final : public compute::FlavorService::Service {
  grpc::Status GetFlavor(grpc::ServerContext* /*context*/,
                         const compute::GetFlavorRequest* request,
                         compute::GetFlavorResponse* response) override {
    response->mutable_flavor()->set_name(request->name_or_id());
    response->mutable_flavor()->set_vcpus(2);
    return grpc::Status::OK;
  }
};

int main() {
  Flavors flavors;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&flavors);
  const auto server = builder.BuildAndStart();
  if (!server) {
    std::cerr << "cannot serve on 127.0.0.1\n";
    return 1;
  }

  const auto stub = compute::FlavorService::NewStub(grpc::CreateChannel(
      "127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  compute::GetFlavorRequest request;
  request.set_name_or_id("m1.small");
  compute::GetFlavorResponse response;
  const auto status = stub->GetFlavor(&context, request, &response);
  server->Shutdown();
  if (!status.ok()) {
    std::cerr << "GetFlavor: " << status.error_message() << '\n';
    return 1;
  }
  std::cout << response.flavor().name() << " has " << response.flavor().vcpus() << " vCPUs\n";
  return 0;
}
