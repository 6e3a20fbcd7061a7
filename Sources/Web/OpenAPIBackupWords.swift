import Domain

private let text: JSONText = ["type": "string"]
private let whole: JSONText = ["type": "integer"]
private let yesNo: JSONText = ["type": "boolean"]
private func list(_ items: JSONText) -> JSONText { ["type": "array", "items": items] }

/// Moments are milliseconds since 1970.
private let backups = fieldSchema([
    ("on", yesNo), ("running", yesNo), ("next?", whole),
    ("failures", list(fieldSchema([("step", text), ("time", whole), ("message", text)]))),
    (
        "backups",
        list(
            fieldSchema([
                ("name", text), ("made", whole), ("bytes", whole), ("verified", yesNo), ("calls?", whole),
                ("files?", whole), ("sealed?", yesNo), ("drilled?", whole),
            ]))
    ),
])

/// Backups in words.
let backupWords: [String: APIWords] = [
    "GET \(Paths.backupsAPI)": APIWords(
        summary: "Backups that are there, the last one first, and what comes next", answer: backups),
    "POST \(Paths.backupsAPI)": APIWords(
        summary: "Makes a backup; while it takes longer the answer says that it is running", status: 202,
        answer: backups),
]
