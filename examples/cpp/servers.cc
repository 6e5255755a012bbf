// SPDX-License-Identifier: Apache-2.0
//
// Shows the servers of all clouds that an oaktree reaches, and what an error tells: servers ADDRESS

#include <chrono>
#include <iomanip>
#include <iostream>
#include <stdexcept>
#include <string>

#include <grpcpp/grpcpp.h>

#include <oaktreemodel/common/v1/error.pb.h>
#include <oaktreemodel/compute/v1/server.grpc.pb.h>

namespace common = oaktree::common::v1;
namespace compute = oaktree::compute::v1;
using Servers = compute::ServerService::Stub;

namespace {

struct Call : grpc::ClientContext {
  Call() { set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30)); }
};

void check(const grpc::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.error_message());
}

void list_servers(Servers& servers) {
  const auto row = [](const auto& cloud, const auto& region, const auto& zone, const auto& name,
                      const auto& status, const auto& address) {
    using std::setw;
    std::cout << std::left << setw(8) << cloud << setw(11) << region << setw(6) << zone << setw(12)
              << name << setw(9) << status << address << "\n";
  };
  row("CLOUD", "REGION", "ZONE", "NAME", "STATUS", "ADDRESS");
  compute::ListServersRequest request;
  do {
    Call call;
    compute::ListServersResponse page;
    check(servers.ListServers(&call, request, &page));
    const auto or_dash = [](const std::string& text) { return text.empty() ? "-" : text; };
    for (const auto& server : page.servers()) {
      const common::Location& where = server.location();
      row(where.cloud(), where.region(), or_dash(where.zone()), server.name(), server.status_raw(),
          or_dash(server.interface_address()));
    }
    for (const auto& place : page.unreachable()) {
      std::cout << place.location().cloud() << " does not answer: " << place.error().message()
                << "\n";
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
}

// Watches until the present state is complete; without snapshot_only, for ever.
void watch_servers(Servers& servers) {
  int batches = 0;
  int present = 0;
  compute::WatchServersRequest request;
  request.set_snapshot_only(true);
  Call call;
  const auto reader = servers.WatchServers(&call, request);
  compute::WatchServersResponse response;
  while (reader->Read(&response)) {
    ++batches;
    for (const auto& event : response.events()) {
      if (event.kind() == common::WATCH_EVENT_KIND_PRESENT) {
        ++present;
      } else if (event.kind() == common::WATCH_EVENT_KIND_SYNCED) {
        const std::string& cloud = event.location().cloud();
        std::cout << "watch: " << (cloud.empty() ? "everything" : cloud) << " is complete with "
                  << present << " servers\n";
      }
    }
  }
  check(reader->Finish());
  std::cout << "watch: it came in " << batches << " batches\n";
}

void show_error(Servers& servers) {
  compute::GetServerRequest request;
  request.set_name_or_id("nope");
  Call call;
  compute::GetServerResponse response;
  const grpc::Status failure = servers.GetServer(&call, request, &response);
  common::Status status;
  common::Error error;
  if (failure.ok() || !status.ParseFromString(failure.error_details()) ||
      status.details().empty() || !status.details(0).UnpackTo(&error)) {
    throw std::runtime_error("there is no Error in the answer: " + failure.error_message());
  }
  std::cout << "error: " << error.reason() << ": " << error.message() << "\n";
  const common::UpstreamError& upstream = error.upstream();
  std::cout << "error: " << upstream.service() << " said " << upstream.http_status() << ": "
            << upstream.message() << "\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: servers ADDRESS\n";
    return 2;
  }
  const auto servers = compute::ServerService::NewStub(
      grpc::CreateChannel(argv[1], grpc::InsecureChannelCredentials()));
  try {
    list_servers(*servers);
    watch_servers(*servers);
    show_error(*servers);
  } catch (const std::exception& failure) {
    std::cerr << "servers: " << failure.what() << "\n";
    return 1;
  }
}
