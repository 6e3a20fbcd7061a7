extension Schema {
    /// The same call in files of several offices counts once.
    static let version6 = """
        -- Rows of the name and day that do not count because the same call counts in a file of another office.
        ALTER TABLE agentDay ADD COLUMN elsewhere INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX agentDayElsewhere ON agentDay (day) WHERE elsewhere > 0;
        -- Layout of its files: only calls of one layout can be the same.
        ALTER TABLE source ADD COLUMN format TEXT NOT NULL DEFAULT '';
        UPDATE source SET format = settings ->> '$.format';
        -- Calls that count under the office's names, as changes of calls added them up.
        ALTER TABLE office ADD COLUMN calls INTEGER NOT NULL DEFAULT 0;
        UPDATE office SET calls = (SELECT coalesce(sum(added), 0) FROM fileVersion)
          - (SELECT coalesce(sum(calls), 0) FROM deleteRequest);
        ALTER TABLE fileVersion DROP COLUMN added;
        ALTER TABLE deleteRequest DROP COLUMN calls;
        -- Two sources of one layout may hold the same calls: the next start counts again.
        UPDATE folder SET rebuilding = 1 WHERE EXISTS (
          SELECT 1 FROM source a JOIN source b ON b.format = a.format AND b.number > a.number
          WHERE a.number IN (SELECT source FROM fileVersion) AND b.number IN (SELECT source FROM fileVersion));
        """

    static let version7 = """
        -- Two lives of an office may both have begun a file of one name.
        CREATE TABLE newFile (
          id TEXT PRIMARY KEY,
          source TEXT NOT NULL,
          name TEXT NOT NULL
        ) WITHOUT ROWID;
        INSERT INTO newFile SELECT id, source, name FROM file;
        DROP TABLE file;
        ALTER TABLE newFile RENAME TO file;
        CREATE INDEX fileByName ON file (source, name);
        -- Of the event that made it live.
        ALTER TABLE fileVersion ADD COLUMN incarnation INTEGER NOT NULL DEFAULT 1;
        -- 1: of an office whose entries are still coming in; no list has it.
        ALTER TABLE source ADD COLUMN staged INTEGER NOT NULL DEFAULT 0;
        -- Where this folder is, as far as the system tells: another place is another box, or a copy.
        ALTER TABLE folder ADD COLUMN place TEXT;
        -- Of an entry that came from another office: the entry of the own chain that tells of the merge.
        ALTER TABLE journal ADD COLUMN arrival INTEGER;

        -- Entries of other offices while they are looked at; emptied at each start.
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

        -- The last signed head of each chain, as it came from its office; a relay hands it on.
        CREATE TABLE signedHead (
          office TEXT NOT NULL,
          incarnation INTEGER NOT NULL,
          seq INTEGER NOT NULL,
          hash TEXT NOT NULL,
          name TEXT NOT NULL,
          key TEXT NOT NULL,
          signature TEXT NOT NULL,
          PRIMARY KEY (office, incarnation)
        ) WITHOUT ROWID;

        -- Offices whose key somebody compared; revoked = 1: nothing more of it is taken.
        CREATE TABLE peer (
          office TEXT PRIMARY KEY,
          name TEXT NOT NULL,
          key TEXT NOT NULL,
          paired INTEGER NOT NULL,
          revoked INTEGER NOT NULL DEFAULT 0
        ) WITHOUT ROWID;
        -- What is known of another office by its last snapshot; no entry made it, and it is no secret.
        CREATE TABLE peerState (
          office TEXT PRIMARY KEY,
          -- JSON of `PeerState`.
          state TEXT NOT NULL
        ) WITHOUT ROWID;
        -- Two signed entries with one number: the chain is taken no further.
        CREATE TABLE fork (
          office TEXT NOT NULL,
          incarnation INTEGER NOT NULL,
          seq INTEGER NOT NULL,
          ours TEXT NOT NULL,
          theirs TEXT NOT NULL,
          found INTEGER NOT NULL,
          PRIMARY KEY (office, incarnation)
        ) WITHOUT ROWID;

        CREATE TABLE conflict (
          id TEXT PRIMARY KEY,
          register TEXT NOT NULL,
          -- Events as office/incarnation/seq.
          loser TEXT NOT NULL,
          winner TEXT,
          refusal TEXT
        ) WITHOUT ROWID;
        -- The last decision of each in the total order.
        CREATE TABLE conflictDecision (
          conflict TEXT PRIMARY KEY,
          choice TEXT NOT NULL,
          event TEXT NOT NULL,
          time INTEGER NOT NULL
        ) WITHOUT ROWID;
        """

    /// Exchange with other offices by itself: nothing in these tables is in any entry, and none of them travels.
    static let version9 = """
        -- With it another office fetches and sends; one at a time for each.
        CREATE TABLE exchangeToken (
          office TEXT PRIMARY KEY,
          hash BLOB NOT NULL UNIQUE,
          made INTEGER NOT NULL,
          used INTEGER
        ) WITHOUT ROWID;
        -- Where another office is reached, the token that it made for us, and its box's authority in PEM (null: the
        -- system's).
        CREATE TABLE exchangeAddress (
          office TEXT PRIMARY KEY,
          address TEXT NOT NULL,
          secret TEXT NOT NULL,
          authority TEXT
        ) WITHOUT ROWID;
        CREATE TABLE exchangeRun (
          way TEXT PRIMARY KEY,
          -- JSON of `ExchangeRun`.
          run TEXT NOT NULL
        ) WITHOUT ROWID;
        -- Files of the shared folder as they were met last.
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
        """

    /// Two boxes that go on from one folder may act in the same millisecond.
    static let version10 = """
        CREATE TABLE newPlacement (
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
        INSERT INTO newPlacement SELECT person, fromDay, time, office, coalesce((
            SELECT incarnation FROM journal j WHERE j.stream = 'shared' AND j.time = placement.time
              AND j.office = placement.office), 1), designation, employment, status, groupName, leader, manager,
          kind, actor, reason, request FROM placement;
        DROP TABLE placement;
        ALTER TABLE newPlacement RENAME TO placement;
        CREATE INDEX placementByLeader ON placement (leader);
        CREATE INDEX placementByManager ON placement (manager);
        """

    /// What another box wrote in the place of entries that are held here.
    static let version11 = """
        ALTER TABLE fork ADD COLUMN settled INTEGER NOT NULL DEFAULT 0;
        -- For people to read: they have no effect.
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
        """

    /// They are numbers of the present chain's entries; of an earlier one others may have the same.
    static let version12 = """
        UPDATE journal SET arrival = NULL WHERE arrival IS NOT NULL AND (SELECT incarnation FROM folder) > 1;
        """

    /// The head that was signed before a merge that is taken back is the one to hand on then.
    static let version13 = """
        ALTER TABLE signedHead RENAME TO oldSignedHead;
        -- The heads of each chain at which it was held, as they came from its office; a relay hands the last one on.
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
        INSERT INTO signedHead SELECT * FROM oldSignedHead;
        DROP TABLE oldSignedHead;
        """

    /// A hold is the office's that set it.
    static let version14 = """
        ALTER TABLE deleteHold RENAME TO oldDeleteHold;
        CREATE TABLE deleteHold (
          id TEXT NOT NULL,
          office TEXT NOT NULL,
          hold TEXT NOT NULL,
          PRIMARY KEY (id, office)
        ) WITHOUT ROWID;
        INSERT INTO deleteHold SELECT id, coalesce((
            SELECT office FROM journal WHERE kind = 'deleteHoldChanged' AND refusal IS NULL
              AND \(payloadField("$.after.id")) = oldDeleteHold.id ORDER BY time LIMIT 1
          ), (SELECT office FROM folder)), hold FROM oldDeleteHold;
        DROP TABLE oldDeleteHold;
        -- Where another office had a say in a hold, or holds were in conflict, all follows from the entries anew.
        UPDATE folder SET rebuilding = 1 WHERE EXISTS (SELECT 1 FROM conflict WHERE register LIKE 'hold %') OR EXISTS (
          SELECT 1 FROM (
            SELECT coalesce(\(payloadField("$.after.id")), \(payloadField("$.before.id"))) AS hold, office
            FROM journal WHERE kind = 'deleteHoldChanged'
          ) GROUP BY hold HAVING count(DISTINCT office) > 1);
        """
}
