import Bytes
import Diagnostics
import Glibc
import JSONText
import Platform
import TestKit
import Testing

@testable import SQLiteFiles

/// Python's `sqlite3` makes the databases and says what is in them.
@Suite struct SQLiteReaderTests {
    /// What every program begins with: `db(name)` opens a database beside the others.
    static func program(_ folder: TemporaryDirectory, _ body: String) throws -> ProgramResult {
        let result = try python(
            """
            import json, os, sqlite3
            def db(name, *pragmas):
                base = sqlite3.connect(\(JSONWriter.text(.string(folder.path), style: .python)) + "/" + name, isolation_level=None)
                for pragma in pragmas: base.execute("PRAGMA " + pragma)
                return base
            def dump(base, table):
                def word(value):
                    if isinstance(value, bytes): return {"blob": value.hex()}
                    if isinstance(value, float): return {"real": value.hex()}
                    return str(value) if isinstance(value, int) else value
                rows = [[str(row[0])] + [word(value) for value in row[1:]] for row in base.execute(f"SELECT rowid, * FROM {table} ORDER BY rowid")]
                print(json.dumps(rows))

            """ + body)
        #expect(result.status == 0, "\(result.errorText)")
        return result
    }

    struct NoTable: Error {}

    /// All rows of a table in the words of `dump`.
    static func rows(_ path: String, _ table: String) throws -> JSONValue {
        let schema = try SQLiteSchema(SQLiteFile(path))
        guard let (rows, columns) = try schema.table(table) else { throw NoTable() }
        var list: [JSONValue] = []
        try rows.forEachRow { number, record throws(SQLiteError) in
            var row: [JSONValue] = [.string("\(number)")]
            for (index, column) in columns.enumerated() {
                switch try record.value(index) ?? column.defaultValue {
                case .null: row.append(.null)
                case .integer(let value): row.append(.string("\(value)"))
                case .real(let value): row.append(["real": .string(Self.pythonHex(value))])
                case .text(let text): row.append(.string(text))
                case .blob(let bytes): row.append(["blob": .string(Hexadecimal.encode(bytes))])
                }
            }
            list.append(.array(row))
            return true
        }
        return .array(list)
    }

    /// What Python's `float.hex` gives, for the few values of these tests.
    static func pythonHex(_ value: Double) -> String {
        ["0x1.8000000000000p+0", "-0x1.999999999999ap-4", "0x1.7e43c8800759cp+996"].first { Double($0) == value }
            ?? "\(value)"
    }

    static let table = """
        base.execute("CREATE TABLE t (a TEXT, \\"b c\\" INTEGER, [d] REAL, `e` BLOB, -- remark\\n f VARCHAR(10, 2) DEFAULT 'x''y' NOT NULL, CONSTRAINT k UNIQUE (a, \\"b c\\"), CHECK (f <> ','))")
        for i in range(ROWS):
            base.execute("INSERT INTO t VALUES (?, ?, ?, ?, ?)", ("é" * (i % 7) + str(i), [0, 1, -1, 127, -129, 1 << 20, -(1 << 30), 1 << 45, -(1 << 62), None][i % 10], [1.5, -0.1, 1e300, None][i % 4], bytes([i % 256]) * (i * 37 % SPREAD), "f"))
        base.execute("DELETE FROM t WHERE rowid % 5 = 0")
        base.execute("ALTER TABLE t ADD COLUMN g TEXT DEFAULT 'later'")
        base.execute("ALTER TABLE t ADD COLUMN h INTEGER DEFAULT 7")
        base.execute("INSERT INTO t (rowid, a, f, g) VALUES (-5, 'first', 'f', 'g')")
        base.execute("INSERT INTO t (rowid, a, f, g) VALUES (9000000000000000000, 'last', 'f', 'g')")
        dump(base, "t")
        """

    @Test(
        "rows of all types come back, from trees of several levels and over several pages, whatever the size of a page",
        arguments: [
            (512, 900, 40), (512, 60, 5_000), (1_024, 400, 3_000), (4_096, 500, 9_000), (65_536, 300, 60_000),
        ])
    func rows(pageSize: Int, count: Int, spread: Int) throws {
        let folder = TemporaryDirectory()
        let result = try Self.program(
            folder,
            "base = db('x.db', 'page_size = \(pageSize)', 'auto_vacuum = \(count % 3)')\nROWS, SPREAD = \(count), \(spread)\n"
                + Self.table)
        let expected = try JSONText.parse(result.output)
        #expect(expected.arrayValue?.count ?? 0 > count / 2)
        #expect(try Self.rows(folder.file("x.db"), "t") == expected)
    }

    @Test("committed transactions of a write-ahead log count, those that were not committed do not")
    func log() throws {
        let folder = TemporaryDirectory()
        let result = try Self.program(
            folder,
            """
            base = db('x.db', 'page_size = 1024', 'journal_mode = WAL', 'wal_autocheckpoint = 0')
            base.execute("CREATE TABLE t (a TEXT)")
            base.execute("BEGIN"); base.executemany("INSERT INTO t VALUES (?)", [("old" * 50 + str(i),) for i in range(200)]); base.execute("COMMIT")
            base.execute("PRAGMA wal_checkpoint(RESTART)")
            base.execute("UPDATE t SET a = 'new' WHERE rowid % 3 = 0")
            base.execute("INSERT INTO t VALUES ('one more')")
            dump(base, "t")
            import sys; sys.stdout.flush()
            base.execute("PRAGMA cache_size = 2")
            base.execute("BEGIN"); base.execute("UPDATE t SET a = 'never committed' || a"); base.execute("DELETE FROM t WHERE rowid < 50")
            os._exit(0)
            """)
        #expect(try #require(try FileStatus.of(folder.file("x.db-wal"))).size > 1_024)
        #expect(try Self.rows(folder.file("x.db"), "t") == JSONText.parse(result.output))
    }

    @Test("a table that is only in the write-ahead log is found")
    func logOnly() throws {
        let folder = TemporaryDirectory()
        let result = try Self.program(
            folder,
            """
            base = db('x.db', 'journal_mode = WAL', 'wal_autocheckpoint = 0')
            base.execute("CREATE TABLE t (a TEXT)")
            base.execute("INSERT INTO t VALUES ('here')")
            dump(base, "t")
            import sys; sys.stdout.flush()
            os._exit(0)
            """)
        #expect(try Self.rows(folder.file("x.db"), "t") == JSONText.parse(result.output))
    }

    @Test("a write-ahead log with one wrong bit counts up to the transaction before it")
    func damagedLog() throws {
        let folder = TemporaryDirectory()
        _ = try Self.program(
            folder,
            """
            base = db('x.db', 'page_size = 1024', 'journal_mode = WAL', 'wal_autocheckpoint = 0')
            base.execute("CREATE TABLE t (a TEXT)")
            for i in range(3): base.execute("INSERT INTO t VALUES (?)", (str(i),))
            os._exit(0)
            """)
        let path = folder.file("x.db-wal")
        var bytes = try FileDescriptor.open(path).readAll(limit: 1 << 20)
        bytes[bytes.count - 5] ^= 1
        _ = try run("rm", [path])
        _ = try folder.write("x.db-wal", bytes)
        #expect(try Self.rows(folder.file("x.db"), "t") == [["1", "0"], ["2", "1"]])
    }

    @Test("an interrupted writer's journal is refused, a live writer's is not")
    func journal() throws {
        let folder = TemporaryDirectory()
        _ = try Self.program(
            folder,
            """
            base = db('x.db', 'page_size = 1024')
            base.execute("CREATE TABLE t (a TEXT)")
            base.execute("BEGIN"); base.executemany("INSERT INTO t VALUES (?)", [("old" * 50,) for i in range(400)]); base.execute("COMMIT")
            base.execute("PRAGMA cache_size = 2")
            base.execute("BEGIN"); base.execute("UPDATE t SET a = 'half'")
            os._exit(0)
            """)
        #expect(try #require(try FileStatus.of(folder.file("x.db-journal"))).size > 1_024)
        let path = folder.file("x.db")
        #expect(
            message { try SQLiteFile(path) } == """
                error: cannot read the database `\(path)`: a program was interrupted while it wrote it, as `\(path)-journal` shows
                hint: open it once with `sqlite3 FILE 'SELECT 1 FROM sqlite_schema'` or with MLflow, which repairs it

                """)
    }

    @Test("a writer that lets go within a moment is waited for, and what it wrote is read")
    func writer() throws {
        let folder = TemporaryDirectory()
        _ = try Self.program(folder, Self.small)
        let program = """
            import sqlite3, sys, time
            base = sqlite3.connect(sys.argv[1], isolation_level=None)
            base.execute("PRAGMA synchronous = OFF")  # A disk with much to do is not what is waited for.
            base.execute("BEGIN EXCLUSIVE"); base.execute("INSERT INTO t VALUES ('written')")
            open(sys.argv[2], "w"); time.sleep(0.12); base.execute("COMMIT")
            """
        let result = try run(
            "sh",
            [
                "-c", "python3 -I -c \"$0\" \"$1\" \"$2\" >/dev/null 2>&1 & while [ ! -e \"$2\" ]; do :; done", program,
                folder.file("x.db"), folder.file("locked"),
            ])
        #expect(result.isSuccess)
        #expect(try Self.rows(folder.file("x.db"), "t") == [["1", "written"]])
    }

    @Test("another program's pages that move while we read are noticed")
    func moved() throws {
        let folder = TemporaryDirectory()
        _ = try Self.program(
            folder,
            """
            base = db('x.db', 'journal_mode = WAL', 'wal_autocheckpoint = 0')
            base.execute("CREATE TABLE t (a TEXT)")
            os._exit(0)
            """)
        let file = try SQLiteFile(folder.file("x.db"))
        #expect(try file.isUnchanged())
        _ = try Self.program(folder, "base = db('x.db')\nbase.execute(\"INSERT INTO t VALUES ('x')\")\nos._exit(0)")
        #expect(try !file.isUnchanged())
    }

    struct Refused: CustomTestStringConvertible, Sendable {
        let name: String
        let program: String
        let message: String
        var testDescription: String { name }
    }

    static let small = "base = db('x.db', 'page_size = 1024')\nbase.execute('CREATE TABLE t (a TEXT)')\n"
    static let rewrite =
        "base.close()\npath = PATH\ndata = bytearray(open(path, 'rb').read())\ndef put():\n    open(path, 'wb').write(data)\n"
    static let check = "hint: `sqlite3 FILE 'PRAGMA integrity_check'` tells more; restore the database from a backup\n"

    static let refused = [
        Refused(
            name: "another file", program: "open(PATH, 'w').write('x' * 5000)",
            message: "error: cannot read the database `PATH`: it is no SQLite 3 database\n  --> PATH at byte 0\n"),
        Refused(
            name: "an empty file", program: "open(PATH, 'w')",
            message: "error: cannot read the database `PATH`: it is no SQLite 3 database\n  --> PATH at byte 0\n"),
        Refused(
            name: "UTF-16",
            program: "base = db('x.db', \"encoding = 'UTF-16'\")\nbase.execute('CREATE TABLE t (a TEXT)')",
            message:
                "error: cannot read the database `PATH`: its text is UTF-16\n  --> PATH at byte 56\nhint: copy it into a database in UTF-8: `sqlite3 OLD .dump | sqlite3 NEW`\n"
        ),
        Refused(
            name: "WITHOUT ROWID",
            program: "base = db('x.db')\nbase.execute('CREATE TABLE t (a TEXT PRIMARY KEY) WITHOUT ROWID')",
            message:
                "error: cannot read the database `PATH`: the table `t` is stored as an index (`WITHOUT ROWID`)\n"),
        Refused(
            name: "a generated column",
            program: "base = db('x.db')\nbase.execute('CREATE TABLE t (a TEXT, b TEXT GENERATED ALWAYS AS (a))')",
            message: "error: cannot read the database `PATH`: the table `t` has a generated column\n"),
        Refused(
            name: "cut off", program: small + rewrite + "data = data[:1500]; put()",
            message:
                "error: cannot read the database `PATH`: it ends after 1 pages of 2\n  --> PATH at byte 1,500\n" + check
        ),
        Refused(
            name: "pages of an odd size", program: small + rewrite + "data[16:18] = b'\\x03\\x00'; put()",
            message:
                "error: cannot read the database `PATH`: its pages are said to have 768 bytes\n  --> PATH at byte 16\n"
                + check),
        Refused(
            name: "a page that holds itself",
            program: small
                + "base.executemany('INSERT INTO t VALUES (?)', [('x' * 300,) for i in range(40)])\n" + rewrite
                + "data[1024 + 8:1024 + 12] = (2).to_bytes(4, 'big'); put()",
            message:
                "error: cannot read the database `PATH`: page 2 is part of `t` twice\n  --> PATH at byte 1,024\n"
                + check),
        Refused(
            name: "a page beyond the end",
            program: small
                + "base.executemany('INSERT INTO t VALUES (?)', [('x' * 300,) for i in range(40)])\n" + rewrite
                + "data[1024 + 8:1024 + 12] = (99999).to_bytes(4, 'big'); put()",
            message:
                "error: cannot read the database `PATH`: page 2 leads to the page 99999 of 16\n  --> PATH at byte 1,024\n"
                + check),
        Refused(
            name: "an overflow page that leads to itself",
            program: small + "base.execute('INSERT INTO t VALUES (?)', ('x' * 9000,))\n" + rewrite
                + "data[2048:2052] = (3).to_bytes(4, 'big'); put()",
            message:
                "error: cannot read the database `PATH`: page 3 is part of `t` twice\n  --> PATH at byte 2,048\n"
                + check),
        Refused(
            name: "two rows in one place",
            program: small + "base.execute('INSERT INTO t VALUES (?)', ('x' * 600,))\n" + rewrite
                + "data[1024 + 4] = 2; data[1024 + 10:1024 + 12] = data[1024 + 8:1024 + 10]; put()",
            message:
                "error: cannot read the database `PATH`: page 2 has rows that overlap\n  --> PATH at byte 1,442\n"
                + check),
        Refused(
            name: "text that is not UTF-8",
            program: small + "base.execute(\"INSERT INTO t VALUES (CAST(x'ff' AS TEXT))\")",
            message:
                "error: cannot read the database `PATH`: page 2 has a text that is not UTF-8\n  --> PATH at byte 2,045\n"
                + check),
    ]

    @Test("a file that is no database, or not one for us, is refused with its place", arguments: refused)
    func refuses(_ row: Refused) throws {
        let folder = TemporaryDirectory()
        let path = folder.file("x.db")
        let quoted = JSONWriter.text(.string(path), style: .python)
        _ = try Self.program(folder, row.program.replacing("PATH", quoted))
        #expect(message { try Self.rows(path, "t") } == row.message.replacing("PATH", path))
    }

    @Test("a folder is no database")
    func folder() {
        let folder = TemporaryDirectory()
        #expect(message { try SQLiteFile(folder.path) } == "error: cannot read `\(folder.path)`: it is a folder\n")
    }

    @Test("1,500 mutations of a database end in rows or an error; seed 5")
    func mutations() throws {
        let folder = TemporaryDirectory()
        _ = try Self.program(
            folder,
            """
            base = db('x.db', 'page_size = 512')
            base.execute("CREATE TABLE t (a TEXT, b INTEGER, c BLOB)")
            base.executemany("INSERT INTO t VALUES (?, ?, ?)", [("é" * i, i << i % 50, bytes(i * 9)) for i in range(70)])
            base.execute("CREATE INDEX i ON t (a)")
            wal = db('y.db', 'page_size = 512', 'journal_mode = WAL', 'wal_autocheckpoint = 0')
            wal.execute("CREATE TABLE t (a TEXT, b INTEGER, c BLOB)")
            for i in range(12): wal.execute("INSERT INTO t VALUES (?, ?, ?)", ("é" * i, i, bytes(i * 30)))
            os._exit(0)
            """)
        let base = try FileDescriptor.open(folder.file("x.db")).readAll(limit: 1 << 20)
        let log = try FileDescriptor.open(folder.file("y.db-wal")).readAll(limit: 1 << 20)
        let logBase = try FileDescriptor.open(folder.file("y.db")).readAll(limit: 1 << 20)
        var random = SplitMix64(seed: 5)
        var outcomes: [String: Int] = [:]
        for round in 0..<1_500 {
            let isLog = round % 5 == 0
            var bytes = isLog ? log : base
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                // Headers of pages and cells are where the structure is.
                let page = Int.random(in: 0..<max(1, bytes.count / 512), using: &random) * 512
                let index = min(
                    bytes.count - 1, page + Int.random(in: 0..<(Bool.random(using: &random) ? 16 : 512), using: &random)
                )
                switch Int.random(in: 0..<8, using: &random) {
                case 0: bytes = Array(bytes.prefix(index + 1))
                case 1...3: bytes[index] = [0, 1, 2, 5, 0x0d, 0x7f, 0x80, 0xff].randomElement(using: &random) ?? 0
                default: bytes[index] = UInt8.random(in: 0...255, using: &random)
                }
            }
            let name = "m\(round % 2).db"
            for old in [name, name + "-wal"] { unlink(folder.file(old)) }
            _ = try folder.write(name, isLog ? logBase : bytes)
            if isLog { _ = try folder.write(name + "-wal", bytes) }
            do {
                _ = try Self.rows(folder.file(name), "t")
                outcomes["rows", default: 0] += 1
            } catch let error as SQLiteError {
                outcomes["\(error.kind)", default: 0] += 1
            } catch is NoTable {
                outcomes["no table", default: 0] += 1
            }
        }
        #expect(outcomes["rows", default: 0] > 50 && outcomes["damaged", default: 0] > 50, "\(outcomes)")
    }
}

extension String {
    fileprivate func replacing(_ old: String, _ new: String) -> String {
        var parts: [Substring] = []
        var rest = self[...]
        while let range = rest.firstRange(of: old) {
            parts.append(rest[..<range.lowerBound])
            rest = rest[range.upperBound...]
        }
        return (parts + [rest]).joined(separator: new)
    }
}
