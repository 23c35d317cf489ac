"""Journals: what was tried and what came of it, on disk before and after each request.

A journal is JSON Lines in UTF-8, one object per line, only ever appended to. It is a public format with a version:

- `header`, the first line: `version`, `lsnb` (its version), `started_at`, `fingerprint`, `created_at` and `nonce` of the plan,
  `organization_id`, `host`, `key` (the identity, never the key itself), `workers`, `allowed` (the rules that were
  overridden, with the reasons).
- `plan`, the second line: the whole plan, so that going on and undoing need nothing but the journal.
- `trying`: `ids` of the changes that the next request carries, `step` (what the request does), `at`.
- `not-sent`: that request surely did not reach the service: `ids`, `reason`, `at`.
- `step`: one request of a change with several of them was carried out: `id`, `step`, `at`.
- `outcome`: a change ended, or was looked at again: `id`, `outcome` (`done`, `failed`, `skipped` or `unknown`),
  `reason`, `next_step`, `at`; `is_open` where going on tries it again, `is_there` where what it wants is there though
  not by it; `created_id` with the id of what it created, never with its secret. The last one counts.
- `reopened`: what was said about the change `id` is forgotten, as it is tried again.
- `verified`: the changes in `ids` were read back afterwards and are there.
- `counted`: after the changes in `ids`, which took Organization Admins, enough were counted.
- `resumed`, `stopped`, `finished`: what became of the run, with `at`.

A `trying` without an outcome means that nobody knows: the process was killed, or the answer was lost.
"""

from lsnb.apply.journal.applied_plans import DEFAULT_FOLDER, new_journal
from lsnb.apply.journal.model import JOURNAL_VERSION, OUTCOMES, JournalRecord, Result
from lsnb.apply.journal.reader import read_journal
from lsnb.apply.journal.writer import JournalWriter

__all__ = [
    "DEFAULT_FOLDER",
    "JOURNAL_VERSION",
    "OUTCOMES",
    "JournalRecord",
    "JournalWriter",
    "Result",
    "new_journal",
    "read_journal",
]
