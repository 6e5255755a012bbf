// SPDX-License-Identifier: Apache-2.0

// Shows the servers of all clouds that an oaktree reaches, and what an error tells: servers ADDRESS
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	commonv1 "opendev.org/x/oaktreemodel/go/common/v1"
	computev1 "opendev.org/x/oaktreemodel/go/compute/v1"
)

func listServers(ctx context.Context, servers computev1.ServerServiceClient) error {
	const row = "%-8s%-11s%-6s%-12s%-9s%s\n"
	fmt.Printf(row, "CLOUD", "REGION", "ZONE", "NAME", "STATUS", "ADDRESS")
	orDash := func(text string) string {
		if text == "" {
			return "-"
		}
		return text
	}
	request := &computev1.ListServersRequest{}
	for {
		page, err := servers.ListServers(ctx, request)
		if err != nil {
			return err
		}
		for _, server := range page.Servers {
			where := server.GetLocation()
			fmt.Printf(row, where.GetCloud(), where.GetRegion(), orDash(where.GetZone()),
				server.Name, server.StatusRaw, orDash(server.InterfaceAddress))
		}
		for _, place := range page.Unreachable {
			fmt.Printf("%s does not answer: %s\n", place.GetLocation().GetCloud(), place.GetError().GetMessage())
		}
		if page.NextPageToken == "" {
			return nil
		}
		request.PageToken = page.NextPageToken
	}
}

// watchServers watches until the present state is complete; without SnapshotOnly, for ever.
func watchServers(ctx context.Context, servers computev1.ServerServiceClient) error {
	stream, err := servers.WatchServers(ctx, &computev1.WatchServersRequest{SnapshotOnly: true})
	if err != nil {
		return err
	}
	batches, present := 0, 0
	for {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		batches++
		for _, event := range response.Events {
			switch event.Kind {
			case commonv1.WatchEventKind_WATCH_EVENT_KIND_PRESENT:
				present++
			case commonv1.WatchEventKind_WATCH_EVENT_KIND_SYNCED:
				where := event.GetLocation().GetCloud()
				if where == "" {
					where = "everything"
				}
				fmt.Printf("watch: %s is complete with %d servers\n", where, present)
			}
		}
	}
	fmt.Printf("watch: it came in %d batches\n", batches)
	return nil
}

func showError(ctx context.Context, servers computev1.ServerServiceClient) error {
	_, err := servers.GetServer(ctx, &computev1.GetServerRequest{NameOrId: "nope"})
	for _, detail := range status.Convert(err).Details() {
		if e, ok := detail.(*commonv1.Error); ok {
			fmt.Printf("error: %s: %s\n", e.Reason, e.Message)
			upstream := e.GetUpstream()
			fmt.Printf("error: %s said %d: %s\n", upstream.GetService(), upstream.GetHttpStatus(), upstream.GetMessage())
			return nil
		}
	}
	return fmt.Errorf("there is no Error in the answer: %w", err)
}

func run(address string) error {
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	servers := computev1.NewServerServiceClient(connection)
	if err := listServers(ctx, servers); err != nil {
		return err
	}
	if err := watchServers(ctx, servers); err != nil {
		return err
	}
	return showError(ctx, servers)
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: servers ADDRESS")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "servers:", err)
		os.Exit(1)
	}
}
