# SPDX-License-Identifier: Apache-2.0
"""Deliberate changes of the fixture, and what the gate has to say of each.

An edit is a file, what to find in it and what to put there. Without the first, the file itself is
removed, or renamed to the second; with the first empty, the second is added to the file.
"""

from __future__ import annotations

from typing import NamedTuple

ORCHARD = "oaktree.orchard.v1"
TREE = "tree.proto"
LADDER = "ladder.proto"
ANNOTATIONS = "annotations.proto"


class Edit(NamedTuple):
    file: str
    find: str | None = None
    put: str | None = None


class Change(NamedTuple):
    name: str
    edits: list[Edit]
    # The breaks it has to be told as. Empty: it breaks nobody.
    ids: set[str]
    # Words that the sentences have to have, about whom it breaks or what to do.
    says: tuple[str, ...] = ()
    # Whether names of generated code are compared as well, which takes a second.
    names: bool = False


def tree(find: str, put: str) -> list[Edit]:
    return [Edit(TREE, find, put)]


def ladder(find: str, put: str) -> list[Edit]:
    return [Edit(LADDER, find, put)]


def ids(*found: str) -> set[str]:
    """Breaks by rule and what is in the package of the fixture."""
    return {name.replace(" ", f" {ORCHARD}.", 1) for name in found}


def file_ids(*rules: str) -> set[str]:
    return {f"{rule} oaktreemodel/orchard/v1/{LADDER}" for rule in rules}


FORCE = "ShakeTreeRequest.force"
MOVED_IN = [
    Edit(TREE, "  // Its name.\n  string name = 3;\n", ""),
    Edit(
        TREE,
        "string squirrel = 13;",
        "string squirrel = 13;\n    // Its name.\n    string name = 3;",
    ),
]
SQUIRREL = "    // An animal.\n    string squirrel = 13;\n  }\n"
MOVED_OUT = tree(SQUIRREL, "  }\n  // An animal.\n  string squirrel = 13;\n")
GET = """\
    option (oaktree.common.v1.method) = {
      verb: VERB_GET
      resource: "oaktree.orchard.v1.Tree"
    };
"""
RESOURCE = """\
  option (oaktree.common.v1.resource) = {
    type: "tree"
    parent: "oaktree.orchard.v1.Basket"
    watch: true
  };
"""
SHAKE = """\
  // Shakes a tree.
  rpc ShakeTree(ShakeTreeRequest) returns (ShakeTreeResponse) {
    option (oaktree.common.v1.method) = {
      verb: VERB_ACTION
      resource: "oaktree.orchard.v1.Tree"
    };
  }
"""
SENSITIVE = " [(oaktree.common.v1.sensitive) = true]"
NO_SIDE_EFFECTS = "    option idempotency_level = NO_SIDE_EFFECTS;\n"
REQUIRED = "(oaktree.common.v1.field_behavior) = FIELD_BEHAVIOR_REQUIRED"
SINCE = '(oaktree.common.v1.field_since) = "0.2.0"'

BREAKING = [
    # Fields
    Change(
        "field deleted",
        tree("  // How hard.\n  int32 force = 20;\n", ""),
        ids(f"FIELD_NO_DELETE {FORCE}"),
        ("JSON", "silently", "mark it deprecated"),
        names=True,
    ),
    Change(
        "field deleted, its number and name reserved",
        tree("  // How hard.\n  int32 force = 20;\n", '  reserved 20;\n  reserved "force";\n'),
        ids(f"FIELD_NO_DELETE {FORCE}"),
    ),
    Change(
        "field renumbered",
        tree("force = 20", "force = 21"),
        ids(f"FIELD_NO_DELETE {FORCE}"),
        ("from 20 to 21", "number back"),
    ),
    Change(
        "field renamed",
        tree("force = 20", "strength = 20"),
        ids(f"FIELD_SAME_NAME {FORCE}", "SINCE_MISSING ShakeTreeRequest.strength"),
        ('"strength"', "JSON", "Python"),
        names=True,
    ),
    Change(
        "two fields that swap their names",
        tree(
            "string id = 2;\n  // Its name.\n  string name = 3",
            "string name = 2;\n  // Its name.\n  string id = 3",
        ),
        ids("FIELD_SAME_NAME Tree.id", "FIELD_SAME_NAME Tree.name"),
        ("JSON",),
    ),
    Change(
        "field of another scalar type",
        tree("int32 force", "int64 force"),
        ids(f"FIELD_SAME_TYPE {FORCE}"),
        ('"int32" to "int64"', "Go"),
    ),
    Change(
        "string that becomes bytes",
        tree("string kind_raw", "bytes kind_raw"),
        ids("FIELD_SAME_TYPE Tree.kind_raw"),
    ),
    Change(
        "number that becomes an enum",
        tree("int32 force", "TreeKind force"),
        ids(f"FIELD_SAME_TYPE {FORCE}"),
    ),
    Change(
        "field of another message type",
        tree(
            "  Tree tree = 1;\n}\n\n// Says which trees",
            "  Basket tree = 1;\n}\n\n// Says which trees",
        ),
        ids("FIELD_SAME_TYPE GetTreeResponse.tree"),
        (f'"{ORCHARD}.Basket"',),
    ),
    Change(
        "optional removed",
        tree("optional int64", "int64"),
        ids("FIELD_SAME_CARDINALITY Tree.apple_count"),
        ("absent",),
    ),
    Change(
        "optional added",
        tree("int32 height_metres", "optional int32 height_metres"),
        ids("FIELD_SAME_CARDINALITY Tree.height_metres"),
    ),
    Change(
        "repeated added",
        tree("string kind_raw", "repeated string kind_raw"),
        ids("FIELD_SAME_CARDINALITY Tree.kind_raw"),
        ('"repeated"',),
    ),
    Change(
        "repeated removed",
        tree("repeated string birds", "string birds"),
        ids("FIELD_SAME_CARDINALITY Tree.birds"),
    ),
    Change("field moved into a oneof", MOVED_IN, ids("FIELD_SAME_ONEOF Tree.name"), ("clears",)),
    Change("field moved out of a oneof", MOVED_OUT, ids("FIELD_SAME_ONEOF Tree.squirrel")),
    Change(
        "oneof renamed",
        tree("oneof keeper", "oneof owner"),
        ids(
            "ONEOF_NO_DELETE Tree.keeper",
            "FIELD_SAME_ONEOF Tree.gardener",
            "FIELD_SAME_ONEOF Tree.squirrel",
        ),
        names=True,
    ),
    Change(
        "JSON name changed",
        tree("force = 20", 'force = 20 [json_name = "power"]'),
        ids(f"FIELD_SAME_JSON_NAME {FORCE}"),
        ("JSON",),
    ),
    Change(
        "values of a map changed",
        tree("map<string, string>", "map<string, int32>"),
        ids("FIELD_SAME_TYPE Tree.labels"),
        ("the map",),
    ),
    Change(
        "keys of a map changed",
        tree("map<string, string>", "map<int32, string>"),
        ids("FIELD_SAME_TYPE Tree.labels"),
    ),
    Change(
        "map that becomes a string",
        tree("map<string, string>", "string"),
        ids("FIELD_SAME_CARDINALITY Tree.labels"),
        names=True,
    ),
    Change(
        "reserved number taken back",
        tree("  reserved 15;\n", ""),
        ids("RESERVED_MESSAGE_NO_DELETE Tree"),
        ("15",),
    ),
    Change(
        "reserved name taken back",
        tree('  reserved "leaf_count";\n', ""),
        ids("RESERVED_MESSAGE_NO_DELETE Tree"),
        ("leaf_count",),
    ),
    Change(
        "field of a nested message deleted",
        ladder("    // What it is made of.\n    Wood wood = 1;\n", ""),
        ids("FIELD_NO_DELETE LendLadderResponse.Rung.wood"),
        names=True,
    ),
    # Enums
    Change(
        "enum value removed",
        tree("  // An apple tree.\n  TREE_KIND_APPLE = 3;\n", ""),
        ids("ENUM_VALUE_NO_DELETE TreeKind.TREE_KIND_APPLE"),
        ("JSON", "no name for"),
        names=True,
    ),
    Change(
        "enum value renamed",
        tree("TREE_KIND_APPLE", "TREE_KIND_APPLES"),
        ids(
            "ENUM_VALUE_SAME_NAME TreeKind.TREE_KIND_APPLE",
            "SINCE_MISSING TreeKind.TREE_KIND_APPLES",
        ),
        ("TREE_KIND_APPLES",),
    ),
    Change(
        "enum value renumbered",
        tree("TREE_KIND_APPLE = 3", "TREE_KIND_APPLE = 4"),
        ids("ENUM_VALUE_NO_DELETE TreeKind.TREE_KIND_APPLE"),
        ("from 3 to 4",),
    ),
    Change(
        "value of a nested enum removed",
        ladder("    // Ash.\n    WOOD_ASH = 1;\n", ""),
        ids("ENUM_VALUE_NO_DELETE LendLadderResponse.Wood.WOOD_ASH"),
    ),
    Change(
        "enum renamed",
        [
            Edit(TREE, "enum TreeKind {", "enum TreeSort {"),
            Edit(TREE, "TreeKind kind", "TreeSort kind"),
        ],
        ids("ENUM_NO_DELETE TreeKind", "FIELD_SAME_TYPE Tree.kind", "SINCE_MISSING TreeSort"),
    ),
    # Messages, services, methods
    Change(
        "message removed",
        [
            Edit(TREE, SHAKE, ""),
            Edit(
                TREE,
                "// The answer of ShakeTree.\n"
                "message ShakeTreeResponse {\n  // The tree.\n  Tree tree = 1;\n}\n",
                "",
            ),
        ],
        ids("MESSAGE_NO_DELETE ShakeTreeResponse", "RPC_NO_DELETE TreeService.ShakeTree"),
        names=True,
    ),
    Change(
        "message renamed",
        [
            Edit(TREE, "message ShakeTreeRequest", "message ShakeRequest"),
            Edit(TREE, "ShakeTree(ShakeTreeRequest)", "ShakeTree(ShakeRequest)"),
        ],
        ids(
            "MESSAGE_NO_DELETE ShakeTreeRequest",
            "RPC_SAME_REQUEST_TYPE TreeService.ShakeTree",
            "SINCE_MISSING ShakeRequest",
        ),
    ),
    Change(
        "request type changed",
        tree("ShakeTree(ShakeTreeRequest)", "ShakeTree(GetTreeRequest)"),
        ids("RPC_SAME_REQUEST_TYPE TreeService.ShakeTree"),
        ("misreads",),
        names=True,
    ),
    Change(
        "response type changed",
        tree("returns (ShakeTreeResponse)", "returns (GetTreeResponse)"),
        ids("RPC_SAME_RESPONSE_TYPE TreeService.ShakeTree"),
    ),
    Change(
        "server streaming removed",
        tree("(stream WatchTreesResponse)", "(WatchTreesResponse)"),
        ids("RPC_SAME_SERVER_STREAMING TreeService.WatchTrees"),
        ("calls of every released client fail",),
    ),
    Change(
        "client streaming added",
        tree("ShakeTree(ShakeTreeRequest)", "ShakeTree(stream ShakeTreeRequest)"),
        ids("RPC_SAME_CLIENT_STREAMING TreeService.ShakeTree"),
    ),
    Change(
        "idempotency level changed",
        tree(f"{NO_SIDE_EFFECTS}{GET}", GET),
        ids("RPC_SAME_IDEMPOTENCY_LEVEL TreeService.GetTree"),
        ("repeat",),
    ),
    Change(
        "method removed",
        tree(SHAKE, ""),
        ids("RPC_NO_DELETE TreeService.ShakeTree"),
        ("UNIMPLEMENTED",),
    ),
    Change(
        "method renamed",
        tree("rpc ShakeTree(", "rpc RattleTree("),
        ids("RPC_NO_DELETE TreeService.ShakeTree", "SINCE_MISSING TreeService.RattleTree"),
        names=True,
    ),
    Change(
        "service renamed",
        tree("service TreeService", "service ForestService"),
        ids("SERVICE_NO_DELETE TreeService", "SINCE_MISSING ForestService"),
    ),
    # Files
    Change(
        "file removed",
        [Edit(LADDER)],
        file_ids("FILE_NO_DELETE"),
        ("headers", "modules"),
        names=True,
    ),
    Change(
        "file renamed",
        [Edit(LADDER, None, "stepladder.proto")],
        file_ids("FILE_NO_DELETE"),
        ("headers", "modules"),
        names=True,
    ),
    Change(
        "package changed",
        ladder("package oaktree.orchard.v1;", "package oaktree.garden.v1;"),
        file_ids("FILE_SAME_PACKAGE")
        | {
            f"SINCE_MISSING oaktree.garden.v1.{name}"
            for name in ("LadderService", "LendLadderRequest", "LendLadderResponse")
        },
        ("oaktree.garden.v1",),
    ),
    Change(
        "go_package changed",
        ladder("go/orchard/v1;orchardv1", "go/garden/v1;gardenv1"),
        file_ids("FILE_SAME_GO_PACKAGE"),
        ("Go programs",),
        names=True,
    ),
    Change(
        "csharp_namespace changed",
        ladder("OpenStack.Oaktree.Orchard.V1", "OpenStack.Oaktree.Garden.V1"),
        file_ids("FILE_SAME_CSHARP_NAMESPACE"),
        ("C# programs",),
    ),
    Change(
        "java_package changed",
        ladder("org.openstack.oaktree", "net.openstack.oaktree"),
        file_ids("FILE_SAME_JAVA_PACKAGE"),
        ("Java programs",),
    ),
    Change(
        "java_outer_classname changed",
        ladder("LadderProto", "Ladders"),
        file_ids("FILE_SAME_JAVA_OUTER_CLASSNAME"),
        ("Java programs",),
    ),
    Change(
        "objc_class_prefix changed",
        ladder("OAKOrchard", "OAKGarden"),
        file_ids("FILE_SAME_OBJC_CLASS_PREFIX"),
        ("Objective-C programs",),
    ),
    # Our own options
    Change(
        "field newly required",
        tree("force = 20", f"force = 20 [{REQUIRED}]"),
        ids(f"FIELD_NEWLY_REQUIRED {FORCE}"),
        ("refused", "leave it optional"),
    ),
    Change(
        "new field that is required",
        tree("force = 20;", f"force = 20;\n  // Why.\n  string why = 21 [{REQUIRED}, {SINCE}];"),
        ids("FIELD_NEWLY_REQUIRED ShakeTreeRequest.why"),
        ("do not know it",),
    ),
    Change(
        "field that nobody may give any more",
        tree("force = 20", f"force = 20 [{REQUIRED.replace('REQUIRED', 'OUTPUT_ONLY')}]"),
        ids(f"FIELD_NEWLY_OUTPUT_ONLY {FORCE}"),
    ),
    Change(
        "field that nobody may change any more",
        tree("force = 20", f"force = 20 [{REQUIRED.replace('REQUIRED', 'IMMUTABLE')}]"),
        ids(f"FIELD_NEWLY_IMMUTABLE {FORCE}"),
    ),
    Change(
        "sensitive lost",
        tree(SENSITIVE, ""),
        ids("FIELD_SENSITIVE_LOST Tree.password"),
        ("logs",),
    ),
    Change(
        "sensitive set to false",
        tree("sensitive) = true", "sensitive) = false"),
        ids("FIELD_SENSITIVE_LOST Tree.password"),
    ),
    Change(
        "verb of a method changed",
        tree("VERB_ACTION", "VERB_DELETE"),
        ids("METHOD_VERB_CHANGED TreeService.ShakeTree"),
        ("VERB_ACTION", "VERB_DELETE"),
    ),
    Change(
        "resource of a method changed",
        tree(
            'VERB_ACTION\n      resource: "oaktree.orchard.v1.Tree"',
            'VERB_ACTION\n      resource: "oaktree.orchard.v1.Basket"',
        ),
        ids("METHOD_RESOURCE_CHANGED TreeService.ShakeTree"),
    ),
    Change(
        "method option lost",
        tree(GET, ""),
        ids(
            "METHOD_RESOURCE_CHANGED TreeService.GetTree", "METHOD_VERB_CHANGED TreeService.GetTree"
        ),
    ),
    Change(
        "type of a resource changed",
        tree('type: "tree"', 'type: "plant"'),
        ids("RESOURCE_TYPE_CHANGED Tree"),
    ),
    Change(
        "parent of a resource changed",
        tree('    parent: "oaktree.orchard.v1.Basket"\n', ""),
        ids("RESOURCE_PARENT_CHANGED Tree"),
    ),
    Change(
        "resource that can no longer be watched",
        tree("    watch: true\n", ""),
        ids("RESOURCE_WATCH_CHANGED Tree"),
    ),
    Change(
        "resource option lost",
        tree(RESOURCE, ""),
        ids(*(f"RESOURCE_{part}_CHANGED Tree" for part in ("TYPE", "PARENT", "WATCH"))),
    ),
    Change(
        "option renumbered",
        [Edit(ANNOTATIONS, "Resource resource = 136370364", "Resource resource = 136370365")],
        {"OPTION_CHANGED oaktree.common.v1.resource"},
        ("136370365",),
    ),
    Change(
        "option that the gate does not know",
        [
            Edit(
                ANNOTATIONS,
                "  bool sensitive = 266713636;",
                "  bool sensitive = 266713636;\n  // Its colour.\n  string color = 1234567;",
            )
        ],
        {"OPTION_UNKNOWN oaktree.common.v1.color"},
        ("options.py",),
    ),
    # What is new
    Change(
        "field added without since",
        tree("force = 20;", "force = 20;\n  // Why.\n  string why = 21;"),
        ids("SINCE_MISSING ShakeTreeRequest.why"),
        ("0.1.0", "field_since"),
    ),
    Change(
        "message added without since",
        ladder("// The answer", "// A saw.\nmessage Saw {}\n\n// The answer"),
        ids("SINCE_MISSING Saw"),
        ("message_since",),
    ),
    Change(
        "since of a release that does not have it",
        tree(
            "force = 20;",
            f"force = 20;\n  // Why.\n  string why = 21 [{SINCE.replace('0.2.0', '0.1.0')}];",
        ),
        ids("SINCE_WRONG ShakeTreeRequest.why"),
        ("0.1.0 does not have it",),
    ),
    Change(
        "since of what the first release has",
        tree("force = 20", f"force = 20 [{SINCE}]"),
        ids(f"SINCE_WRONG {FORCE}"),
        ("0.1.0 has it already",),
    ),
    Change(
        "since that is no release",
        tree(
            "force = 20;",
            f"force = 20;\n  // Why.\n  string why = 21 [{SINCE.replace('0.2.0', 'soon')}];",
        ),
        ids("SINCE_WRONG ShakeTreeRequest.why"),
    ),
]

SEASON = """\
// SPDX-License-Identifier: Apache-2.0

syntax = "proto3";

// Seasons.
package oaktree.orchard.v1;

import "oaktreemodel/common/v1/annotations.proto";

option go_package = "opendev.org/x/oaktreemodel/go/orchard/v1;orchardv1";

// Changes seasons.
service SeasonService {
  option (oaktree.common.v1.service_since) = "0.2.0";
  // Waits for the next one.
  rpc WaitSeason(WaitSeasonRequest) returns (WaitSeasonResponse) {}
}

// Says which season to wait for.
message WaitSeasonRequest {
  option (oaktree.common.v1.message_since) = "0.2.0";
  // Which.
  Season season = 20 [(oaktree.common.v1.field_behavior) = FIELD_BEHAVIOR_REQUIRED];
}

// The answer of WaitSeason.
message WaitSeasonResponse {
  option (oaktree.common.v1.message_since) = "0.2.0";
}

// Seasons.
enum Season {
  option (oaktree.common.v1.enum_since) = "0.2.0";
  // Not said.
  SEASON_UNSPECIFIED = 0;
}
"""

DREAM = """\
syntax = "proto3";

package oaktree.orchard.v1alpha1;

option go_package = "opendev.org/x/oaktreemodel/go/orchard/v1alpha1;orchardv1alpha1";

message Dream {}
"""

HARMLESS = [
    Change("nothing", [], set(), names=True),
    Change("comment of a field changed", tree("// How hard.", "// How hard, in newtons."), set()),
    Change(
        "comment of a file changed",
        tree("// What the gate is tried on", "// What it is tried on"),
        set(),
    ),
    Change(
        "field added",
        tree("force = 20;", f"force = 20;\n  // Why.\n  optional string why = 21 [{SINCE}];"),
        set(),
    ),
    Change(
        "field added in the middle",
        tree(
            "  // Its id.\n  string id = 2;",
            f"  // Its age.\n  int32 age = 16 [{SINCE}];\n  // Its id.\n  string id = 2;",
        ),
        set(),
        names=True,
    ),
    Change(
        "field added to a oneof",
        tree(
            "string squirrel = 13;",
            f"string squirrel = 13;\n    // A thing.\n    Basket robot = 16 [{SINCE}];",
        ),
        set(),
        names=True,
    ),
    Change(
        "oneof of new fields added",
        tree(
            "  reserved 15;",
            "  // Its sign.\n  oneof sign {\n    // In words.\n"
            f"    string text = 16 [{SINCE}];\n  }}\n  reserved 15;",
        ),
        set(),
    ),
    Change(
        "map added",
        tree("force = 20;", f"force = 20;\n  // Why.\n  map<string, Basket> why = 21 [{SINCE}];"),
        set(),
    ),
    Change(
        "enum value added",
        tree(
            "TREE_KIND_APPLE = 3;",
            "TREE_KIND_APPLE = 3;\n  // A pear tree.\n"
            '  TREE_KIND_PEAR = 4 [(oaktree.common.v1.enum_value_since) = "0.2.0"];',
        ),
        set(),
        names=True,
    ),
    Change(
        "method added",
        tree(
            SHAKE,
            SHAKE
            + SHAKE.replace("ShakeTree(", "RattleTree(").replace(
                "{\n", '{\n    option (oaktree.common.v1.method_since) = "0.2.0";\n', 1
            ),
        ),
        set(),
        names=True,
    ),
    Change(
        "message added",
        ladder(
            "// The answer",
            "// A saw.\nmessage Saw {\n"
            '  option (oaktree.common.v1.message_since) = "0.2.0";\n'
            "  // Its teeth.\n  int32 teeth = 1;\n}\n\n// The answer",
        )
        + ladder(
            "option csharp", 'import "oaktreemodel/common/v1/annotations.proto";\n\noption csharp'
        ),
        set(),
    ),
    Change("file with a service added", [Edit("season.proto", "", SEASON)], set(), names=True),
    Change(
        "experimental file added",
        [
            Edit(
                "../v1alpha1/dream.proto",
                "",
                DREAM,
            )
        ],
        set(),
        names=True,
    ),
    Change(
        "field deprecated", tree("force = 20", "force = 20 [deprecated = true]"), set(), names=True
    ),
    Change(
        "method deprecated",
        tree(
            SHAKE,
            SHAKE.replace("Response) {\n", "Response) {\n    option deprecated = true;\n"),
        ),
        set(),
    ),
    Change(
        "enum value deprecated",
        tree("TREE_KIND_APPLE = 3", "TREE_KIND_APPLE = 3 [deprecated = true]"),
        set(),
    ),
    Change("source changed", tree('attribute: "height"', 'attribute: "size"'), set()),
    Change(
        "source removed",
        tree(
            ' [(oaktree.common.v1.source) = {\n    service: "orchard"\n'
            '    attribute: "height"\n  }]',
            "",
        ),
        set(),
    ),
    Change("number reserved", tree("reserved 15;", "reserved 15, 16;"), set()),
    Change(
        "name reserved",
        tree('reserved "leaf_count";', 'reserved "leaf_count", "root_count";'),
        set(),
    ),
    Change("field no longer required", [Edit(TREE, f" [{REQUIRED}]", "")], set()),
    Change(
        "sensitive added", tree("string kind_raw = 5", f"string kind_raw = 5{SENSITIVE}"), set()
    ),
    Change(
        "resource added",
        [
            Edit(
                "basket.proto",
                "message Basket {",
                "message Basket {\n  option (oaktree.common.v1.resource) = {\n"
                '    type: "basket"\n    watch: true\n  };',
            ),
            Edit(
                "basket.proto",
                "option csharp",
                'import "oaktreemodel/common/v1/annotations.proto";\n\noption csharp',
            ),
        ],
        set(),
    ),
    Change(
        "fields in another order",
        [
            Edit(TREE, "  // Its name.\n  string name = 3;\n", ""),
            Edit(TREE, "  // Its id.\n", "  // Its name.\n  string name = 3;\n  // Its id.\n"),
        ],
        set(),
    ),
    Change(
        "import added",
        ladder("option csharp", 'import "google/protobuf/duration.proto";\n\noption csharp'),
        set(),
    ),
]
