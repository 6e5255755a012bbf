// SPDX-License-Identifier: Apache-2.0

package commonv1_test

import (
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	commonv1 "opendev.org/x/oaktreemodel/go/common/v1"
	computev1 "opendev.org/x/oaktreemodel/go/compute/v1"
)

// Reads what a call that failed says to programs.
func ExampleError() {
	err := callThatFails()

	for _, detail := range status.Convert(err).Details() {
		if why, ok := detail.(*commonv1.Error); ok {
			fmt.Println(why.GetReason(), "in", why.GetLocation().GetRegion(), "try again:", why.GetRetryAdvice())
		}
	}
	// Output:
	// QUOTA_EXCEEDED in ca-ymq-1 try again: RETRY_ADVICE_NEVER
}

func callThatFails() error {
	failed, err := status.New(codes.ResourceExhausted, "the quota of cores is used up").
		WithDetails(&commonv1.Error{
			Code:        int32(codes.ResourceExhausted),
			Reason:      "QUOTA_EXCEEDED",
			Domain:      "oaktree",
			Location:    &commonv1.Location{Cloud: "vexxhost", Region: "ca-ymq-1"},
			RetryAdvice: commonv1.RetryAdvice_RETRY_ADVICE_NEVER,
		})
	if err != nil {
		return err
	}
	return failed.Err()
}

// Finds the fields of a message that must never be logged, by the option they carry.
func Example_options() {
	fields := (&computev1.CreateServerRequest{}).ProtoReflect().Descriptor().Fields()
	for i := 0; i < fields.Len(); i++ {
		if field := fields.Get(i); proto.GetExtension(field.Options(), commonv1.E_Sensitive).(bool) {
			fmt.Println(field.Name())
		}
	}
	// Output:
	// user_data
	// admin_pass
}
