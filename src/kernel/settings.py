"""Every setting of Callboard: one field each, with its unit, its default and the reason for the default.

A value comes from, in rising order of strength: the default here, the file (TOML, flat keys), the environment
(`CALLBOARD_<FIELD>` in capitals; `DATABASE_URL` and `REDIS_URL` also go without the prefix).
`docs/settings.md` is generated from these fields and held to them by a test.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from kernel.errors import ConfigurationError

PLAIN_NAMES = {"database_url": "DATABASE_URL", "redis_url": "REDIS_URL"}


def _say(description: str, unit: str, reason: str, **bounds: Any) -> Meta:
    return Meta(description=description, extra={"unit": unit, "reason": reason}, **bounds)


def default_data_dir() -> Path:
    """`/var/lib/callboard` for root, else the user's data folder (XDG_DATA_HOME or ~/.local/share)."""
    if os.geteuid() == 0:
        return Path("/var/lib/callboard")
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "callboard"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    # Where things are
    data_dir: Annotated[
        Path, _say("Folder of the embedded servers, keys and logs.", "path", "one folder to back up, one to delete")
    ] = msgspec.field(default_factory=default_data_dir)
    host: Annotated[
        str,
        _say("Address that the web server listens on.", "address", "only this machine until someone decides otherwise"),
    ] = "127.0.0.1"
    port: Annotated[
        int, _say("Port that the web server listens on.", "port", "free on most machines", ge=1, le=65535)
    ] = 8700
    database_url: Annotated[
        str | None,
        _say("External PostgreSQL 15+; unset: the embedded one.", "URL", "one command must be enough to start"),
    ] = None
    redis_url: Annotated[
        str | None,
        _say("External Redis 6.2+ or Valkey; unset: the embedded one.", "URL", "one command must be enough to start"),
    ] = None
    public_url: Annotated[
        str | None,
        _say(
            "Address under which people reach the site; unset: http://host:port.",
            "URL",
            "cookies are Secure only when this is https",
        ),
    ] = None

    # Database
    pool_min_size: Annotated[
        int,
        _say(
            "Database connections that a process keeps open.",
            "connections",
            "the first requests need not wait for a handshake",
            ge=1,
        ),
    ] = 2
    pool_max_size: Annotated[
        int,
        _say(
            "Database connections that a process may open.",
            "connections",
            "more than about 10 per core only queue inside PostgreSQL",
            ge=1,
        ),
    ] = 16
    pool_acquire_seconds: Annotated[
        float,
        _say(
            "How long a request waits for a database connection before it answers 503.",
            "seconds",
            "longer than any healthy queue, shorter than a person's patience",
            gt=0,
        ),
    ] = 2.0
    statement_timeout_seconds: Annotated[
        float,
        _say(
            "Longest statement in a request.", "seconds", "a frozen database must answer 503 instead of hanging", gt=0
        ),
    ] = 4.0
    lock_timeout_seconds: Annotated[
        float,
        _say("Longest wait for a row lock.", "seconds", "a stuck transaction must not take the others with it", gt=0),
    ] = 2.0

    # Access
    session_idle_minutes: Annotated[
        int,
        _say(
            "A sign-in ends after this long without a request.",
            "minutes",
            "a shift has pauses; drafts survive a new sign-in",
            ge=1,
        ),
    ] = 120
    session_absolute_hours: Annotated[
        int, _say("A sign-in ends after this long in any case.", "hours", "one working day", ge=1)
    ] = 12
    token_default_days: Annotated[
        int,
        _say(
            "Life of an API token when none is asked for.",
            "days",
            "a quarter: forgotten tokens end by themselves",
            ge=1,
            le=366,
        ),
    ] = 90
    password_min_characters: Annotated[
        int,
        _say(
            "Shortest password.",
            "characters",
            "OWASP ASVS 5.0, 6.2.1 advises 12 or more without rules on kinds of characters",
            ge=8,
        ),
    ] = 12
    login_attempts_per_account: Annotated[
        int,
        _say(
            "Failed sign-ins to one account within the window before further ones must wait.",
            "attempts",
            "enough for a forgetful person, too few for guessing",
            ge=1,
        ),
    ] = 8
    login_attempts_per_address: Annotated[
        int,
        _say(
            "Failed sign-ins from one address within the window before further ones must wait.",
            "attempts",
            "an office shares one address",
            ge=1,
        ),
    ] = 40
    login_window_minutes: Annotated[
        int,
        _say(
            "Window over which failed sign-ins are counted.",
            "minutes",
            "delay, not lock-out: nobody can lock a colleague out for long",
            ge=1,
        ),
    ] = 10
    password_hashes_at_once: Annotated[
        int,
        _say(
            "Password hashes computed at the same time in one process.",
            "hashes",
            "each takes 19 MiB and a core for about 30 ms; sign-ins must not starve claims",
            ge=1,
        ),
    ] = 2
    trusted_proxies: Annotated[
        int,
        _say(
            "Proxies in front of the site whose X-Forwarded-For is believed.",
            "proxies",
            "without a proxy anybody could write that header and escape the sign-in throttle",
            ge=0,
            le=5,
        ),
    ] = 0

    # Live pages
    streams_per_process: Annotated[
        int,
        _say(
            "Live streams that one process keeps open.",
            "streams",
            "each holds a socket and about 30 kB; a floor of 1,000 people fits",
            ge=1,
        ),
    ] = 2000
    streams_per_account: Annotated[
        int,
        _say("Live streams of one account in one process.", "streams", "more tabs than anybody watches", ge=1),
    ] = 20
    stream_queue_events: Annotated[
        int,
        _say(
            "Events that wait for a slow reader before its stream is ended; it comes back and catches up.",
            "events",
            "one frozen browser must not fill the memory",
            ge=1,
        ),
    ] = 1000
    stream_ping_seconds: Annotated[
        float,
        _say(
            "Time between two pings of a live stream.",
            "seconds",
            "proxies cut connections that are silent for 30 to 60 seconds",
            gt=0,
        ),
    ] = 15.0
    event_scan_rows: Annotated[
        int,
        _say(
            "Events that one request of the feed looks at.",
            "rows",
            "a reader who may see few of them must not scan the whole history at once",
            ge=1,
        ),
    ] = 5000
    master_key: Annotated[
        str | None,
        _say(
            "Key that seals stored secrets, 32 bytes in base64; unset: keys/master.key in the data folder.",
            "base64",
            "one machine makes its own; several need the same one",
        ),
    ] = None

    # Work
    lease_seconds: Annotated[
        int,
        _say(
            "A claim is held this long without a heartbeat.",
            "seconds",
            "half an hour: a phone call must not cost the work",
            ge=30,
        ),
    ] = 1800
    lease_grace_minutes: Annotated[
        int,
        _say(
            "A task whose lease lapsed is kept so long for whoever held it, where the project says nothing; 0: not at all.",
            "minutes",
            "a dropped connection or a meeting that ran over; longer lets work wait for people who do not come back",
            ge=0,
            le=240,
        ),
    ] = 5
    deadline_seconds: Annotated[
        int,
        _say(
            "A claim ends this long after it was made, heartbeats or not.",
            "seconds",
            "a task must not be kept for days by an open tab",
            ge=60,
        ),
    ] = 14400
    heartbeat_idle_cut_seconds: Annotated[
        int,
        _say(
            "Time between two signs of activity beyond which it counts as idle.",
            "seconds",
            "reading a long reply takes about this long",
            ge=10,
        ),
    ] = 120
    expire_batch: Annotated[
        int,
        _say("Expired tasks that are cancelled at a time.", "tasks", "a second's work; the next batch follows", ge=1),
    ] = 1000
    claim_limit: Annotated[
        int, _say("Tasks that one claim may ask for.", "tasks", "a page of a personal queue", ge=1)
    ] = 10
    claim_transactions: Annotated[
        int,
        _say(
            "Shared claims of one process that run at the same time.",
            "transactions",
            "while one waits for the database the other is reckoned; more would only make each of them smaller",
            ge=1,
            le=8,
        ),
    ] = 2
    claim_batch: Annotated[
        int,
        _say(
            "Claims that one transaction serves when they arrive together.",
            "claims",
            "more would make those at the end wait longer than the commit that is saved",
            ge=1,
            le=256,
        ),
    ] = 64
    claim_candidates_per_lane: Annotated[
        int,
        _say(
            "Heads of a lane that one claim looks at.",
            "slots",
            "others may hold the first ones locked for a moment",
            ge=1,
        ),
    ] = 4
    lanes_per_claim: Annotated[
        int,
        _say(
            "Lanes whose head one claim scores, best expected fit first.",
            "lanes",
            "one index probe each: 60 cost about 1.5 ms",
            ge=1,
        ),
    ] = 60
    sweep_batch: Annotated[
        int, _say("Expired leases tidied in one transaction.", "leases", "short locks: claims go on meanwhile", ge=1)
    ] = 500
    holding_capacity: Annotated[
        int,
        _say(
            "Tasks that a person may hold at once when the profile says nothing.",
            "tasks",
            "one on screen, two in the personal queue",
            ge=1,
            le=50,
        ),
    ] = 3
    offer_seconds: Annotated[
        int,
        _say(
            "How long an offer stands.",
            "seconds",
            "time to read a task and its price; longer lets work wait for people who look elsewhere",
            ge=10,
            le=86_400,
        ),
    ] = 120
    offer_parallel: Annotated[
        int,
        _say(
            "People to whom one place is offered at once.",
            "people",
            "half of all offers are not answered in time; more would disappoint those who come second",
            ge=1,
            le=50,
        ),
    ] = 2
    offers_per_round: Annotated[
        int,
        _say(
            "Places that one round of offers looks at.",
            "places",
            "one round is a transaction of a second at most",
            ge=1,
        ),
    ] = 20
    presence_idle_minutes: Annotated[
        int,
        _say(
            "Time without a sign of life after which nobody counts as available.",
            "minutes",
            "as long as a lease: whoever works sends heartbeats, and whoever reads opens pages",
            ge=1,
        ),
    ] = 30
    skill_lower_bound_z: Annotated[
        float,
        _say(
            "Hard requirements test mean - z * sd of the belief.",
            "standard deviations",
            "80 % one-sided confidence, ROUTING.md section 1 uses 1.28 for gates; 0.84 lets newcomers with an exam in",
            ge=0,
        ),
    ] = 0.84
    exam_item_exposure_limit: Annotated[
        int,
        _say(
            "Showings after which a question of an exam leaves its bank.",
            "showings",
            "a question that hundreds have seen is known outside; adaptive exams show a good one to a fifth of the people",
            ge=1,
        ),
    ] = 500
    exam_item_evidence_weight: Annotated[
        float,
        _say(
            "What one answer in an exam counts in the belief about a skill, next to one reviewed task.",
            "weight",
            "a question and a task are one observation each; less than 1 where questions are unlike the work",
            ge=0,
            le=1,
        ),
    ] = 1.0
    dispute_window_days: Annotated[
        int,
        _say(
            "So long an author may dispute a verdict, from when it was given.",
            "days",
            "two weekends: whoever works on some days of the week sees it in time, and books close by the month",
            ge=1,
            le=90,
        ),
    ] = 10
    dispute_decision_hours: Annotated[
        int,
        _say(
            "So long the decision of a dispute may take before managers are told that it is overdue.",
            "hours",
            "three days: pay that hangs on it is known before the next week begins",
            ge=1,
            le=720,
        ),
    ] = 72
    gold_newcomer_share: Annotated[
        float,
        _say(
            "Chance that a newcomer's next task in a project with gold is gold; a project may say otherwise.",
            "probability",
            "one in five: four known answers among the first twenty tell a good newcomer from one who guesses",
            ge=0,
            le=0.5,
        ),
    ] = 0.2
    gold_newcomer_tasks: Annotated[
        int,
        _say(
            "Tasks of a person in a project during which they count as a newcomer there.",
            "tasks",
            "about a first day of work",
            ge=0,
            le=1000,
        ),
    ] = 20
    gold_share: Annotated[
        float,
        _say(
            "The same chance for everybody else.",
            "probability",
            "one in 25: about once a day for each, and 4 % of the pay",
            ge=0,
            le=0.5,
        ),
    ] = 0.04
    gold_band_weight: Annotated[
        float,
        _say(
            "Weight as evidence of gold that is judged by bands of ratings.",
            "share of a known answer",
            "able people differ by a step; a rating says about half of what a known answer says",
            gt=0,
            le=1,
        ),
    ] = 0.5
    gold_bands_met: Annotated[
        float,
        _say(
            "Share of its bands from which on such gold counts as met.",
            "share",
            "one slip in four dimensions is taste",
            gt=0,
            le=1,
        ),
    ] = 0.75
    gold_able: Annotated[
        float,
        _say(
            "Chance of meeting a gold, by belief and difficulty, from which on somebody counts as able.",
            "probability",
            "who should meet it seven times in ten and does not says something of the key",
            gt=0.5,
            lt=1,
        ),
    ] = 0.7
    gold_doubt_people: Annotated[
        int,
        _say(
            "Able people who answered, from which on a key can come into doubt by itself.",
            "people",
            "with fewer, chance alone does it",
            ge=2,
        ),
    ] = 5
    gold_doubt_share: Annotated[
        float,
        _say(
            "Share of the able who met it, below which a key comes into doubt by itself.",
            "share",
            "five able people fail a right key so often once in about two hundred cases",
            gt=0,
            lt=1,
        ),
    ] = 0.4
    gold_decision_hours: Annotated[
        int,
        _say(
            "So long the decision of a doubt about gold may take before managers are told that it is overdue.",
            "hours",
            "three days, as disputes of verdicts",
            ge=1,
            le=720,
        ),
    ] = 72
    gold_fast: Annotated[
        float,
        _say(
            "Gold that is met in less than this share of the usual time of its kind counts as fast.",
            "share of the median",
            "who knows the answer beforehand does not read",
            gt=0,
            lt=1,
        ),
    ] = 0.3
    gold_pass_hours: Annotated[
        float,
        _say(
            "So long gold seems to wait for review in a project in which nothing was reviewed yet.",
            "hours",
            "half a working day; else it waits as long as the work beside it did",
            gt=0,
            le=168,
        ),
    ] = 4.0
    exam_calibration_answers: Annotated[
        int,
        _say(
            "Answers from which on a question's difficulty and discrimination follow from them, drawn to the author's figures.",
            "answers",
            "ROUTING.md section 6; the standard error of a difficulty is then about 0.15 logits, a fifth of a level",
            ge=20,
        ),
    ] = 200
    difficulty_fit_tasks: Annotated[
        int,
        _say(
            "Closed tasks from which on difficulty is also foretold from a task's text and lane.",
            "tasks",
            "20 weights; with fewer than ten outcomes for each, the foretelling is worse than one difficulty for all",
            ge=20,
        ),
    ] = 200

    skill_half_life_days: Annotated[
        float,
        _say(
            "After so long without evidence, what was learned about a skill counts half.",
            "days",
            "a quarter: people and guidelines change within months, not within days",
            gt=0,
        ),
    ] = 90.0
    credential_reminder_days: Annotated[
        str,
        _say(
            "How long before a credential runs out its holder and the managers are told, each once; separated by commas.",
            "days",
            "a month to renew it, a week to hurry, a day to find a stand-in",
            pattern="^[0-9]{1,3}(,[0-9]{1,3})*$",
        ),
    ] = "30,7,1"

    standing_appeal_days: Annotated[
        int,
        _say(
            "An appeal against a restriction is to be decided within so long; overdue ones stand first.",
            "days",
            "a week: somebody waits without work meanwhile",
            ge=1,
            le=365,
        ),
    ] = 7

    # Intake
    body_limit_bytes: Annotated[int, _say("Largest JSON body.", "bytes", "5,000 tasks of 2 kB", ge=1024)] = 10_000_000
    import_limit_bytes: Annotated[
        int, _say("Largest streamed import.", "bytes", "100,000 dialogues of 2 kB", ge=1024)
    ] = 200_000_000
    import_line_limit_bytes: Annotated[
        int,
        _say(
            "Largest line of an import.",
            "bytes",
            "the longest dialogue that can be made here, exported whole, is below",
            ge=1024,
        ),
    ] = 10_000_000
    import_chunk_lines: Annotated[
        int,
        _say(
            "Lines written in one statement of an import.",
            "lines",
            "parsing 500 lines blocks the loop for a few milliseconds",
            ge=1,
        ),
    ] = 500
    import_record_limit: Annotated[
        int,
        _say(
            "Records of one import.",
            "records",
            "the ids of all of them are held in memory to find one that stands twice: about 100 MB",
            ge=1,
        ),
    ] = 500_000
    import_unpack_ratio: Annotated[
        int,
        _say(
            "Most unpacked bytes per packed byte of a compressed import, judged beyond the first megabyte.",
            "bytes per byte",
            "dialogues pack 3 to 10 times; only a bomb packs 100 times",
            ge=2,
        ),
    ] = 100
    import_turns_limit: Annotated[
        int,
        _say(
            "Turns of an imported dialogue, and of the path of an imported tree that its task shows.",
            "turns",
            "the longest public dialogues have about 50; trees of a thousand replies in a row are tried",
            ge=1,
            le=30_000,
        ),
    ] = 2_000
    import_tree_turns: Annotated[
        int,
        _say(
            "Messages of one imported tree, over all of its branches.",
            "messages",
            "the largest public trees have some hundred; a tree is stored in one transaction",
            ge=10,
            le=30_000,
        ),
    ] = 10_000
    import_error_limit: Annotated[
        int,
        _say(
            "Bad lines that a report lists one by one.",
            "lines",
            "nobody mends more by hand; the count is always complete",
            ge=1,
        ),
    ] = 1000
    tasks_per_request: Annotated[
        int, _say("Tasks in one POST.", "tasks", "larger sets go through the streamed import", ge=1)
    ] = 5000
    json_depth_limit: Annotated[
        int, _say("Deepest nesting of a payload.", "levels", "no real payload comes near; a bomb does", ge=4)
    ] = 64
    page_limit: Annotated[int, _say("Largest page of a list.", "rows", "a screen shows fewer", ge=1)] = 200
    idempotency_days: Annotated[
        int,
        _say(
            "How long a stored reply is replayed for its Idempotency-Key.",
            "days",
            "a week covers a weekend outage; natural keys hold after it",
            ge=1,
        ),
    ] = 7

    # Dialogue
    turn_text_limit: Annotated[int, _say("Longest text of a turn.", "characters", "about 30 pages", ge=100)] = 32_000
    turns_limit: Annotated[
        int,
        _say(
            "Most exchanges in one dialogue.", "exchanges", "far above any guideline; an endless loop ends here", ge=1
        ),
    ] = 100
    dialogue_tree_turns: Annotated[
        int,
        _say(
            "Most turns in one dialogue over all of its branches and candidates.",
            "turns",
            "a hundred exchanges with four candidates twice over; a loop that asks again and again ends here",
            ge=10,
            le=10_000,
        ),
    ] = 1_000
    bot_connect_seconds: Annotated[
        float,
        _say("Longest wait for the connection to a bot endpoint.", "seconds", "a dead host must show quickly", gt=0),
    ] = 10.0
    comment_text_limit: Annotated[
        int, _say("Longest comment beside a rating.", "characters", "a paragraph, not a second dialogue", ge=1)
    ] = 4_000
    dialogue_text_limit: Annotated[
        int,
        _say(
            "Text of one dialogue, without what was imported with its task.",
            "characters",
            "a book of 150 pages; bounds what is sent to a bot and handed in",
            ge=1000,
        ),
    ] = 500_000
    bot_reply_seconds: Annotated[
        float,
        _say(
            "Longest wait for the first token of a bot endpoint; a bot may have its own.",
            "seconds",
            "after this the annotator may retry or write the reply",
            gt=0,
        ),
    ] = 30.0
    bot_between_seconds: Annotated[
        float,
        _say(
            "Longest silence of a bot endpoint within its reply; a bot may have its own.",
            "seconds",
            "what has begun seldom pauses; a line that is dead shows no other way",
            gt=0,
        ),
    ] = 20.0
    bot_total_seconds: Annotated[
        float,
        _say(
            "Longest time for one whole reply of a bot, further tries included; a bot may have its own.",
            "seconds",
            "1,000 tokens at 10 a second; ends a reply that only trickles",
            gt=0,
        ),
    ] = 120.0
    bot_retries: Annotated[
        int,
        _say(
            "Further tries after a bot endpoint answered 429 or 5xx, or took no connection; a bot may have its own.",
            "tries",
            "a person is waiting; they can press retry",
            ge=0,
            le=10,
        ),
    ] = 2
    bot_calls_at_once: Annotated[
        int,
        _say(
            "Replies asked of one bot endpoint at the same time by one process.",
            "replies",
            "one hanging endpoint must not use up the connections of the others",
            ge=1,
        ),
    ] = 64
    bot_calls_total: Annotated[
        int,
        _say(
            "Replies asked of all bot endpoints together at the same time by one process.",
            "replies",
            "times the largest body, this bounds the memory that bots can take",
            ge=1,
        ),
    ] = 256
    bot_candidates_limit: Annotated[
        int, _say("Most replies asked for one message at once.", "replies", "nobody compares more", ge=1, le=32)
    ] = 8
    bots_limit: Annotated[
        int, _say("Most bots of one project.", "bots", "a comparison of models, not a catalogue", ge=1, le=100)
    ] = 20
    bot_call_lost_seconds: Annotated[
        float,
        _say(
            "Silence of the process that fetches a reply, after which another one asks anew.",
            "seconds",
            "it reports every second; sooner, a busy process would be taken for dead and the reply paid twice",
            ge=2,
        ),
    ] = 6.0
    offline_bot_pause_seconds: Annotated[
        float,
        _say(
            "Pause between the pieces of the built-in bot's reply where it is shown as it comes.",
            "seconds",
            "reads as it would with a real one; the reply itself is there at once",
            ge=0,
            le=1,
        ),
    ] = 0.02
    bot_allow_private_addresses: Annotated[
        bool,
        _say(
            "Whether a bot endpoint may stand on this machine or in a private network, then also over http.",
            "true or false",
            "whoever sets a bot's address must not reach into the own network through the server",
        ),
    ] = False
    bot_private_hosts: Annotated[
        str,
        _say(
            "Hosts in the own network that bots may be at, each with its reason: `gpu1.lan=our model server; 10.0.0.5=test rig`.",
            "host=reason, parted by semicolons",
            "only who runs the installation opens the own network, host by host, and says why",
            pattern=r"^\s*$|^[^=;]+=[^=;]*[^=;\s][^=;]*(;[^=;]+=[^=;]*[^=;\s][^=;]*)*;?\s*$",
        ),
    ] = ""
    bot_body_limit_bytes: Annotated[
        int,
        _say(
            "Largest reply read from a bot endpoint.", "bytes", "a never-ending body must not fill the memory", ge=1024
        ),
    ] = 1_000_000
    webhook_private_hosts: Annotated[
        str,
        _say(
            "Hosts in the own network that webhooks may be at, then also over http, each with its reason: `127.0.0.1=our frontend`.",
            "host=reason, parted by semicolons",
            "whoever sets a webhook's address must not reach into the own network through the server",
            pattern=r"^\s*$|^[^=;]+=[^=;]*[^=;\s][^=;]*(;[^=;]+=[^=;]*[^=;\s][^=;]*)*;?\s*$",
        ),
    ] = ""
    webhook_seconds: Annotated[
        float,
        _say(
            "Longest wait for a webhook's answer.",
            "seconds",
            "a receiver that only writes the event down needs far less; the next event waits for it",
            gt=0,
            le=120,
        ),
    ] = 10.0
    webhook_attempts: Annotated[
        int,
        _say(
            "Failures of a webhook in a row after which it is dead.",
            "tries",
            "with the waits between them, more than a day: a weekday's outage passes without a hand",
            ge=1,
            le=1000,
        ),
    ] = 36
    webhook_first_wait_seconds: Annotated[
        float,
        _say("Wait after a webhook's first failure; doubles with each.", "seconds", "a restart takes so long", gt=0),
    ] = 5.0
    webhook_longest_wait_seconds: Annotated[
        float,
        _say(
            "Longest wait between two tries of a webhook.", "seconds", "back within the hour after a long outage", gt=0
        ),
    ] = 3600.0
    webhook_poll_seconds: Annotated[
        float, _say("How often it is looked for events that webhooks wait for.", "seconds", "one query a look", gt=0)
    ] = 0.5
    webhooks_at_once: Annotated[
        int,
        _say("Webhooks that are called at the same time.", "webhooks", "a slow one must not hold up the others", ge=1),
    ] = 16
    webhooks_limit: Annotated[
        int, _say("Most webhooks of the installation.", "webhooks", "each reads the whole feed", ge=1, le=1000)
    ] = 50
    webhook_try_days: Annotated[
        int, _say("How long it is kept what a webhook answered.", "days", "a week covers a weekend outage", ge=1)
    ] = 7
    export_batch: Annotated[
        int, _say("Dialogues that an export reads at once.", "dialogues", "bounded memory at a steady rate", ge=1)
    ] = 200
    export_keep_days: Annotated[
        int,
        _say(
            "How long the file of a snapshot is kept; its row and checksum stay. 0: for ever.",
            "days",
            "a training is repeated within half a year; a disk that only fills is full one day",
            ge=0,
        ),
    ] = 180

    # Demo
    demo_people_at_once: Annotated[
        int,
        _say(
            "Simulated people at work at the same time.",
            "people",
            "a busy floor that leaves most of two cores to whoever watches it",
            ge=1,
            le=200,
        ),
    ] = 12
    demo_waiting_tasks: Annotated[
        int,
        _say(
            "Tasks that the simulated frontend keeps waiting, over all projects of the demo.",
            "tasks",
            "something in every cell of the floor, and no mountain that grows over night",
            ge=4,
            le=10_000,
        ),
    ] = 60

    # Background work
    relay_poll_seconds: Annotated[
        float,
        _say(
            "How often the relay looks for new events and due jobs.",
            "seconds",
            "the floor shows a change within a second",
            gt=0,
        ),
    ] = 0.2
    relay_batch: Annotated[
        int, _say("Events or jobs that the relay takes at once.", "rows", "one round trip at a steady load", ge=1)
    ] = 500
    job_lease_seconds: Annotated[
        int,
        _say(
            "A job that was handed to a worker is handed out again after this long.",
            "seconds",
            "a killed worker's job restarts within 30 s",
            ge=5,
        ),
    ] = 20
    job_attempts: Annotated[
        int,
        _say(
            "Tries of a job before it is left for a person.",
            "attempts",
            "with doubling waits this spans about a day",
            ge=1,
        ),
    ] = 12
    pay_period: Annotated[
        str,
        _say(
            "How long a pay period is: month, two_weeks or week. Periods that there are stay as they are.",
            "word",
            "most people are paid by the month",
            pattern="^(month|two_weeks|week)$",
        ),
    ] = "month"
    exchange_rate_days: Annotated[
        int,
        _say(
            "How long after its day an exchange rate still prices work, where there is no newer one. Rates that are imported from then on have it.",
            "days",
            "banks publish none over Christmas or the Golden Week; what is older than a week is somebody's forgotten import",
            ge=0,
            le=400,
        ),
    ] = 7
    approval_limits: Annotated[
        str,
        _say(
            "Up to so much a day, by currency, one person may grant or deduct per annotator; beyond it, and in other currencies, a second one approves.",
            "currency and whole units, comma-separated",
            "a thank-you must not wait; a week's pay must not hang on one hand",
            pattern="^[A-Z]{3} [0-9]{1,9}(, ?[A-Z]{3} [0-9]{1,9})*$",
        ),
    ] = "USD 50, EUR 50, GBP 40, CNY 350, JPY 7500, KWD 15"
    adjustment_undo_minutes: Annotated[
        int,
        _say(
            "Until then a bonus or adjustment can be undone; then it is paid.",
            "minutes",
            "a slip is noticed at once",
            ge=0,
        ),
    ] = 10
    adjustment_wait_days: Annotated[
        int,
        _say(
            "An adjustment that nobody approves expires after that, and its money is free again.",
            "days",
            "two weeks of holidays; a budget is not held for ever",
            ge=1,
        ),
    ] = 14
    pay_dispute_window_days: Annotated[
        int,
        _say(
            "So long somebody may dispute a line of their earnings, from when it was paid, deducted or given back.",
            "days",
            "a month's statement, and two weeks to read it",
            ge=1,
            le=365,
        ),
    ] = 45
    pay_dispute_decision_hours: Annotated[
        int,
        _say(
            "So long the answer to a dispute of pay may take before managers are told that it is overdue.",
            "hours",
            "five days: whoever has to look something up can, and nobody waits for a second pay day",
            ge=1,
            le=720,
        ),
    ] = 120
    pay_held_too_long_days: Annotated[
        int,
        _say(
            "Pay of work that was handed in so long ago and still waits for a review can be disputed as held too long.",
            "days",
            "longer than the due times of reviews, which are days; until then waiting is how it goes",
            ge=0,
            le=90,
        ),
    ] = 7
    pay_unusual_deviations: Annotated[
        float,
        _say(
            "A person's pay of a period is shown first when it is so far from the median of their own earlier statements.",
            "median absolute deviations, × 1.4826",
            "of normally spread pay one statement in 16,000 is so far away by chance",
            ge=1,
        ),
    ] = 4.0
    payout_minimum: Annotated[
        str,
        _say(
            "A batch pays nobody less than this, by currency; it waits for the next one. Other currencies: from the smallest coin on.",
            "currency and whole units, comma-separated",
            "a transfer must not cost more than it brings",
            pattern="^[A-Z]{3} [0-9]{1,9}(, ?[A-Z]{3} [0-9]{1,9})*$",
        ),
    ] = "USD 5, EUR 5, GBP 5, CNY 30, JPY 700, KWD 2"
    payout_changed_days: Annotated[
        int,
        _say(
            "Bank details that were changed so shortly before a payout are pointed out to whoever approves it.",
            "days",
            "whoever takes over an account changes the bank details first, and is noticed within two weeks",
            ge=0,
        ),
    ] = 14
    payout_name: Annotated[str, _say("Name of the payer in bank files.", "text", "only you know it", max_length=70)] = (
        ""
    )
    payout_iban: Annotated[
        str, _say("Account that ISO 20022 payouts leave from.", "IBAN", "only you know it", max_length=42)
    ] = ""
    payout_bic: Annotated[
        str,
        _say(
            "BIC of that account's bank; empty: the bank finds it by the IBAN.",
            "BIC",
            "many banks no longer ask for it",
            pattern="^([A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?)?$",
        ),
    ] = ""
    payout_ach_routing: Annotated[
        str,
        _say(
            "Routing number of the bank that sends your NACHA files.",
            "nine digits",
            "only you know it",
            pattern="^([0-9]{9})?$",
        ),
    ] = ""
    payout_ach_bank: Annotated[
        str, _say("Name of that bank in NACHA files.", "text", "only you know it", pattern="^[ -~]{0,23}$")
    ] = ""
    payout_ach_company: Annotated[
        str,
        _say(
            "Your company identification in NACHA files, as the bank gave it to you.",
            "ten characters",
            "only you know it",
            pattern="^([0-9A-Z]{10})?$",
        ),
    ] = ""
    floor_cap_multiple: Annotated[
        float,
        _say(
            "Most of a task's active time that counts for the floor, as a multiple of its lane's median.",
            "times",
            "one in twenty honest tasks takes three times as long; an open tab takes more",
            ge=1,
        ),
    ] = 3.0
    floor_least_tasks: Annotated[
        int,
        _say(
            "Paid tasks from which a lane has a median of its own; below it, the kind of work in the project counts.",
            "tasks",
            "the median of fewer is one person's",
            ge=1,
        ),
    ] = 20
    floor_most_minutes: Annotated[
        int,
        _say(
            "Most active time of one task that counts for the floor, whatever the median.",
            "minutes",
            "where there is no median yet, a limit must stand all the same",
            ge=1,
        ),
    ] = 120
    floor_least_minutes: Annotated[
        int,
        _say(
            "Counted active time in a period, project and language from which the floor holds.",
            "minutes",
            "half an hour: first tasks are slow, and minutes are noise",
            ge=0,
        ),
    ] = 30
    budget_warnings: Annotated[
        str,
        _say(
            "Shares of a budget, spent or reserved, from which its project's page warns.",
            "per cent, comma-separated",
            "four fifths leaves time to ask for more; nineteen twentieths is the last call",
            pattern="^[0-9]{1,3}(,[0-9]{1,3})*$",
        ),
    ] = "80,95"
    seal_batch: Annotated[
        int, _say("Rows in one seal of a hash chain: of the audit log, of the ledger.", "rows", "bounded memory", ge=1)
    ] = 1000
    redis_timeout_seconds: Annotated[
        float, _say("Longest wait for Redis inside a request.", "seconds", "Redis is a nudge, never the record", gt=0)
    ] = 0.1

    # Supervisor
    stop_seconds: Annotated[
        float,
        _say(
            "A process that was asked to stop is killed after this long.",
            "seconds",
            "all of them within 10 s, open streams included",
            gt=0,
        ),
    ] = 6.0
    restart_backoff_seconds: Annotated[
        float,
        _say(
            "First wait before a dead process is started again; doubles up to 30 s.",
            "seconds",
            "back within 3 s, without a storm when it cannot start",
            gt=0,
        ),
    ] = 0.5
    api_workers: Annotated[
        int, _say("Web server processes.", "processes", "one shares two cores best with PostgreSQL", ge=1)
    ] = 1
    worker_threads: Annotated[
        int, _say("Threads of one background worker.", "threads", "jobs are async and short", ge=1)
    ] = 4
    start_seconds: Annotated[
        float,
        _say(
            "How long `up` waits for the site to answer before it gives up.",
            "seconds",
            "a slow disk and a first migration included",
            gt=0,
        ),
    ] = 90.0
    free_disk_bytes: Annotated[
        int,
        _say(
            "Free space in the data folder below which nothing is started.",
            "bytes",
            "a new database takes 60 MB, and a full disk in mid-work is worse than not starting",
            ge=0,
        ),
    ] = 200_000_000
    log_file_bytes: Annotated[
        int,
        _say(
            "Size at which a log file is set aside as `.1`.",
            "bytes",
            "two days of a busy site, and an editor still opens it",
            ge=100_000,
        ),
    ] = 20_000_000
    log_format: Annotated[
        str,
        _say("`console` or `json`.", "name", "people read the first, machines the second", pattern="^(console|json)$"),
    ] = "console"


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in Settings.__struct_fields__:
        plain = PLAIN_NAMES.get(name)
        value = environ.get(f"CALLBOARD_{name.upper()}") or (environ.get(plain) if plain else None)
        if value:
            found[name] = value
    return found


def _from_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"The settings file {path} cannot be read: {error}.") from error


def _decode_path(kind: type, value: Any) -> Any:
    if kind is Path:
        return Path(value)
    raise TypeError(kind)


def load_settings(
    data_dir: Path | None = None,
    config: Path | None = None,
    environ: Mapping[str, str] | None = None,
    **overrides: Any,
) -> Settings:
    """Settings from the defaults, the file, the environment and the command line, the later ones stronger.

    Raises `ConfigurationError` with the name of the setting and what is wrong with its value.
    """
    values: dict[str, Any] = {}
    env = _from_environment(os.environ if environ is None else environ)
    folder = data_dir or Path(env.get("data_dir", default_data_dir()))
    file = config or folder / "callboard.toml"
    if config or file.is_file():
        values.update(_from_file(file))
    values.update(env)
    values.update({name: value for name, value in overrides.items() if value is not None})
    values["data_dir"] = str(folder.expanduser().resolve())
    try:
        return msgspec.convert(values, Settings, strict=False, dec_hook=_decode_path)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"A setting cannot be used: {error}.") from error


def describe() -> list[dict[str, str]]:
    """One row per setting: name, variable, default, unit, description, reason; the source of docs/settings.md."""
    rows = []
    for field in msgspec.structs.fields(Settings):
        (meta,) = (note for note in field.type.__metadata__ if isinstance(note, Meta))
        extra = meta.extra or {}
        default = "" if field.default in (msgspec.NODEFAULT, None) else str(field.default)
        rows.append(
            {
                "name": field.name,
                "variable": PLAIN_NAMES.get(field.name, f"CALLBOARD_{field.name.upper()}"),
                "default": default,
                "unit": str(extra["unit"]),
                "description": str(meta.description),
                "reason": str(extra["reason"]),
            }
        )
    return rows
