// SPDX-License-Identifier: Apache-2.0
//
// The interop client in C++; ../README.rst says what its cases are about.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <iostream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include <google/protobuf/util/message_differencer.h>
#include <google/protobuf/util/time_util.h>
#include <grpcpp/grpcpp.h>

#include <oaktreemodel/compute/v1/flavor.grpc.pb.h>
#include <oaktreemodel/compute/v1/server.grpc.pb.h>
#include <oaktreemodel/image/v1/image.grpc.pb.h>
#include <oaktreemodel/network/v1/floating_ip.grpc.pb.h>
#include <oaktreemodel/operation/v1/operation.grpc.pb.h>

#include "interop.h"

namespace {

using namespace std::chrono_literals;
using google::protobuf::util::MessageDifferencer;

// No case is to hang.
constexpr auto timeout = 30s;
constexpr std::size_t chunk_bytes = 512 * 1024;
// How much of a message is shown that is not as expected.
constexpr std::size_t shown = 400;
// Field 1000 of a message to come: the text "future".
const std::string unknown_field = "\xc2\x3e\x06" "future";

struct Mismatch : std::runtime_error {
  Mismatch(const std::string& expected, const std::string& got)
      : std::runtime_error("expected " + expected.substr(0, shown) + ", got " +
                           got.substr(0, shown)) {}
};

template <typename Thing>
void expect(const Thing& expected, const Thing& got) {
  if (expected == got) return;
  std::ostringstream expected_text, got_text;
  expected_text << expected;
  got_text << got;
  throw Mismatch(expected_text.str(), got_text.str());
}

void expect_message(const google::protobuf::Message& expected,
                    const google::protobuf::Message& got) {
  if (!MessageDifferencer::Equals(expected, got)) {
    throw Mismatch(expected.ShortDebugString(), got.ShortDebugString());
  }
}

template <typename Expected, typename Got>
void expect_messages(const Expected& expected, const Got& got) {
  expect(static_cast<std::size_t>(expected.size()), static_cast<std::size_t>(got.size()));
  auto other = got.begin();
  for (const auto& one : expected) expect_message(one, *other++);
}

void expect_ok(const grpc::Status& status) {
  if (!status.ok()) {
    throw Mismatch("success", std::to_string(status.error_code()) + ": " + status.error_message());
  }
}

void expect_code(grpc::StatusCode expected, const grpc::Status& status) {
  expect(static_cast<int>(expected), static_cast<int>(status.error_code()));
}

// A call that ends sooner or later.
struct Call : grpc::ClientContext {
  explicit Call(std::chrono::milliseconds time = timeout) {
    set_deadline(std::chrono::system_clock::now() + time);
  }
};

common::Checksum made_up_checksum() {
  common::Checksum checksum;
  checksum.set_algorithm("md5");
  checksum.set_hex_digest("0123456789abcdef0123456789abcdef");
  return checksum;
}

// Where a server listens.
struct Addresses {
  std::string plain, tls, mutual;
};

std::string made_up_content() {
  std::string content(2 * 1024 * 1024 + 7, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i + i / 256);
  return content;
}

image::UploadImageStart upload_start(const std::string& name, std::int64_t announced) {
  image::UploadImageStart start;
  start.mutable_location()->set_cloud("south");
  start.mutable_create()->set_name(name);
  start.mutable_create()->set_disk_format("qcow2");
  start.mutable_create()->set_container_format("bare");
  start.set_size_bytes(announced);
  return start;
}

class Client {
 public:
  Client(const Data& data, std::filesystem::path certificates, Addresses addresses,
         const std::shared_ptr<grpc::Channel>& channel)
      : data_(data),
        certificates_(std::move(certificates)),
        addresses_(std::move(addresses)),
        servers_(compute::ServerService::NewStub(channel)),
        flavors_(compute::FlavorService::NewStub(channel)),
        images_(image::ImageService::NewStub(channel)),
        floating_ips_(network::FloatingIpService::NewStub(channel)),
        operations_(operation::OperationService::NewStub(channel)) {}

  // --- What calls carry

  void get() {
    for (const auto& server : data_.servers.servers()) {
      for (const auto& name : {server.id(), server.name()}) {
        compute::GetServerRequest request;
        request.set_name_or_id(name);
        request.mutable_location()->set_cloud(server.location().cloud());
        compute::GetServerResponse response;
        Call call;
        expect_ok(servers_->GetServer(&call, request, &response));
        expect_message(server, response.server());
      }
    }
  }

  void lists() {
    compute::ListFlavorsResponse flavors;
    Call flavors_call;
    expect_ok(flavors_->ListFlavors(&flavors_call, {}, &flavors));
    expect_message(data_.flavors, flavors);
    image::ListImagesResponse images;
    Call images_call;
    expect_ok(images_->ListImages(&images_call, {}, &images));
    expect_message(data_.images, images);
    network::ListFloatingIpsResponse floating_ips;
    Call floating_ips_call;
    expect_ok(floating_ips_->ListFloatingIps(&floating_ips_call, {}, &floating_ips));
    expect_message(data_.floating_ips, floating_ips);
  }

  void pages() {
    for (const std::string cloud : {"", "south"}) {
      compute::ListServersRequest request;
      request.set_page_size(3);
      if (!cloud.empty()) request.add_locations()->set_cloud(cloud);
      std::vector<compute::Server> expected, got;
      for (const auto& server : data_.servers.servers()) {
        if (cloud.empty() || server.location().cloud() == cloud) expected.push_back(server);
      }
      do {
        compute::ListServersResponse page;
        Call call;
        expect_ok(servers_->ListServers(&call, request, &page));
        expect(std::min<std::size_t>(3, expected.size() - got.size()),
               static_cast<std::size_t>(page.servers_size()));
        got.insert(got.end(), page.servers().begin(), page.servers().end());
        request.set_page_token(page.next_page_token());
      } while (!request.page_token().empty());
      expect_messages(expected, got);
    }
  }

  void create() {
    compute::CreateServerRequest request;
    request.mutable_location()->set_cloud("south");
    request.mutable_location()->set_region("RegionOne");
    request.set_name("björk-1");
    (*request.mutable_metadata())[""] = "empty key";
    (*request.mutable_metadata())["schlüssel"] = "値";
    (*request.mutable_metadata())["empty value"] = "";
    for (const char* tag : {"a", "a", ""}) request.add_tags(tag);
    for (int byte = 0; byte < 256; ++byte) {
      request.mutable_user_data()->push_back(static_cast<char>(byte));
    }
    auto& hints = *request.mutable_scheduler_hints()->mutable_fields();
    hints["group"].set_string_value("one");
    auto* query = hints["query"].mutable_list_value();
    query->add_values()->set_number_value(1.5);
    query->add_values()->set_bool_value(true);
    query->add_values()->set_null_value(google::protobuf::NULL_VALUE);
    auto& deep = *query->add_values()->mutable_struct_value()->mutable_fields();
    deep["deep"].mutable_list_value();

    compute::CreateServerResponse expected;
    compute::Server* server = expected.mutable_server();
    *server->mutable_location() = request.location();
    server->set_id("id-of-björk-1");
    server->set_name(request.name());
    server->set_status(compute::SERVER_STATUS_BUILD);
    server->set_status_raw("BUILD");
    *server->mutable_metadata() = request.metadata();
    *server->mutable_tags() = request.tags();
    server->set_user_data(request.user_data());
    *server->mutable_scheduler_hints() = request.scheduler_hints();
    operation::Operation* change = expected.mutable_operation();
    *change->mutable_location() = request.location();
    change->set_id("create-björk-1");
    change->set_kind("server.create");
    *change->mutable_resource()->mutable_location() = request.location();
    change->mutable_resource()->set_id(server->id());
    change->mutable_resource()->set_name(server->name());
    change->mutable_resource()->set_type("server");
    change->set_state(operation::OPERATION_STATE_RUNNING);

    compute::CreateServerResponse response;
    Call call;
    expect_ok(servers_->CreateServer(&call, request, &response));
    expect_message(expected, response);
  }

  void large() {
    std::string content;
    for (int i = 0; i < 3 * 1024 * 1024; ++i) content.push_back(static_cast<char>(i));
    expect_ok(send_user_data("large", content));
  }

  // Is refused by whoever gets it, and the connection lives on.
  void oversized() {
    const std::string peer = this->peer().name();
    expect_code(grpc::StatusCode::RESOURCE_EXHAUSTED,
                send_user_data("oversized", std::string(5 * 1024 * 1024, '\0')));
    expect_code(grpc::StatusCode::RESOURCE_EXHAUSTED, get_named("oversized"));
    expect(peer, this->peer().name());
  }

  void compressed() {
    expect_ok(send_user_data("compressed", std::string(1 << 20, '\0'), GRPC_COMPRESS_GZIP));
  }

  void metadata() {
    std::string bytes;
    for (int byte = 0; byte < 256; ++byte) bytes.push_back(static_cast<char>(byte));
    const std::vector<std::pair<std::string, std::string>> notes = {{"call-note", "one, and"},
                                                                    {"call-note", "two"},
                                                                    {"call-note-bin", bytes},
                                                                    {"call-note-bin", ""}};
    Call call;
    for (const auto& [key, value] : notes) call.AddMetadata(key, value);
    compute::GetServerRequest request;
    request.set_name_or_id("metadata");
    compute::GetServerResponse response;
    expect_ok(servers_->GetServer(&call, request, &response));
    for (const auto* got : {&call.GetServerInitialMetadata(), &call.GetServerTrailingMetadata()}) {
      expect(notes.size(), got->count("call-note") + got->count("call-note-bin"));
      auto [one, last] = got->equal_range("call-note");
      auto [binary, binary_last] = got->equal_range("call-note-bin");
      for (const auto& [key, value] : notes) {
        const auto& note = key == "call-note" ? *one++ : *binary++;
        expect(value, std::string(note.second.data(), note.second.size()));
      }
    }
  }

  // --- Connections

  void tls() { expect<std::string>("", expect_peer_over_tls(addresses_.tls, false).description()); }

  void tls_wrong_name() {
    expect_code(grpc::StatusCode::UNAVAILABLE,
                peer_over_tls(addresses_.tls, "authority", "oaktree.example", false).first);
  }

  void tls_stranger() {
    expect_code(grpc::StatusCode::UNAVAILABLE,
                peer_over_tls(addresses_.tls, "stranger", "127.0.0.1", false).first);
  }

  void mutual_tls() {
    expect<std::string>("client", expect_peer_over_tls(addresses_.mutual, true).description());
  }

  void mutual_tls_no_certificate() {
    expect_code(grpc::StatusCode::UNAVAILABLE,
                peer_over_tls(addresses_.mutual, "authority", "127.0.0.1", false).first);
  }

  // --- Streams

  void watch() {
    compute::WatchServersRequest request;
    request.set_snapshot_only(true);
    std::vector<compute::ServerEvent> events;
    std::string sizes;
    for (const auto& response : read_watch(request)) {
      events.insert(events.end(), response.events().begin(), response.events().end());
      sizes += std::to_string(response.events_size()) + " ";
      expect(std::to_string(events.size()), response.resume_token());
    }
    expect_messages(expected_events(), events);
    expect<std::string>("3 3 3 2 ", sizes);
  }

  void resume() {
    compute::WatchServersRequest request;
    std::vector<compute::ServerEvent> events;
    for (const std::size_t wanted : {std::size_t{6}, expected_events().size()}) {
      Call call;
      const auto reader = servers_->WatchServers(&call, request);
      compute::WatchServersResponse response;
      while (events.size() < wanted && reader->Read(&response)) {
        events.insert(events.end(), response.events().begin(), response.events().end());
        request.set_resume_token(response.resume_token());
      }
      call.TryCancel();
      reader->Finish();
    }
    expect_messages(expected_events(), events);
  }

  void resync() {
    compute::WatchServersRequest request;
    request.set_resume_token("of another age");
    compute::WatchServersResponse expected;
    expected.add_events()->set_kind(common::WATCH_EVENT_KIND_RESYNC_REQUIRED);
    expect_messages(std::vector{expected}, read_watch(request));
  }

  void upload() {
    const std::string content = made_up_content();
    const std::string name = "uploaded-by-cpp";
    const auto size = static_cast<std::int64_t>(content.size());
    std::vector<image::UploadImageResponse> answers;
    expect_ok(send(name, content, size, &answers));
    expect_uploaded(name, content, answers);
  }

  // A client stream: nothing is read before all is sent.
  void upload_at_once() {
    const std::string content = made_up_content();
    const std::string name = "uploaded-at-once-by-cpp";
    Call call;
    const auto stream = images_->UploadImage(&call);
    image::UploadImageRequest request;
    *request.mutable_start() = upload_start(name, content.size());
    stream->Write(request);
    for (std::size_t offset = 0; offset < content.size(); offset += chunk_bytes) {
      request.mutable_chunk()->set_data(content.substr(offset, chunk_bytes));
      request.mutable_chunk()->set_offset_bytes(offset);
      stream->Write(request);
    }
    *request.mutable_finish()->add_checksums() = made_up_checksum();
    stream->Write(request);
    stream->WritesDone();
    std::vector<image::UploadImageResponse> answers;
    image::UploadImageResponse answer;
    while (stream->Read(&answer)) answers.push_back(answer);
    expect_ok(stream->Finish());
    expect_uploaded(name, content, answers);
  }

  void upload_short() {
    std::vector<image::UploadImageResponse> answers;
    expect_error("short", send("short", "too little", 11, &answers));
  }

  void upload_out_of_order() {
    std::vector<image::UploadImageRequest> steps(2);
    steps[0].mutable_start();
    steps[1].mutable_chunk()->set_data("late");
    steps[1].mutable_chunk()->set_offset_bytes(5);
    // What ends without a finish is as wrong as what leaves bytes out.
    for (std::size_t length = 0; length <= steps.size(); ++length) {
      Call call;
      const auto stream = images_->UploadImage(&call);
      for (std::size_t i = 0; i < length; ++i) stream->Write(steps[i]);
      stream->WritesDone();
      image::UploadImageResponse answer;
      while (stream->Read(&answer)) {
      }
      expect_error("out-of-order", stream->Finish());
    }
  }

  void download() {
    const auto& images = data_.images.images();
    const auto expected = std::find_if(images.begin(), images.end(), [](const image::Image& one) {
      return one.name() == "public-img";
    });
    // What was uploaded when the answers were recorded.
    const std::string content(expected->size_bytes(), 'x');
    image::DownloadImageRequest request;
    request.set_name_or_id(expected->name());
    expect_image(request, *expected, content);
    request.set_offset_bytes(1000);
    request.set_length_bytes(24);
    expect_image(request, *expected, content.substr(1000, 24));
  }

  // --- Ends before the end

  void deadline() {
    const std::string tag = "cpp-deadline-" + std::to_string(getpid());
    compute::CreateServerRequest request;
    request.set_name("slow");
    request.set_wait(true);
    compute::CreateServerResponse response;
    Call call(2s);
    call.AddMetadata("call-tag", tag);
    const auto began = std::chrono::steady_clock::now();
    expect_code(grpc::StatusCode::DEADLINE_EXCEEDED,
                servers_->CreateServer(&call, request, &response));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    if (took < 1900ms || took > 20s) {
      throw Mismatch("2 seconds", std::to_string(took.count()) + " seconds");
    }
    expect_ended(tag);
  }

  void wait_timeout() {
    compute::CreateServerRequest request;
    request.set_name("slow");
    request.set_wait(true);
    using google::protobuf::util::TimeUtil;
    *request.mutable_wait_timeout() = TimeUtil::MillisecondsToDuration(100);
    compute::CreateServerResponse response;
    Call call;
    expect_ok(servers_->CreateServer(&call, request, &response));
    expect<int>(operation::OPERATION_STATE_RUNNING, response.operation().state());
  }

  void cancel() {
    const std::string tag = "cpp-cancel-" + std::to_string(getpid());
    Call call;
    call.AddMetadata("call-tag", tag);
    const auto reader = servers_->WatchServers(&call, {});
    compute::WatchServersResponse response;
    // Up to the first bookmark: from there on the stream would never end.
    while (reader->Read(&response) && response.events_size() > 0) {
    }
    call.TryCancel();
    expect_code(grpc::StatusCode::CANCELLED, reader->Finish());
    expect_ended(tag);
  }

  // --- Errors

  void not_found() { expect_error("nope", get_named("no such server")); }

  void multiple_matches() { expect_error("twins", get_named("twins")); }

  void quota() {
    compute::CreateServerRequest request;
    request.set_name("quota");
    compute::CreateServerResponse response;
    Call call;
    expect_error("quota", servers_->CreateServer(&call, request, &response));
  }

  void invalid_argument() {
    compute::ListServersRequest request;
    request.set_page_size(-1);
    compute::ListServersResponse response;
    Call call;
    expect_error("page-size", servers_->ListServers(&call, request, &response));
  }

  void largest_error() {
    for (const char* name : {"largest", "widest"}) expect_error(name, get_named(name));
  }

  // Becomes another error, and neither hangs nor ends the channel.
  void too_large_error() {
    const grpc::StatusCode code = get_named("too-large").error_code();
    if (code != grpc::StatusCode::RESOURCE_EXHAUSTED && code != grpc::StatusCode::INTERNAL) {
      throw Mismatch("RESOURCE_EXHAUSTED or INTERNAL", std::to_string(code));
    }
    get();
  }

  void unimplemented() {
    compute::RebootServerResponse reboot;
    Call method;
    expect_unimplemented(servers_->RebootServer(&method, {}, &reboot));
    operation::GetOperationResponse got;
    Call service;
    expect_unimplemented(operations_->GetOperation(&service, {}, &got));
  }

  // --- What is newer than this client

  void unknown_enum() {
    const compute::Server server = future();
    expect(99, static_cast<int>(server.status()));
    expect<std::string>("QUANTUM", server.status_raw());
  }

  void unknown_field() {
    expect("\x20\x63" "\x2a\x07" "QUANTUM" + ::unknown_field, future().SerializeAsString());
  }

 private:
  std::vector<compute::ServerEvent> expected_events() const {
    std::vector<compute::ServerEvent> events;
    for (const std::string cloud : {"north", "south"}) {
      compute::ServerEvent synced;
      synced.set_kind(common::WATCH_EVENT_KIND_SYNCED);
      for (const auto& server : data_.servers.servers()) {
        if (server.location().cloud() != cloud) continue;
        compute::ServerEvent& present = events.emplace_back();
        present.set_kind(common::WATCH_EVENT_KIND_PRESENT);
        *present.mutable_server() = server;
        *synced.mutable_location() = server.location();
      }
      synced.mutable_location()->clear_zone();
      events.push_back(synced);
    }
    events.emplace_back().set_kind(common::WATCH_EVENT_KIND_SYNCED);
    return events;
  }

  // The answers of a watch that ends.
  std::vector<compute::WatchServersResponse> read_watch(
      const compute::WatchServersRequest& request) {
    Call call;
    const auto reader = servers_->WatchServers(&call, request);
    std::vector<compute::WatchServersResponse> responses;
    compute::WatchServersResponse response;
    while (reader->Read(&response)) responses.push_back(response);
    expect_ok(reader->Finish());
    return responses;
  }

  // Uploads the content, each part of it when the answer to the one before has come.
  grpc::Status send(const std::string& name, const std::string& content, std::int64_t announced,
                    std::vector<image::UploadImageResponse>* answers) {
    Call call;
    const auto stream = images_->UploadImage(&call);
    const auto exchange = [&](const image::UploadImageRequest& request) {
      image::UploadImageResponse answer;
      const bool got = stream->Write(request) && stream->Read(&answer);
      if (got) answers->push_back(answer);
      return got;
    };
    image::UploadImageRequest request;
    *request.mutable_start() = upload_start(name, announced);
    if (!exchange(request)) return stream->Finish();
    for (std::size_t offset = 0; offset < content.size(); offset += chunk_bytes) {
      image::UploadImageChunk* chunk = request.mutable_chunk();
      chunk->set_data(content.substr(offset, chunk_bytes));
      chunk->set_offset_bytes(offset);
      const std::size_t end = offset + chunk->data().size();
      if (!exchange(request)) return stream->Finish();
      expect<std::int64_t>(end, answers->back().received_size_bytes());
    }
    *request.mutable_finish()->add_checksums() = made_up_checksum();
    exchange(request);
    return stream->Finish();
  }

  void expect_uploaded(const std::string& name, const std::string& content,
                       const std::vector<image::UploadImageResponse>& answers) {
    const auto size = static_cast<std::int64_t>(content.size());
    expect(content.size() / chunk_bytes + 3, answers.size());
    const auto& begun = answers.front();
    const auto& done = answers.back();
    expect<int>(image::IMAGE_STATUS_QUEUED, begun.image().status());
    image::Image expected = begun.image();
    expected.set_status(image::IMAGE_STATUS_ACTIVE);
    expected.set_status_raw("active");
    expected.set_size_bytes(size);
    *expected.add_checksums() = made_up_checksum();
    expect_message(expected, done.image());
    expect(size, done.persisted_size_bytes());
    expect<int>(operation::OPERATION_STATE_SUCCEEDED, done.operation().state());

    image::DownloadImageRequest request;
    request.set_name_or_id(name);
    expect_image(request, done.image(), content);
  }

  // Downloads an image, whose bytes must come in order.
  void expect_image(const image::DownloadImageRequest& request, const image::Image& expected,
                    const std::string& content) {
    Call call;
    const auto reader = images_->DownloadImage(&call, request);
    image::DownloadImageResponse answer;
    reader->Read(&answer);
    const image::Image got_image = answer.image();
    std::string got;
    while (reader->Read(&answer)) {
      expect<std::int64_t>(request.offset_bytes() + got.size(), answer.offset_bytes());
      got += answer.data();
    }
    expect_ok(reader->Finish());
    expect_message(expected, got_image);
    if (content != got) {
      throw Mismatch(std::to_string(content.size()) + " bytes",
                     std::to_string(got.size()) + " other bytes");
    }
  }

  // The server has seen the end of the call: it answers only then.
  void expect_ended(const std::string& tag) {
    compute::GetServerRequest request;
    request.set_name_or_id("ended:" + tag);
    compute::GetServerResponse response;
    Call call;
    expect_ok(servers_->GetServer(&call, request, &response));
    expect(tag, response.server().name());
  }

  void expect_error(const std::string& name, const grpc::Status& status) {
    const common::Error& expected = data_.errors.at(name);
    expect(expected.code(), static_cast<int>(status.error_code()));
    expect(expected.message(), status.error_message());
    common::Status details;
    if (!details.ParseFromString(status.error_details())) {
      throw Mismatch("a Status", "other details");
    }
    expect(expected.code(), details.code());
    expect(expected.message(), details.message());
    expect(1, details.details_size());
    common::Error got;
    if (!details.details(0).UnpackTo(&got)) {
      throw Mismatch("an Error", details.details(0).type_url());
    }
    expect_message(expected, got);
  }

  grpc::Status get_named(const std::string& name) {
    compute::GetServerRequest request;
    request.set_name_or_id(name);
    compute::GetServerResponse response;
    Call call;
    return servers_->GetServer(&call, request, &response);
  }

  // Sends a message with the content, and expects one with it.
  grpc::Status send_user_data(const std::string& name, const std::string& content,
                              grpc_compression_algorithm compression = GRPC_COMPRESS_NONE) {
    compute::CreateServerRequest request;
    request.set_name(name);
    request.set_user_data(content);
    compute::CreateServerResponse response;
    Call call;
    call.set_compression_algorithm(compression);
    const grpc::Status status = servers_->CreateServer(&call, request, &response);
    if (status.ok() && response.server().user_data() != content) {
      throw Mismatch(std::to_string(content.size()) + " bytes",
                     std::to_string(response.server().user_data().size()) + " other bytes");
    }
    return status;
  }

  // What the server knows of this client: its address, and the name in its certificate.
  static std::pair<grpc::Status, compute::Server> peer(compute::ServerService::Stub& servers) {
    compute::GetServerRequest request;
    request.set_name_or_id("peer");
    compute::GetServerResponse response;
    Call call;
    const grpc::Status status = servers.GetServer(&call, request, &response);
    return {status, response.server()};
  }

  compute::Server peer() {
    const auto [status, server] = peer(*servers_);
    expect_ok(status);
    return server;
  }

  // The same over a new connection, to a server that has to be of that name.
  std::pair<grpc::Status, compute::Server> peer_over_tls(const std::string& address,
                                                         const std::string& authority,
                                                         const std::string& name,
                                                         bool certificate) const {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = read(certificates_ / (authority + ".pem"));
    if (certificate) {
      options.pem_private_key = read(certificates_ / "client.key");
      options.pem_cert_chain = read(certificates_ / "client.pem");
    }
    grpc::ChannelArguments arguments;
    arguments.SetSslTargetNameOverride(name);
    const auto servers = compute::ServerService::NewStub(
        grpc::CreateCustomChannel(address, grpc::SslCredentials(options), arguments));
    return peer(*servers);
  }

  compute::Server expect_peer_over_tls(const std::string& address, bool certificate) const {
    const auto [status, server] = peer_over_tls(address, "authority", "127.0.0.1", certificate);
    expect_ok(status);
    return server;
  }

  void expect_unimplemented(const grpc::Status& status) {
    expect_code(grpc::StatusCode::UNIMPLEMENTED, status);
    // With an Error it would be the cloud that cannot, and not the server.
    expect<std::string>("", status.error_details());
  }

  // A server with a status and a field of a model to come.
  compute::Server future() {
    compute::GetServerRequest request;
    request.set_name_or_id("future");
    request.MergeFromString(::unknown_field);
    compute::GetServerResponse response;
    Call call;
    expect_ok(servers_->GetServer(&call, request, &response));
    return response.server();
  }

  const Data& data_;
  const std::filesystem::path certificates_;
  const Addresses addresses_;
  std::unique_ptr<compute::ServerService::Stub> servers_;
  std::unique_ptr<compute::FlavorService::Stub> flavors_;
  std::unique_ptr<image::ImageService::Stub> images_;
  std::unique_ptr<network::FloatingIpService::Stub> floating_ips_;
  std::unique_ptr<operation::OperationService::Stub> operations_;
};

struct Case {
  const char* name;
  void (Client::*run)();
};

constexpr Case cases[] = {
    {"get", &Client::get},
    {"lists", &Client::lists},
    {"pages", &Client::pages},
    {"create", &Client::create},
    {"large", &Client::large},
    {"oversized", &Client::oversized},
    {"compressed", &Client::compressed},
    {"metadata", &Client::metadata},
    {"tls", &Client::tls},
    {"tls_wrong_name", &Client::tls_wrong_name},
    {"tls_stranger", &Client::tls_stranger},
    {"mutual_tls", &Client::mutual_tls},
    {"mutual_tls_no_certificate", &Client::mutual_tls_no_certificate},
    {"watch", &Client::watch},
    {"resume", &Client::resume},
    {"resync", &Client::resync},
    {"upload", &Client::upload},
    {"upload_at_once", &Client::upload_at_once},
    {"upload_short", &Client::upload_short},
    {"upload_out_of_order", &Client::upload_out_of_order},
    {"download", &Client::download},
    {"deadline", &Client::deadline},
    {"wait_timeout", &Client::wait_timeout},
    {"cancel", &Client::cancel},
    {"not_found", &Client::not_found},
    {"multiple_matches", &Client::multiple_matches},
    {"quota", &Client::quota},
    {"invalid_argument", &Client::invalid_argument},
    {"largest_error", &Client::largest_error},
    {"too_large_error", &Client::too_large_error},
    {"unimplemented", &Client::unimplemented},
    {"unknown_enum", &Client::unknown_enum},
    {"unknown_field", &Client::unknown_field},
};

// Whether all cases, or those that are named, have passed.
bool run(const std::string& folder, const std::string& certificates, const Addresses& addresses,
         const std::vector<std::string>& names) {
  for (const auto& name : names) {
    if (std::none_of(std::begin(cases), std::end(cases),
                     [&](const Case& one) { return name == one.name; })) {
      throw std::invalid_argument("no such case: " + name);
    }
  }
  const Data data(folder);
  Client client(data, certificates, addresses,
                grpc::CreateChannel(addresses.plain, grpc::InsecureChannelCredentials()));
  bool passed = true;
  for (const auto& one : cases) {
    if (!names.empty() && std::find(names.begin(), names.end(), one.name) == names.end()) continue;
    try {
      (client.*one.run)();
      std::cout << "ok " << one.name << std::endl;
    } catch (const Mismatch& mismatch) {
      passed = false;
      std::cout << "FAILED " << one.name << ": " << mismatch.what() << std::endl;
    }
  }
  return passed;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    std::cerr << "usage: client DATA CERTIFICATES ADDRESS TLS_ADDRESS MUTUAL_ADDRESS [CASE...]\n";
    return 2;
  }
  try {
    return run(argv[1], argv[2], {argv[3], argv[4], argv[5]}, {argv + 6, argv + argc}) ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << "client: " << error.what() << "\n";
    return 2;
  }
}
