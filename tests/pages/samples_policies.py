"""The screen of policies."""

from callboard.pages.policies import field_of
from callboard.pages.views_policies import PoliciesPage
from routing.policies import Activation, Comparison, Difference, PolicyView, Side, weights
from tests.pages.sample_facts import minutes

BUILT_IN = {one.name: one.built_in for one in weights()}
FIELDS = [field_of(one, one.built_in, chinese=False) for one in weights()]
LAW, EASY = "annotation · law · en · difficulty 5", "annotation · general · en · difficulty 1"
POLICIES = PoliciesPage(
    versions=[
        PolicyView(2, BUILT_IN, "Experts cost more than they bring in easy work.", "person:1", minutes(-90), active=True),
        PolicyView(1, BUILT_IN, "Less patience at night", "person:1", minutes(-3000), active=False),
        PolicyView(0, BUILT_IN, "", None, None, active=False),
    ],
    activations=[Activation(2, "Agreed in the weekly meeting", "person:1", minutes(-80))],
    fields=FIELDS, start=2, active=2, may_write=True, done="made",
    comparison=Comparison(
        480, 455, Side(2, 0.8421, 1.31, 0.2, 4), Side(1, 0.8355, 1.12, 0.19, 1), [Difference(LAW, EASY, 21), Difference("", EASY, 3)]
    ),
)  # fmt: skip
POLICIES_FIRST = PoliciesPage(
    versions=[PolicyView(0, BUILT_IN, "", None, None, active=True)], activations=[], fields=FIELDS, start=0, active=0,
    comparison=Comparison(0, 0, Side(0, 0, 0, 0, 0), Side(0, 0, 0, 0, 0), []),
)  # fmt: skip
