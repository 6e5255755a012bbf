// SPDX-License-Identifier: Apache-2.0

// Package tests has what users of the module rely on, over a real socket.
package tests

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"

	commonv1 "opendev.org/x/oaktreemodel/go/common/v1"
	computev1 "opendev.org/x/oaktreemodel/go/compute/v1"
)

// flavorServer answers every Get with the same flavor or error.
type flavorServer struct {
	computev1.UnimplementedFlavorServiceServer
	flavor *computev1.Flavor
	err    error
}

func (s flavorServer) GetFlavor(context.Context, *computev1.GetFlavorRequest) (*computev1.GetFlavorResponse, error) {
	return &computev1.GetFlavorResponse{Flavor: s.flavor}, s.err
}

// serverServer answers every Get with the same server.
type serverServer struct {
	computev1.UnimplementedServerServiceServer
	server *computev1.Server
}

func (s serverServer) GetServer(context.Context, *computev1.GetServerRequest) (*computev1.GetServerResponse, error) {
	return &computev1.GetServerResponse{Server: s.server}, nil
}

// connect serves what register adds until the test ends, and connects to it.
func connect(t *testing.T, register func(grpc.ServiceRegistrar)) *grpc.ClientConn {
	t.Helper()
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	register(server)
	go func() {
		if err := server.Serve(listener); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func getFlavor(t *testing.T, server flavorServer, options ...grpc.CallOption) (*computev1.Flavor, error) {
	t.Helper()
	conn := connect(t, func(registrar grpc.ServiceRegistrar) {
		computev1.RegisterFlavorServiceServer(registrar, server)
	})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	answer, err := computev1.NewFlavorServiceClient(conn).
		GetFlavor(ctx, &computev1.GetFlavorRequest{NameOrId: "m1.tiny"}, options...)
	return answer.GetFlavor(), err
}

func getServer(t *testing.T, server *computev1.Server) *computev1.Server {
	t.Helper()
	conn := connect(t, func(registrar grpc.ServiceRegistrar) {
		computev1.RegisterServerServiceServer(registrar, serverServer{server: server})
	})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	answer, err := computev1.NewServerServiceClient(conn).
		GetServer(ctx, &computev1.GetServerRequest{NameOrId: "web-1"})
	if err != nil {
		t.Fatal(err)
	}
	return answer.GetServer()
}

func equal(t *testing.T, got, want proto.Message) {
	t.Helper()
	if !proto.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

var ambiguous = &commonv1.Error{
	Code:        int32(codes.FailedPrecondition),
	Message:     "2 flavors are called m1.tiny",
	Reason:      "MULTIPLE_MATCHES",
	Domain:      "oaktree",
	Metadata:    map[string]string{"name": "m1.tiny"},
	Location:    &commonv1.Location{Cloud: "vexxhost", Region: "ca-ymq-1"},
	RetryAdvice: commonv1.RetryAdvice_RETRY_ADVICE_NEVER,
	RetryDelay:  durationpb.New(1500 * time.Millisecond),
	Matches: []*commonv1.ResourceRef{
		{Id: "1", Name: "m1.tiny", Type: "flavor"},
		{Id: "2", Name: "m1.tiny", Type: "flavor"},
	},
	Upstream: &commonv1.UpstreamError{Service: "compute", HttpStatus: 409},
}

func failure(t *testing.T) error {
	t.Helper()
	failed, err := status.New(codes.FailedPrecondition, ambiguous.GetMessage()).WithDetails(ambiguous)
	if err != nil {
		t.Fatal(err)
	}
	return failed.Err()
}

func TestErrorIsADetailOfTheStatus(t *testing.T) {
	_, err := getFlavor(t, flavorServer{err: failure(t)})

	if code := status.Code(err); code != codes.FailedPrecondition {
		t.Errorf("got code %v of %v", code, err)
	}
	details := status.Convert(err).Details()
	if len(details) != 1 {
		t.Fatalf("got the details %v, want one", details)
	}
	detail, ok := details[0].(*commonv1.Error)
	if !ok {
		t.Fatalf("got a %T: %[1]v", details[0])
	}
	equal(t, detail, ambiguous)
}

// The project's own Status reads what grpc-go wrote of google.rpc.Status.
func TestOwnStatusReadsTheTrailer(t *testing.T) {
	var trailer metadata.MD
	if _, err := getFlavor(t, flavorServer{err: failure(t)}, grpc.Trailer(&trailer)); err == nil {
		t.Fatal("the call did not fail")
	}

	values := trailer.Get("grpc-status-details-bin")
	if len(values) != 1 {
		t.Fatalf("got %d grpc-status-details-bin, want one", len(values))
	}
	own := &commonv1.Status{}
	if err := proto.Unmarshal([]byte(values[0]), own); err != nil {
		t.Fatal(err)
	}
	detail, err := anypb.New(ambiguous)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, own, &commonv1.Status{
		Code:    int32(codes.FailedPrecondition),
		Message: ambiguous.GetMessage(),
		Details: []*anypb.Any{detail},
	})
}

// A newer service may say what this module has no name for.
func TestUnknownEnumValuesSurvive(t *testing.T) {
	const news = computev1.ServerStatus(4711)
	server := getServer(t, &computev1.Server{Status: news, StatusRaw: "PONDERING"})

	if server.GetStatus() != news || server.GetStatus().String() != "4711" {
		t.Errorf("got the status %v, want %d", server.GetStatus(), news)
	}
	again, err := proto.Marshal(server)
	if err != nil {
		t.Fatal(err)
	}
	copied := &computev1.Server{}
	if err := proto.Unmarshal(again, copied); err != nil {
		t.Fatal(err)
	}
	equal(t, copied, server)
}

// A newer service may also say more, and what passes it on must not lose it.
func TestUnknownFieldsSurvive(t *testing.T) {
	sent := &computev1.Server{Name: "web-1"}
	sent.ProtoReflect().SetUnknown(protoreflect.RawFields{0xfa, 0x3f, 0x01, 'x'}) // field 1023, "x"
	equal(t, getServer(t, sent), sent)
}

func TestAbsentDiffersFromZero(t *testing.T) {
	flavor, err := getFlavor(t, flavorServer{flavor: &computev1.Flavor{IsPublic: proto.Bool(false)}})
	if err != nil {
		t.Fatal(err)
	}
	if flavor.IsPublic == nil || *flavor.IsPublic {
		t.Errorf("is_public was false and is %v", flavor.IsPublic)
	}
	if flavor.IsDisabled != nil {
		t.Errorf("is_disabled was absent and is %v", *flavor.IsDisabled)
	}
}

// Generic code reads options where people read comments.
func TestOptionsAreReadable(t *testing.T) {
	service := computev1.File_oaktreemodel_compute_v1_flavor_proto.Services().ByName("FlavorService")

	list := service.Methods().ByName("ListFlavors").Options()
	equal(t, proto.GetExtension(list, commonv1.E_Method).(*commonv1.Method), &commonv1.Method{
		Verb:     commonv1.Verb_VERB_LIST,
		Resource: "oaktree.compute.v1.Flavor",
	})
	level := list.(*descriptorpb.MethodOptions).GetIdempotencyLevel()
	if level != descriptorpb.MethodOptions_NO_SIDE_EFFECTS {
		t.Errorf("ListFlavors has the idempotency level %v", level)
	}

	flavor := (&computev1.Flavor{}).ProtoReflect().Descriptor()
	equal(t, proto.GetExtension(flavor.Options(), commonv1.E_Resource).(*commonv1.Resource), &commonv1.Resource{
		Type:  "flavor",
		Watch: true,
	})

	sources := proto.GetExtension(flavor.Fields().ByName("vcpus").Options(), commonv1.E_Source).([]*commonv1.Source)
	if len(sources) != 1 || sources[0].GetService() != "compute" || sources[0].GetAttribute() != "vcpus" {
		t.Errorf("vcpus has the sources %v", sources)
	}
}

// A method the service does not have is told apart from a feature the cloud lacks: it has no Error.
func TestMethodThatIsNotThere(t *testing.T) {
	conn := connect(t, func(registrar grpc.ServiceRegistrar) {
		computev1.RegisterFlavorServiceServer(registrar, flavorServer{})
	})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err := computev1.NewFlavorServiceClient(conn).ListFlavors(ctx, &computev1.ListFlavorsRequest{})

	failed := status.Convert(err)
	if failed.Code() != codes.Unimplemented || len(failed.Details()) != 0 {
		t.Errorf("got %v with %v", err, failed.Details())
	}
	if !strings.Contains(failed.Message(), "ListFlavors") {
		t.Errorf("the message does not name the method: %s", failed.Message())
	}
}
