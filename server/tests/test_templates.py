# SPDX-License-Identifier: Apache-2.0
"""Templates of stacks as people write them, and as they should not."""

from __future__ import annotations

import pytest

from oaktree.clouds.simulated.templates import DEPTH, read

WRITTEN = """\
heat_template_version: 2021-04-16
parameters: {size: {type: number, default: 3}}  # in braces
resources:
  small: &small
    type: OS::Nova::Server
    properties:
      flavor: 'm1.small'
      user_data: |
        #!/bin/sh
        echo "a: b"
      8080: on
  large:
    <<: *small
    depends_on: [small]
"""


def test_yaml() -> None:
    small = {
        "type": "OS::Nova::Server",
        "properties": {
            "flavor": "m1.small",
            "user_data": '#!/bin/sh\necho "a: b"\n',
            "8080": True,
        },
    }
    assert read(WRITTEN) == {
        "heat_template_version": "2021-04-16",
        "parameters": {"size": {"type": "number", "default": 3}},
        "resources": {"small": small, "large": {**small, "depends_on": ["small"]}},
    }


def test_json() -> None:
    assert read('{\n\t"a": ["\\ud83c\\udf33", 1.5, null]}') == {"a": ["🌳", 1.5, None]}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: 1\nb: c: d", "line 2 column 5: mapping values are not allowed"),
        ("a:\n  - [1, 2", "while parsing a flow sequence"),
        ("a: *b", "line 1 column 4: found undefined alias"),
        ("a: !file secret", "line 1 column 4: could not determine a constructor for the tag"),
        ("a: 1\n---\nb: 2", "line 2 column 1: expected a single document"),
        ("a: \x07", "control characters are not allowed|special characters are not allowed"),
        ("a: !!bool maybe", "not what its tag says"),
        ("a: !!binary aGk=", "a bytes has no meaning in it"),
        ('{"a": }', "line 1 column 7"),
        ("a: &a [*a]", f"more than {DEPTH} deep"),
        ("- " * 200_000, f"more than {DEPTH} deep"),
        ("{" + '"a":{' * 100_000, f"more than {DEPTH} deep"),
        ("".join(f"a{i}: &{i} [{f'*{i - 1},' * 9 if i else 1}]\n" for i in range(9)), "values"),
    ],
    ids=lambda value: value[:20] if value.isprintable() else None,
)
def test_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read(text)
