// SPDX-License-Identifier: Apache-2.0

package cloudv1_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"

	cloudv1 "opendev.org/x/oaktreemodel/go/cloud/v1"
	commonv1 "opendev.org/x/oaktreemodel/go/common/v1"
	"opendev.org/x/oaktreemodel/go/internal/loopback"
)

// Asks a cloud what has to be known before a server can be made and reached.
func ExampleCloudServiceClient_GetCapabilities() {
	// Across a network: credentials.NewTLS in place of insecure.NewCredentials.
	conn, err := grpc.NewClient(oaktree, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	answer, err := cloudv1.NewCloudServiceClient(conn).GetCapabilities(ctx, &cloudv1.GetCapabilitiesRequest{
		Location: &commonv1.Location{Cloud: "vexxhost", Region: "ca-ymq-1"},
	})
	if err != nil {
		log.Fatal(err)
	}
	capabilities := answer.GetCapabilities()
	fmt.Println("disk format:", capabilities.GetImage().GetPreferredDiskFormat())
	// A pointer tells "no" and "nobody knows" apart.
	if needed := capabilities.GetNetwork().FloatingIpNeeded; needed == nil {
		fmt.Println("floating IP needed: nobody knows")
	} else {
		fmt.Println("floating IP needed:", *needed)
	}
	// Output:
	// disk format: raw
	// floating IP needed: false
}

// The server the example calls: its own, for it to run everywhere.
var oaktree = loopback.Serve(func(registrar grpc.ServiceRegistrar) {
	cloudv1.RegisterCloudServiceServer(registrar, cloudServer{})
})

type cloudServer struct {
	cloudv1.UnimplementedCloudServiceServer
}

func (cloudServer) GetCapabilities(_ context.Context, request *cloudv1.GetCapabilitiesRequest) (*cloudv1.GetCapabilitiesResponse, error) {
	return &cloudv1.GetCapabilitiesResponse{Capabilities: &cloudv1.Capabilities{
		Location: request.GetLocation(),
		Image:    &cloudv1.ImageCapabilities{PreferredDiskFormat: "raw"},
		Network:  &cloudv1.NetworkCapabilities{FloatingIpNeeded: proto.Bool(false)},
	}}, nil
}
