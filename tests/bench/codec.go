// SPDX-License-Identifier: Apache-2.0

// Decodes and encodes the servers of servers.py, as protobuf and as the REST API's JSON.
//
//	codec DIRECTORY ROUNDS
//
// Prints the CPU seconds of each operation, one line an operation and round. The JSON library is
// the standard one, with typed structs, which is what gophercloud uses.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"google.golang.org/protobuf/proto"

	computev1 "opendev.org/x/oaktreemodel/go/compute/v1"
)

const repeats = 10

type link struct {
	Rel  string `json:"rel"`
	Href string `json:"href"`
}

type address struct {
	Version int    `json:"version"`
	Addr    string `json:"addr"`
	Type    string `json:"OS-EXT-IPS:type"`
	MAC     string `json:"OS-EXT-IPS-MAC:mac_addr"`
}

type flavor struct {
	VCPUs      int               `json:"vcpus"`
	RAM        int               `json:"ram"`
	Disk       int               `json:"disk"`
	Ephemeral  int               `json:"ephemeral"`
	Swap       int               `json:"swap"`
	Name       string            `json:"original_name"`
	ExtraSpecs map[string]string `json:"extra_specs"`
}

type fault struct {
	Code    int       `json:"code"`
	Created time.Time `json:"created"`
	Message string    `json:"message"`
}

type volume struct {
	ID                  string `json:"id"`
	DeleteOnTermination bool   `json:"delete_on_termination"`
}

type securityGroup struct {
	Name string `json:"name"`
}

// server is what nova answers.
type server struct {
	AccessIPv4               string               `json:"accessIPv4"`
	AccessIPv6               string               `json:"accessIPv6"`
	Addresses                map[string][]address `json:"addresses"`
	Created                  time.Time            `json:"created"`
	Flavor                   flavor               `json:"flavor"`
	HostID                   string               `json:"hostId"`
	ID                       string               `json:"id"`
	Image                    any                  `json:"image"` // "" without an image
	Links                    []link               `json:"links"`
	Metadata                 map[string]string    `json:"metadata"`
	Name                     string               `json:"name"`
	Status                   string               `json:"status"`
	TenantID                 string               `json:"tenant_id"`
	UserID                   string               `json:"user_id"`
	Updated                  time.Time            `json:"updated"`
	DiskConfig               string               `json:"OS-DCF:diskConfig"`
	Progress                 *int                 `json:"progress,omitempty"`
	Fault                    *fault               `json:"fault,omitempty"`
	AvailabilityZone         string               `json:"OS-EXT-AZ:availability_zone"`
	ConfigDrive              string               `json:"config_drive"`
	KeyName                  *string              `json:"key_name"`
	LaunchedAt               *string              `json:"OS-SRV-USG:launched_at"` // without a zone
	TerminatedAt             *string              `json:"OS-SRV-USG:terminated_at"`
	TaskState                *string              `json:"OS-EXT-STS:task_state"`
	VMState                  string               `json:"OS-EXT-STS:vm_state"`
	PowerState               int                  `json:"OS-EXT-STS:power_state"`
	Volumes                  []volume             `json:"os-extended-volumes:volumes_attached"`
	Locked                   bool                 `json:"locked"`
	Description              *string              `json:"description"`
	Tags                     []string             `json:"tags"`
	TrustedImageCertificates []string             `json:"trusted_image_certificates"`
	LockedReason             *string              `json:"locked_reason"`
	Hostname                 string               `json:"OS-EXT-SRV-ATTR:hostname"`
	PinnedAvailabilityZone   *string              `json:"pinned_availability_zone"`
	SchedulerHints           map[string]any       `json:"scheduler_hints"`
	SecurityGroups           []securityGroup      `json:"security_groups,omitempty"`
}

type serverList struct {
	Servers []server `json:"servers"`
}

// check ends the program: a failure here is a mistake in the benchmark.
func check(err error) {
	if err != nil {
		log.Fatal("codec: ", err)
	}
}

// cpuTime is that of all threads, the garbage collector's among them.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func measure(name string, operation func()) {
	// Nobody pays for the garbage of the one before.
	runtime.GC()
	start := cpuTime()
	for i := 0; i < repeats; i++ {
		operation()
	}
	fmt.Printf("%s %.9f\n", name, (cpuTime()-start).Seconds()/repeats)
}

func decodeJSON(text []byte) *serverList {
	body := &serverList{}
	check(json.Unmarshal(text, body))
	return body
}

func decodeProtobuf(wire []byte) *computev1.ListServersResponse {
	answer := &computev1.ListServersResponse{}
	check(proto.Unmarshal(wire, answer))
	return answer
}

// readJSON decodes, and reads what every user reads: so that work put off until then counts too.
func readJSON(text []byte) (size int) {
	for _, server := range decodeJSON(text).Servers {
		size += len(server.ID) + len(server.Name) + len(server.Status)
		for _, addresses := range server.Addresses {
			for _, address := range addresses {
				size += len(address.Addr)
			}
		}
	}
	return size
}

func readProtobuf(wire []byte) (size int) {
	for _, server := range decodeProtobuf(wire).GetServers() {
		size += len(server.GetId()) + len(server.GetName()) + len(server.GetStatusRaw())
		for _, address := range server.GetAddresses() {
			size += len(address.GetIpAddress())
		}
	}
	return size
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: codec DIRECTORY ROUNDS")
	}
	rounds, err := strconv.Atoi(os.Args[2])
	check(err)
	text, err := os.ReadFile(filepath.Join(os.Args[1], "servers.json"))
	check(err)
	wire, err := os.ReadFile(filepath.Join(os.Args[1], "servers.pb"))
	check(err)
	if readJSON(text) != readProtobuf(wire) {
		log.Fatal("codec: the servers in JSON and in protobuf are not the same")
	}

	body, answer := decodeJSON(text), decodeProtobuf(wire)
	for i := 0; i < rounds; i++ {
		measure("json decode", func() { readJSON(text) })
		measure("protobuf decode", func() { readProtobuf(wire) })
		measure("json encode", func() {
			_, err := json.Marshal(body)
			check(err)
		})
		measure("protobuf encode", func() {
			_, err := proto.Marshal(answer)
			check(err)
		})
	}
}
