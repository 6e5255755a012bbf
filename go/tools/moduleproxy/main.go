// SPDX-License-Identifier: Apache-2.0

// Command moduleproxy lays a module out as a proxy serves it, so that "go get" takes a working tree
// for a release:
//
//	moduleproxy -module go -version v1.2.3 -output DIR
//	GOPROXY=file://DIR,... go get opendev.org/x/oaktreemodel/go@v1.2.3
//
// The zip is made by the code the go command uses itself.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

func main() {
	source := flag.String("module", ".", "the `directory` of the module")
	version := flag.String("version", "", "the `version` to give it, such as v1.2.3")
	output := flag.String("output", "", "the `directory` to be named in GOPROXY")
	flag.Parse()
	if *version == "" || *output == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := publish(*source, *version, *output); err != nil {
		fmt.Fprintf(os.Stderr, "moduleproxy: %v\n", err)
		os.Exit(1)
	}
}

func publish(source, version, output string) error {
	goMod, err := os.ReadFile(filepath.Join(source, "go.mod"))
	if err != nil {
		return err
	}
	release := module.Version{Path: modfile.ModulePath(goMod), Version: version}
	if err := module.Check(release.Path, release.Version); err != nil {
		return err
	}
	escaped, err := module.EscapePath(release.Path)
	if err != nil {
		return err
	}
	info, err := json.Marshal(struct {
		Version string
		Time    time.Time
	}{version, time.Now().UTC()})
	if err != nil {
		return err
	}

	directory := filepath.Join(output, filepath.FromSlash(escaped), "@v")
	if err := os.MkdirAll(directory, 0o777); err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		"list":            []byte(version + "\n"),
		version + ".info": info,
		version + ".mod":  goMod,
	} {
		if err := os.WriteFile(filepath.Join(directory, name), content, 0o666); err != nil {
			return err
		}
	}
	archive, err := os.Create(filepath.Join(directory, version+".zip"))
	if err != nil {
		return err
	}
	if err := zip.CreateFromDir(archive, release, source); err != nil {
		archive.Close()
		return err
	}
	return archive.Close()
}
