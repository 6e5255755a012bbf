// SPDX-License-Identifier: Apache-2.0

// Shows what an oaktree reaches, has a server live from creation to deletion, and reads an error:
// lifecycle ADDRESS NAME, where NAME is for the new server
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	cloudv1 "opendev.org/x/oaktreemodel/go/cloud/v1"
	commonv1 "opendev.org/x/oaktreemodel/go/common/v1"
	computev1 "opendev.org/x/oaktreemodel/go/compute/v1"
)

var north = &commonv1.Location{Cloud: "birch", Region: "north"}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func listClouds(ctx context.Context, clouds cloudv1.CloudServiceClient) error {
	const row = "%-8s%-11s%-7v%-8s%s\n"
	fmt.Printf(row, "CLOUD", "REGION", "ZONES", "IMAGES", "SERVERS ARE REACHED")
	found, err := clouds.ListClouds(ctx, &cloudv1.ListCloudsRequest{})
	if err != nil {
		return err
	}
	for _, cloud := range found.Clouds {
		for _, region := range cloud.Regions {
			response, err := clouds.GetCapabilities(ctx, &cloudv1.GetCapabilitiesRequest{
				Location: &commonv1.Location{Cloud: cloud.Name, Region: region},
			})
			if err != nil {
				return err
			}
			known, reached := response.GetCapabilities(), "directly"
			if known.GetNetwork().GetFloatingIpNeeded() {
				reached = "by floating IP"
			}
			fmt.Printf(row, cloud.Name, region, len(known.GetZones()),
				known.GetImage().GetPreferredDiskFormat(), reached)
		}
	}
	return nil
}

func listServers(ctx context.Context, servers computev1.ServerServiceClient) error {
	const row = "%-8s%-11s%-13s%-12s%-9s%s\n"
	fmt.Printf(row, "CLOUD", "REGION", "ZONE", "NAME", "STATUS", "ADDRESS")
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

// live creates a server, watches it, and deletes it once it can be reached.
func live(ctx context.Context, servers computev1.ServerServiceClient, name string) error {
	created, err := servers.CreateServer(ctx, &computev1.CreateServerRequest{
		Location: north, Name: name, Flavor: "small", Image: "debian-13",
	})
	if err != nil {
		return err
	}
	id, where := created.GetServer().GetId(), created.GetServer().GetLocation()
	fmt.Printf("%s in %s %s is %s\n", name, where.GetCloud(), where.GetRegion(), created.GetServer().GetStatusRaw())
	watch, err := servers.WatchServers(ctx, &computev1.WatchServersRequest{
		Locations: []*commonv1.Location{where},
		Filter:    &computev1.ServerFilter{Ids: []string{id}},
	})
	if err != nil {
		return err
	}
	deleting := false
	for {
		response, err := watch.Recv()
		if err != nil {
			return fmt.Errorf("the watch ended before %s was gone: %w", name, err)
		}
		for _, event := range response.Events {
			server := event.GetServer()
			if event.Kind == commonv1.WatchEventKind_WATCH_EVENT_KIND_DELETED {
				fmt.Printf("%s is gone\n", name)
				return nil
			}
			if server.GetStatus() == computev1.ServerStatus_SERVER_STATUS_ERROR {
				return fmt.Errorf("%s failed: %s", name, server.GetFault().GetMessage())
			}
			// A floating IP may come after ACTIVE.
			active := server.GetStatus() == computev1.ServerStatus_SERVER_STATUS_ACTIVE
			if active && server.GetPublicIpv4() != "" && !deleting {
				fmt.Printf("%s is %s at %s\n", name, server.StatusRaw, server.PublicIpv4)
				deleting = true
				_, err := servers.DeleteServer(ctx, &computev1.DeleteServerRequest{
					Location: where, NameOrId: id, DeleteFloatingIps: true,
				})
				if err != nil {
					return err
				}
			}
		}
	}
}

// showError reads what is wrong with a request that says nothing but where.
func showError(ctx context.Context, servers computev1.ServerServiceClient) error {
	_, err := servers.CreateServer(ctx, &computev1.CreateServerRequest{Location: north})
	if err == nil {
		return errors.New("a server without a name was created")
	}
	for _, detail := range status.Convert(err).Details() {
		if refusal, ok := detail.(*commonv1.Error); ok {
			fmt.Printf("a server without anything is refused: %s\n", refusal.Reason)
			for _, violation := range refusal.FieldViolations {
				fmt.Printf("  %s: %s\n", violation.Field, violation.Description)
			}
			return nil
		}
	}
	return fmt.Errorf("there is no Error in the answer: %w", err)
}

func run(address, name string) error {
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	servers := computev1.NewServerServiceClient(connection)
	if err := listClouds(ctx, cloudv1.NewCloudServiceClient(connection)); err != nil {
		return err
	}
	fmt.Println()
	if err := listServers(ctx, servers); err != nil {
		return err
	}
	fmt.Println()
	if err := live(ctx, servers, name); err != nil {
		return err
	}
	fmt.Println()
	return showError(ctx, servers)
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: lifecycle ADDRESS NAME")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "lifecycle:", err)
		os.Exit(1)
	}
}
