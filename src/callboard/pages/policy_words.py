"""The weights of the score in words: a short name, and in Chinese what the code says in English."""

WORDS: dict[str, tuple[str, str, str, str]] = {
    "priority_factor": ("Priority", "优先级", "优先级每高一级，价值乘以此数；每低一级则除以此数。", "倍数"),
    "pay_weight": ("Pay", "报酬", "每一单位报酬扣除的分值；一单位等于普通标注员的报酬。", "任务价值/报酬单位"),
    "ageing_weight": (
        "Waiting",
        "等待",
        "等满一个时限时的加分，按平方增长：时限未到之前，等待终将超过任何匹配度。",
        "任务价值",
    ),
    "most_slas": ("Waiting, at most", "等待上限", "超过这么多时限后不再加分：都已严重逾期，重新由匹配度决定。", "时限"),
    "late_share": (
        "Kept when late",
        "逾期保留",
        "逾期后保留的等待加分比例。小于 1 时，逾期任务让仍可按时完成的任务先行。",
        "比例",
    ),
    "rescue_weight": ("Rescue", "补救", "到补救时刻的加分，从时限起按四次方增长：逾期任务不会被遗忘。", "任务价值"),
    "rescue_first_slas": ("Rescue, first", "最早补救", "几乎都能按时完成时的补救时刻。", "时限"),
    "rescue_last_slas": ("Rescue, last", "最晚补救", "过载时的补救时刻；达到两倍时限即视为被饿死。", "时限"),
    "overload_slas": ("Overload from", "过载起点", "清空队列所需时间超过此值时，无论先做什么都无法全部按时。", "时限"),
    "rescue_delay": ("Rescue delayed by", "补救推迟", "队列每多出一个时限，补救推迟多少。", "时限/时限"),
    "overload_fades_hours": ("Overload remembered for", "过载记忆", "对最长队列的记忆衰减到 1/e 所需的时间。", "小时"),
    "reserve_weight": ("Reserve", "保留", "此人的优势每有一个逻辑单位没有用上，所扣的分值。", "任务价值/逻辑单位"),
    "ease_shift": ("Ease", "难度偏移", "判断任务是否需要技能时，难度加上多少。", "逻辑单位"),
    "reserve_fade": ("Reserve fades", "保留衰减", "每等一个时限，保留按 e 的此次幂下降。", "每时限"),
    "reserve_fades_for_slas": ("Reserve fades for", "保留衰减期", "等待超过此值后，保留不再下降。", "时限"),
    "patience_least": (
        "Patience, least",
        "最小耐心",
        "即使没有等待，也允许在岗的其他人好这么多：更小的差别只是估计误差。",
        "任务价值",
    ),
    "patience_per_sla": ("Patience, by waiting", "随等待放宽", "每等一个时限再放宽多少。", "任务价值/时限"),
    "patience_per_backlog": (
        "Patience, by backlog",
        "随积压放宽",
        "人均每多一个等待任务再放宽多少：有积压时人人都需要。",
        "任务价值/任务",
    ),
    "most_backlog": ("Backlog, at most", "积压上限", "人均等待任务超过此数后不再放宽。", "任务/人"),
    "patience_ends_slas": ("Patience ends", "耐心终止", "等到此时，任何符合条件的空闲者都可领取。", "时限"),
    "patience_longest_sla_minutes": (
        "Patience, longest SLA",
        "耐心时限上限",
        "计算耐心时，时限最多按这么长计：不让人白等一天。",
        "分钟",
    ),
    "least_total": ("Least score", "最低分", "需要耐心时，匹配得分必须超过此值。", "任务价值"),
}
"""By weight: name in English, name in Chinese, reason in Chinese, unit in Chinese."""
