// SPDX-License-Identifier: Apache-2.0

// The interop server in Go; ../../README.rst says what it answers to what.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	// Whoever links this understands what is compressed, and answers it in kind.
	_ "google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	commonv1 "opendev.org/x/oaktreemodel/go/common/v1"
	computev1 "opendev.org/x/oaktreemodel/go/compute/v1"
	imagev1 "opendev.org/x/oaktreemodel/go/image/v1"
	networkv1 "opendev.org/x/oaktreemodel/go/network/v1"
	operationv1 "opendev.org/x/oaktreemodel/go/operation/v1"
	"opendev.org/x/oaktreemodel/tests/interop/go/internal/data"
)

const (
	pageSize     = 3
	batchSize    = 3
	bookmarkTime = 20 * time.Millisecond
	// How long "slow" takes.
	slowTime = 30 * time.Second
	// How long to wait for a call to end.
	endedTime  = 10 * time.Second
	chunkBytes = 256 * 1024
	// More than a client takes unless it says otherwise, which is 4 MiB.
	oversizedBytes = 5 * 1024 * 1024
	// More than gRPC's C++ library takes as metadata.
	tooLargeBytes = 20000
)

func fail(err *commonv1.Error) error {
	withDetails, problem := status.New(codes.Code(err.Code), err.Message).WithDetails(err)
	if problem != nil {
		return problem
	}
	return withDetails.Err()
}

type serverService struct {
	computev1.UnimplementedServerServiceServer
	data *data.Data

	mutex sync.Mutex
	// By the tags of the calls: closed when the call has ended.
	ended map[string]chan struct{}
}

// whenEnded returns what is closed when the call of that tag has ended.
func (s *serverService) whenEnded(tag string) chan struct{} {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.ended[tag] == nil {
		s.ended[tag] = make(chan struct{})
	}
	return s.ended[tag]
}

// sleep returns an error, and notes it, when the caller gives the call up before the time is over.
func (s *serverService) sleep(ctx context.Context, duration time.Duration) error {
	select {
	case <-time.After(duration):
		return nil
	case <-ctx.Done():
		for _, tag := range metadata.ValueFromIncomingContext(ctx, "call-tag") {
			close(s.whenEnded(tag))
		}
		return status.FromContextError(ctx.Err()).Err()
	}
}

// failIfAsked returns the error that a name asks for.
func (s *serverService) failIfAsked(name string) error {
	if name == "too-large" {
		tooLarge := proto.Clone(s.data.Errors["largest"]).(*commonv1.Error)
		tooLarge.Upstream.Message = strings.Repeat("x", tooLargeBytes)
		return fail(tooLarge)
	}
	if err := s.data.Errors[name]; err != nil {
		return fail(err)
	}
	return nil
}

// caller returns the address of who called, and the name in its certificate.
func caller(ctx context.Context) *computev1.Server {
	server := &computev1.Server{}
	if p, ok := peer.FromContext(ctx); ok {
		server.Name = p.Addr.String()
		if info, ok := p.AuthInfo.(credentials.TLSInfo); ok && len(info.State.PeerCertificates) > 0 {
			server.Description = info.State.PeerCertificates[0].Subject.CommonName
		}
	}
	return server
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

func (s *serverService) GetServer(ctx context.Context, request *computev1.GetServerRequest) (*computev1.GetServerResponse, error) {
	name := request.NameOrId
	if err := s.failIfAsked(name); err != nil {
		return nil, err
	}
	if name == "future" {
		server := &computev1.Server{Status: 99, StatusRaw: "QUANTUM"}
		// What this server does not know of the request.
		server.ProtoReflect().SetUnknown(request.ProtoReflect().GetUnknown())
		return &computev1.GetServerResponse{Server: server}, nil
	}
	switch name {
	case "oversized":
		server := &computev1.Server{UserData: make([]byte, oversizedBytes)}
		return &computev1.GetServerResponse{Server: server}, nil
	case "peer":
		return &computev1.GetServerResponse{Server: caller(ctx)}, nil
	case "metadata":
		notes := metadata.MD{}
		for _, key := range []string{"call-note", "call-note-bin"} {
			notes.Append(key, metadata.ValueFromIncomingContext(ctx, key)...)
		}
		return &computev1.GetServerResponse{}, first(grpc.SetHeader(ctx, notes), grpc.SetTrailer(ctx, notes))
	}
	if tag := strings.TrimPrefix(name, "ended:"); tag != name {
		select {
		case <-s.whenEnded(tag):
			return &computev1.GetServerResponse{Server: &computev1.Server{Name: tag}}, nil
		case <-time.After(endedTime):
			return nil, fail(s.data.Errors["nope"])
		}
	}
	cloud := request.GetLocation().GetCloud()
	for _, server := range s.data.Servers.Servers {
		if (name == server.Id || name == server.Name) && (cloud == "" || cloud == server.Location.Cloud) {
			return &computev1.GetServerResponse{Server: server}, nil
		}
	}
	return nil, fail(s.data.Errors["nope"])
}

func (s *serverService) ListServers(_ context.Context, request *computev1.ListServersRequest) (*computev1.ListServersResponse, error) {
	if request.PageSize < 0 {
		return nil, fail(s.data.Errors["page-size"])
	}
	clouds := map[string]bool{}
	for _, location := range request.Locations {
		clouds[location.Cloud] = true
	}
	var servers []*computev1.Server
	for _, server := range s.data.Servers.Servers {
		if len(clouds) == 0 || clouds[server.Location.Cloud] {
			servers = append(servers, server)
		}
	}
	start, _ := strconv.Atoi(request.PageToken)
	size := int(request.PageSize)
	if size == 0 {
		size = pageSize
	}
	end := start + size
	if end >= len(servers) {
		return &computev1.ListServersResponse{Servers: servers[start:]}, nil
	}
	return &computev1.ListServersResponse{Servers: servers[start:end], NextPageToken: strconv.Itoa(end)}, nil
}

// events returns what a watch tells: the servers of each place, then that there are no more.
func (s *serverService) events() []*computev1.ServerEvent {
	var events []*computev1.ServerEvent
	servers := s.data.Servers.Servers
	for i, server := range servers {
		events = append(events, &computev1.ServerEvent{
			Kind:   commonv1.WatchEventKind_WATCH_EVENT_KIND_PRESENT,
			Server: server,
		})
		where := server.Location
		if i+1 == len(servers) || servers[i+1].Location.Cloud != where.Cloud {
			events = append(events, &computev1.ServerEvent{
				Kind: commonv1.WatchEventKind_WATCH_EVENT_KIND_SYNCED,
				Location: &commonv1.Location{
					Cloud: where.Cloud, Region: where.Region, Project: where.Project,
				},
			})
		}
	}
	return append(events, &computev1.ServerEvent{
		Kind: commonv1.WatchEventKind_WATCH_EVENT_KIND_SYNCED,
	})
}

func (s *serverService) WatchServers(request *computev1.WatchServersRequest, stream computev1.ServerService_WatchServersServer) error {
	events := s.events()
	given := 0
	if token := request.ResumeToken; token != "" {
		var err error
		if given, err = strconv.Atoi(token); err != nil || given < 0 || given > len(events) {
			resync := &computev1.ServerEvent{
				Kind: commonv1.WatchEventKind_WATCH_EVENT_KIND_RESYNC_REQUIRED,
			}
			return stream.Send(&computev1.WatchServersResponse{
				Events: []*computev1.ServerEvent{resync},
			})
		}
	}
	for given < len(events) {
		end := given + batchSize
		if end > len(events) {
			end = len(events)
		}
		batch := events[given:end]
		given = end
		if err := stream.Send(&computev1.WatchServersResponse{
			Events:      batch,
			ResumeToken: strconv.Itoa(given),
		}); err != nil {
			return err
		}
	}
	if request.SnapshotOnly {
		return nil
	}
	for {
		if err := s.sleep(stream.Context(), bookmarkTime); err != nil {
			return err
		}
		bookmark := &computev1.WatchServersResponse{ResumeToken: strconv.Itoa(given)}
		// A stream that is no more is noticed by sleep.
		_ = stream.Send(bookmark)
	}
}

func (s *serverService) CreateServer(ctx context.Context, request *computev1.CreateServerRequest) (*computev1.CreateServerResponse, error) {
	if err := s.failIfAsked(request.Name); err != nil {
		return nil, err
	}
	if request.Name == "slow" && request.Wait {
		duration := slowTime
		if request.WaitTimeout != nil {
			duration = request.WaitTimeout.AsDuration()
		}
		if err := s.sleep(ctx, duration); err != nil {
			return nil, err
		}
	}
	server := &computev1.Server{
		Location:       request.Location,
		Id:             "id-of-" + request.Name,
		Name:           request.Name,
		Status:         computev1.ServerStatus_SERVER_STATUS_BUILD,
		StatusRaw:      "BUILD",
		Metadata:       request.Metadata,
		Tags:           request.Tags,
		Description:    request.Description,
		SchedulerHints: request.SchedulerHints,
		UserData:       request.UserData,
	}
	return &computev1.CreateServerResponse{
		Server: server,
		Operation: &operationv1.Operation{
			Location: request.Location,
			Id:       "create-" + request.Name,
			Kind:     "server.create",
			Resource: &commonv1.ResourceRef{
				Location: server.Location, Id: server.Id, Name: server.Name, Type: "server",
			},
			State: operationv1.OperationState_OPERATION_STATE_RUNNING,
		},
	}, nil
}

type flavorService struct {
	computev1.UnimplementedFlavorServiceServer
	data *data.Data
}

func (s *flavorService) ListFlavors(context.Context, *computev1.ListFlavorsRequest) (*computev1.ListFlavorsResponse, error) {
	return &s.data.Flavors, nil
}

type floatingIPService struct {
	networkv1.UnimplementedFloatingIpServiceServer
	data *data.Data
}

func (s *floatingIPService) ListFloatingIps(context.Context, *networkv1.ListFloatingIpsRequest) (*networkv1.ListFloatingIpsResponse, error) {
	return &s.data.FloatingIps, nil
}

type stored struct {
	image   *imagev1.Image
	content []byte
}

type imageService struct {
	imagev1.UnimplementedImageServiceServer
	data *data.Data

	mutex  sync.Mutex
	stored map[string]stored
}

func newImageService(d *data.Data) *imageService {
	s := &imageService{data: d, stored: map[string]stored{}}
	for _, image := range d.Images.Images {
		if image.Name == "public-img" {
			s.stored[image.Name] = stored{image, []byte(strings.Repeat("x", 4096))}
		}
	}
	return s
}

func (s *imageService) ListImages(context.Context, *imagev1.ListImagesRequest) (*imagev1.ListImagesResponse, error) {
	return &s.data.Images, nil
}

func (s *imageService) UploadImage(stream imagev1.ImageService_UploadImageServer) error {
	request, err := stream.Recv()
	if err != nil || request.GetStart() == nil {
		return fail(s.data.Errors["out-of-order"])
	}
	start := request.GetStart()
	name := start.GetCreate().GetName()
	image := &imagev1.Image{
		Location:        start.Location,
		Id:              "id-of-" + name,
		Name:            name,
		Status:          imagev1.ImageStatus_IMAGE_STATUS_QUEUED,
		StatusRaw:       "queued",
		DiskFormat:      start.GetCreate().GetDiskFormat(),
		ContainerFormat: start.GetCreate().GetContainerFormat(),
	}
	if err := stream.Send(&imagev1.UploadImageResponse{Image: image}); err != nil {
		return err
	}
	var received []byte
	for {
		request, err := stream.Recv()
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if finish := request.GetFinish(); finish != nil {
			image.Checksums = finish.Checksums
			break
		}
		chunk := request.GetChunk()
		if chunk == nil || chunk.OffsetBytes != int64(len(received)) {
			return fail(s.data.Errors["out-of-order"])
		}
		received = append(received, chunk.Data...)
		if err := stream.Send(&imagev1.UploadImageResponse{ReceivedSizeBytes: int64(len(received))}); err != nil {
			return err
		}
	}
	if start.SizeBytes != nil && *start.SizeBytes != int64(len(received)) {
		return fail(s.data.Errors["short"])
	}
	image.Status = imagev1.ImageStatus_IMAGE_STATUS_ACTIVE
	image.StatusRaw = "active"
	image.SizeBytes = proto.Int64(int64(len(received)))
	s.mutex.Lock()
	s.stored[name] = stored{image, received}
	s.mutex.Unlock()
	return stream.Send(&imagev1.UploadImageResponse{
		Image: image,
		Operation: &operationv1.Operation{
			Location: image.Location,
			Id:       "upload-" + name,
			Kind:     "image.upload",
			Resource: &commonv1.ResourceRef{
				Location: image.Location, Id: image.Id, Name: name, Type: "image",
			},
			State: operationv1.OperationState_OPERATION_STATE_SUCCEEDED,
		},
		ReceivedSizeBytes:  int64(len(received)),
		PersistedSizeBytes: int64(len(received)),
	})
}

func (s *imageService) DownloadImage(request *imagev1.DownloadImageRequest, stream imagev1.ImageService_DownloadImageServer) error {
	s.mutex.Lock()
	found, ok := s.stored[request.NameOrId]
	s.mutex.Unlock()
	if !ok {
		return fail(s.data.Errors["nope"])
	}
	end := int64(len(found.content))
	if request.LengthBytes != nil && request.OffsetBytes+*request.LengthBytes < end {
		end = request.OffsetBytes + *request.LengthBytes
	}
	if err := stream.Send(&imagev1.DownloadImageResponse{Image: found.image}); err != nil {
		return err
	}
	for offset := request.OffsetBytes; offset < end; offset += chunkBytes {
		next := offset + chunkBytes
		if next > end {
			next = end
		}
		if err := stream.Send(&imagev1.DownloadImageResponse{
			Data:        found.content[offset:next],
			OffsetBytes: offset,
		}); err != nil {
			return err
		}
	}
	return nil
}

// tlsOf returns what a server needs for TLS and, if it is mutual, to know its clients.
func tlsOf(certificates string, mutual bool) (*tls.Config, error) {
	own, err := tls.LoadX509KeyPair(
		filepath.Join(certificates, "server.pem"), filepath.Join(certificates, "server.key"))
	if err != nil {
		return nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{own}}
	if mutual {
		authority, err := os.ReadFile(filepath.Join(certificates, "authority.pem"))
		if err != nil {
			return nil, err
		}
		config.ClientAuth = tls.RequireAndVerifyClientCert
		config.ClientCAs = x509.NewCertPool()
		config.ClientCAs.AppendCertsFromPEM(authority)
	}
	return config, nil
}

func serve(folder, certificates string) error {
	d, err := data.Load(folder)
	if err != nil {
		return err
	}
	oneWay, err := tlsOf(certificates, false)
	if err != nil {
		return err
	}
	mutual, err := tlsOf(certificates, true)
	if err != nil {
		return err
	}
	servers := []*grpc.Server{
		grpc.NewServer(),
		grpc.NewServer(grpc.Creds(credentials.NewTLS(oneWay))),
		grpc.NewServer(grpc.Creds(credentials.NewTLS(mutual))),
	}
	service := &serverService{data: d, ended: map[string]chan struct{}{}}
	images := newImageService(d)
	said := "listening on"
	ended := make(chan error)
	for _, server := range servers {
		// The methods that are missing here answer UNIMPLEMENTED.
		computev1.RegisterServerServiceServer(server, service)
		computev1.RegisterFlavorServiceServer(server, &flavorService{data: d})
		networkv1.RegisterFloatingIpServiceServer(server, &floatingIPService{data: d})
		imagev1.RegisterImageServiceServer(server, images)
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		said += " " + listener.Addr().String()
		server := server
		go func() { ended <- server.Serve(listener) }()
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	fmt.Println(said)
	select {
	case err := <-ended:
		return err
	case <-stop:
		for _, server := range servers {
			server.Stop()
		}
		return nil
	}
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: server DATA CERTIFICATES")
		os.Exit(2)
	}
	if err := serve(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}
