"""The rules of CONTRIBUTING.md on names and sentences, as a program can check them."""

import ast
import re
from collections.abc import Iterator

from tests.rules.source_files import SourceFile

# A statement that opens with a clause makes the reader wait for its subject.
RIDDLE = re.compile(
    r"^(?:What(?:ever)?\b|Who(?:ever|m|se)?\b|Of\b(?! course)|Else\b|Not when\b"
    r"|(?:Those|All|Everything|Anything|Something|Nothing|Everybody|Somebody|Nobody|Many|One) "
    r"(?:who|whom|which|that|of (?:which|whom))\b"
    r"|That (?:a|an|the|it|they|we|you|no|nobody|somebody|something|each|every|all)\b)"
)
# A function does something or is named after its value; an event or a status may be a participle.
PARTICIPLES = frozenset(
    """
    told taken noted asked heard kept judged learnt weighed foretold answered picked saved
    said known found held seen sent gone lost left given made drawn shown written joined
    leased listed counted cleaned arranged appointed welcomed rescued acquainted taught earned
    """.split()  # noqa: SIM905  (a list of four hundred strings reads worse)
)
IMPERATIVES = frozenset(
    """
    abort accept acknowledge adapt add adjust adopt alert align allow announce answer append
    apply archive ask assert assign attach audit authenticate avoid back batch begin bind
    block bound break bring build bump bypass cache calibrate call cancel cap carry catch
    change check choose claim clarify clean clear clip close coalesce collect combine compare
    compress compute configure confirm connect constrain continue convert copy correct count
    cover create cut deal debounce decide declare decouple deduplicate default defer define
    delay delete deliver demote deny deprecate derive describe detach detect disable discard
    dismiss dispatch display distinguish divide do document drain draw drop edit emit enable
    encode end enforce ensure erase escalate escape estimate evaluate exclude expand expect
    expire explain export expose extend extract fail fetch fill filter find finish fix flag
    flatten flush fold follow forbid forget format forward free freeze generate get give go
    grant group guard guess hand handle hash hide hold honour ignore implement import improve
    include increase indent index infer inject inline insert install introduce invite isolate
    join keep kill label learn lease leave let lift limit link lint list load localise lock
    log look loosen lower maintain make map mark mask match measure mend mention merge migrate
    mirror mock move mute name narrow normalise note notify number offer omit open order own
    paginate park parse pass patch pause permit persist phrase pick pin place point poll post
    prefer prepare preserve prevent print probe promote protect prove prune publish pull purge
    push put quarantine query queue quote raise rank read reassign rebuild recognise reconcile
    reconnect record recover redact reduce refactor refresh refuse regenerate register reject
    relax relay release reload remind remove rename render reopen reorder repair repeat
    replace replay reply report request require reschedule resend reserve reset resize resolve
    respond restart restore restrict resume retain retire retry return reuse revert revise
    revoke rewrite rework roll rotate round route run sanitise save say scale scan schedule
    seal search seed select send separate serve set settle share shift shorten show sign
    silence simplify simulate size skip snooze sort speak specify speed split spread squash
    stamp start state step stop store stream strip style submit subscribe suggest summarise
    supply support suppress surface survive suspend swap switch sync tag take teach tell
    terminate test throttle tidy tighten time tolerate trace track train translate treat
    triage trim truncate trust try tune turn type unblock undo unify unlock update upgrade use
    validate vary verify visit wait wake warn watch widen wire withdraw word work wrap write
    yield
    """.split()  # noqa: SIM905  (a list of four hundred strings reads worse)
)
_SUBJECT = re.compile(
    r"(?:Merge |Revert |fixup! |squash! )|[a-z0-9][a-z0-9 _./-]*: ([A-Z][a-z]+)\b"
)
_DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


def riddles_in_docstrings(source: SourceFile) -> Iterator[str]:
    """Sentences of docstrings that open with a clause."""
    for node, text in _docstrings(source):
        for sentence in re.split(r"(?<=[.;])\s+", text):
            if RIDDLE.match(sentence):
                yield f"{source.path}:{getattr(node, 'lineno', 1)} {sentence[:80]}"


def riddles_in_comments(source: SourceFile) -> Iterator[str]:
    """Comments whose first line opens with a clause."""
    previous = ""
    for number, line in enumerate(source.text.splitlines(), 1):
        comment = re.match(r"\s*# (.*)", line)
        if comment and RIDDLE.match(comment[1]) and not previous.lstrip().startswith("#"):
            yield f"{source.path}:{number} {comment[1][:80]}"
        previous = line


def riddles_in_strings(source: SourceFile) -> Iterator[str]:
    """Sentences in the code, which people read somewhere, that open with a clause."""
    docstrings = {id(node.body[0].value) for node, _ in _docstrings(source)}  # type: ignore[attr-defined]
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        text = node.value.strip()
        is_sentence = len(text.split()) > 3 and not text.endswith("?")
        if id(node) not in docstrings and is_sentence and RIDDLE.match(text):
            yield f"{source.path}:{node.lineno} {text[:80]}"


def riddles_in_prose(path: str, text: str) -> Iterator[str]:
    """Sentences of a Markdown file that open with a clause, but for questions."""
    for number, line in enumerate(text.splitlines(), 1):
        for sentence in re.split(r"(?<=[.:]) +", line.lstrip("-*| 0123456789")):
            if RIDDLE.match(sentence) and len(sentence.split()) > 5 and "?" not in sentence:
                yield f"{path}:{number} {sentence[:80]}"


def unclear_test_names(source: SourceFile) -> Iterator[str]:
    """Tests whose names open with a clause instead of the case."""
    for node in ast.walk(source.tree):
        if isinstance(node, _FUNCTIONS) and re.match(
            r"test_(?:who|whom|whoever|what|whatever|of)_", node.name
        ):
            yield f"{source.path}:{node.lineno} {node.name}"


def participle_functions(source: SourceFile) -> Iterator[str]:
    """Functions named by a participle alone."""
    for node in ast.walk(source.tree):
        if isinstance(node, _FUNCTIONS) and node.name in PARTICIPLES:
            yield f"{source.path}:{node.lineno} {node.name}"


def subject_problem(subject: str) -> str:
    """Why a commit's subject is not `area: Imperative sentence.`; "" when it is."""
    match = _SUBJECT.match(subject)
    if match is None:
        return "write `area: Imperative sentence.`, such as `cards: Show the priority first.`"
    if match[1] is None:
        return ""
    if match[1].lower() not in IMPERATIVES:
        return f"begin with a verb in the imperative; {match[1]!r} is none that is known"
    if ";" in subject:
        return "a semicolon means two commits"
    return "" if subject.endswith(".") else "end the sentence with a period"


def _docstrings(source: SourceFile) -> Iterator[tuple[_DOCUMENTED, str]]:
    for node in ast.walk(source.tree):
        if isinstance(node, _DOCUMENTED) and (text := ast.get_docstring(node)):
            yield node, text
