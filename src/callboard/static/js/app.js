// Entry of every page. Each part starts only what it finds on the page.

import { startCandidates } from "./candidates.js";
import { startClocks } from "./clocks.js";
import { startDesk } from "./desk.js";
import { startDrafts } from "./drafts.js";
import { startForms } from "./forms.js";
import { startHeartbeat } from "./heartbeat.js";
import { startKinds } from "./kinds.js";
import { startLive } from "./live.js";
import { startMeter } from "./meter.js";
import { startPassages } from "./passages.js";
import { startPaste } from "./paste.js";
import { startReplies } from "./replies.js";
import { startRubric } from "./rubric.js";
import { startShortcuts } from "./shortcuts.js";
import { startTopics } from "./topics.js";
import { startWork } from "./work.js";

startClocks();
startForms();
startKinds(); // before the shortcuts of every page: its own keys come first
startShortcuts();
startWork();
startDesk();
startReplies();
startDrafts();
startCandidates();
startRubric();
startPassages();
startTopics();
startMeter();
startHeartbeat();
startPaste();
startLive();
