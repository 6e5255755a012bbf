// SPDX-License-Identifier: Apache-2.0
//
// The interop server in C++; ../README.rst says what it answers to what.

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <google/protobuf/util/time_util.h>
#include <grpcpp/grpcpp.h>

#include <oaktreemodel/compute/v1/flavor.grpc.pb.h>
#include <oaktreemodel/compute/v1/server.grpc.pb.h>
#include <oaktreemodel/image/v1/image.grpc.pb.h>
#include <oaktreemodel/network/v1/floating_ip.grpc.pb.h>

#include "interop.h"

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr int page_size = 3;
constexpr int batch_size = 3;
constexpr auto bookmark_time = 20ms;
// How long "slow" takes.
constexpr auto slow_time = 30s;
// How long to wait for a call to end.
constexpr auto ended_time = 10s;
// How soon a call that was given up is noticed.
constexpr auto notice_time = 10ms;
constexpr std::size_t chunk_bytes = 256 * 1024;
// More than a client takes unless it says otherwise, which is 4 MiB.
constexpr std::size_t oversized_bytes = 5 * 1024 * 1024;
// More than gRPC's C++ library takes as metadata.
constexpr std::size_t too_large_bytes = 20000;

grpc::Status fail(const common::Error& error) {
  common::Status status;
  status.set_code(error.code());
  status.set_message(error.message());
  status.add_details()->PackFrom(error);
  return {static_cast<grpc::StatusCode>(error.code()), error.message(), status.SerializeAsString()};
}

class ServerService final : public compute::ServerService::Service {
 public:
  explicit ServerService(const Data& data) : data_(data) {}

  grpc::Status GetServer(grpc::ServerContext* context, const compute::GetServerRequest* request,
                         compute::GetServerResponse* response) override {
    const std::string& name = request->name_or_id();
    if (const auto error = asked_error(name)) return fail(*error);
    compute::Server* server = response->mutable_server();
    if (name == "future") {
      server->set_status(static_cast<compute::ServerStatus>(99));
      server->set_status_raw("QUANTUM");
      // What is left then are the fields that this server does not know.
      compute::GetServerRequest unknown = *request;
      unknown.clear_name_or_id();
      server->MergeFromString(unknown.SerializeAsString());
      return grpc::Status::OK;
    }
    if (name == "oversized") {
      server->set_user_data(std::string(oversized_bytes, '\0'));
      return grpc::Status::OK;
    }
    if (name == "peer") {
      server->set_name(context->peer());
      std::string caller;
      for (const auto& part : context->auth_context()->FindPropertyValues("x509_common_name")) {
        caller.append(part.data(), part.size());
      }
      server->set_description(caller);
      return grpc::Status::OK;
    }
    if (name == "metadata") {
      for (const char* key : {"call-note", "call-note-bin"}) {
        const auto [first, last] = context->client_metadata().equal_range(key);
        for (auto note = first; note != last; ++note) {
          const std::string value(note->second.data(), note->second.size());
          context->AddInitialMetadata(key, value);
          context->AddTrailingMetadata(key, value);
        }
      }
      return grpc::Status::OK;
    }
    const std::string ended = "ended:";
    if (name.compare(0, ended.size(), ended) == 0) {
      const std::string tag = name.substr(ended.size());
      const auto until = Clock::now() + ended_time;
      while (!has_ended(tag)) {
        if (Clock::now() > until) return fail(data_.errors.at("nope"));
        std::this_thread::sleep_for(notice_time);
      }
      server->set_name(tag);
      return grpc::Status::OK;
    }
    const std::string& cloud = request->location().cloud();
    for (const auto& one : data_.servers.servers()) {
      if ((name == one.id() || name == one.name()) &&
          (cloud.empty() || cloud == one.location().cloud())) {
        *server = one;
        return grpc::Status::OK;
      }
    }
    return fail(data_.errors.at("nope"));
  }

  grpc::Status ListServers(grpc::ServerContext*, const compute::ListServersRequest* request,
                           compute::ListServersResponse* response) override {
    if (request->page_size() < 0) return fail(data_.errors.at("page-size"));
    std::set<std::string> clouds;
    for (const auto& location : request->locations()) clouds.insert(location.cloud());
    std::vector<compute::Server> servers;
    for (const auto& server : data_.servers.servers()) {
      if (clouds.empty() || clouds.count(server.location().cloud()) > 0) servers.push_back(server);
    }
    const std::size_t start = std::strtoul(request->page_token().c_str(), nullptr, 10);
    const std::size_t size = request->page_size() > 0 ? request->page_size() : page_size;
    const std::size_t end = std::min(start + size, servers.size());
    for (std::size_t i = start; i < end; ++i) *response->add_servers() = servers[i];
    if (end < servers.size()) response->set_next_page_token(std::to_string(end));
    return grpc::Status::OK;
  }

  grpc::Status WatchServers(grpc::ServerContext* context,
                            const compute::WatchServersRequest* request,
                            grpc::ServerWriter<compute::WatchServersResponse>* writer) override {
    const auto events = all_events();
    const std::string token = request->resume_token().empty() ? "0" : request->resume_token();
    const bool is_number = token.find_first_not_of("0123456789") == std::string::npos;
    std::size_t given = std::strtoul(token.c_str(), nullptr, 10);
    if (!is_number || given > events.size()) {
      compute::WatchServersResponse response;
      response.add_events()->set_kind(common::WATCH_EVENT_KIND_RESYNC_REQUIRED);
      writer->Write(response);
      return grpc::Status::OK;
    }
    while (given < events.size()) {
      compute::WatchServersResponse response;
      for (int i = 0; i < batch_size && given < events.size(); ++i) {
        *response.add_events() = events[given++];
      }
      response.set_resume_token(std::to_string(given));
      if (!writer->Write(response)) break;
    }
    if (request->snapshot_only()) return grpc::Status::OK;
    compute::WatchServersResponse bookmark;
    bookmark.set_resume_token(std::to_string(given));
    do {
      std::this_thread::sleep_for(bookmark_time);
    } while (!context->IsCancelled() && writer->Write(bookmark));
    note_cancellation(*context);
    return grpc::Status::CANCELLED;
  }

  grpc::Status CreateServer(grpc::ServerContext* context,
                            const compute::CreateServerRequest* request,
                            compute::CreateServerResponse* response) override {
    if (const auto error = asked_error(request->name())) return fail(*error);
    if (request->name() == "compressed") {
      context->set_compression_algorithm(GRPC_COMPRESS_GZIP);
    }
    if (request->name() == "slow" && request->wait()) {
      auto until = Clock::now() + slow_time;
      if (request->has_wait_timeout()) {
        using google::protobuf::util::TimeUtil;
        until = Clock::now() + std::chrono::nanoseconds(
                                   TimeUtil::DurationToNanoseconds(request->wait_timeout()));
      }
      while (Clock::now() < until) {
        if (context->IsCancelled()) {
          note_cancellation(*context);
          return grpc::Status::CANCELLED;
        }
        std::this_thread::sleep_for(notice_time);
      }
    }
    compute::Server* server = response->mutable_server();
    *server->mutable_location() = request->location();
    server->set_id("id-of-" + request->name());
    server->set_name(request->name());
    server->set_status(compute::SERVER_STATUS_BUILD);
    server->set_status_raw("BUILD");
    *server->mutable_metadata() = request->metadata();
    *server->mutable_tags() = request->tags();
    server->set_description(request->description());
    *server->mutable_scheduler_hints() = request->scheduler_hints();
    server->set_user_data(request->user_data());

    operation::Operation* change = response->mutable_operation();
    *change->mutable_location() = request->location();
    change->set_id("create-" + request->name());
    change->set_kind("server.create");
    *change->mutable_resource()->mutable_location() = server->location();
    change->mutable_resource()->set_id(server->id());
    change->mutable_resource()->set_name(server->name());
    change->mutable_resource()->set_type("server");
    change->set_state(operation::OPERATION_STATE_RUNNING);
    return grpc::Status::OK;
  }

 private:
  // The error that a name asks for.
  std::optional<common::Error> asked_error(const std::string& name) const {
    if (name == "too-large") {
      common::Error error = data_.errors.at("largest");
      error.mutable_upstream()->set_message(std::string(too_large_bytes, 'x'));
      return error;
    }
    const auto found = data_.errors.find(name);
    if (found == data_.errors.end()) return std::nullopt;
    return found->second;
  }

  // What a watch tells: the servers of each place, then that there are no more.
  std::vector<compute::ServerEvent> all_events() const {
    std::vector<compute::ServerEvent> events;
    const auto& servers = data_.servers.servers();
    for (int i = 0; i < servers.size(); ++i) {
      compute::ServerEvent& present = events.emplace_back();
      present.set_kind(common::WATCH_EVENT_KIND_PRESENT);
      *present.mutable_server() = servers[i];
      const common::Location& location = servers[i].location();
      if (i + 1 == servers.size() || servers[i + 1].location().cloud() != location.cloud()) {
        compute::ServerEvent& synced = events.emplace_back();
        synced.set_kind(common::WATCH_EVENT_KIND_SYNCED);
        *synced.mutable_location() = location;
        synced.mutable_location()->clear_zone();
      }
    }
    events.emplace_back().set_kind(common::WATCH_EVENT_KIND_SYNCED);
    return events;
  }

  void note_cancellation(const grpc::ServerContext& context) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto [first, last] = context.client_metadata().equal_range("call-tag");
    for (auto tag = first; tag != last; ++tag) {
      ended_.emplace(tag->second.data(), tag->second.size());
    }
  }

  bool has_ended(const std::string& tag) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return ended_.count(tag) > 0;
  }

  const Data& data_;
  std::mutex mutex_;
  // The tags of the calls that have ended before they were done.
  std::set<std::string> ended_;
};

class FlavorService final : public compute::FlavorService::Service {
 public:
  explicit FlavorService(const Data& data) : data_(data) {}

  grpc::Status ListFlavors(grpc::ServerContext*, const compute::ListFlavorsRequest*,
                           compute::ListFlavorsResponse* response) override {
    *response = data_.flavors;
    return grpc::Status::OK;
  }

 private:
  const Data& data_;
};

class FloatingIpService final : public network::FloatingIpService::Service {
 public:
  explicit FloatingIpService(const Data& data) : data_(data) {}

  grpc::Status ListFloatingIps(grpc::ServerContext*, const network::ListFloatingIpsRequest*,
                               network::ListFloatingIpsResponse* response) override {
    *response = data_.floating_ips;
    return grpc::Status::OK;
  }

 private:
  const Data& data_;
};

class ImageService final : public image::ImageService::Service {
 public:
  explicit ImageService(const Data& data) : data_(data) {
    for (const auto& one : data_.images.images()) {
      if (one.name() == "public-img") stored_[one.name()] = {one, std::string(4096, 'x')};
    }
  }

  grpc::Status ListImages(grpc::ServerContext*, const image::ListImagesRequest*,
                          image::ListImagesResponse* response) override {
    *response = data_.images;
    return grpc::Status::OK;
  }

  grpc::Status UploadImage(grpc::ServerContext*,
                           grpc::ServerReaderWriter<image::UploadImageResponse,
                                                    image::UploadImageRequest>* stream) override {
    image::UploadImageRequest request;
    if (!stream->Read(&request) || !request.has_start()) {
      return fail(data_.errors.at("out-of-order"));
    }
    const image::UploadImageStart start = request.start();
    const std::string& name = start.create().name();
    image::Image result;
    *result.mutable_location() = start.location();
    result.set_id("id-of-" + name);
    result.set_name(name);
    result.set_status(image::IMAGE_STATUS_QUEUED);
    result.set_status_raw("queued");
    result.set_disk_format(start.create().disk_format());
    result.set_container_format(start.create().container_format());
    image::UploadImageResponse answer;
    *answer.mutable_image() = result;
    stream->Write(answer);

    std::string received;
    while (true) {
      const bool ended = !stream->Read(&request);
      if (!ended && request.has_finish()) break;
      if (ended || !request.has_chunk() ||
          request.chunk().offset_bytes() != static_cast<std::int64_t>(received.size())) {
        return fail(data_.errors.at("out-of-order"));
      }
      received += request.chunk().data();
      answer.Clear();
      answer.set_received_size_bytes(received.size());
      stream->Write(answer);
    }
    const auto size = static_cast<std::int64_t>(received.size());
    if (start.has_size_bytes() && start.size_bytes() != size) {
      return fail(data_.errors.at("short"));
    }
    result.set_status(image::IMAGE_STATUS_ACTIVE);
    result.set_status_raw("active");
    result.set_size_bytes(size);
    *result.mutable_checksums() = request.finish().checksums();
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stored_[name] = {result, std::move(received)};
    }
    *answer.mutable_image() = result;
    operation::Operation* change = answer.mutable_operation();
    *change->mutable_location() = result.location();
    change->set_id("upload-" + name);
    change->set_kind("image.upload");
    *change->mutable_resource()->mutable_location() = result.location();
    change->mutable_resource()->set_id(result.id());
    change->mutable_resource()->set_name(name);
    change->mutable_resource()->set_type("image");
    change->set_state(operation::OPERATION_STATE_SUCCEEDED);
    answer.set_received_size_bytes(size);
    answer.set_persisted_size_bytes(size);
    stream->Write(answer);
    return grpc::Status::OK;
  }

  grpc::Status DownloadImage(grpc::ServerContext*, const image::DownloadImageRequest* request,
                             grpc::ServerWriter<image::DownloadImageResponse>* writer) override {
    Stored stored;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      const auto found = stored_.find(request->name_or_id());
      if (found == stored_.end()) return fail(data_.errors.at("nope"));
      stored = found->second;
    }
    std::size_t end = stored.content.size();
    std::size_t offset = request->offset_bytes();
    if (request->has_length_bytes()) end = std::min(end, offset + request->length_bytes());
    image::DownloadImageResponse response;
    *response.mutable_image() = stored.image;
    writer->Write(response);
    while (offset < end) {
      response.Clear();
      response.set_offset_bytes(offset);
      response.set_data(stored.content.substr(offset, std::min(chunk_bytes, end - offset)));
      offset += response.data().size();
      if (!writer->Write(response)) break;
    }
    return grpc::Status::OK;
  }

 private:
  struct Stored {
    image::Image image;
    std::string content;
  };

  const Data& data_;
  std::mutex mutex_;
  std::map<std::string, Stored> stored_;
};

std::shared_ptr<grpc::ServerCredentials> credentials(const std::filesystem::path& certificates,
                                                     bool mutual) {
  grpc::SslServerCredentialsOptions options(
      mutual ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
             : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  options.pem_key_cert_pairs.push_back(
      {read(certificates / "server.key"), read(certificates / "server.pem")});
  if (mutual) options.pem_root_certs = read(certificates / "authority.pem");
  return grpc::SslServerCredentials(options);
}

int serve(const Data& data, const std::filesystem::path& certificates) {
  // Blocked before gRPC starts its threads, so that only this one takes it.
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);

  // The methods that are missing here answer UNIMPLEMENTED.
  ServerService servers(data);
  FlavorService flavors(data);
  FloatingIpService floating_ips(data);
  ImageService images(data);
  const std::string listen = "127.0.0.1:0";
  int plain = 0, tls = 0, mutual = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(listen, grpc::InsecureServerCredentials(), &plain);
  builder.AddListeningPort(listen, credentials(certificates, false), &tls);
  builder.AddListeningPort(listen, credentials(certificates, true), &mutual);
  builder.RegisterService(&servers);
  builder.RegisterService(&flavors);
  builder.RegisterService(&floating_ips);
  builder.RegisterService(&images);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (!server) throw std::runtime_error("cannot listen on 127.0.0.1");
  std::cout << "listening on";
  for (const int port : {plain, tls, mutual}) std::cout << " 127.0.0.1:" << port;
  std::cout << std::endl;

  int signal = 0;
  sigwait(&stop, &signal);
  server->Shutdown(std::chrono::system_clock::now());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: server DATA CERTIFICATES\n";
    return 2;
  }
  try {
    return serve(Data(argv[1]), argv[2]);
  } catch (const std::exception& error) {
    std::cerr << "server: " << error.what() << "\n";
    return 1;
  }
}
