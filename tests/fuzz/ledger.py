"""What may stand in Redis where an incident's entry or the offsets of a fold should: anything."""

import json

from hypothesis import strategies as st

from kasugai.adapters.ledger_json import dump_entry, dump_offsets
from kasugai.core.recovering.ledger import Entry
from tests.strategies import values_of

texts = st.text(max_size=40)
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
jsons = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
)
entries = values_of(Entry).map(dump_entry)
offsets = st.dictionaries(texts, st.integers(0, 2**53 - 1), max_size=3).map(dump_offsets)


@st.composite
def foreign(draw: st.DrawFn) -> str:
    """Return a strategy for texts that are nearly, or not at all, what belongs there."""
    text = draw(entries | offsets)
    match draw(st.sampled_from(["cut", "changed", "other"])):
        case "cut":
            return text[: draw(st.integers(0, len(text)))]
        case "changed":
            body = json.loads(text)
            if body:
                body[draw(st.sampled_from(sorted(body)))] = draw(jsons)
            return json.dumps(body)
        case _:
            return draw(texts | jsons.map(json.dumps))


values = entries | offsets | foreign()
