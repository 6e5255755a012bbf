# SPDX-License-Identifier: Apache-2.0
"""The public names of the Python package, one a line, read from its .pyi files.

What takes any number of keywords or words gives a line for each, so that one more is one line more.
Private names are followed and not listed: users reach what they define by the public names only.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "oaktreemodel"
EXPERIMENTAL = re.compile(r"v\d+alpha\d+$")
FOREIGN = {"builtins": "", "typing": "", "typing_extensions": ""}


def python_names(root: Path) -> set[str]:
    """The names of the package that is in a directory."""
    lines: set[str] = set()
    for path in sorted((root / PACKAGE).rglob("*.pyi")):
        module = path.relative_to(root).with_suffix("")
        if any(EXPERIMENTAL.fullmatch(part) for part in module.parts):
            continue
        tree = ast.parse(path.read_text(), str(path))
        if path.name == "__init__.pyi":
            lines.update(f"{'.'.join(module.parts[:-1])}.{name}" for name in lazy_names(tree))
        else:
            lines.update(Module(".".join(module.parts), tree).lines())
    return lines


def lazy_names(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)


def is_public(name: str) -> bool:
    return not name.startswith(("_", "Global___"))


class Module:
    def __init__(self, name: str, tree: ast.Module) -> None:
        self.name = name
        self.body = tree.body
        self.imports: dict[str, str] = {}
        self.aliases: dict[str, ast.expr] = {}
        self.classes: dict[str, ast.ClassDef] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                start = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
                for alias in node.names:
                    self.imports[alias.asname or alias.name] = start + alias.name
            elif isinstance(node, ast.ClassDef):
                self.classes[node.name] = node

    def lines(self) -> Iterator[str]:
        yield f"module {self.name}"
        for node in self.body:
            yield from self.member(self.name, node)

    def member(self, owner: str, node: ast.stmt) -> Iterator[str]:
        if isinstance(node, ast.ClassDef):
            if is_public(node.name):
                yield f"{owner}.{node.name}: class"
                for inherited in self.family(node):
                    outer = dict(self.aliases)
                    self.aliases.update(private_aliases(inherited))
                    for inner in inherited.body:
                        yield from self.member(f"{owner}.{node.name}", inner)
                    self.aliases = outer
        elif isinstance(node, ast.FunctionDef):
            yield from self.function(owner, node)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            if is_public(node.target.id):
                yield f"{owner}.{node.target.id}: {self.spell(node.annotation)}"
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            if is_public(node.targets[0].id):
                yield f"{owner}.{node.targets[0].id}"

    def family(self, node: ast.ClassDef) -> Iterator[ast.ClassDef]:
        """The class and the private ones whose members it has: bases and metaclass."""
        yield node
        for base in [*node.bases, *(keyword.value for keyword in node.keywords)]:
            if isinstance(base, ast.Name) and base.id.startswith("_") and base.id in self.classes:
                yield self.classes[base.id]

    def function(self, owner: str, node: ast.FunctionDef) -> Iterator[str]:
        name = f"{owner}.{node.name}"
        if any("property" in ast.dump(decorator) for decorator in node.decorator_list):
            yield f"{name}: {self.spell(node.returns)}"
            return
        if not (is_public(node.name) or node.name == "__init__"):
            return
        if node.name == "__init__":
            name = owner
        words = [word for arg in node.args.args for word in self.words(arg.annotation)]
        if words:
            yield from (f"{name}({word!r})" for word in words if not word.startswith("_"))
            return
        given = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        for arg, default in given:
            ending = "" if default is None else " = ..."
            yield f"{name}({arg.arg}: {self.spell(arg.annotation)}{ending})"
        if not node.args.kwonlyargs and not any(
            self.is_never(a.annotation) for a in node.args.args
        ):
            own = [arg for arg in node.args.args if arg.arg not in ("self", "cls")]
            spelt = ", ".join(f"{arg.arg}: {self.spell(arg.annotation)}" for arg in own)
            yield f"{name}({spelt}) -> {self.spell(node.returns)}"

    def words(self, annotation: ast.expr | None) -> list[str]:
        """The words that an annotation takes, when it takes nothing else."""
        node = self.followed(annotation)
        if not isinstance(node, ast.Subscript) or self.spell(node.value) != "Literal":
            return []
        items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        values = [item.value for item in items if isinstance(item, ast.Constant)]
        return [value for value in values if isinstance(value, str)]

    def is_never(self, annotation: ast.expr | None) -> bool:
        node = self.followed(annotation)
        return node is not None and self.spell(node) == "Never"

    def followed(self, annotation: ast.expr | None) -> ast.expr | None:
        if isinstance(annotation, ast.Name):
            return self.aliases.get(annotation.id, annotation)
        return annotation

    def spell(self, annotation: ast.expr | None) -> str:
        if annotation is None:
            return "None"
        return re.sub(r"[A-Za-z_][\w.]*", self.resolve, ast.unparse(annotation))

    def resolve(self, match: re.Match[str]) -> str:
        first, dot, rest = match[0].removeprefix("Global___").partition(".")
        full = self.imports.get(first, first)
        top, inner_dot, inner = full.partition(".")
        if top in FOREIGN:
            full, dot = (inner, dot if inner else "") if inner_dot else ("", "")
        return full + dot + rest


def private_aliases(node: ast.ClassDef) -> dict[str, ast.expr]:
    return {
        statement.target.id: statement.value
        for statement in node.body
        if isinstance(statement, ast.AnnAssign)
        and isinstance(statement.target, ast.Name)
        and statement.target.id.startswith("_")
        and statement.value is not None
    }
