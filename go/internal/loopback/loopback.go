// SPDX-License-Identifier: Apache-2.0

// Package loopback serves the examples and tests of this module.
package loopback

import (
	"net"

	"google.golang.org/grpc"
)

// Serve serves what register adds until the process ends, and returns its address. What goes wrong
// is a panic: it runs before there is a test to fail.
func Serve(register func(grpc.ServiceRegistrar)) string {
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		panic(err)
	}
	server := grpc.NewServer()
	register(server)
	go func() {
		if err := server.Serve(listener); err != nil {
			panic(err)
		}
	}()
	return listener.Addr().String()
}
