"""Contracts are read whole or refused whole: every mistake has its place, its reason and the nearest word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from huaxiang.contracts.load import load_contracts
from huaxiang.contracts.model import Gate, Rule, Text
from huaxiang.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

LIKE = """\
apiVersion: v3.1.0
kind: DataContract
id: huaxiang.landing.like
name: like
version: 1.0.0
status: active
description: {purpose: What people like., customProperties: [{property: purposeZh, value: 人们喜欢什么。}]}
slaProperties: [{property: latency, value: 30, unit: d}]
schema:
  - name: like
    physicalType: table
    businessName: Like
    description: One like.
    customProperties:
      - {property: titleZh, value: 点赞}
      - {property: descriptionZh, value: 一次点赞。}
      - {property: instantColumn, value: at}
      - {property: accounts, value: {account: account_id}}
    properties:
      - name: platform
        businessName: Platform
        description: The platform.
        logicalType: string
        physicalType: string
        required: true
        primaryKey: true
        primaryKeyPosition: 1
        classification: free
        logicalTypeOptions: {pattern: '^[a-z]+$'}
        examples: [weibo]
        customProperties: [{property: titleZh, value: 平台}, {property: descriptionZh, value: 平台。}]
      - name: account_id
        businessName: Account
        description: Who likes.
        logicalType: string
        physicalType: string
        primaryKey: true
        primaryKeyPosition: 2
        classification: direct-id
        customProperties: [{property: titleZh, value: 账号}, {property: descriptionZh, value: 点赞者。}]
      - name: strength
        businessName: Strength
        description: How much, from 1 to 5.
        logicalType: integer
        physicalType: int
        classification: sensitive
        logicalTypeOptions: {minimum: 1, maximum: 5}
        quality: [{metric: invalidValues, mustBe: 0, arguments: {validValues: [1, 3, 5]}}]
        customProperties:
          - {property: titleZh, value: 强度}
          - {property: descriptionZh, value: 从 1 到 5。}
          - {property: unit, value: point}
      - name: at
        businessName: At
        description: When.
        logicalType: timestamp
        physicalType: timestamp
        classification: quasi-id
        customProperties: [{property: titleZh, value: 时间}, {property: descriptionZh, value: 何时。}]
      - name: revision
        businessName: Revision
        description: Corrections.
        logicalType: integer
        physicalType: bigint
        classification: free
        customProperties: [{property: titleZh, value: 修订}, {property: descriptionZh, value: 修订号。}]
      - name: op
        businessName: Operation
        description: Upsert or delete.
        logicalType: string
        physicalType: string
        classification: free
        customProperties: [{property: titleZh, value: 操作}, {property: descriptionZh, value: 操作。}]
    quality:
      - name: strong_enough
        description: Weak likes are noise.
        type: custom
        engine: huaxiang
        implementation: strength >= 2
        customProperties: [{property: descriptionZh, value: 弱赞是噪声。}]
      - description: Somebody likes something.
        metric: rowCount
        mustBeGreaterOrEqualTo: 1
        severity: critical
        customProperties: [{property: descriptionZh, value: 至少一次。}]
      - description: Few are refused.
        type: custom
        engine: huaxiang
        implementation: {metric: quarantined_share, maximum: 0.2}
        severity: warning
        customProperties: [{property: descriptionZh, value: 拒收很少。}]
"""
FILE = "schemas/landing/like.yaml"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "schemas" / "landing").mkdir(parents=True)
    (tmp_path / FILE).write_text(LIKE, encoding="utf-8")
    return tmp_path / "schemas"


def refusal(folder: Path, *changes: tuple[str, str]) -> str:
    """Return what the loader says when parts of the good contract are written differently."""
    text = LIKE
    for good, bad in changes:
        assert text.count(good) >= 1, good
        text = text.replace(good, bad, 1)
    (folder / "landing" / "like.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        load_contracts(folder)
    assert refused.value.exit_code == 2
    *lines, summary = str(refused.value).splitlines()
    assert summary.endswith("in 1 of 1 contracts.")
    return "\n".join(lines).replace(FILE, "F")


def test_a_good_contract_says_everything(folder: Path) -> None:
    like = load_contracts(folder)["like"]
    assert like.key == ("platform", "account_id")
    assert (like.layer, like.version, like.lateness_days, like.at, like.on_date) == (
        "landing",
        "1.0.0",
        30,
        "at",
        None,
    )
    assert like.accounts == (("account", "account_id"),)
    assert like.title == Text("Like", "点赞")
    assert like.purpose == Text("What people like.", "人们喜欢什么。")
    strength = like.column("strength")
    assert (strength.allowed, strength.minimum, strength.maximum) == (("1", "3", "5"), 1, 5)
    assert (strength.unit, strength.privacy, strength.required) == ("point", "sensitive", False)
    assert like.column("platform").examples == ("weibo",)
    assert like.rules == (
        Rule("strong_enough", "strength >= 2", Text("Weak likes are noise.", "弱赞是噪声。")),
    )
    assert (like.rules[0].line, like.rules[0].column) == (79, 25)
    assert like.gates == (
        Gate("rows", 1, None, "critical", Text("Somebody likes something.", "至少一次。")),
        Gate("quarantined_share", None, 0.2, "warning", Text("Few are refused.", "拒收很少。")),
    )


COLUMN_MISTAKES = [
    (
        ("classification: direct-id", "clasification: direct-id"),
        (
            "F:32  column `account_id`: `classification` is missing\n"
            "F:39  column `account_id`: unknown key `clasification`\n    → did you mean `classification`?"
        ),
    ),
    (
        ("classification: direct-id", "classification: direct_id"),
        "F:39  column `account_id`: unknown classification `direct_id`\n    → did you mean `direct-id`?",
    ),
    (
        ("description: Who likes.", "description: ''"),
        "F:34  column `account_id`: the English description is empty",
    ),
    (
        ("value: 点赞者。", "value: ' '"),
        "F:40  column `account_id`: the Chinese description (`descriptionZh`) is empty",
    ),
    (
        ("{property: titleZh, value: 账号}, ", ""),
        "F:32  column `account_id`: the Chinese title (`titleZh`) is missing",
    ),
    (
        ("        businessName: Account\n", ""),
        "F:32  column `account_id`: the English title (`businessName`) is missing",
    ),
    (
        ("physicalType: int\n", "physicalType: integr\n"),
        "F:45  column `strength`: unknown type `integr`\n    → did you mean `int`?",
    ),
    (
        ("physicalType: int\n", "physicalType: array<strng>\n"),
        "F:45  column `strength`: unknown type `strng`\n    → did you mean `string`?",
    ),
    (
        ("logicalType: integer", "logicalType: number"),
        "F:44  column `strength`: unknown logicalType `number`\n    → valid: integer",
    ),
    (
        ("minimum: 1, maximum: 5", "minimum: 5, maximum: 1"),
        "F:47  column `strength`: impossible: the minimum 5 is above the maximum 1",
    ),
    (
        ("minimum: 1, maximum: 5", "minimum: 3000000000"),
        "F:47  column `strength`: impossible: no `int` reaches the minimum 3000000000",
    ),
    (
        ("minimum: 1, maximum: 5", "maximum: -3000000000"),
        "F:47  column `strength`: impossible: every `int` is above the maximum -3000000000",
    ),
    (
        ("minimum: 1, maximum: 5", "minimum: one"),
        "F:47  column `strength`: `minimum` is text; expected a number",
    ),
    (
        ("minimum: 1, maximum: 5", "pattern: '^1$'"),
        "F:47  column `strength`: a pattern on type `int`; expected a column of text",
    ),
    (
        ("'^[a-z]+$'}", "'^[a-z]+$', minimum: 1}"),
        "F:29  column `platform`: a minimum or maximum on type `string`; expected a column of numbers",
    ),
    (
        ("validValues: [1, 3, 5]", "validValues: []"),
        "F:48  column `strength`: no value is allowed; expected at least one in `validValues`",
    ),
    (
        ("validValues: [1, 3, 5]", "validValues: [1, many]"),
        "F:48  column `strength`: the allowed value `many` is not of type `int`",
    ),
    (
        ("validValues: [1, 3, 5]", "validValues: [1, 1]"),
        "F:48  column `strength`: a value is allowed twice",
    ),
    (
        ("validValues: [1, 3, 5]", "validValues: [1, [3]]"),
        "F:48  column `strength`: `validValues` holds something that is no value; expected words or numbers",
    ),
    (
        ("mustBe: 0", "mustBe: 4"),
        "F:48  column `strength`: `mustBe` is not 0; expected 0: each invalid value sends its row to quarantine",
    ),
    (
        ("pattern: '^[a-z]+$'", "pattern: '[a-z]+'"),
        "F:29  column `platform`: the pattern `[a-z]+` may match a part only; expected `^…$`",
    ),
    (
        ("pattern: '^[a-z]+$'", "pattern: '^[a-z+$'"),
        (
            "F:29  column `platform`: the pattern `^[a-z+$` cannot be read: "
            "unterminated character set at position 1"
        ),
    ),
    (
        ("examples: [weibo]", "examples: [Weibo]"),
        "F:30  column `platform`: the example `Weibo` does not match the pattern `^[a-z]+$`",
    ),
    (
        ("        examples: [weibo]\n", ""),
        "F:29  column `platform`: a pattern without `examples`; expected values that it lets pass",
    ),
    (
        ("{property: unit, value: point}", "{property: money, value: true}"),
        "F:41  column `strength`: `money` on type `int`; expected a decimal",
    ),
    (
        ("{property: unit, value: point}", "{property: contact, value: true}"),
        "F:41  column `strength`: `contact` on type `int`; expected a string",
    ),
    (
        ("{property: unit, value: point}", "{property: units, value: point}"),
        "F:52  column `strength`: unknown custom property `units`\n    → did you mean `unit`?",
    ),
    (
        ("{property: unit, value: point}", "{property: titleZh, value: 强}"),
        "F:52  column `strength`: custom property `titleZh` appears twice",
    ),
    (
        ("required: true", "required: 'yes'"),
        "F:25  column `platform`: `required` is text; expected true or false",
    ),
    (
        ("description: The platform.", "description: 5"),
        "F:22  column `platform`: the English description is a number; expected text\n    → put it in quotes",
    ),
    (
        ("- name: strength", "- name: Strength"),
        (
            "F:41  column `Strength`: the name `Strength`; expected lower-case ASCII snake_case\n"
            "F:79:25  rule `strong_enough`: unknown name `strength`\n    strength >= 2\n    ^^^^^^^^"
            "        did you mean `Strength` (Strength)?"
        ),
    ),
]

TABLE_MISTAKES = [
    (("kind: DataContract", "kinds: DataContract"), "F:1  `kind` is missing\nF:2  unknown key `kinds`\n    → did you mean `kind`?"),
    (("apiVersion: v3.1.0", "apiVersion: v3.0.0"), "F:1  unknown apiVersion `v3.0.0`\n    → did you mean `v3.1.0`?"),
    (("id: huaxiang.landing.like", "id: huaxiang.landing.likes"), "F:3  unknown id `huaxiang.landing.likes`\n    → did you mean `huaxiang.landing.like`?"),
    (("name: like", "name: likes"), "F:4  the name is `likes`; expected `like`, like the file"),
    (("version: 1.0.0", "version: 1.0"), "F:5  `version` is a number; expected text\n    → put it in quotes"),
    (("version: 1.0.0", "version: one"), "F:5  version `one`; expected three numbers, such as 1.0.0"),
    (("status: active", "status: activ"), "F:6  unknown status `activ`\n    → did you mean `active`?"),
    (("value: 人们喜欢什么。", "value: ''"), "F:7  the purpose: the Chinese text (`purposeZh`) is empty"),
    (("value: 30, unit: d", "value: 0, unit: d"), "F:8  service level: `value` is not a number of days; expected a whole number from 1"),
    (("schema:\n", "schema: {}\nold:\n"), "F:9  `schema` is a map; expected a list\nF:9  `schema` has 0 tables; expected one\nF:10  unknown key `old`\n    → valid: apiVersion, description, id, kind, name, schema, slaProperties, status, version"),
    (("value: at}", "value: att}"), "F:17  table `like`: unknown column `att`\n    → did you mean `at`?"),
    (("instantColumn, value: at}", "instantColumn, value: strength}"), "F:17  table `like`: `instantColumn` is `strength` of type int; expected timestamp"),
    (("{account: account_id}", "{account: acount_id}"), "F:18  table `like`: unknown column `acount_id`\n    → did you mean `account_id`?"),
    (("{account: account_id}", "{acount: account_id}"), "F:18  table `like`: unknown account role `acount`\n    → did you mean `account`?"),
    (("primaryKeyPosition: 2", "primaryKeyPosition: 3"), "F:19  table `like`: key positions 1, 3; expected 1 to 2 without a gap"),
    (("primaryKeyPosition: 2", "primaryKeyPosition: 1"), "F:38  column `account_id`: key position 1 is taken by `platform`"),
    (("        primaryKeyPosition: 2\n", ""), "F:37  column `account_id`: `primaryKeyPosition` is missing; expected 1 for the first column of the key"),
    (("        primaryKey: true\n        primaryKeyPosition: 2\n", "        primaryKeyPosition: 2\n"), "F:37  column `account_id`: a key position without `primaryKey: true`"),
    (("- name: op", "- name: opp"), "F:19  table `like`: a landing feed without the column `op`; expected `op` of type string"),
    (("- name: op", "- name: part"), "F:19  table `like`: a landing feed without the column `op`; expected `op` of type string\nF:67  column `part`: cleaning adds a column of this name; expected another name"),
    (("- name: op", "- name: at"), "F:19  table `like`: a landing feed without the column `op`; expected `op` of type string\nF:67  column `at`: the name appears twice"),
    (("implementation: strength >= 2", "implementation: strenght >= 2"), "F:79:25  rule `strong_enough`: unknown name `strenght`\n    strenght >= 2\n    ^^^^^^^^        did you mean `strength` (Strength)?"),
    (("implementation: strength >= 2", "implementation: strength + 2"), "F:79:25  rule `strong_enough`: a number where true or false is needed\n    strength + 2\n    ^^^^^^^^^^^^"),
    (("implementation: strength >= 2", "implementation: strength >="), "F:79:34  rule `strong_enough`: something is missing beside `>=`\n    strength >=\n             ^^"),
    (("implementation: strength >= 2", "implementation: 1 = 1"), "F:79  rule `strong_enough`: the rule names no column, so it says nothing about a row"),
    (("implementation: strength >= 2", "implementation: strength >= 2\n        severity: warning"), "F:80  rule `strong_enough`: severity `warning` on a row rule; expected critical: it always quarantines"),
    (("name: strong_enough", "name: strong-enough"), "F:75  rule `strong-enough`: the rule name `strong-enough`; expected lower-case ASCII snake_case"),
    (("engine: huaxiang", "engine: soda"), "F:78  rule `strong_enough`: unknown engine `soda`\n    → valid: huaxiang"),
    (("metric: rowCount", "metric: rowCuont"), "F:82  quality: unknown metric `rowCuont`\n    → did you mean `rowCount`?"),
    (("        mustBeGreaterOrEqualTo: 1\n", ""), "F:81  quality: the gate has no limit, so nothing can fail it; expected a minimum or a maximum"),
    (("mustBeGreaterOrEqualTo: 1", "mustBeBetween: [5, 1]"), "F:81  quality: impossible: the minimum 5 is above the maximum 1"),
    (("mustBeGreaterOrEqualTo: 1", "mustBeBetween: [5]"), "F:81  quality: the gate has no limit, so nothing can fail it; expected a minimum or a maximum\nF:83  quality: `mustBeBetween` is not a pair; expected [smallest, largest]"),
    (("metric: rowCount\n        mustBeGreaterOrEqualTo: 1", "metric: duplicateValues\n        mustBe: 0"), "F:81  quality: `duplicateValues` names no columns; expected `arguments: {properties: […]}`"),
    (("metric: rowCount\n        mustBeGreaterOrEqualTo: 1", "metric: duplicateValues\n        arguments: {properties: [acount_id]}\n        mustBe: 0"), "F:83  quality: unknown column `acount_id`\n    → did you mean `account_id`?"),
    (("metric: quarantined_share", "metric: quarantine_share"), "F:89  gate: unknown metric `quarantine_share`\n    → did you mean `quarantined_share`?"),
    (("metric: quarantined_share", "metric: null_share"), "F:89  gate: metric `null_share`; expected `null_share:<column>`"),
    (("metric: quarantined_share", "metric: 'null_share:att'"), "F:89  gate: unknown column `att`\n    → did you mean `at`?"),
    (("maximum: 0.2", "maximum: 20"), "F:89  gate: the limit 20 of a share; expected between 0 and 1"),
    (("severity: warning", "severity: warn"), "F:90  quality: unknown severity `warn`\n    → did you mean `warning`?"),
    (("value: 拒收很少。", "value: null"), "F:91  quality: the Chinese description (`descriptionZh`) is empty"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), COLUMN_MISTAKES + TABLE_MISTAKES)
def test_a_mistake_is_answered(folder: Path, change: tuple[str, str], message: str) -> None:
    assert refusal(folder, change) == message


def test_a_feed_needs_a_key_columns_and_a_platform_for_its_accounts(folder: Path) -> None:
    first = ("        primaryKey: true\n        primaryKeyPosition: 1\n", "")
    second = ("        primaryKey: true\n        primaryKeyPosition: 2\n", "")
    assert refusal(folder, first, second) == (
        "F:19  table `like`: no column is part of the key; expected `primaryKey: true` on at least one"
    )
    assert refusal(folder, ("- name: platform", "- name: place")) == (
        "F:18  table `like`: accounts without a column `platform`"
    )
    said = refusal(folder, ("    properties:\n", "    properties: []\n    old:\n"))
    assert "F:19  table `like`: the table has no columns\n" in said
    assert "F:20  table `like`: unknown key `old`\n" in said


def test_allowed_values_are_for_words_and_whole_numbers(folder: Path) -> None:
    said = refusal(
        folder,
        (
            "logicalType: integer\n        physicalType: int\n",
            "logicalType: number\n        physicalType: double\n",
        ),
    )
    assert said == (
        "F:48  column `strength`: allowed values on type `double`; expected a column of text or whole numbers"
    )


def test_two_rules_have_two_names(folder: Path) -> None:
    rule = LIKE[LIKE.index("      - name: strong_enough") : LIKE.index("      - description: Somebody")]
    assert refusal(folder, (rule, rule + rule)) == "F:81  rule `strong_enough`: the name appears twice"


def test_a_contract_knows_its_columns(folder: Path) -> None:
    with pytest.raises(KeyError, match="colour"):
        load_contracts(folder)["like"].column("colour")


def test_all_problems_come_at_once(folder: Path) -> None:
    (folder / "landing" / "broken.yaml").write_text("a: [", encoding="utf-8")
    (folder / "landing" / "empty.yaml").write_text("", encoding="utf-8")
    text = LIKE.replace("classification: direct-id", "classification: secret").replace("One like.", "''")
    (folder / "landing" / "like.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        load_contracts(folder)
    lines = [line for line in str(refused.value).splitlines() if line.startswith("schemas")]
    assert [line.split("  ")[0] for line in lines] == [
        "schemas/landing/broken.yaml:2:1",
        "schemas/landing/empty.yaml:1",
        "schemas/landing/like.yaml:13",
        "schemas/landing/like.yaml:39",
    ]
    assert refused.value.summary == "4 problems in 3 of 3 contracts."


def test_one_table_has_one_contract(folder: Path) -> None:
    (folder / "lake").mkdir()
    twin = LIKE.replace("huaxiang.landing.like", "huaxiang.lake.like")
    (folder / "lake" / "like.yaml").write_text(twin, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="table `like` has a contract in schemas/landing/like"):
        load_contracts(folder)


def test_a_folder_without_contracts_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError) as refused:
        load_contracts(tmp_path / "nothing")
    assert str(refused.value) == (
        "nothing  no contract in landing, lake, published; expected a folder like the shipped `schemas`"
    )


def test_the_mapping(folder: Path) -> None:
    contracts = load_contracts(folder)
    assert list(contracts) == ["like"]
    assert len(contracts) == 1
    assert "like" in contracts
    assert contracts.landing == (contracts["like"],)
    assert contracts.lake == contracts.published == ()
    with pytest.raises(KeyError, match="no contract for `likes`; did you mean `like`"):
        contracts["likes"]
    assert len(contracts.plus([contracts["like"]])) == 1


def test_the_digest_follows_the_words_not_the_lines(folder: Path) -> None:
    before = load_contracts(folder).digest
    path = folder / "landing" / "like.yaml"
    path.write_text("# a comment\n" + LIKE, encoding="utf-8")
    assert load_contracts(folder).digest == before
    path.write_text(LIKE.replace("maximum: 5", "maximum: 6"), encoding="utf-8")
    assert load_contracts(folder).digest != before
