// SPDX-License-Identifier: Apache-2.0

// The client and the server in Go; ../../README.rst says what they do.
package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/anypb"
)

const (
	// No call is to hang.
	timeout = 30 * time.Second
	// The field in which an answer has the request as the server understood it.
	understood = 100000
	errorName  = "oaktree.common.v1.Error"
)

// model is the messages of a descriptor set or, of today, those of the stubs.
type model struct {
	files *protoregistry.Files
	// Whether there is no code for them.
	dynamic bool
}

func newModel(source string) (*model, error) {
	if source == "today" {
		return &model{files: protoregistry.GlobalFiles}, nil
	}
	data, err := os.ReadFile(source)
	if err != nil {
		return nil, err
	}
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(data, &set); err != nil {
		return nil, err
	}
	files, err := protodesc.NewFiles(&set)
	return &model{files: files, dynamic: true}, err
}

func (m *model) method(path string) (protoreflect.MethodDescriptor, error) {
	name := protoreflect.FullName(strings.ReplaceAll(path[1:], "/", "."))
	found, err := m.files.FindDescriptorByName(name)
	if err != nil {
		return nil, fmt.Errorf("this model has no %s: %w", path, err)
	}
	return found.(protoreflect.MethodDescriptor), nil
}

func (m *model) parse(name protoreflect.FullName, data []byte) (proto.Message, error) {
	var message proto.Message
	if m.dynamic {
		descriptor, err := m.files.FindDescriptorByName(name)
		if err != nil {
			return nil, err
		}
		message = dynamicpb.NewMessage(descriptor.(protoreflect.MessageDescriptor))
	} else {
		found, err := protoregistry.GlobalTypes.FindMessageByName(name)
		if err != nil {
			return nil, err
		}
		message = found.New().Interface()
	}
	return message, proto.Unmarshal(data, message)
}

// pass returns the bytes of a message as they go through this model.
func (m *model) pass(name protoreflect.FullName, data []byte) ([]byte, error) {
	message, err := m.parse(name, data)
	if err != nil {
		return nil, err
	}
	return proto.Marshal(message)
}

// raw is a codec that leaves messages to their owner.
type raw struct{}

func (raw) Marshal(v any) ([]byte, error)      { return *v.(*[]byte), nil }
func (raw) Unmarshal(data []byte, v any) error { *v.(*[]byte) = data; return nil }
func (raw) Name() string                       { return "proto" }

func unhex(text string) ([]byte, error) {
	return hex.DecodeString(strings.TrimPrefix(text, "-"))
}

// eachLine calls do with the three words of each line.
func eachLine(path string, do func(first, second, third string) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewReader(file)
	for {
		var first, second, third string
		if _, err := fmt.Fscanln(lines, &first, &second, &third); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := do(first, second, third); err != nil {
			return err
		}
	}
}

// --- The server

func (m *model) answering(path string, code codes.Code, data []byte) (grpc.StreamHandler, error) {
	method, err := m.method(path)
	if err != nil {
		return nil, err
	}
	return func(_ any, stream grpc.ServerStream) error {
		var request []byte
		if err := stream.RecvMsg(&request); err != nil {
			return err
		}
		request, err := m.pass(method.Input().FullName(), request)
		if err != nil {
			return err
		}
		if code != codes.OK {
			failure, err := m.pass(errorName, data)
			if err != nil {
				return err
			}
			detailed := status.New(code, "as asked").Proto()
			detailed.Details = []*anypb.Any{{TypeUrl: "type.googleapis.com/" + errorName, Value: failure}}
			return status.ErrorProto(detailed)
		}
		answer, err := m.pass(method.Output().FullName(), data)
		if err != nil {
			return err
		}
		answer = protowire.AppendTag(answer, understood, protowire.BytesType)
		answer = protowire.AppendBytes(answer, request)
		return stream.SendMsg(&answer)
	}, nil
}

func (m *model) serve(answers string) error {
	services := map[string]*grpc.ServiceDesc{}
	err := eachLine(answers, func(path, code, data string) error {
		number, err := strconv.Atoi(code)
		if err != nil {
			return err
		}
		bytes, err := unhex(data)
		if err != nil {
			return err
		}
		handler, err := m.answering(path, codes.Code(number), bytes)
		if err != nil {
			return err
		}
		parts := strings.Split(path, "/")
		service := services[parts[1]]
		if service == nil {
			service = &grpc.ServiceDesc{ServiceName: parts[1], HandlerType: (*any)(nil)}
			services[parts[1]] = service
		}
		// On the wire all kinds of calls are this one.
		service.Streams = append(service.Streams, grpc.StreamDesc{
			StreamName: parts[2], Handler: handler, ServerStreams: true, ClientStreams: true,
		})
		return nil
	})
	if err != nil {
		return err
	}
	// What is not registered is for gRPC itself to answer.
	server := grpc.NewServer(grpc.ForceServerCodec(raw{}))
	for _, service := range services {
		server.RegisterService(service, nil)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() {
		<-stop
		server.Stop()
	}()
	fmt.Printf("listening on %s\n", listener.Addr())
	return server.Serve(listener)
}

// --- The client

// exchange sends one message and takes one; on the wire all kinds of calls are this one.
func exchange(connection *grpc.ClientConn, path string, request []byte, isStream bool) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	kind := &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}
	stream, err := connection.NewStream(ctx, kind, path, grpc.ForceCodec(raw{}))
	if err != nil {
		return nil, err
	}
	// When the stream is broken, receiving says why.
	if err := stream.SendMsg(&request); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if err := stream.CloseSend(); err != nil {
		return nil, err
	}
	var answer []byte
	if err := stream.RecvMsg(&answer); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil || isStream {
		return answer, err
	}
	var more []byte
	if err := stream.RecvMsg(&more); !errors.Is(err, io.EOF) {
		return nil, err
	}
	return answer, nil
}

// errorIn returns the Error in the details of a failed call, as it goes through this model.
func (m *model) errorIn(failure error) ([]byte, error) {
	for _, detail := range status.Convert(failure).Proto().GetDetails() {
		if detail.MessageName() == errorName {
			return m.pass(errorName, detail.Value)
		}
	}
	return nil, nil
}

func (m *model) call(requests, address string) error {
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	return eachLine(requests, func(path, data, form string) error {
		method, err := m.method(path)
		if err != nil {
			return err
		}
		request, err := unhex(data)
		if err != nil {
			return err
		}
		if request, err = m.pass(method.Input().FullName(), request); err != nil {
			return err
		}
		got, failure := exchange(connection, path, request, method.IsStreamingServer())
		text := []byte("-")
		if failure != nil {
			if got, err = m.errorIn(failure); err != nil {
				return err
			}
		} else {
			answer, err := m.parse(method.Output().FullName(), got)
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			if got, err = proto.Marshal(answer); err != nil {
				return err
			}
			if form == "json" {
				if text, err = protojson.Marshal(answer); err != nil {
					return fmt.Errorf("%s as JSON: %w", path, err)
				}
			}
		}
		if len(got) == 0 {
			fmt.Println(path, int(status.Code(failure)), "-", string(text))
		} else {
			fmt.Println(path, int(status.Code(failure)), hex.EncodeToString(got), string(text))
		}
		return nil
	})
}

func run(arguments []string) error {
	if len(arguments) < 3 {
		return errors.New("usage: peer serve MODEL ANSWERS | peer call MODEL REQUESTS ADDRESS")
	}
	m, err := newModel(arguments[1])
	if err != nil {
		return err
	}
	if arguments[0] == "serve" {
		return m.serve(arguments[2])
	}
	return m.call(arguments[2], arguments[3])
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}
