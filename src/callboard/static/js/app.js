// Entry of every page. Each part starts only what it finds on the page.

import { startClocks } from "./clocks.js";
import { startDrafts } from "./drafts.js";
import { startForms } from "./forms.js";
import { startHeartbeat } from "./heartbeat.js";
import { startKinds } from "./kinds.js";
import { startLive } from "./live.js";
import { startPaste } from "./paste.js";
import { startReplies } from "./replies.js";
import { startShortcuts } from "./shortcuts.js";
import { startWork } from "./work.js";

startClocks();
startForms();
startKinds(); // before the shortcuts of every page: its own keys come first
startShortcuts();
startWork();
startReplies();
startDrafts();
startHeartbeat();
startPaste();
startLive();
