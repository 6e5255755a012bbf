// SPDX-License-Identifier: Apache-2.0

// Command client asks the server at an address for a flavor it has and for one it has not.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	commonv1 "opendev.org/x/oaktreemodel/go/common/v1"
	computev1 "opendev.org/x/oaktreemodel/go/compute/v1"
)

func main() {
	conn, err := grpc.NewClient(os.Args[1], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	flavors := computev1.NewFlavorServiceClient(conn)

	answer, err := flavors.GetFlavor(ctx, &computev1.GetFlavorRequest{NameOrId: "m1.tiny"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.GetFlavor().GetName(), "has", answer.GetFlavor().GetRamMib(), "MiB")

	_, err = flavors.GetFlavor(ctx, &computev1.GetFlavorRequest{NameOrId: "m1.huge"})
	for _, detail := range status.Convert(err).Details() {
		if why, ok := detail.(*commonv1.Error); ok {
			fmt.Println(why.GetReason())
		}
	}
}
