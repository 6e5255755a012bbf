// SPDX-License-Identifier: Apache-2.0

package computev1_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	commonv1 "opendev.org/x/oaktreemodel/go/common/v1"
	computev1 "opendev.org/x/oaktreemodel/go/compute/v1"
	"opendev.org/x/oaktreemodel/go/internal/loopback"
)

// Lists the servers that run, of all clouds the caller can reach.
func ExampleServerServiceClient_ListServers() {
	// Across a network: credentials.NewTLS in place of insecure.NewCredentials.
	conn, err := grpc.NewClient(oaktree, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	servers := computev1.NewServerServiceClient(conn)
	request := &computev1.ListServersRequest{
		Filter: &computev1.ServerFilter{
			Statuses: []computev1.ServerStatus{computev1.ServerStatus_SERVER_STATUS_ACTIVE},
		},
		ReadMask: &fieldmaskpb.FieldMask{Paths: []string{"public_ipv4"}},
	}
	for {
		page, err := servers.ListServers(ctx, request)
		if err != nil {
			log.Fatal(err)
		}
		for _, server := range page.GetServers() {
			fmt.Println(server.GetLocation().GetCloud(), server.GetName(), server.GetPublicIpv4())
		}
		for _, silent := range page.GetUnreachable() {
			fmt.Println(silent.GetLocation().GetCloud(), "does not answer:", silent.GetError().GetMessage())
		}
		request.PageToken = page.GetNextPageToken()
		if request.PageToken == "" {
			break
		}
	}
	// Output:
	// limestone web-1 198.51.100.7
	// rackspace does not answer: timed out after 30 s
	// vexxhost web-2 203.0.113.9
}

// Makes a server and waits until it runs. What went wrong, if anything, is in the details of the
// call's error, in a form that programs can act on.
func ExampleServerServiceClient_CreateServer() {
	conn, err := grpc.NewClient(oaktree, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()

	answer, err := computev1.NewServerServiceClient(conn).CreateServer(ctx, &computev1.CreateServerRequest{
		Location: &commonv1.Location{Cloud: "vexxhost"},
		Name:     "web-3",
		Flavor:   "v3-starter-2",
		Image:    "Debian 12",
		Wait:     true,
	})
	for _, detail := range status.Convert(err).Details() {
		if why, ok := detail.(*commonv1.Error); ok && why.GetReason() == "QUOTA_EXCEEDED" {
			fmt.Printf("the quota of %s is used up\n", why.GetMetadata()["quota"])
			return
		}
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.GetServer().GetId())
	// Output:
	// the quota of cores is used up
}

// The server the examples call: their own, for them to run everywhere.
var oaktree = loopback.Serve(func(registrar grpc.ServiceRegistrar) {
	computev1.RegisterServerServiceServer(registrar, serverServer{})
})

type serverServer struct {
	computev1.UnimplementedServerServiceServer
}

func (serverServer) ListServers(_ context.Context, request *computev1.ListServersRequest) (*computev1.ListServersResponse, error) {
	if request.GetPageToken() == "" {
		return &computev1.ListServersResponse{
			Servers: []*computev1.Server{{
				Location:   &commonv1.Location{Cloud: "limestone"},
				Name:       "web-1",
				PublicIpv4: "198.51.100.7",
			}},
			NextPageToken: "2",
			Unreachable: []*commonv1.LocationError{{
				Location: &commonv1.Location{Cloud: "rackspace"},
				Error:    &commonv1.Error{Message: "timed out after 30 s"},
			}},
		}, nil
	}
	return &computev1.ListServersResponse{
		Servers: []*computev1.Server{{
			Location:   &commonv1.Location{Cloud: "vexxhost"},
			Name:       "web-2",
			PublicIpv4: "203.0.113.9",
		}},
	}, nil
}

func (serverServer) CreateServer(context.Context, *computev1.CreateServerRequest) (*computev1.CreateServerResponse, error) {
	failed, err := status.New(codes.ResourceExhausted, "vexxhost: the quota of cores is 40, and 38 are used").
		WithDetails(&commonv1.Error{
			Code:     int32(codes.ResourceExhausted),
			Reason:   "QUOTA_EXCEEDED",
			Domain:   "oaktree",
			Metadata: map[string]string{"quota": "cores"},
		})
	if err != nil {
		return nil, err
	}
	return nil, failed.Err()
}
