import time, pytest
from kernel import db
from routing import roster
from routing.roster import Order, Reach
from skills.roster import RosterFilter
pytestmark = pytest.mark.usefixtures("pool")
async def test_m(settings):
    await db.execute("INSERT INTO annotator (id, display_name, external_id) SELECT gen_random_uuid(), 'P '||i, 'e'||i FROM generate_series(1,20000) i")
    await db.execute("INSERT INTO annotator_language (id, annotator, language, level) SELECT gen_random_uuid(), id, 'en', 1+(random()*4)::int FROM annotator")
    await db.execute("INSERT INTO annotator_role (id, annotator, role) SELECT gen_random_uuid(), id, 'annotator' FROM annotator")
    await db.execute("INSERT INTO skill (id, annotator, domain, mean, variance, evidence_count, own_precision, own_shift, edge_mean, edge_variance) SELECT gen_random_uuid(), id, d, 0, 0.5, 3, random()*3, random()*3, 0.8, 0.6 FROM annotator, unnest(ARRAY['general','medicine','law','finance']) d")
    await db.execute("ANALYZE")
    async def t(name, **kw):
        best = 9e9
        for _ in range(3):
            a = time.perf_counter()
            f = await roster.find(RosterFilter(**kw.pop("w", {}) if "w" in kw else w), Reach(), settings, kw.get("order", Order()), limit=50) if False else await roster.find(kw["w"], Reach(), settings, kw.get("order", Order()), limit=50)
            best = min(best, time.perf_counter()-a)
        print(f"{name}: {best*1000:.0f} ms, {f.total}")
        return f
    f = await t("all by name", w=RosterFilter())
    await t("language 4", w=RosterFilter(language="en", language_level=4))
    await t("by load", w=RosterFilter(), order=Order("load", True))
    await t("by last active", w=RosterFilter(), order=Order("last_active", True))
    await t("by acceptance", w=RosterFilter(), order=Order("acceptance", True))
    await t("skill level 3 of everybody", w=RosterFilter(domain="law", level=3))
    await t("skill order + language 5", w=RosterFilter(domain="law", language="en", language_level=5), order=Order("skill", True))
    y = await roster.yardstick(settings)
    a = time.perf_counter(); await roster.rows(f.ids, y); print("rows", (time.perf_counter()-a)*1000)
