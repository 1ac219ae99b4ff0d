"""A person as each project sees them: what was learned fades with the project's half-life."""

from skills.profiles import Profile


class Views:
    """Of one profile, for the length of one decision; each half-life is worked out once."""

    def __init__(self, profile: Profile, half_life_days: float) -> None:
        """`profile` was read with `half_life_days`, the setting, which stands where a project names none."""
        self._default = half_life_days
        self._seen = {half_life_days: profile}

    def of(self, half_life_days: float | None) -> Profile:
        days = float(half_life_days or self._default)
        if days not in self._seen:
            self._seen[days] = self._seen[self._default].with_half_life(days)
        return self._seen[days]
