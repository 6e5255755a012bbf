// SPDX-License-Identifier: Apache-2.0

package networkv1_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	commonv1 "opendev.org/x/oaktreemodel/go/common/v1"
	"opendev.org/x/oaktreemodel/go/internal/loopback"
	networkv1 "opendev.org/x/oaktreemodel/go/network/v1"
)

// Follows the floating IPs of all clouds: first those there are, then what becomes of them.
func ExampleFloatingIpServiceClient_WatchFloatingIps() {
	// Across a network: credentials.NewTLS in place of insecure.NewCredentials.
	conn, err := grpc.NewClient(oaktree, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	watch, err := networkv1.NewFloatingIpServiceClient(conn).
		WatchFloatingIps(ctx, &networkv1.WatchFloatingIpsRequest{})
	if err != nil {
		log.Fatal(err)
	}
	for {
		batch, err := watch.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		for _, event := range batch.GetEvents() {
			switch event.GetKind() {
			case commonv1.WatchEventKind_WATCH_EVENT_KIND_SYNCED:
				fmt.Println("these are all, from here on it is news")
			case commonv1.WatchEventKind_WATCH_EVENT_KIND_DELETED:
				fmt.Println("released", event.GetFloatingIp().GetName())
			default:
				fmt.Println("there is", event.GetFloatingIp().GetName())
			}
		}
	}
	// Output:
	// there is 203.0.113.4
	// there is 203.0.113.5
	// these are all, from here on it is news
	// released 203.0.113.4
}

// The server the example calls: its own, for it to run everywhere.
var oaktree = loopback.Serve(func(registrar grpc.ServiceRegistrar) {
	networkv1.RegisterFloatingIpServiceServer(registrar, floatingIPServer{})
})

type floatingIPServer struct {
	networkv1.UnimplementedFloatingIpServiceServer
}

func (floatingIPServer) WatchFloatingIps(_ *networkv1.WatchFloatingIpsRequest, stream grpc.ServerStreamingServer[networkv1.WatchFloatingIpsResponse]) error {
	first := &networkv1.FloatingIp{Name: "203.0.113.4"}
	second := &networkv1.FloatingIp{Name: "203.0.113.5"}
	for _, batch := range [][]*networkv1.FloatingIpEvent{
		{
			{Kind: commonv1.WatchEventKind_WATCH_EVENT_KIND_PRESENT, FloatingIp: first},
			{Kind: commonv1.WatchEventKind_WATCH_EVENT_KIND_PRESENT, FloatingIp: second},
		},
		{{Kind: commonv1.WatchEventKind_WATCH_EVENT_KIND_SYNCED}},
		{{Kind: commonv1.WatchEventKind_WATCH_EVENT_KIND_DELETED, FloatingIp: first}},
	} {
		if err := stream.Send(&networkv1.WatchFloatingIpsResponse{Events: batch}); err != nil {
			return err
		}
	}
	return nil
}
