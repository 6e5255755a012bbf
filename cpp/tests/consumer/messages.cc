// SPDX-License-Identifier: Apache-2.0
//
// A program that keeps the messages of oaktree in messages of its own.

#include <iostream>

#include "note.pb.h"

int main() {
  consumer::Note note;
  note.set_remark("cheap");
  note.mutable_flavor()->set_name("m1.small");
  note.mutable_flavor()->mutable_location()->set_cloud("vexxhost");

  consumer::Note read;
  if (!read.ParseFromString(note.SerializeAsString())) {
    std::cerr << "cannot read back what was written\n";
    return 1;
  }
  std::cout << read.flavor().location().cloud() << ": " << read.flavor().name() << " is "
            << read.remark() << '\n';
  return 0;
}
