extension Schema {
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
}
