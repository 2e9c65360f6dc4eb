from hypothesis import given, settings
from hypothesis import strategies as st

from certnn.report.labels import place_labels

ROOM = 300.0
place = st.tuples(st.floats(0.0, ROOM), st.floats(10.0, 140.0))


@settings(deadline=None)
@given(st.lists(place, max_size=12))
def test_no_label_lies_on_another(items):
    labels = place_labels([p for p, _ in items], [w for _, w in items], ROOM)
    assert [label.position for label in labels] == [p for p, _ in items]
    for i, one in enumerate(labels):
        assert one.row >= 0
        for other in labels[:i]:
            apart = one.stop < other.start or other.stop < one.start
            assert apart or one.row != other.row


def test_coinciding_labels_are_stacked():
    labels = place_labels([50.0] * 4, [80.0] * 4, ROOM)
    assert sorted(label.row for label in labels) == [0, 1, 2, 3]


def test_no_pole_runs_through_a_label_to_its_side():
    labels = place_labels([10.0, 40.0, 60.0, 250.0, 290.0], [80.0] * 5, ROOM)
    for one in labels:
        assert 0.0 <= one.start <= one.stop <= ROOM
        for other in labels:
            if one.start <= other.position <= one.stop and other is not one:
                assert other.row < one.row
