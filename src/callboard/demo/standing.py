"""The demo's standing rules: those that ask a manager and bar nobody, so that the simulated work never stands still."""

from skills.standing_conditions import Rejected
from skills.standing_rules import RuleDraft, change_rule, rules, switch_rule

REJECTED = "Rejected again and again"
ASKING = frozenset({REJECTED, "Credential expired", "Exam failed twice"})
LIVELY = Rejected(count=2, last=10)
"""The demo's people are good: with the count that the rule comes with, its screen would stay empty for hours."""
REASON_EN = (
    "Two of your last ten pieces of work in this field were rejected. A manager will look at it with you; you can go on "
    "working meanwhile."
)
REASON_ZH = "您在该领域最近十件工作中有两件被拒绝。管理员会与您一起查看；在此期间您可以继续工作。"


async def switch_on_rules() -> int:
    """Inside the transaction that makes the demo. How many are on."""
    found = [one for one in await rules() if one.name in ASKING]
    for one in found:
        if one.name == REJECTED:
            draft = RuleDraft(
                name=one.name, condition=LIVELY, action="ask_manager", reason_en=REASON_EN, reason_zh=REASON_ZH
            )
            await change_rule(one.id, draft)
        await switch_rule(one.id, on=True)
    return len(found)
