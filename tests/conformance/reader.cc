// SPDX-License-Identifier: Apache-2.0
//
// C++'s program: reads cases from standard input and writes an answer to each; see records.py.

#include <array>
#include <cstdint>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>

#include <oaktreemodel/dns/v1/record_set.pb.h>

namespace {

namespace pb = google::protobuf;

struct Answer {
  std::string fault;
  std::string binary;
  std::string json;
  std::string text;
};

std::string Exactly(std::uint32_t size) {
  std::string data(size, '\0');
  if (!std::cin.read(data.data(), size)) throw std::runtime_error("the last case is cut off");
  return data;
}

std::optional<std::string> ReadPart() {
  if (std::cin.peek() == std::istream::traits_type::eof()) return std::nullopt;
  std::uint32_t size = 0;
  for (const char byte : Exactly(4)) size = size << 8 | static_cast<unsigned char>(byte);
  return Exactly(size);
}

void Write(const std::string& part) {
  for (int shift = 24; shift >= 0; shift -= 8) std::cout.put(static_cast<char>(part.size() >> shift & 0xff));
  std::cout << part;
}

std::string Canonical(const pb::Message& message) {
  std::string data;
  pb::io::StringOutputStream stream(&data);
  pb::io::CodedOutputStream output(&stream);
  output.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&output);
  output.Trim();
  return data;
}

bool Equal(const pb::Message& one, const pb::Message& other) {
  pb::util::DefaultFieldComparator comparator;
  comparator.set_treat_nan_as_equal(true);
  pb::util::MessageDifferencer differencer;
  differencer.set_field_comparator(&comparator);
  return differencer.Compare(one, other);
}

Answer Process(const std::string& type, const std::string& binary, const std::string& json,
               const std::string& text) {
  Answer answer;
  const auto* descriptor = pb::DescriptorPool::generated_pool()->FindMessageTypeByName(type);
  if (descriptor == nullptr) {
    answer.fault = "type: there is no such message";
    return answer;
  }
  const pb::Message& prototype = *pb::MessageFactory::generated_factory()->GetPrototype(descriptor);
  const std::unique_ptr<pb::Message> message(prototype.New());
  if (!message->ParseFromString(binary)) {
    answer.fault = "binary: cannot be parsed.";
    return answer;
  }
  answer.binary = Canonical(*message);
  if (json.empty()) return answer;

  // Neither JSON nor text carries them.
  message->DiscardUnknownFields();
  std::unique_ptr<pb::Message> other(prototype.New());
  if (const auto status = pb::util::JsonStringToMessage(json, other.get()); !status.ok())
    answer.fault += "json: " + status.ToString() + " ";
  else if (!Equal(*message, *other))
    answer.fault += "json: means another message than the binary. ";

  other.reset(prototype.New());
  if (!pb::TextFormat::ParseFromString(text, other.get()))
    answer.fault += "text: cannot be parsed. ";
  else if (!Equal(*message, *other))
    answer.fault += "text: means another message than the binary. ";

  if (const auto status = pb::util::MessageToJsonString(*message, &answer.json); !status.ok())
    answer.fault += "printing JSON: " + status.ToString() + " ";
  pb::TextFormat::Printer printer;
  printer.SetUseUtf8StringEscaping(true);
  printer.SetExpandAny(true);
  if (!printer.PrintToString(*message, &answer.text)) answer.fault += "printing text failed";
  return answer;
}

void Run() {
  while (const auto type = ReadPart()) {
    std::array<std::string, 4> parts;  // The first is the case's name, which only people read.
    for (auto& part : parts) part = ReadPart().value();
    const auto answer = Process(*type, parts[1], parts[2], parts[3]);
    for (const auto& part : {answer.fault, answer.binary, answer.json, answer.text}) Write(part);
  }
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  // With this symbol the whole library is linked, even where a linker leaves out what is not used. It
  // is none of those that are linked with sanitizers in its place; see local.mk.
  oaktree::dns::v1::RecordSet::descriptor();
  try {
    Run();
  } catch (const std::exception& error) {
    std::cerr << "reader: " << error.what() << '\n';
    return 1;
  }
}
