// SPDX-License-Identifier: Apache-2.0
//
// What the interop server and client of C++ share: the data they both load themselves.

#ifndef INTEROP_H
#define INTEROP_H

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>

#include <google/protobuf/util/json_util.h>

#include <oaktreemodel/common/v1/error.pb.h>
#include <oaktreemodel/compute/v1/flavor.pb.h>
#include <oaktreemodel/compute/v1/server.pb.h>
#include <oaktreemodel/image/v1/image.pb.h>
#include <oaktreemodel/network/v1/floating_ip.pb.h>

namespace common = oaktree::common::v1;
namespace compute = oaktree::compute::v1;
namespace image = oaktree::image::v1;
namespace network = oaktree::network::v1;
namespace operation = oaktree::operation::v1;

inline std::string read(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

template <typename Message>
Message load(const std::filesystem::path& path) {
  Message message;
  const auto status = google::protobuf::util::JsonStringToMessage(read(path), &message);
  if (!status.ok()) {
    throw std::runtime_error("cannot read " + path.string() + ": " + status.ToString());
  }
  return message;
}

struct Data {
  explicit Data(const std::filesystem::path& folder)
      : servers(load<compute::ListServersResponse>(folder / "servers.json")),
        flavors(load<compute::ListFlavorsResponse>(folder / "flavors.json")),
        images(load<image::ListImagesResponse>(folder / "images.json")),
        floating_ips(load<network::ListFloatingIpsResponse>(folder / "floating_ips.json")) {
    for (const auto& entry : std::filesystem::directory_iterator(folder / "errors")) {
      errors[entry.path().stem()] = load<common::Error>(entry.path());
    }
  }

  compute::ListServersResponse servers;
  compute::ListFlavorsResponse flavors;
  image::ListImagesResponse images;
  network::ListFloatingIpsResponse floating_ips;
  std::map<std::string, common::Error> errors;
};

#endif
