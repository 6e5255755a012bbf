// SPDX-License-Identifier: Apache-2.0

// Command apinames prints the exported names of a module, one a line and sorted, as the Go project
// keeps its own in api/go1.txt:
//
//	apinames -module go
//
// It reads declarations and nothing else, so it needs neither the module's dependencies nor a Go that
// can compile them. Methods of an interface stand on lines of their own: one more is one line more.
// Packages that are experimental, internal or tests are left out.
package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/modfile"
)

// leftOut are the directories without a promise.
var leftOut = regexp.MustCompile(`^(internal|tests|tools|v\d+alpha\d+)$`)

func main() {
	module := flag.String("module", ".", "the `directory` of the module")
	flag.Parse()
	lines, err := list(*module)
	if err != nil {
		fmt.Fprintln(os.Stderr, "apinames:", err)
		os.Exit(1)
	}
	out := bufio.NewWriter(os.Stdout)
	for _, line := range lines {
		fmt.Fprintln(out, line)
	}
	if err := out.Flush(); err != nil {
		fmt.Fprintln(os.Stderr, "apinames:", err)
		os.Exit(1)
	}
}

func list(module string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(module, "go.mod"))
	if err != nil {
		return nil, err
	}
	lister := lister{module: modfile.ModulePath(text), names: map[string]bool{}}
	err = filepath.WalkDir(module, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && leftOut.MatchString(entry.Name()):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		directory, err := filepath.Rel(module, filepath.Dir(name))
		if err != nil {
			return err
		}
		return lister.file(name, filepath.ToSlash(directory))
	})
	lines := make([]string, 0, len(lister.names))
	for line := range lister.names {
		lines = append(lines, line)
	}
	sort.Strings(lines)
	return lines, err
}

type lister struct {
	module  string
	names   map[string]bool
	pkg     string            // the directory in the module
	imports map[string]string // by the names the file at hand gives them
}

func (l *lister) add(format string, args ...any) {
	l.names["pkg "+l.pkg+", "+fmt.Sprintf(format, args...)] = true
}

func (l *lister) file(name, pkg string) error {
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	l.pkg, l.imports = pkg, map[string]string{}
	l.add("package %s", file.Name.Name)
	for _, imported := range file.Imports {
		to, err := strconv.Unquote(imported.Path.Value)
		if err != nil {
			return err
		}
		as := path.Base(to)
		if imported.Name != nil {
			as = imported.Name.Name
		}
		l.imports[as] = strings.TrimPrefix(to, l.module+"/")
	}
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			l.function(d)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					l.typeSpec(s)
				case *ast.ValueSpec:
					l.values(d.Tok, s)
				}
			}
		}
	}
	return nil
}

func (l *lister) function(d *ast.FuncDecl) {
	if !d.Name.IsExported() {
		return
	}
	signature := d.Name.Name + l.signature(d.Type)
	if d.Recv == nil {
		l.add("func %s", signature)
	} else if of := l.expr(d.Recv.List[0].Type); ast.IsExported(strings.TrimPrefix(of, "*")) {
		l.add("method (%s) %s", of, signature)
	}
}

func (l *lister) typeSpec(s *ast.TypeSpec) {
	if !s.Name.IsExported() {
		return
	}
	name := s.Name.Name
	switch t := s.Type.(type) {
	case *ast.StructType:
		l.add("type %s struct", name)
		l.members(name+" struct", t.Fields)
	case *ast.InterfaceType:
		l.add("type %s interface", name)
		l.members(name+" interface", t.Methods)
	default:
		if s.Assign.IsValid() {
			l.add("type %s = %s", name, l.expr(t))
		} else {
			l.add("type %s %s", name, l.expr(t))
		}
	}
}

func (l *lister) members(of string, fields *ast.FieldList) {
	for _, field := range fields.List {
		if len(field.Names) == 0 {
			l.add("type %s, embedded %s", of, l.expr(field.Type))
		}
		for _, name := range field.Names {
			if method, ok := field.Type.(*ast.FuncType); ok && name.IsExported() && strings.HasSuffix(of, " interface") {
				l.add("type %s, %s%s", of, name.Name, l.signature(method))
			} else if name.IsExported() {
				l.add("type %s, %s %s", of, name.Name, l.expr(field.Type))
			}
		}
	}
}

// values lists constants with what they are, and variables with their type where it is written down.
func (l *lister) values(kind token.Token, s *ast.ValueSpec) {
	for i, name := range s.Names {
		if !name.IsExported() {
			continue
		}
		line := kind.String() + " " + name.Name
		if s.Type != nil {
			line += " " + l.expr(s.Type)
		}
		if i < len(s.Values) {
			if literal, ok := s.Values[i].(*ast.CompositeLit); ok && s.Type == nil {
				line += " " + l.expr(literal.Type)
			} else if kind == token.CONST {
				line += " = " + l.expr(s.Values[i])
			}
		}
		l.add("%s", line)
	}
}

func (l *lister) signature(t *ast.FuncType) string {
	signature := "(" + l.types(t.Params) + ")"
	switch results := l.types(t.Results); {
	case t.Results.NumFields() == 1:
		signature += " " + results
	case results != "":
		signature += " (" + results + ")"
	}
	return signature
}

// types gives those of parameters without their names, which callers never write.
func (l *lister) types(fields *ast.FieldList) string {
	var types []string
	if fields != nil {
		for _, field := range fields.List {
			for range max(len(field.Names), 1) {
				types = append(types, l.expr(field.Type))
			}
		}
	}
	return strings.Join(types, ", ")
}

// expr prints an expression with the packages it names by their paths.
func (l *lister) expr(e ast.Expr) string {
	ast.Inspect(e, func(n ast.Node) bool {
		if selector, ok := n.(*ast.SelectorExpr); ok {
			if of, ok := selector.X.(*ast.Ident); ok && l.imports[of.Name] != "" {
				of.Name = l.imports[of.Name]
			}
		}
		return true
	})
	var text bytes.Buffer
	if err := printer.Fprint(&text, token.NewFileSet(), e); err != nil {
		panic(err) // an expression that was parsed can be printed
	}
	return strings.Join(strings.Fields(text.String()), " ")
}
