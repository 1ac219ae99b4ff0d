"""Files of other people's tasks and dialogues into task drafts: read, judge line by line, map, stage, write.

Everything up to the sink is pure: bytes in, drafts and line errors out. The command line and the HTTP endpoint
share it; `stage` is where the two meet.
"""
