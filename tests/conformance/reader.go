// SPDX-License-Identifier: Apache-2.0

// Go's program: reads cases from standard input and writes an answer to each; see records.py. It is
// built together with a file that imports all packages of the module.
package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"log"
	"os"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

type answer struct {
	fault  string
	binary []byte
	json   []byte
	text   []byte
}

func readPart(input io.Reader) ([]byte, error) {
	var size uint32
	if err := binary.Read(input, binary.BigEndian, &size); err != nil {
		return nil, err
	}
	part := make([]byte, size)
	if _, err := io.ReadFull(input, part); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	return part, nil
}

func writeAnswer(output io.Writer, one answer) error {
	for _, part := range [][]byte{[]byte(one.fault), one.binary, one.json, one.text} {
		if err := binary.Write(output, binary.BigEndian, uint32(len(part))); err != nil {
			return err
		}
		if _, err := output.Write(part); err != nil {
			return err
		}
	}
	return nil
}

var canonical = proto.MarshalOptions{Deterministic: true}

func process(kind string, data, json, text []byte) answer {
	found, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(kind))
	if err != nil {
		return answer{fault: "type: there is no such message"}
	}
	message := found.New().Interface()
	if err := proto.Unmarshal(data, message); err != nil {
		return answer{fault: "binary: " + err.Error()}
	}
	result := answer{}
	if result.binary, err = canonical.Marshal(message); err != nil {
		return answer{fault: "binary cannot be written: " + err.Error()}
	}
	if len(json) == 0 {
		return result
	}

	// Neither JSON nor text carries unknown fields.
	message = found.New().Interface()
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(data, message); err != nil {
		result.fault = "binary without unknown fields: " + err.Error()
		return result
	}
	other := found.New().Interface()
	if err := protojson.Unmarshal(json, other); err != nil {
		result.fault += "json: " + err.Error() + " "
	} else if !proto.Equal(message, other) {
		result.fault += "json: means another message than the binary. "
	}
	other = found.New().Interface()
	if err := prototext.Unmarshal(text, other); err != nil {
		result.fault += "text: " + err.Error() + " "
	} else if !proto.Equal(message, other) {
		result.fault += "text: means another message than the binary. "
	}
	if result.json, err = protojson.Marshal(message); err != nil {
		result.fault += "printing JSON: " + err.Error() + " "
	}
	if result.text, err = (prototext.MarshalOptions{Multiline: true}).Marshal(message); err != nil {
		result.fault += "printing text: " + err.Error()
	}
	return result
}

func run(input io.Reader, output io.Writer) error {
	for {
		var parts [5][]byte
		for i := range parts {
			part, err := readPart(input)
			if i == 0 && errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			parts[i] = part
		}
		// The second part is the case's name, which only people read.
		if err := writeAnswer(output, process(string(parts[0]), parts[2], parts[3], parts[4])); err != nil {
			return err
		}
	}
}

func main() {
	output := bufio.NewWriter(os.Stdout)
	if err := run(bufio.NewReader(os.Stdin), output); err != nil {
		log.Fatal(err)
	}
	if err := output.Flush(); err != nil {
		log.Fatal(err)
	}
}
