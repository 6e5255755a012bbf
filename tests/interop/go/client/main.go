// SPDX-License-Identifier: Apache-2.0

// The interop client in Go; ../../README.rst says what its cases are about.
package main

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"

	commonv1 "opendev.org/x/oaktreemodel/go/common/v1"
	computev1 "opendev.org/x/oaktreemodel/go/compute/v1"
	imagev1 "opendev.org/x/oaktreemodel/go/image/v1"
	networkv1 "opendev.org/x/oaktreemodel/go/network/v1"
	operationv1 "opendev.org/x/oaktreemodel/go/operation/v1"
	"opendev.org/x/oaktreemodel/tests/interop/go/internal/data"
)

const (
	// No case is to hang.
	timeout    = 30 * time.Second
	chunkBytes = 512 * 1024
	// How much of a message is shown that is not as expected.
	shown = 400
	// Field 1000 of a message to come: the text "future".
	unknownField = "\xc2\x3e\x06future"
)

func show(thing any) string {
	text := strings.Join(strings.Fields(fmt.Sprint(thing)), " ")
	if len(text) > shown {
		text = text[:shown]
	}
	return text
}

func mismatch(expected, got any) error {
	return fmt.Errorf("expected %s, got %s", show(expected), show(got))
}

func expect[T comparable](expected, got T) error {
	if expected != got {
		return mismatch(expected, got)
	}
	return nil
}

func expectMessage(expected, got proto.Message) error {
	if !proto.Equal(expected, got) {
		return mismatch(expected, got)
	}
	return nil
}

func expectMessages[T proto.Message](expected, got []T) error {
	if len(expected) != len(got) {
		return mismatch(expected, got)
	}
	for i := range expected {
		if err := expectMessage(expected[i], got[i]); err != nil {
			return err
		}
	}
	return nil
}

// first returns the first error there is.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

type client struct {
	data *data.Data
	// A folder, and where the server listens.
	certificates, tlsAddress, mutualAddress string

	servers     computev1.ServerServiceClient
	flavors     computev1.FlavorServiceClient
	images      imagev1.ImageServiceClient
	floatingIps networkv1.FloatingIpServiceClient
	operations  operationv1.OperationServiceClient
}

// --- What calls carry

func (c *client) get(ctx context.Context) error {
	for _, server := range c.data.Servers.Servers {
		for _, name := range []string{server.Id, server.Name} {
			response, err := c.servers.GetServer(ctx, &computev1.GetServerRequest{
				NameOrId: name,
				Location: &commonv1.Location{Cloud: server.Location.Cloud},
			})
			if err != nil {
				return err
			}
			expected := &computev1.GetServerResponse{Server: server}
			if err := expectMessage(expected, response); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *client) lists(ctx context.Context) error {
	flavors, err := c.flavors.ListFlavors(ctx, &computev1.ListFlavorsRequest{})
	if err != nil {
		return err
	}
	images, err := c.images.ListImages(ctx, &imagev1.ListImagesRequest{})
	if err != nil {
		return err
	}
	floatingIps, err := c.floatingIps.ListFloatingIps(ctx, &networkv1.ListFloatingIpsRequest{})
	if err != nil {
		return err
	}
	return first(
		expectMessage(&c.data.Flavors, flavors),
		expectMessage(&c.data.Images, images),
		expectMessage(&c.data.FloatingIps, floatingIps),
	)
}

func (c *client) pages(ctx context.Context) error {
	for _, cloud := range []string{"", "south"} {
		request := &computev1.ListServersRequest{PageSize: 3}
		if cloud != "" {
			request.Locations = []*commonv1.Location{{Cloud: cloud}}
		}
		var expected, got []*computev1.Server
		for _, server := range c.data.Servers.Servers {
			if cloud == "" || server.Location.Cloud == cloud {
				expected = append(expected, server)
			}
		}
		for rest := len(expected); ; rest -= 3 {
			page, err := c.servers.ListServers(ctx, request)
			if err != nil {
				return err
			}
			got = append(got, page.Servers...)
			size := 3
			if rest < 3 {
				size = rest
			}
			if err := expect(size, len(page.Servers)); err != nil {
				return err
			}
			request.PageToken = page.NextPageToken
			if request.PageToken == "" {
				break
			}
		}
		if err := expectMessages(expected, got); err != nil {
			return err
		}
	}
	return nil
}

func (c *client) create(ctx context.Context) error {
	hints, err := structpb.NewStruct(map[string]any{
		"group": "one",
		"query": []any{1.5, true, nil, map[string]any{"deep": []any{}}},
	})
	if err != nil {
		return err
	}
	userData := make([]byte, 256)
	for i := range userData {
		userData[i] = byte(i)
	}
	request := &computev1.CreateServerRequest{
		Location:       &commonv1.Location{Cloud: "south", Region: "RegionOne"},
		Name:           "björk-1",
		Metadata:       map[string]string{"": "empty key", "schlüssel": "値", "empty value": ""},
		Tags:           []string{"a", "a", ""},
		UserData:       userData,
		SchedulerHints: hints,
	}
	server := &computev1.Server{
		Location:       request.Location,
		Id:             "id-of-björk-1",
		Name:           request.Name,
		Status:         computev1.ServerStatus_SERVER_STATUS_BUILD,
		StatusRaw:      "BUILD",
		Metadata:       request.Metadata,
		Tags:           request.Tags,
		UserData:       request.UserData,
		SchedulerHints: request.SchedulerHints,
	}
	expected := &computev1.CreateServerResponse{
		Server: server,
		Operation: &operationv1.Operation{
			Location: request.Location,
			Id:       "create-björk-1",
			Kind:     "server.create",
			Resource: &commonv1.ResourceRef{
				Location: request.Location, Id: server.Id, Name: server.Name, Type: "server",
			},
			State: operationv1.OperationState_OPERATION_STATE_RUNNING,
		},
	}
	response, err := c.servers.CreateServer(ctx, request)
	if err != nil {
		return err
	}
	return expectMessage(expected, response)
}

// sendUserData sends a message with the content, and gets one with it.
func (c *client) sendUserData(ctx context.Context, name string, content []byte, options ...grpc.CallOption) error {
	request := &computev1.CreateServerRequest{Name: name, UserData: content}
	response, err := c.servers.CreateServer(ctx, request, options...)
	if err == nil && !bytes.Equal(content, response.Server.GetUserData()) {
		return mismatch(
			fmt.Sprintf("%d bytes", len(content)),
			fmt.Sprintf("%d other bytes", len(response.Server.GetUserData())),
		)
	}
	return err
}

func (c *client) large(ctx context.Context) error {
	content := make([]byte, 3*1024*1024)
	for i := range content {
		content[i] = byte(i)
	}
	return c.sendUserData(ctx, "large", content)
}

// oversized is refused by whoever gets it, and the connection lives on.
func (c *client) oversized(ctx context.Context) error {
	before, err := peer(ctx, c.servers)
	if err != nil {
		return err
	}
	sending := c.sendUserData(ctx, "oversized", make([]byte, 5*1024*1024))
	getting := c.getNamed(ctx, "oversized")
	after, err := peer(ctx, c.servers)
	return first(
		expect(codes.ResourceExhausted, status.Code(sending)),
		expect(codes.ResourceExhausted, status.Code(getting)),
		err,
		expect(before.GetName(), after.GetName()),
	)
}

func (c *client) compressed(ctx context.Context) error {
	return c.sendUserData(ctx, "compressed", make([]byte, 1<<20), grpc.UseCompressor(gzip.Name))
}

func (c *client) metadata(ctx context.Context) error {
	allBytes := make([]byte, 256)
	for i := range allBytes {
		allBytes[i] = byte(i)
	}
	notes := metadata.MD{
		"call-note":     {"one, and", "two"},
		"call-note-bin": {string(allBytes), ""},
	}
	var initial, trailing metadata.MD
	_, err := c.servers.GetServer(
		metadata.NewOutgoingContext(ctx, notes), &computev1.GetServerRequest{NameOrId: "metadata"},
		grpc.Header(&initial), grpc.Trailer(&trailing),
	)
	if err != nil {
		return err
	}
	for _, got := range []metadata.MD{initial, trailing} {
		for key, values := range notes {
			if err := expect(fmt.Sprintf("%q", values), fmt.Sprintf("%q", got[key])); err != nil {
				return err
			}
		}
	}
	return nil
}

// --- Connections

// peer returns what the server knows of this client: its address, and the name in its certificate.
func peer(ctx context.Context, servers computev1.ServerServiceClient) (*computev1.Server, error) {
	response, err := servers.GetServer(ctx, &computev1.GetServerRequest{NameOrId: "peer"})
	return response.GetServer(), err
}

// peerOverTLS returns the same over a new connection, to a server that has to be of that name.
func (c *client) peerOverTLS(ctx context.Context, address, authority, name string, certificate bool) (*computev1.Server, error) {
	pem, err := os.ReadFile(filepath.Join(c.certificates, authority+".pem"))
	if err != nil {
		return nil, err
	}
	config := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: name}
	config.RootCAs.AppendCertsFromPEM(pem)
	if certificate {
		own, err := tls.LoadX509KeyPair(
			filepath.Join(c.certificates, "client.pem"), filepath.Join(c.certificates, "client.key"))
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{own}
	}
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(credentials.NewTLS(config)))
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	return peer(ctx, computev1.NewServerServiceClient(connection))
}

func (c *client) tls(ctx context.Context) error {
	got, err := c.peerOverTLS(ctx, c.tlsAddress, "authority", "127.0.0.1", false)
	return first(err, expect("", got.GetDescription()))
}

func (c *client) tlsWrongName(ctx context.Context) error {
	_, err := c.peerOverTLS(ctx, c.tlsAddress, "authority", "oaktree.example", false)
	return expect(codes.Unavailable, status.Code(err))
}

func (c *client) tlsStranger(ctx context.Context) error {
	_, err := c.peerOverTLS(ctx, c.tlsAddress, "stranger", "127.0.0.1", false)
	return expect(codes.Unavailable, status.Code(err))
}

func (c *client) mutualTLS(ctx context.Context) error {
	got, err := c.peerOverTLS(ctx, c.mutualAddress, "authority", "127.0.0.1", true)
	return first(err, expect("client", got.GetDescription()))
}

func (c *client) mutualTLSNoCertificate(ctx context.Context) error {
	_, err := c.peerOverTLS(ctx, c.mutualAddress, "authority", "127.0.0.1", false)
	return expect(codes.Unavailable, status.Code(err))
}

// --- Streams

func (c *client) expectedEvents() []*computev1.ServerEvent {
	var events []*computev1.ServerEvent
	for _, cloud := range []string{"north", "south"} {
		synced := &computev1.ServerEvent{
			Kind: commonv1.WatchEventKind_WATCH_EVENT_KIND_SYNCED,
		}
		for _, server := range c.data.Servers.Servers {
			if server.Location.Cloud == cloud {
				events = append(events, &computev1.ServerEvent{
					Kind:   commonv1.WatchEventKind_WATCH_EVENT_KIND_PRESENT,
					Server: server,
				})
				synced.Location = proto.Clone(server.Location).(*commonv1.Location)
			}
		}
		synced.Location.Zone = ""
		events = append(events, synced)
	}
	return append(events, &computev1.ServerEvent{
		Kind: commonv1.WatchEventKind_WATCH_EVENT_KIND_SYNCED,
	})
}

// readWatch returns the answers of a watch that ends.
func (c *client) readWatch(ctx context.Context, request *computev1.WatchServersRequest) ([]*computev1.WatchServersResponse, error) {
	stream, err := c.servers.WatchServers(ctx, request)
	if err != nil {
		return nil, err
	}
	var responses []*computev1.WatchServersResponse
	for {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return responses, nil
		}
		if err != nil {
			return nil, err
		}
		responses = append(responses, response)
	}
}

func (c *client) watch(ctx context.Context) error {
	responses, err := c.readWatch(ctx, &computev1.WatchServersRequest{SnapshotOnly: true})
	if err != nil {
		return err
	}
	var events []*computev1.ServerEvent
	var sizes []int
	for _, response := range responses {
		events = append(events, response.Events...)
		sizes = append(sizes, len(response.Events))
		if err := expect(strconv.Itoa(len(events)), response.ResumeToken); err != nil {
			return err
		}
	}
	return first(
		expectMessages(c.expectedEvents(), events),
		expect("[3 3 3 2]", fmt.Sprint(sizes)),
	)
}

func (c *client) resume(ctx context.Context) error {
	var events []*computev1.ServerEvent
	request := &computev1.WatchServersRequest{}
	for _, wanted := range []int{6, len(c.expectedEvents())} {
		breaking, cancel := context.WithCancel(ctx)
		defer cancel()
		stream, err := c.servers.WatchServers(breaking, request)
		if err != nil {
			return err
		}
		for len(events) < wanted {
			response, err := stream.Recv()
			if err != nil {
				return err
			}
			events = append(events, response.Events...)
			request.ResumeToken = response.ResumeToken
		}
		cancel()
	}
	return expectMessages(c.expectedEvents(), events)
}

func (c *client) resync(ctx context.Context) error {
	responses, err := c.readWatch(ctx, &computev1.WatchServersRequest{ResumeToken: "of another age"})
	if err != nil {
		return err
	}
	resync := &computev1.ServerEvent{Kind: commonv1.WatchEventKind_WATCH_EVENT_KIND_RESYNC_REQUIRED}
	expected := &computev1.WatchServersResponse{Events: []*computev1.ServerEvent{resync}}
	return expectMessages([]*computev1.WatchServersResponse{expected}, responses)
}

func content() []byte {
	bytes := make([]byte, 2*1024*1024+7)
	for i := range bytes {
		bytes[i] = byte(i + i/256)
	}
	return bytes
}

func uploadSteps(name string, content []byte, announced int64) []*imagev1.UploadImageRequest {
	steps := []*imagev1.UploadImageRequest{{Step: &imagev1.UploadImageRequest_Start{
		Start: &imagev1.UploadImageStart{
			Location: &commonv1.Location{Cloud: "south"},
			Create: &imagev1.CreateImageRequest{
				Name: name, DiskFormat: "qcow2", ContainerFormat: "bare",
			},
			SizeBytes: proto.Int64(announced),
		},
	}}}
	for offset := 0; offset < len(content); offset += chunkBytes {
		end := offset + chunkBytes
		if end > len(content) {
			end = len(content)
		}
		steps = append(steps, &imagev1.UploadImageRequest{Step: &imagev1.UploadImageRequest_Chunk{
			Chunk: &imagev1.UploadImageChunk{Data: content[offset:end], OffsetBytes: int64(offset)},
		}})
	}
	return append(steps, &imagev1.UploadImageRequest{Step: &imagev1.UploadImageRequest_Finish{
		Finish: &imagev1.UploadImageFinish{Checksums: []*commonv1.Checksum{
			{Algorithm: "md5", HexDigest: "0123456789abcdef0123456789abcdef"},
		}},
	}})
}

// send uploads the content, each part of it when the answer to the one before has come, and returns
// the first answer and the last.
func (c *client) send(ctx context.Context, name string, content []byte, announced int64) (begun, done *imagev1.UploadImageResponse, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.images.UploadImage(ctx)
	if err != nil {
		return nil, nil, err
	}
	exchange := func(request *imagev1.UploadImageRequest) (*imagev1.UploadImageResponse, error) {
		// When the stream is broken, receiving says why.
		if err := stream.Send(request); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		return stream.Recv()
	}
	received := int64(0)
	for _, step := range uploadSteps(name, content, announced) {
		if done, err = exchange(step); err != nil {
			return nil, nil, err
		}
		if begun == nil {
			begun = done
		}
		received += int64(len(step.GetChunk().GetData()))
		if err := expect(received, done.ReceivedSizeBytes); err != nil {
			return nil, nil, err
		}
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		return nil, nil, mismatch("the end", err)
	}
	return begun, done, nil
}

func (c *client) upload(ctx context.Context) error {
	content := content()
	name := "uploaded-by-go"
	begun, done, err := c.send(ctx, name, content, int64(len(content)))
	if err != nil {
		return err
	}
	return c.expectUploaded(ctx, name, content, begun, done)
}

// uploadAtOnce is a client stream: nothing is read before all is sent.
func (c *client) uploadAtOnce(ctx context.Context) error {
	content := content()
	name := "uploaded-at-once-by-go"
	stream, err := c.images.UploadImage(ctx)
	if err != nil {
		return err
	}
	steps := uploadSteps(name, content, int64(len(content)))
	for _, step := range steps {
		if err := stream.Send(step); err != nil {
			return err
		}
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	var answers []*imagev1.UploadImageResponse
	for {
		answer, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		answers = append(answers, answer)
	}
	if err := expect(len(steps), len(answers)); err != nil {
		return err
	}
	return c.expectUploaded(ctx, name, content, answers[0], answers[len(answers)-1])
}

func (c *client) expectUploaded(ctx context.Context, name string, content []byte, begun, done *imagev1.UploadImageResponse) error {
	expected := proto.Clone(begun.Image).(*imagev1.Image)
	expected.Status = imagev1.ImageStatus_IMAGE_STATUS_ACTIVE
	expected.StatusRaw = "active"
	expected.SizeBytes = proto.Int64(int64(len(content)))
	expected.Checksums = []*commonv1.Checksum{
		{Algorithm: "md5", HexDigest: "0123456789abcdef0123456789abcdef"},
	}
	return first(
		expect(imagev1.ImageStatus_IMAGE_STATUS_QUEUED, begun.Image.Status),
		expectMessage(expected, done.Image),
		expect(int64(len(content)), done.PersistedSizeBytes),
		expect(operationv1.OperationState_OPERATION_STATE_SUCCEEDED, done.Operation.GetState()),
		c.expectImage(ctx, &imagev1.DownloadImageRequest{NameOrId: name}, done.Image, content),
	)
}

func (c *client) uploadShort(ctx context.Context) error {
	_, _, err := c.send(ctx, "short", []byte("too little"), 11)
	return c.expectError("short", err)
}

func (c *client) uploadOutOfOrder(ctx context.Context) error {
	steps := []*imagev1.UploadImageRequest{
		{Step: &imagev1.UploadImageRequest_Start{Start: &imagev1.UploadImageStart{}}},
		{Step: &imagev1.UploadImageRequest_Chunk{
			Chunk: &imagev1.UploadImageChunk{Data: []byte("late"), OffsetBytes: 5},
		}},
	}
	// What ends without a finish is as wrong as what leaves bytes out.
	for length := 0; length <= len(steps); length++ {
		stream, err := c.images.UploadImage(ctx)
		if err != nil {
			return err
		}
		for _, step := range steps[:length] {
			if err := stream.Send(step); err != nil {
				return err
			}
		}
		if err := stream.CloseSend(); err != nil {
			return err
		}
		for err == nil {
			_, err = stream.Recv()
		}
		if err := c.expectError("out-of-order", err); err != nil {
			return err
		}
	}
	return nil
}

// expectImage downloads an image, whose bytes must come in order.
func (c *client) expectImage(ctx context.Context, request *imagev1.DownloadImageRequest, image *imagev1.Image, content []byte) error {
	stream, err := c.images.DownloadImage(ctx, request)
	if err != nil {
		return err
	}
	answer, err := stream.Recv()
	if err != nil {
		return err
	}
	if err := expectMessage(image, answer.Image); err != nil {
		return err
	}
	var got []byte
	for {
		answer, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := expect(request.OffsetBytes+int64(len(got)), answer.OffsetBytes); err != nil {
			return err
		}
		got = append(got, answer.Data...)
	}
	if !bytes.Equal(content, got) {
		return mismatch(fmt.Sprintf("%d bytes", len(content)), fmt.Sprintf("%d other bytes", len(got)))
	}
	return nil
}

func (c *client) download(ctx context.Context) error {
	// What was uploaded when the answers were recorded.
	content := bytes.Repeat([]byte("x"), 4096)
	digests := map[string]string{
		"md5":    fmt.Sprintf("%x", md5.Sum(content)),
		"sha512": fmt.Sprintf("%x", sha512.Sum512(content)),
	}
	for _, image := range c.data.Images.Images {
		if image.Name != "public-img" {
			continue
		}
		for _, checksum := range image.Checksums {
			if err := expect(checksum.HexDigest, digests[checksum.Algorithm]); err != nil {
				return err
			}
		}
		request := &imagev1.DownloadImageRequest{NameOrId: image.Name}
		if err := c.expectImage(ctx, request, image, content); err != nil {
			return err
		}
		request.OffsetBytes = 1000
		request.LengthBytes = proto.Int64(24)
		return c.expectImage(ctx, request, image, content[1000:1024])
	}
	return mismatch("public-img", "no such image")
}

// --- Ends before the end

// expectEnded has the server say that it has seen the end of the call: it answers only then.
func (c *client) expectEnded(ctx context.Context, tag string) error {
	response, err := c.servers.GetServer(ctx, &computev1.GetServerRequest{NameOrId: "ended:" + tag})
	if err != nil {
		return err
	}
	return expect(tag, response.Server.GetName())
}

func (c *client) deadline(ctx context.Context) error {
	tag := fmt.Sprintf("go-deadline-%d", os.Getpid())
	short, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	began := time.Now()
	_, err := c.servers.CreateServer(
		metadata.AppendToOutgoingContext(short, "call-tag", tag),
		&computev1.CreateServerRequest{Name: "slow", Wait: true},
	)
	if err := expect(codes.DeadlineExceeded, status.Code(err)); err != nil {
		return err
	}
	if took := time.Since(began); took < 1900*time.Millisecond || took > 20*time.Second {
		return mismatch("2 seconds", took)
	}
	return c.expectEnded(ctx, tag)
}

func (c *client) waitTimeout(ctx context.Context) error {
	response, err := c.servers.CreateServer(ctx, &computev1.CreateServerRequest{
		Name: "slow", Wait: true, WaitTimeout: durationpb.New(100 * time.Millisecond),
	})
	if err != nil {
		return err
	}
	return expect(operationv1.OperationState_OPERATION_STATE_RUNNING, response.Operation.GetState())
}

func (c *client) cancel(ctx context.Context) error {
	tag := fmt.Sprintf("go-cancel-%d", os.Getpid())
	watching, cancel := context.WithCancel(metadata.AppendToOutgoingContext(ctx, "call-tag", tag))
	defer cancel()
	stream, err := c.servers.WatchServers(watching, &computev1.WatchServersRequest{})
	if err != nil {
		return err
	}
	for {
		response, err := stream.Recv()
		if err != nil {
			return err
		}
		if len(response.Events) == 0 {
			// The first bookmark: from here on the stream would never end.
			break
		}
	}
	cancel()
	for err == nil {
		_, err = stream.Recv()
	}
	return first(expect(codes.Canceled, status.Code(err)), c.expectEnded(ctx, tag))
}

// --- Errors

func (c *client) expectError(name string, err error) error {
	expected := c.data.Errors[name]
	got := status.Convert(err)
	if err := first(
		expect(codes.Code(expected.Code), got.Code()),
		expect(expected.Message, got.Message()),
		expect(1, len(got.Details())),
	); err != nil {
		return err
	}
	detail, ok := got.Details()[0].(*commonv1.Error)
	if !ok {
		return mismatch(expected, got.Details()[0])
	}
	// The same bytes are a Status of this model.
	wire, err := proto.Marshal(got.Proto())
	if err != nil {
		return err
	}
	var own commonv1.Status
	if err := proto.Unmarshal(wire, &own); err != nil {
		return err
	}
	var ownDetail commonv1.Error
	return first(
		expectMessage(expected, detail),
		expect(expected.Code, own.Code),
		expect(expected.Message, own.Message),
		own.Details[0].UnmarshalTo(&ownDetail),
		expectMessage(expected, &ownDetail),
	)
}

func (c *client) getNamed(ctx context.Context, name string) error {
	_, err := c.servers.GetServer(ctx, &computev1.GetServerRequest{NameOrId: name})
	return err
}

func (c *client) notFound(ctx context.Context) error {
	return c.expectError("nope", c.getNamed(ctx, "no such server"))
}

func (c *client) multipleMatches(ctx context.Context) error {
	return c.expectError("twins", c.getNamed(ctx, "twins"))
}

func (c *client) quota(ctx context.Context) error {
	_, err := c.servers.CreateServer(ctx, &computev1.CreateServerRequest{Name: "quota"})
	return c.expectError("quota", err)
}

func (c *client) invalidArgument(ctx context.Context) error {
	_, err := c.servers.ListServers(ctx, &computev1.ListServersRequest{PageSize: -1})
	return c.expectError("page-size", err)
}

func (c *client) largestError(ctx context.Context) error {
	for _, name := range []string{"largest", "widest"} {
		if err := c.expectError(name, c.getNamed(ctx, name)); err != nil {
			return err
		}
	}
	return nil
}

// tooLargeError becomes another error, or none where nobody has a limit, and neither hangs nor ends
// the connection.
func (c *client) tooLargeError(ctx context.Context) error {
	switch code := status.Code(c.getNamed(ctx, "too-large")); code {
	case codes.ResourceExhausted, codes.Internal, codes.FailedPrecondition:
		return c.get(ctx)
	default:
		return mismatch("RESOURCE_EXHAUSTED, INTERNAL or FAILED_PRECONDITION", code)
	}
}

func (c *client) unimplemented(ctx context.Context) error {
	_, method := c.servers.RebootServer(ctx, &computev1.RebootServerRequest{})
	_, service := c.operations.GetOperation(ctx, &operationv1.GetOperationRequest{})
	for _, err := range []error{method, service} {
		if err := first(
			expect(codes.Unimplemented, status.Code(err)),
			// With an Error it would be the cloud that cannot, and not the server.
			expect(0, len(status.Convert(err).Details())),
		); err != nil {
			return err
		}
	}
	return nil
}

// --- What is newer than this client

// future returns a server with a status and a field of a model to come.
func (c *client) future(ctx context.Context) (*computev1.Server, error) {
	request := &computev1.GetServerRequest{NameOrId: "future"}
	request.ProtoReflect().SetUnknown([]byte(unknownField))
	response, err := c.servers.GetServer(ctx, request)
	return response.GetServer(), err
}

func (c *client) unknownEnum(ctx context.Context) error {
	server, err := c.future(ctx)
	if err != nil {
		return err
	}
	return first(
		expect(99, server.Status.Number()),
		expect("QUANTUM", server.StatusRaw),
	)
}

func (c *client) unknownField(ctx context.Context) error {
	server, err := c.future(ctx)
	if err != nil {
		return err
	}
	wire, err := proto.Marshal(server)
	if err != nil {
		return err
	}
	return expect("\x20\x63"+"\x2a\x07QUANTUM"+unknownField, string(wire))
}

var cases = []struct {
	name string
	run  func(*client, context.Context) error
}{
	{"get", (*client).get},
	{"lists", (*client).lists},
	{"pages", (*client).pages},
	{"create", (*client).create},
	{"large", (*client).large},
	{"oversized", (*client).oversized},
	{"compressed", (*client).compressed},
	{"metadata", (*client).metadata},
	{"tls", (*client).tls},
	{"tls_wrong_name", (*client).tlsWrongName},
	{"tls_stranger", (*client).tlsStranger},
	{"mutual_tls", (*client).mutualTLS},
	{"mutual_tls_no_certificate", (*client).mutualTLSNoCertificate},
	{"watch", (*client).watch},
	{"resume", (*client).resume},
	{"resync", (*client).resync},
	{"upload", (*client).upload},
	{"upload_at_once", (*client).uploadAtOnce},
	{"upload_short", (*client).uploadShort},
	{"upload_out_of_order", (*client).uploadOutOfOrder},
	{"download", (*client).download},
	{"deadline", (*client).deadline},
	{"wait_timeout", (*client).waitTimeout},
	{"cancel", (*client).cancel},
	{"not_found", (*client).notFound},
	{"multiple_matches", (*client).multipleMatches},
	{"quota", (*client).quota},
	{"invalid_argument", (*client).invalidArgument},
	{"largest_error", (*client).largestError},
	{"too_large_error", (*client).tooLargeError},
	{"unimplemented", (*client).unimplemented},
	{"unknown_enum", (*client).unknownEnum},
	{"unknown_field", (*client).unknownField},
}

// run returns whether all cases, or those that are named, have passed.
func run(folder, certificates string, addresses, names []string) (bool, error) {
	d, err := data.Load(folder)
	if err != nil {
		return false, err
	}
	known := map[string]bool{}
	for _, one := range cases {
		known[one.name] = true
	}
	wanted := map[string]bool{}
	for _, name := range names {
		if !known[name] {
			return false, fmt.Errorf("no such case: %s", name)
		}
		wanted[name] = true
	}
	connection, err := grpc.NewClient(addresses[0], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return false, err
	}
	defer connection.Close()
	c := &client{
		data:        d,
		servers:     computev1.NewServerServiceClient(connection),
		flavors:     computev1.NewFlavorServiceClient(connection),
		images:      imagev1.NewImageServiceClient(connection),
		floatingIps: networkv1.NewFloatingIpServiceClient(connection),
		operations:  operationv1.NewOperationServiceClient(connection),

		certificates:  certificates,
		tlsAddress:    addresses[1],
		mutualAddress: addresses[2],
	}
	passed := true
	for _, one := range cases {
		if len(wanted) > 0 && !wanted[one.name] {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		if err := one.run(c, ctx); err != nil {
			passed = false
			fmt.Printf("FAILED %s: %v\n", one.name, err)
		} else {
			fmt.Printf("ok %s\n", one.name)
		}
		cancel()
	}
	return passed, nil
}

func main() {
	if len(os.Args) < 6 {
		fmt.Fprintln(os.Stderr, "usage: client DATA CERTIFICATES ADDRESS TLS_ADDRESS MUTUAL_ADDRESS [CASE...]")
		os.Exit(2)
	}
	passed, err := run(os.Args[1], os.Args[2], os.Args[3:6], os.Args[6:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "client:", err)
		os.Exit(2)
	}
	if !passed {
		os.Exit(1)
	}
}
