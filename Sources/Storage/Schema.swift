import GRDB

/// The schema's history; a shipped migration never changes and knows no type of the program.
enum Schema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 the office opens") { db in try db.execute(sql: version1) }
        migrator.registerMigration("2 tallies by hour are packed") { db in try db.execute(sql: version2) }
        migrator.registerMigration("3 people, names and requests") { db in try db.execute(sql: version3) }
        migrator.registerMigration("4 deletions") { db in try db.execute(sql: version4) }
        migrator.registerMigration("5 rejected lines") { db in try db.execute(sql: version5) }
        migrator.registerMigration("6 calls of several offices") { db in try db.execute(sql: version6) }
        migrator.registerMigration("7 several offices") { db in try db.execute(sql: version7) }
        migrator.registerMigration("8 backups") { db in try db.execute(sql: version8) }
        migrator.registerMigration("9 exchange with other offices") { db in try db.execute(sql: version9) }
        migrator.registerMigration("10 placements of several lives") { db in try db.execute(sql: version10) }
        migrator.registerMigration("11 both sides of a fork") { db in try db.execute(sql: version11) }
        migrator.registerMigration("12 arrivals of this life") { db in try db.execute(sql: version12) }
        migrator.registerMigration("13 heads of earlier entries") { db in try db.execute(sql: version13) }
        migrator.registerMigration("14 whose a hold is") { db in try db.execute(sql: version14) }
        return migrator
    }

    /// Tables that `rebuild` empties and folds again, in an order that no reference forbids.
    static let projections = [
        "agentDay", "dayTally", "agentDayCells", "call", "rejectedLine", "versionDay", "deletedSpan",
        "deleteRequest", "deleteHold", "fileVersion", "file", "aliasSpan", "agentName",
        "placementSpan", "placement", "transferRequest", "delegation", "namesApart", "person", "outcome",
        "label", "source", "office", "user", "boxSettings", "conflict", "conflictDecision", "peer",
        "backup", "backupFailure",
    ]

    /// Of those, what shared events alone make, and what is not numbered for calls: emptied when they are folded
    /// again.
    static let foldedShared = [
        "deletedSpan", "deleteRequest", "deleteHold", "file", "aliasSpan", "placementSpan", "placement",
        "transferRequest", "delegation", "namesApart", "person", "office", "conflict", "conflictDecision",
    ]

    private static let version1 = """
        -- Facts about this data folder that no event made.
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
        );

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
          refusal TEXT,
          PRIMARY KEY (stream, office, incarnation, seq)
        ) WITHOUT ROWID;
        CREATE INDEX journalByTime ON journal (time, office, incarnation, stream, seq);
        CREATE INDEX journalBySubject ON journal (subject, time);

        CREATE TABLE office (
          id TEXT PRIMARY KEY,
          name TEXT NOT NULL,
          rules TEXT NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE boxSettings (
          only INTEGER PRIMARY KEY CHECK (only = 1),
          settings TEXT NOT NULL
        );

        CREATE TABLE user (
          id TEXT PRIMARY KEY,
          username TEXT NOT NULL COLLATE NOCASE UNIQUE,
          name TEXT NOT NULL,
          role TEXT NOT NULL,
          person TEXT,
          disabled INTEGER NOT NULL DEFAULT 0,
          added INTEGER NOT NULL
        ) WITHOUT ROWID;

        -- Secrets are state, not history: they are in no event and in no snapshot.
        CREATE TABLE credential (
          user TEXT PRIMARY KEY,
          hash TEXT NOT NULL,
          changed INTEGER NOT NULL,
          -- 1: somebody else knows it, so its owner must change it before anything else.
          initial INTEGER NOT NULL DEFAULT 0
        ) WITHOUT ROWID;
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
        CREATE TABLE apiToken (
          hash BLOB PRIMARY KEY,
          id TEXT NOT NULL UNIQUE,
          user TEXT NOT NULL,
          name TEXT NOT NULL,
          created INTEGER NOT NULL,
          expires INTEGER NOT NULL,
          used INTEGER
        ) WITHOUT ROWID;
        CREATE TABLE signInThrottle (
          scope TEXT PRIMARY KEY,
          failures INTEGER NOT NULL,
          last INTEGER NOT NULL,
          until INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE setupCode (
          only INTEGER PRIMARY KEY CHECK (only = 1),
          hash BLOB NOT NULL
        );

        CREATE TABLE source (
          number INTEGER PRIMARY KEY,
          id TEXT NOT NULL UNIQUE,
          office TEXT NOT NULL,
          name TEXT NOT NULL,
          settings TEXT NOT NULL
        );

        CREATE TABLE person (
          id TEXT PRIMARY KEY,
          office TEXT NOT NULL,
          name TEXT NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE placement (
          person TEXT NOT NULL,
          fromDay INTEGER NOT NULL,
          -- The event that made it: the last one in total order for a person and day stands.
          time INTEGER NOT NULL,
          office TEXT NOT NULL,
          placement TEXT NOT NULL,
          PRIMARY KEY (person, fromDay, time, office)
        ) WITHOUT ROWID;
        -- Cut so that designation, group, leader and manager are constant within a span.
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

        -- The dialer's names. Calls refer to a name, and the name to a person, so a rename rewrites no call.
        -- A name has no person only while the first file that holds it is being staged.
        CREATE TABLE agentName (
          number INTEGER PRIMARY KEY,
          office TEXT NOT NULL,
          folded TEXT NOT NULL,
          name TEXT NOT NULL,
          person TEXT,
          UNIQUE (office, folded)
        );
        CREATE INDEX agentNameByPerson ON agentName (person);

        -- Dictionaries: texts that calls repeat.
        CREATE TABLE outcome (
          number INTEGER PRIMARY KEY,
          source INTEGER NOT NULL,
          type TEXT NOT NULL,
          state TEXT NOT NULL,
          -- The state's flags by the source's mapping; null: unmapped.
          flags INTEGER,
          UNIQUE (source, type, state)
        );
        CREATE TABLE label (
          number INTEGER PRIMARY KEY,
          text TEXT NOT NULL UNIQUE
        );

        CREATE TABLE file (
          id TEXT PRIMARY KEY,
          source TEXT NOT NULL,
          name TEXT NOT NULL,
          UNIQUE (source, name)
        ) WITHOUT ROWID;
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
        );
        CREATE INDEX fileVersionByFile ON fileVersion (file, version);
        CREATE INDEX fileVersionByOriginal ON fileVersion (original);

        -- Every accepted row of every version. A row counts when its version is live and no later live
        -- version holds its key.
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
        CREATE UNIQUE INDEX callByKey ON call (source, key, version);
        CREATE INDEX callByName ON call (name, time);

        -- Rollups by agent's name and business day, under the change that counted them. Of several changes
        -- for a name and day the latest posted one is in force; the others are swept.
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
        );
        CREATE UNIQUE INDEX agentDayByDay ON agentDay (day, name, change);
        CREATE INDEX agentDayByName ON agentDay (name, day);
        -- Tallies of an agent-day: numbered agentDay.number × 2^20 and up, so that they are written and read
        -- as one range.
        CREATE TABLE dayTally (
          number INTEGER PRIMARY KEY,
          outcome INTEGER NOT NULL,
          logs INTEGER NOT NULL,
          talkLogs INTEGER NOT NULL,
          talk INTEGER NOT NULL
        );
        CREATE TABLE hourTally (
          number INTEGER PRIMARY KEY,
          hour INTEGER NOT NULL,
          campaign INTEGER NOT NULL,
          outcome INTEGER NOT NULL,
          logs INTEGER NOT NULL,
          talkLogs INTEGER NOT NULL,
          talk INTEGER NOT NULL
        );
        """
    /// What was counted by hour and campaign took as many rows as a third of the calls.
    private static let version2 = """
        DROP TABLE hourTally;
        -- Of an agent-day, numbered as it: its tallies by hour, campaign and outcome, and the moments of its
        -- rows, so that rows can be added and taken back without reading the others (`AgentDayTally`).
        CREATE TABLE agentDayCells (
          number INTEGER PRIMARY KEY,
          cells BLOB NOT NULL,
          times BLOB NOT NULL
        );
        -- Nearly every comparison of two keys ends with their first column now.
        DROP INDEX callByKey;
        CREATE UNIQUE INDEX callByKey ON call (key, source, version);
        -- The next start counts again.
        UPDATE folder SET rebuilding = 1 WHERE EXISTS (SELECT 1 FROM agentDay);
        """

    private static let version3 = """
        DROP TABLE placement;
        CREATE TABLE placement (
          person TEXT NOT NULL,
          fromDay INTEGER NOT NULL,
          -- The event that made it: the last one in total order for a person and day stands.
          time INTEGER NOT NULL,
          office TEXT NOT NULL,
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
          PRIMARY KEY (person, fromDay, time, office)
        ) WITHOUT ROWID;
        CREATE INDEX placementByLeader ON placement (leader);
        CREATE INDEX placementByManager ON placement (manager);

        -- The person found to be the same human; this one has no name of his own left.
        ALTER TABLE person ADD COLUMN mergedInto TEXT;

        -- Whose a dialer's name is: JSON, a person and a first day each. Null only while the first file that
        -- holds the name is being staged.
        DROP INDEX agentNameByPerson;
        ALTER TABLE agentName DROP COLUMN person;
        ALTER TABLE agentName ADD COLUMN links TEXT;
        -- The same by days, so that a figure finds the person of a name and day. Calls refer to the name, so a
        -- link, a merge or a rename rewrites no call.
        CREATE TABLE aliasSpan (
          number INTEGER PRIMARY KEY,
          name INTEGER NOT NULL,
          fromDay INTEGER NOT NULL,
          untilDay INTEGER NOT NULL,
          person TEXT NOT NULL
        );
        CREATE UNIQUE INDEX aliasSpanByName ON aliasSpan (name, fromDay);
        CREATE INDEX aliasSpanByPerson ON aliasSpan (person);

        -- Persons with like names of whom somebody said that they are two; the lesser id first.
        CREATE TABLE namesApart (
          first TEXT NOT NULL,
          second TEXT NOT NULL,
          PRIMARY KEY (first, second)
        ) WITHOUT ROWID;

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
        CREATE TABLE delegation (
          id TEXT PRIMARY KEY,
          person TEXT NOT NULL,
          delegate TEXT NOT NULL,
          fromDay INTEGER NOT NULL,
          untilDay INTEGER NOT NULL
        ) WITHOUT ROWID;
        -- The next start folds all of them.
        UPDATE folder SET rebuilding = 1 WHERE EXISTS (SELECT 1 FROM journal);
        """

    private static let version4 = """
        -- Beside staged and live a version's state is: trashed, all of it deleted and in the trash; purged, its
        -- archive and rows erased. Of a live version with cut = 1 some days are deleted.
        ALTER TABLE fileVersion ADD COLUMN cut INTEGER NOT NULL DEFAULT 0;
        -- Calls that it added to the figures when it was uploaded.
        ALTER TABLE fileVersion ADD COLUMN added INTEGER NOT NULL DEFAULT 0;
        UPDATE fileVersion SET added = (event ->> '$.counts.accepted') - (event ->> '$.counts.overlapping')
          WHERE state = 'live';
        -- 1: its archive may not be yet where its state wants it.
        ALTER TABLE fileVersion ADD COLUMN unsettled INTEGER NOT NULL DEFAULT 0;

        -- Stretches of the wall clock, half open, whose rows of a version are deleted; of a whole version from the
        -- least to the greatest number. purged = 1: the rows are erased.
        CREATE TABLE deletedSpan (
          version INTEGER NOT NULL,
          fromTime INTEGER NOT NULL,
          untilTime INTEGER NOT NULL,
          request TEXT NOT NULL,
          purged INTEGER NOT NULL DEFAULT 0,
          PRIMARY KEY (version, fromTime, untilTime, request)
        ) WITHOUT ROWID;
        CREATE INDEX deletedSpanByRequest ON deletedSpan (request);
        CREATE TABLE deleteRequest (
          id TEXT PRIMARY KEY,
          stage TEXT NOT NULL,
          opened INTEGER NOT NULL,
          -- Calls that are out of the figures by it.
          calls INTEGER NOT NULL DEFAULT 0,
          request TEXT NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX deleteRequestByStage ON deleteRequest (stage, opened);
        CREATE TABLE deleteHold (
          id TEXT PRIMARY KEY,
          hold TEXT NOT NULL
        ) WITHOUT ROWID;
        """

    /// What is found in lines that were rejected, and what each version has of each day.
    private static let version5 = """
        CREATE TABLE rejectedLine (
          -- version × 2^32 + line, as a call's.
          number INTEGER PRIMARY KEY,
          reason TEXT NOT NULL,
          text TEXT NOT NULL
        );
        -- Accepted rows of a version by business day.
        CREATE TABLE versionDay (
          version INTEGER NOT NULL,
          day INTEGER NOT NULL,
          rows INTEGER NOT NULL,
          -- Different names of agents on them.
          agents INTEGER NOT NULL,
          PRIMARY KEY (version, day)
        ) WITHOUT ROWID;
        CREATE INDEX versionDayByDay ON versionDay (day);
        -- The next start fills both.
        UPDATE folder SET rebuilding = 1 WHERE EXISTS (SELECT 1 FROM fileVersion);
        """

    private static let version8 = """
        -- Backups that were written and read again.
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
        -- The last failure of each step that has not been done well since.
        CREATE TABLE backupFailure (
          step TEXT PRIMARY KEY,
          time INTEGER NOT NULL,
          message TEXT NOT NULL
        ) WITHOUT ROWID;
        """
}
