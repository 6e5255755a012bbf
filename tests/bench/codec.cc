// SPDX-License-Identifier: Apache-2.0
//
// Decodes and encodes the servers of servers.py, as protobuf and as the REST API's JSON.
//
//     codec DIRECTORY ROUNDS
//
// Prints the CPU seconds of each operation, one line an operation and round.

#include <cstdio>

#if !__has_include(<nlohmann/json.hpp>)
int main() {
  std::puts("SKIP: nlohmann/json.hpp is missing; install nlohmann-json3-dev (Debian) or json-devel (Fedora)");
  return 77;
}
#else

#include <cstdlib>
#include <ctime>
#include <exception>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include <oaktreemodel/compute/v1/server.pb.h>

namespace {

using oaktree::compute::v1::ListServersResponse;

constexpr int kRepeats = 10;

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

double CpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

template <typename Operation>
void Measure(const char* name, Operation operation) {
  // What an operation returns is kept, or the compiler could leave the operation out.
  volatile std::size_t result = 0;
  const double start = CpuSeconds();
  for (int i = 0; i < kRepeats; ++i) result = operation();
  std::printf("%s %.9f\n", name, (CpuSeconds() - start) / kRepeats);
  static_cast<void>(result);
}

// Decodes, and reads what every user reads: so that work put off until then counts as well.
std::size_t ReadJson(const std::string& text) {
  const auto body = nlohmann::json::parse(text);
  std::size_t size = 0;
  for (const auto& server : body.at("servers")) {
    size += server.at("id").get_ref<const std::string&>().size();
    size += server.at("name").get_ref<const std::string&>().size();
    size += server.at("status").get_ref<const std::string&>().size();
    for (const auto& network : server.at("addresses"))
      for (const auto& address : network) size += address.at("addr").get_ref<const std::string&>().size();
  }
  return size;
}

std::size_t ReadProtobuf(const std::string& wire) {
  ListServersResponse answer;
  if (!answer.ParseFromString(wire)) throw std::runtime_error("servers.pb is not a ListServersResponse");
  std::size_t size = 0;
  for (const auto& server : answer.servers()) {
    size += server.id().size() + server.name().size() + server.status_raw().size();
    for (const auto& address : server.addresses()) size += address.ip_address().size();
  }
  return size;
}

void Run(const std::string& directory, int rounds) {
  const auto text = Contents(directory + "/servers.json");
  const auto wire = Contents(directory + "/servers.pb");
  if (ReadJson(text) != ReadProtobuf(wire))
    throw std::runtime_error("the servers in JSON and in protobuf are not the same");

  const auto body = nlohmann::json::parse(text);
  ListServersResponse answer;
  answer.ParseFromString(wire);
  for (int round = 0; round < rounds; ++round) {
    Measure("json decode", [&] { return ReadJson(text); });
    Measure("protobuf decode", [&] { return ReadProtobuf(wire); });
    Measure("json encode", [&] { return body.dump().size(); });
    Measure("protobuf encode", [&] { return answer.SerializeAsString().size(); });
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: codec DIRECTORY ROUNDS\n");
    return 2;
  }
  try {
    Run(argv[1], std::atoi(argv[2]));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "codec: %s\n", error.what());
    return 1;
  }
}

#endif
