// SPDX-License-Identifier: Apache-2.0

package imagev1_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	commonv1 "opendev.org/x/oaktreemodel/go/common/v1"
	imagev1 "opendev.org/x/oaktreemodel/go/image/v1"
	"opendev.org/x/oaktreemodel/go/internal/loopback"
)

// Makes an image and sends its bytes, in one call.
func ExampleImageServiceClient_UploadImage() {
	// Across a network: credentials.NewTLS in place of insecure.NewCredentials.
	conn, err := grpc.NewClient(oaktree, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	disk := strings.NewReader(strings.Repeat("oak ", 1<<19)) // 2 MiB, or the file you have
	size := disk.Size()

	upload, err := imagev1.NewImageServiceClient(conn).UploadImage(ctx)
	if err != nil {
		log.Fatal(err)
	}
	// Sending has a goroutine of its own, for the service answers all along.
	sent := make(chan error, 1)
	go func() {
		sent <- send(upload, disk, &imagev1.UploadImageStart{
			Location:  &commonv1.Location{Cloud: "vexxhost"},
			Create:    &imagev1.CreateImageRequest{Name: "oak", DiskFormat: "raw", ContainerFormat: "bare"},
			SizeBytes: &size,
		})
	}()
	for {
		progress, err := upload.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(progress.GetReceivedSizeBytes()>>20, "MiB")
	}
	if err := <-sent; err != nil {
		log.Fatal(err)
	}
	// Output:
	// 0 MiB
	// 1 MiB
	// 2 MiB
	// 2 MiB
}

// send sends a whole upload of a new image.
func send(upload imagev1.ImageService_UploadImageClient, disk io.Reader, start *imagev1.UploadImageStart) error {
	err := upload.Send(&imagev1.UploadImageRequest{Step: &imagev1.UploadImageRequest_Start{Start: start}})
	for offset := int64(0); err == nil; {
		data := make([]byte, 1<<20)
		n, readErr := io.ReadFull(disk, data)
		if readErr == io.EOF {
			break
		}
		if readErr != nil && readErr != io.ErrUnexpectedEOF {
			return readErr
		}
		err = upload.Send(&imagev1.UploadImageRequest{Step: &imagev1.UploadImageRequest_Chunk{
			Chunk: &imagev1.UploadImageChunk{Data: data[:n], OffsetBytes: offset},
		}})
		offset += int64(n)
	}
	if err == nil {
		err = upload.Send(&imagev1.UploadImageRequest{Step: &imagev1.UploadImageRequest_Finish{
			Finish: &imagev1.UploadImageFinish{},
		}})
	}
	if errors.Is(err, io.EOF) { // the service has ended the call, and Recv says why
		return nil
	}
	if err != nil {
		return err
	}
	return upload.CloseSend()
}

// Gets the bytes of an image and writes them as they come.
func ExampleImageServiceClient_DownloadImage() {
	conn, err := grpc.NewClient(oaktree, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()

	download, err := imagev1.NewImageServiceClient(conn).
		DownloadImage(ctx, &imagev1.DownloadImageRequest{NameOrId: "acorn"})
	if err != nil {
		log.Fatal(err)
	}
	var disk bytes.Buffer // or the file you want
	for {
		chunk, err := download.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		disk.Write(chunk.GetData())
	}
	fmt.Printf("%s\n", disk.Bytes())
	// Output:
	// from little acorns
}

// The server the examples call: their own, for them to run everywhere.
var oaktree = loopback.Serve(func(registrar grpc.ServiceRegistrar) {
	imagev1.RegisterImageServiceServer(registrar, imageServer{})
})

type imageServer struct {
	imagev1.UnimplementedImageServiceServer
}

func (imageServer) UploadImage(stream grpc.BidiStreamingServer[imagev1.UploadImageRequest, imagev1.UploadImageResponse]) error {
	image := &imagev1.Image{Status: imagev1.ImageStatus_IMAGE_STATUS_QUEUED}
	var received int64
	for {
		request, err := stream.Recv()
		if err != nil {
			return err
		}
		switch step := request.GetStep().(type) {
		case *imagev1.UploadImageRequest_Start:
			image.Name = step.Start.GetCreate().GetName()
			if err := stream.Send(&imagev1.UploadImageResponse{Image: image}); err != nil {
				return err
			}
		case *imagev1.UploadImageRequest_Chunk:
			received += int64(len(step.Chunk.GetData()))
			if err := stream.Send(&imagev1.UploadImageResponse{ReceivedSizeBytes: received}); err != nil {
				return err
			}
		case *imagev1.UploadImageRequest_Finish:
			image.Status = imagev1.ImageStatus_IMAGE_STATUS_ACTIVE
			return stream.Send(&imagev1.UploadImageResponse{
				Image:              image,
				ReceivedSizeBytes:  received,
				PersistedSizeBytes: received,
			})
		}
	}
}

func (imageServer) DownloadImage(request *imagev1.DownloadImageRequest, stream grpc.ServerStreamingServer[imagev1.DownloadImageResponse]) error {
	answers := []*imagev1.DownloadImageResponse{{Image: &imagev1.Image{Name: request.GetNameOrId()}}}
	var offset int64
	for _, data := range []string{"from ", "little ", "acorns"} {
		answers = append(answers, &imagev1.DownloadImageResponse{Data: []byte(data), OffsetBytes: offset})
		offset += int64(len(data))
	}
	for _, answer := range answers {
		if err := stream.Send(answer); err != nil {
			return err
		}
	}
	return nil
}
