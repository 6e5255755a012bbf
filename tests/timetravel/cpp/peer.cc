// SPDX-License-Identifier: Apache-2.0
//
// The client and the server in C++; ../README.rst says what they do.

#include <chrono>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <list>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/unknown_field_set.h>
#include <google/protobuf/util/json_util.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <oaktreemodel/common/v1/error.pb.h>
// It knows where this gRPC has what services are made of.
#include <oaktreemodel/operation/v1/operation.grpc.pb.h>

namespace {

namespace pb = google::protobuf;
using namespace std::chrono_literals;
using Stream = grpc::ServerReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>;

// No call is to hang.
constexpr auto timeout = 30s;
// The field in which an answer has the request as the server understood it.
constexpr int understood = 100000;

// The messages of a descriptor set or, of today, those of liboaktreemodel.
class Model {
 public:
  explicit Model(const std::string& source) {
    if (source == "today") {
      pool_ = pb::DescriptorPool::generated_pool();
      factory_ = pb::MessageFactory::generated_factory();
      return;
    }
    std::ifstream input(source, std::ios::binary);
    pb::FileDescriptorSet files;
    if (!files.ParseFromIstream(&input)) throw std::runtime_error(source + " is no descriptor set");
    for (const auto& file : files.file()) {
      if (!own_pool_.BuildFile(file)) throw std::runtime_error("cannot use " + file.name());
    }
    pool_ = &own_pool_;
    factory_ = &own_factory_;
  }

  const pb::MethodDescriptor* method(const std::string& path) const {
    std::string name = path.substr(1);
    name[name.find('/')] = '.';
    const auto* found = pool_->FindMethodByName(name);
    if (!found) throw std::runtime_error("this model has no " + path);
    return found;
  }

  std::unique_ptr<pb::Message> parse(const pb::Descriptor* type, const std::string& data) const {
    std::unique_ptr<pb::Message> message(factory_->GetPrototype(type)->New());
    if (!message->ParseFromString(data)) throw std::runtime_error("no " + type->full_name());
    return message;
  }

  std::unique_ptr<pb::Message> parse_error(const std::string& data) const {
    return parse(pool_->FindMessageTypeByName("oaktree.common.v1.Error"), data);
  }

  // The Error in the details of a call, as it goes through this model.
  std::string error(const std::string& details) const {
    oaktree::common::v1::Status status;
    status.ParseFromString(details);
    for (const auto& detail : status.details()) {
      if (detail.Is<oaktree::common::v1::Error>()) {
        return parse_error(detail.value())->SerializeAsString();
      }
    }
    return "";
  }

 private:
  pb::DescriptorPool own_pool_;
  pb::DynamicMessageFactory own_factory_{&own_pool_};
  const pb::DescriptorPool* pool_;
  pb::MessageFactory* factory_;
};

std::string text_of(grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  buffer.Dump(&slices);
  std::string text;
  for (const auto& slice : slices) {
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return text;
}

grpc::ByteBuffer buffer_of(const std::string& text) {
  const grpc::Slice slice(text);
  return grpc::ByteBuffer(&slice, 1);
}

std::string unhex(const std::string& hex) {
  std::string text;
  if (hex == "-") return text;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    text.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return text;
}

std::string hex(const std::string& text) {
  if (text.empty()) return "-";
  const char* digits = "0123456789abcdef";
  std::string result;
  for (const unsigned char byte : text) {
    result.push_back(digits[byte / 16]);
    result.push_back(digits[byte % 16]);
  }
  return result;
}

// --- The server

struct Answer {
  std::string path;
  int code;
  std::string data;
};

class Service : public grpc::Service {
 public:
  Service(const Model& model, std::istream& answers) : model_(model) {
    Answer answer;
    while (answers >> answer.path >> answer.code >> answer.data) {
      answer.data = unhex(answer.data);
      answers_.push_back(answer);
      const Answer& kept = answers_.back();
      const auto* method = model.method(kept.path);
      const auto handle = [this, method, &kept](Service*, grpc::ServerContext*, Stream* stream) {
        return this->answer(method, kept, stream);
      };
      // As generated code does it; on the wire all kinds of calls are this one.
      AddMethod(new grpc::internal::RpcServiceMethod(
          kept.path.c_str(), grpc::internal::RpcMethod::BIDI_STREAMING,
          new grpc::internal::BidiStreamingHandler<Service, grpc::ByteBuffer, grpc::ByteBuffer>(
              handle, this)));
    }
  }

 private:
  grpc::Status answer(const pb::MethodDescriptor* method, const Answer& answer, Stream* stream) {
    grpc::ByteBuffer buffer;
    stream->Read(&buffer);
    const auto request = model_.parse(method->input_type(), text_of(buffer));
    if (answer.code != 0) {
      oaktree::common::v1::Status status;
      status.set_code(answer.code);
      status.set_message("as asked");
      status.add_details()->PackFrom(*model_.parse_error(answer.data));
      return {static_cast<grpc::StatusCode>(answer.code), status.message(),
              status.SerializeAsString()};
    }
    const auto response = model_.parse(method->output_type(), answer.data);
    response->GetReflection()
        ->MutableUnknownFields(response.get())
        ->AddLengthDelimited(understood, request->SerializeAsString());
    stream->Write(buffer_of(response->SerializeAsString()));
    return grpc::Status::OK;
  }

  const Model& model_;
  std::list<Answer> answers_;
};

void serve(const Model& model, const std::string& path) {
  // Blocked before gRPC starts its threads, so that only this one takes it.
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);

  std::ifstream answers(path);
  Service service(model, answers);
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (!server) throw std::runtime_error("cannot listen on 127.0.0.1");
  std::cout << "listening on 127.0.0.1:" << port << std::endl;
  int signal = 0;
  sigwait(&stop, &signal);
  server->Shutdown(std::chrono::system_clock::now());
}

// --- The client

struct Outcome {
  grpc::Status status;
  std::string answer;
};

// Sends one message and takes one; on the wire all kinds of calls are this one.
Outcome exchange(grpc::GenericStub& stub, const std::string& path, const std::string& request,
                 bool is_stream) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + timeout);
  grpc::CompletionQueue queue;
  const auto done = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  const auto call = stub.PrepareCall(&context, path, &queue);
  call->StartCall(nullptr);
  done();
  call->WriteLast(buffer_of(request), {}, nullptr);
  done();
  grpc::ByteBuffer buffer;
  call->Read(&buffer, nullptr);
  Outcome outcome;
  const bool got = done();
  if (got) outcome.answer = text_of(buffer);
  if (got && is_stream) context.TryCancel();
  call->Finish(&outcome.status, nullptr);
  done();
  if (got && is_stream) outcome.status = grpc::Status::OK;
  return outcome;
}

void call(const Model& model, const std::string& path, const std::string& address) {
  grpc::GenericStub stub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  std::ifstream requests(path);
  std::string name, data, form;
  while (requests >> name >> data >> form) {
    const auto* method = model.method(name);
    const auto request = model.parse(method->input_type(), unhex(data));
    const Outcome outcome =
        exchange(stub, name, request->SerializeAsString(), method->server_streaming());
    std::string got, text = "-";
    if (outcome.status.ok()) {
      const auto answer = model.parse(method->output_type(), outcome.answer);
      got = answer->SerializeAsString();
      if (form == "json") {
        text.clear();
        const auto status = pb::util::MessageToJsonString(*answer, &text);
        if (!status.ok()) throw std::runtime_error(name + " as JSON: " + status.ToString());
      }
    } else {
      got = model.error(outcome.status.error_details());
    }
    std::cout << name << ' ' << outcome.status.error_code() << ' ' << hex(got) << ' ' << text
              << '\n';
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    if (arguments.size() == 3 && arguments[0] == "serve") {
      serve(Model(arguments[1]), arguments[2]);
    } else if (arguments.size() == 4 && arguments[0] == "call") {
      call(Model(arguments[1]), arguments[2], arguments[3]);
    } else {
      std::cerr << "usage: peer serve MODEL ANSWERS | peer call MODEL REQUESTS ADDRESS\n";
      return 2;
    }
  } catch (const std::exception& error) {
    std::cerr << "peer: " << error.what() << "\n";
    return 1;
  }
}
