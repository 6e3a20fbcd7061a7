CREATE TABLE agentDay (
  number INTEGER PRIMARY KEY,
  day INTEGER NOT NULL,
  name INTEGER NOT NULL,
  change INTEGER NOT NULL,
  logs INTEGER NOT NULL,
  first INTEGER,
  last INTEGER,
  active INTEGER NOT NULL,
  idle INTEGER NOT NULL,
  longestGap INTEGER NOT NULL,
  longestGapStart INTEGER,
  pace INTEGER,
  -- 24 little-endian 16-bit numbers: active seconds by hour of the clock.
  activeByHour BLOB NOT NULL,
  digest INTEGER NOT NULL
, elsewhere INTEGER NOT NULL DEFAULT 0);

CREATE UNIQUE INDEX agentDayByDay ON agentDay (day, name, change);

CREATE INDEX agentDayByName ON agentDay (name, day);

CREATE TABLE agentDayCells (
  number INTEGER PRIMARY KEY,
  cells BLOB NOT NULL,
  times BLOB NOT NULL
);

CREATE INDEX agentDayElsewhere ON agentDay (day) WHERE elsewhere > 0;

CREATE TABLE agentName (
  number INTEGER PRIMARY KEY,
  office TEXT NOT NULL,
  folded TEXT NOT NULL,
  name TEXT NOT NULL, links TEXT,
  UNIQUE (office, folded)
);

CREATE TABLE aliasSpan (
  number INTEGER PRIMARY KEY,
  name INTEGER NOT NULL,
  fromDay INTEGER NOT NULL,
  untilDay INTEGER NOT NULL,
  person TEXT NOT NULL
);

CREATE UNIQUE INDEX aliasSpanByName ON aliasSpan (name, fromDay);

CREATE INDEX aliasSpanByPerson ON aliasSpan (person);

CREATE TABLE apiToken (
  hash BLOB PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  user TEXT NOT NULL,
  name TEXT NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  used INTEGER
) WITHOUT ROWID;

CREATE TABLE backup (
  name TEXT PRIMARY KEY,
  made INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  entries INTEGER NOT NULL,
  files INTEGER NOT NULL,
  calls INTEGER NOT NULL,
  sealed INTEGER NOT NULL,
  -- When it was last restored for trial.
  drilled INTEGER
) WITHOUT ROWID;

CREATE INDEX backupByTime ON backup (made);

CREATE TABLE backupFailure (
  step TEXT PRIMARY KEY,
  time INTEGER NOT NULL,
  message TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE boxSettings (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  settings TEXT NOT NULL
);

CREATE TABLE call (
  -- version × 2^32 + line, so that a version's rows lie together and go together.
  number INTEGER PRIMARY KEY,
  source INTEGER NOT NULL,
  key ANY NOT NULL,
  version INTEGER NOT NULL,
  line INTEGER NOT NULL,
  name INTEGER NOT NULL,
  time INTEGER NOT NULL,
  outcome INTEGER NOT NULL,
  campaign INTEGER NOT NULL,
  originalCampaign INTEGER NOT NULL,
  callType INTEGER NOT NULL,
  profile TEXT,
  talk INTEGER,
  wait INTEGER,
  fingerprint INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX callByKey ON call (key, source, version);

CREATE INDEX callByName ON call (name, time);

CREATE TABLE conflict (
  id TEXT PRIMARY KEY,
  register TEXT NOT NULL,
  -- Events as office/incarnation/seq.
  loser TEXT NOT NULL,
  winner TEXT,
  refusal TEXT
) WITHOUT ROWID;

CREATE TABLE conflictDecision (
  conflict TEXT PRIMARY KEY,
  choice TEXT NOT NULL,
  event TEXT NOT NULL,
  time INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE credential (
  user TEXT PRIMARY KEY,
  hash TEXT NOT NULL,
  changed INTEGER NOT NULL,
  -- 1: somebody else knows it, so its owner must change it before anything else.
  initial INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE dayTally (
  number INTEGER PRIMARY KEY,
  outcome INTEGER NOT NULL,
  logs INTEGER NOT NULL,
  talkLogs INTEGER NOT NULL,
  talk INTEGER NOT NULL
);

CREATE TABLE delegation (
  id TEXT PRIMARY KEY,
  person TEXT NOT NULL,
  delegate TEXT NOT NULL,
  fromDay INTEGER NOT NULL,
  untilDay INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE deleteHold (
  id TEXT NOT NULL,
  office TEXT NOT NULL,
  hold TEXT NOT NULL,
  PRIMARY KEY (id, office)
) WITHOUT ROWID;

CREATE TABLE deleteRequest (
  id TEXT PRIMARY KEY,
  stage TEXT NOT NULL,
  opened INTEGER NOT NULL,
  -- Calls that are out of the figures by it.
  request TEXT NOT NULL
) WITHOUT ROWID;

CREATE INDEX deleteRequestByStage ON deleteRequest (stage, opened);

CREATE TABLE deletedSpan (
  version INTEGER NOT NULL,
  fromTime INTEGER NOT NULL,
  untilTime INTEGER NOT NULL,
  request TEXT NOT NULL,
  purged INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (version, fromTime, untilTime, request)
) WITHOUT ROWID;

CREATE INDEX deletedSpanByRequest ON deletedSpan (request);

CREATE TABLE exchangeAddress (
  office TEXT PRIMARY KEY,
  address TEXT NOT NULL,
  secret TEXT NOT NULL,
  authority TEXT
) WITHOUT ROWID;

CREATE TABLE exchangeFile (
  name TEXT PRIMARY KEY,
  -- JSON of `ExchangeFile`.
  file TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE exchangeQuestion (
  key TEXT PRIMARY KEY,
  -- JSON of `ExchangeQuestion`.
  question TEXT NOT NULL,
  found INTEGER NOT NULL,
  -- Null: nobody has said that it may go on.
  allowed INTEGER
) WITHOUT ROWID;

CREATE TABLE exchangeRun (
  way TEXT PRIMARY KEY,
  -- JSON of `ExchangeRun`.
  run TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE exchangeToken (
  office TEXT PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,
  made INTEGER NOT NULL,
  used INTEGER
) WITHOUT ROWID;

CREATE TABLE "file" (
  id TEXT PRIMARY KEY,
  source TEXT NOT NULL,
  name TEXT NOT NULL
) WITHOUT ROWID;

CREATE INDEX fileByName ON file (source, name);

CREATE TABLE fileVersion (
  number INTEGER PRIMARY KEY,
  file TEXT,
  version INTEGER,
  -- staged: being read, in no figure. live: counted.
  state TEXT NOT NULL,
  -- The event's place in the total order: of two live versions with a key, the later counts.
  time INTEGER NOT NULL,
  office TEXT NOT NULL,
  source INTEGER NOT NULL,
  archive TEXT,
  original TEXT,
  event TEXT,
  uploadedBy TEXT
, cut INTEGER NOT NULL DEFAULT 0, unsettled INTEGER NOT NULL DEFAULT 0, incarnation INTEGER NOT NULL DEFAULT 1);

CREATE INDEX fileVersionByFile ON fileVersion (file, version);

CREATE INDEX fileVersionByOriginal ON fileVersion (original);

CREATE TABLE folder (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  office TEXT NOT NULL,
  incarnation INTEGER NOT NULL,
  -- Figures of changes up to this one are in every report; later ones are being staged.
  postedChange INTEGER NOT NULL DEFAULT 0,
  -- Counted up, never reused, so that leftovers of a crash are never taken for new work.
  lastChange INTEGER NOT NULL DEFAULT 0,
  -- 1 from the moment projections were emptied until they are folded again.
  rebuilding INTEGER NOT NULL DEFAULT 0
, place TEXT);

CREATE TABLE fork (
  office TEXT NOT NULL,
  incarnation INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  ours TEXT NOT NULL,
  theirs TEXT NOT NULL,
  found INTEGER NOT NULL, settled INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (office, incarnation)
) WITHOUT ROWID;

CREATE TABLE forkEntry (
  office TEXT NOT NULL,
  incarnation INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  time INTEGER NOT NULL,
  user TEXT,
  actor TEXT NOT NULL,
  via TEXT NOT NULL,
  kind TEXT NOT NULL,
  payload TEXT NOT NULL,
  previousHash BLOB NOT NULL,
  hash BLOB NOT NULL,
  PRIMARY KEY (office, incarnation, seq)
) WITHOUT ROWID;

CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);

CREATE TABLE incomingEvent (
  office TEXT NOT NULL,
  incarnation INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  time INTEGER NOT NULL,
  user TEXT,
  actor TEXT NOT NULL,
  via TEXT NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT,
  payload TEXT NOT NULL,
  previousHash BLOB NOT NULL,
  hash BLOB NOT NULL,
  PRIMARY KEY (office, incarnation, seq)
) WITHOUT ROWID;

CREATE TABLE journal (
  stream TEXT NOT NULL,
  office TEXT NOT NULL,
  incarnation INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  time INTEGER NOT NULL,
  user TEXT,
  actor TEXT NOT NULL,
  via TEXT NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT,
  payload TEXT NOT NULL,
  previousHash BLOB NOT NULL,
  hash BLOB NOT NULL,
  -- Why the fold gave it no effect; null for an entry that has one.
  refusal TEXT, arrival INTEGER,
  PRIMARY KEY (stream, office, incarnation, seq)
) WITHOUT ROWID;

CREATE INDEX journalBySubject ON journal (subject, time);

CREATE INDEX journalByTime ON journal (time, office, incarnation, stream, seq);

CREATE TABLE label (
  number INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE
);

CREATE TABLE namesApart (
  first TEXT NOT NULL,
  second TEXT NOT NULL,
  PRIMARY KEY (first, second)
) WITHOUT ROWID;

CREATE TABLE office (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  rules TEXT NOT NULL
, calls INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;

CREATE TABLE outcome (
  number INTEGER PRIMARY KEY,
  source INTEGER NOT NULL,
  type TEXT NOT NULL,
  state TEXT NOT NULL,
  -- The state's flags by the source's mapping; null: unmapped.
  flags INTEGER,
  UNIQUE (source, type, state)
);

CREATE TABLE peer (
  office TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  key TEXT NOT NULL,
  paired INTEGER NOT NULL,
  revoked INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE peerState (
  office TEXT PRIMARY KEY,
  -- JSON of `PeerState`.
  state TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE person (
  id TEXT PRIMARY KEY,
  office TEXT NOT NULL,
  name TEXT NOT NULL
, mergedInto TEXT) WITHOUT ROWID;

CREATE TABLE "placement" (
  person TEXT NOT NULL,
  fromDay INTEGER NOT NULL,
  -- The event that made it: the last one in total order for a person and day stands.
  time INTEGER NOT NULL,
  office TEXT NOT NULL,
  incarnation INTEGER NOT NULL,
  designation TEXT NOT NULL,
  employment TEXT NOT NULL,
  status TEXT NOT NULL,
  groupName TEXT NOT NULL,
  leader TEXT,
  manager TEXT,
  -- Kind of that event, by whom, why, and the request it came from.
  kind TEXT NOT NULL,
  actor TEXT NOT NULL,
  reason TEXT NOT NULL,
  request TEXT,
  PRIMARY KEY (person, fromDay, time, office, incarnation)
) WITHOUT ROWID;

CREATE INDEX placementByLeader ON placement (leader);

CREATE INDEX placementByManager ON placement (manager);

CREATE TABLE placementSpan (
  person TEXT NOT NULL,
  fromDay INTEGER NOT NULL,
  untilDay INTEGER NOT NULL,
  designation TEXT NOT NULL,
  employment TEXT NOT NULL,
  status TEXT NOT NULL,
  groupName TEXT NOT NULL,
  leader TEXT,
  manager TEXT,
  PRIMARY KEY (person, fromDay)
) WITHOUT ROWID;

CREATE INDEX placementSpanByLeader ON placementSpan (leader);

CREATE INDEX placementSpanByManager ON placementSpan (manager);

CREATE TABLE rejectedLine (
  -- version × 2^32 + line, as a call's.
  number INTEGER PRIMARY KEY,
  reason TEXT NOT NULL,
  text TEXT NOT NULL
);

CREATE TABLE session (
  hash BLOB PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  user TEXT NOT NULL,
  formToken TEXT NOT NULL,
  browser BLOB NOT NULL,
  browserName TEXT NOT NULL,
  address TEXT NOT NULL,
  created INTEGER NOT NULL,
  seen INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX sessionByUser ON session (user);

CREATE TABLE setupCode (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  hash BLOB NOT NULL
);

CREATE TABLE signInThrottle (
  scope TEXT PRIMARY KEY,
  failures INTEGER NOT NULL,
  last INTEGER NOT NULL,
  until INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE signedHead (
  office TEXT NOT NULL,
  incarnation INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  hash TEXT NOT NULL,
  name TEXT NOT NULL,
  key TEXT NOT NULL,
  signature TEXT NOT NULL,
  PRIMARY KEY (office, incarnation, seq)
) WITHOUT ROWID;

CREATE TABLE source (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  office TEXT NOT NULL,
  name TEXT NOT NULL,
  settings TEXT NOT NULL
, format TEXT NOT NULL DEFAULT '', staged INTEGER NOT NULL DEFAULT 0);

CREATE TABLE transferRequest (
  id TEXT PRIMARY KEY,
  stage TEXT NOT NULL,
  agent TEXT NOT NULL,
  otherAgent TEXT,
  effectiveDay INTEGER NOT NULL,
  opened INTEGER NOT NULL,
  request TEXT NOT NULL
) WITHOUT ROWID;

CREATE INDEX transferRequestByAgent ON transferRequest (agent);

CREATE INDEX transferRequestByOtherAgent ON transferRequest (otherAgent);

CREATE INDEX transferRequestByStage ON transferRequest (stage, opened);

CREATE TABLE user (
  id TEXT PRIMARY KEY,
  username TEXT NOT NULL COLLATE NOCASE UNIQUE,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  person TEXT,
  disabled INTEGER NOT NULL DEFAULT 0,
  added INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE versionDay (
  version INTEGER NOT NULL,
  day INTEGER NOT NULL,
  rows INTEGER NOT NULL,
  -- Different names of agents on them.
  agents INTEGER NOT NULL,
  PRIMARY KEY (version, day)
) WITHOUT ROWID;

CREATE INDEX versionDayByDay ON versionDay (day);
