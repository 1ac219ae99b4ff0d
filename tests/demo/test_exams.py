"""The demo's banks are large enough, spread in difficulty, and every question has one right option."""

import pytest

from callboard.demo.exams import demo_exams, open_exams
from kernel import db
from skills.belief import level_floor
from skills.exams import exams

BANKS = {("general", "en", False): 40, ("finance", "en", False): 20, ("general", "zh-CN", False): 20}


def test_the_banks() -> None:
    sizes: dict[tuple[str, str, bool], int] = {}
    for one in demo_exams():
        drafts, cut = one.drafts(), level_floor(one.exam.cut_level)
        sizes[one.exam.domain, one.exam.language, one.exam.training] = len(drafts)
        assert len({draft.text for draft in drafts}) == len(drafts) >= one.exam.max_items
        assert all(len(set(draft.options)) == len(draft.options) for draft in drafts)
        assert min(draft.difficulty for draft in drafts) < cut - 1 < cut + 1 < max(draft.difficulty for draft in drafts)
        assert all(draft.explanation for draft in drafts) or not one.exam.training
    assert all(sizes[bank] >= least for bank, least in BANKS.items())


@pytest.mark.usefixtures("pool")
async def test_they_can_be_begun() -> None:
    async with db.transaction("test"):
        assert await open_exams() == len(demo_exams())
    found = await exams(None, limit=20)
    assert all(exam.can_start for exam in found)
