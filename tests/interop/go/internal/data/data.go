// SPDX-License-Identifier: Apache-2.0

// Package data is what the interop server and client of Go both load themselves.
package data

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	commonv1 "opendev.org/x/oaktreemodel/go/common/v1"
	computev1 "opendev.org/x/oaktreemodel/go/compute/v1"
	imagev1 "opendev.org/x/oaktreemodel/go/image/v1"
	networkv1 "opendev.org/x/oaktreemodel/go/network/v1"
)

// Data has the messages of the folder data.
type Data struct {
	Servers     computev1.ListServersResponse
	Flavors     computev1.ListFlavorsResponse
	Images      imagev1.ListImagesResponse
	FloatingIps networkv1.ListFloatingIpsResponse
	Errors      map[string]*commonv1.Error
}

// Load reads the messages.
func Load(folder string) (*Data, error) {
	d := &Data{Errors: map[string]*commonv1.Error{}}
	files := map[string]proto.Message{
		"servers.json":      &d.Servers,
		"flavors.json":      &d.Flavors,
		"images.json":       &d.Images,
		"floating_ips.json": &d.FloatingIps,
	}
	errors, err := os.ReadDir(filepath.Join(folder, "errors"))
	if err != nil {
		return nil, err
	}
	for _, entry := range errors {
		name := strings.TrimSuffix(entry.Name(), ".json")
		d.Errors[name] = &commonv1.Error{}
		files[filepath.Join("errors", entry.Name())] = d.Errors[name]
	}
	for name, message := range files {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return nil, err
		}
		if err := protojson.Unmarshal(text, message); err != nil {
			return nil, fmt.Errorf("cannot read %s: %w", name, err)
		}
	}
	return d, nil
}
