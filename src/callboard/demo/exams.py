"""The demo's exams and their banks, written for Callboard; the right option stands first in the file."""

from importlib import resources

import msgspec

from skills.exams import ExamDraft, ItemDraft, add_items, create_exam

Row = tuple[float, str, str, str, str, str]


class DemoExam(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    exam: ExamDraft
    items: list[Row]
    explanations: list[str] = []
    """Of training: one for each item."""

    def drafts(self) -> list[ItemDraft]:
        texts = self.explanations or [""] * len(self.items)
        return [
            ItemDraft(text=question, options=list(options), answer=0, difficulty=difficulty, explanation=text)
            for (difficulty, question, *options), text in zip(self.items, texts, strict=True)
        ]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    about: str
    exams: list[DemoExam]


def demo_exams() -> list[DemoExam]:
    text = resources.files("callboard.demo.content").joinpath("exams.json").read_bytes()
    return msgspec.json.decode(text, type=_File).exams


async def open_exams() -> int:
    """Inside the transaction that makes the demo. The number of exams."""
    found = demo_exams()
    for one in found:
        await add_items(await create_exam(one.exam), one.drafts())
    return len(found)
