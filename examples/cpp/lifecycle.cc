// SPDX-License-Identifier: Apache-2.0
//
// Shows what an oaktree reaches, has a server live from creation to deletion, and reads an error:
// lifecycle ADDRESS NAME, where NAME is for the new server

#include <chrono>
#include <iomanip>
#include <iostream>
#include <stdexcept>
#include <string>

#include <grpcpp/grpcpp.h>

#include <oaktreemodel/cloud/v1/cloud.grpc.pb.h>
#include <oaktreemodel/common/v1/error.pb.h>
#include <oaktreemodel/compute/v1/server.grpc.pb.h>

namespace cloud = oaktree::cloud::v1;
namespace common = oaktree::common::v1;
namespace compute = oaktree::compute::v1;
using Clouds = cloud::CloudService::Stub;
using Servers = compute::ServerService::Stub;
using std::setw;

namespace {

struct Call : grpc::ClientContext {
  Call() { set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60)); }
};

void check(const grpc::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.error_message());
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

common::Location north() {
  common::Location location;
  location.set_cloud("birch");
  location.set_region("north");
  return location;
}

void list_clouds(Clouds& clouds) {
  const auto row = [](const auto& cloud, const auto& region, const auto& zones,
                      const auto& images, const auto& reached) {
    std::cout << setw(8) << cloud << setw(11) << region << setw(7) << zones << setw(8) << images
              << reached << "\n";
  };
  row("CLOUD", "REGION", "ZONES", "IMAGES", "SERVERS ARE REACHED");
  Call list;
  cloud::ListCloudsResponse found;
  check(clouds.ListClouds(&list, cloud::ListCloudsRequest(), &found));
  for (const auto& each : found.clouds()) {
    for (const auto& region : each.regions()) {
      cloud::GetCapabilitiesRequest request;
      request.mutable_location()->set_cloud(each.name());
      request.mutable_location()->set_region(region);
      Call get;
      cloud::GetCapabilitiesResponse response;
      check(clouds.GetCapabilities(&get, request, &response));
      const cloud::Capabilities& known = response.capabilities();
      row(each.name(), region, known.zones_size(), known.image().preferred_disk_format(),
          known.network().floating_ip_needed() ? "by floating IP" : "directly");
    }
  }
}

void list_servers(Servers& servers) {
  const auto row = [](const auto& cloud, const auto& region, const auto& zone, const auto& name,
                      const auto& status, const auto& address) {
    std::cout << setw(8) << cloud << setw(11) << region << setw(13) << zone << setw(12) << name
              << setw(9) << status << address << "\n";
  };
  row("CLOUD", "REGION", "ZONE", "NAME", "STATUS", "ADDRESS");
  compute::ListServersRequest request;
  do {
    Call call;
    compute::ListServersResponse page;
    check(servers.ListServers(&call, request, &page));
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

compute::Server create(Servers& servers, const std::string& name) {
  compute::CreateServerRequest request;
  *request.mutable_location() = north();
  request.set_name(name);
  request.set_flavor("small");
  request.set_image("debian-13");
  Call call;
  compute::CreateServerResponse response;
  check(servers.CreateServer(&call, request, &response));
  return response.server();
}

void remove(Servers& servers, const compute::Server& server) {
  compute::DeleteServerRequest request;
  *request.mutable_location() = server.location();
  request.set_name_or_id(server.id());
  request.set_delete_floating_ips(true);
  Call call;
  compute::DeleteServerResponse response;
  check(servers.DeleteServer(&call, request, &response));
}

// Creates a server, watches it, and deletes it once it can be reached.
void live(Servers& servers, const std::string& name) {
  const compute::Server created = create(servers, name);
  const common::Location& where = created.location();
  std::cout << name << " in " << where.cloud() << " " << where.region() << " is "
            << created.status_raw() << "\n";
  compute::WatchServersRequest request;
  *request.add_locations() = where;
  request.mutable_filter()->add_ids(created.id());
  Call call;
  const auto reader = servers.WatchServers(&call, request);
  bool deleting = false;
  compute::WatchServersResponse response;
  while (reader->Read(&response)) {
    for (const auto& event : response.events()) {
      const compute::Server& server = event.server();
      if (event.kind() == common::WATCH_EVENT_KIND_DELETED) {
        std::cout << name << " is gone\n";
        call.TryCancel();
        reader->Finish();
        return;
      }
      if (server.status() == compute::SERVER_STATUS_ERROR) {
        throw std::runtime_error(name + " failed: " + server.fault().message());
      }
      // A floating IP may come after ACTIVE.
      const bool active = server.status() == compute::SERVER_STATUS_ACTIVE;
      if (active && !server.public_ipv4().empty() && !deleting) {
        std::cout << name << " is " << server.status_raw() << " at " << server.public_ipv4()
                  << "\n";
        deleting = true;
        remove(servers, created);
      }
    }
  }
  check(reader->Finish());
  throw std::runtime_error("the watch ended before " + name + " was gone");
}

// Reads what is wrong with a request that says nothing but where.
void show_error(Servers& servers) {
  compute::CreateServerRequest request;
  *request.mutable_location() = north();
  Call call;
  compute::CreateServerResponse response;
  const grpc::Status failure = servers.CreateServer(&call, request, &response);
  if (failure.ok()) throw std::runtime_error("a server without a name was created");
  common::Status status;
  common::Error error;
  if (!status.ParseFromString(failure.error_details()) || status.details().empty() ||
      !status.details(0).UnpackTo(&error)) {
    throw std::runtime_error("there is no Error in the answer: " + failure.error_message());
  }
  std::cout << "a server without anything is refused: " << error.reason() << "\n";
  for (const auto& violation : error.field_violations()) {
    std::cout << "  " << violation.field() << ": " << violation.description() << "\n";
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: lifecycle ADDRESS NAME\n";
    return 2;
  }
  const auto channel = grpc::CreateChannel(argv[1], grpc::InsecureChannelCredentials());
  const auto clouds = cloud::CloudService::NewStub(channel);
  const auto servers = compute::ServerService::NewStub(channel);
  std::cout << std::left;
  try {
    list_clouds(*clouds);
    std::cout << "\n";
    list_servers(*servers);
    std::cout << "\n";
    live(*servers, argv[2]);
    std::cout << "\n";
    show_error(*servers);
  } catch (const std::exception& failure) {
    std::cerr << "lifecycle: " << failure.what() << "\n";
    return 1;
  }
}
