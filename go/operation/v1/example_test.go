// SPDX-License-Identifier: Apache-2.0

package operationv1_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/durationpb"

	commonv1 "opendev.org/x/oaktreemodel/go/common/v1"
	"opendev.org/x/oaktreemodel/go/internal/loopback"
	operationv1 "opendev.org/x/oaktreemodel/go/operation/v1"
)

// Waits for a change that takes its time, ten seconds a call, and tells how it ended.
func ExampleOperationServiceClient_WaitOperation() {
	// Across a network: credentials.NewTLS in place of insecure.NewCredentials.
	conn, err := grpc.NewClient(oaktree, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()

	operations := operationv1.NewOperationServiceClient(conn)
	request := &operationv1.WaitOperationRequest{
		OperationId: "op-7", // from the answer to the change
		WaitTimeout: durationpb.New(10 * time.Second),
	}
	for {
		answer, err := operations.WaitOperation(ctx, request)
		if err != nil {
			log.Fatal(err)
		}
		operation := answer.GetOperation()
		switch operation.GetState() {
		case operationv1.OperationState_OPERATION_STATE_PENDING,
			operationv1.OperationState_OPERATION_STATE_RUNNING:
			fmt.Printf("%s: %d %% done\n", operation.GetKind(), operation.GetPercent())
			continue
		case operationv1.OperationState_OPERATION_STATE_FAILED:
			fmt.Printf("%s failed: %s\n", operation.GetKind(), operation.GetError().GetMessage())
		default:
			fmt.Printf("%s: %s\n", operation.GetKind(), operation.GetState())
		}
		break
	}
	// Output:
	// server.create: 40 % done
	// server.create failed: No valid host was found.
}

// The server the example calls: its own, for it to run everywhere.
var oaktree = loopback.Serve(func(registrar grpc.ServiceRegistrar) {
	operationv1.RegisterOperationServiceServer(registrar, &operationServer{})
})

type operationServer struct {
	operationv1.UnimplementedOperationServiceServer
	calls int
}

func (s *operationServer) WaitOperation(_ context.Context, request *operationv1.WaitOperationRequest) (*operationv1.WaitOperationResponse, error) {
	operation := &operationv1.Operation{Id: request.GetOperationId(), Kind: "server.create"}
	if s.calls++; s.calls == 1 {
		percent := int32(40)
		operation.State = operationv1.OperationState_OPERATION_STATE_RUNNING
		operation.Percent = &percent
	} else {
		operation.State = operationv1.OperationState_OPERATION_STATE_FAILED
		operation.Error = &commonv1.Error{Message: "No valid host was found."}
	}
	return &operationv1.WaitOperationResponse{Operation: operation}, nil
}
