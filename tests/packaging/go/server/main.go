// SPDX-License-Identifier: Apache-2.0

// Command server has one flavor. It prints its address and serves until it is stopped.
package main

import (
	"context"
	"fmt"
	"log"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	commonv1 "opendev.org/x/oaktreemodel/go/common/v1"
	computev1 "opendev.org/x/oaktreemodel/go/compute/v1"
)

type flavorServer struct {
	computev1.UnimplementedFlavorServiceServer
}

func (flavorServer) GetFlavor(_ context.Context, request *computev1.GetFlavorRequest) (*computev1.GetFlavorResponse, error) {
	if request.GetNameOrId() != "m1.tiny" {
		failed, err := status.Newf(codes.NotFound, "there is no flavor %s", request.GetNameOrId()).
			WithDetails(&commonv1.Error{Reason: "FLAVOR_NOT_FOUND"})
		if err != nil {
			return nil, err
		}
		return nil, failed.Err()
	}
	return &computev1.GetFlavorResponse{Flavor: &computev1.Flavor{Name: "m1.tiny", RamMib: 512}}, nil
}

func main() {
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr())
	server := grpc.NewServer()
	computev1.RegisterFlavorServiceServer(server, flavorServer{})
	log.Fatal(server.Serve(listener))
}
